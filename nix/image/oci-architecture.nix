# The name that OCI has for the architecture of a system of Nix: what the `arch` of nix2container.buildImage, the
# `architecture` of dockerTools and the names of mkPublishApps' images are.
#
#   ociArchitecture "aarch64-linux"                             => "arm64"
#   ociArchitecture pkgs.stdenv.hostPlatform.system             => "amd64"
#
# Fails for a system that no image can have: a package set of macOS puts programs into an image that no kernel there runs.
system:

let
  known = {
    aarch64-linux = "arm64";
    armv6l-linux = "arm";
    armv7l-linux = "arm";
    i686-linux = "386";
    loongarch64-linux = "loong64";
    powerpc64le-linux = "ppc64le";
    riscv64-linux = "riscv64";
    s390x-linux = "s390x";
    x86_64-linux = "amd64";
  };
in
known.${system}
  or (throw "ociArchitecture: no image has programs for `${system}`; an image is made from one of the package sets of ${builtins.concatStringsSep ", " (builtins.attrNames known)}")
