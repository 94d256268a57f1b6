# As much of nixpkgs as the source of a spork needs, for a Nix on a machine without compilers: the package is the patched
# source, and the image is the package.
{ }:
let
  system = builtins.currentSystem;
in
{
  lib = { };
  cacert = "";
  stdenv = {
    hostPlatform = {
      inherit system;
    };
    mkDerivation = { src, ... }: src;
  };
  dockerTools.buildLayeredImage = { contents, ... }: builtins.head contents;
  runCommand =
    name: environment: script:
    (environment.passthru or { })
    // derivation (
      removeAttrs environment [ "passthru" ]
      // {
        inherit name system script;
        builder = "/bin/bash";
        args = [
          "-euo"
          "pipefail"
          "-c"
          "export PATH=/usr/sbin:/usr/bin:/sbin:/bin; eval \"$script\""
        ];
      }
    );
}
