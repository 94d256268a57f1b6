# Flake apps that push images to a registry: the same command on a laptop and in a pipeline.
#
#   apps.x86_64-linux = mkPublishApps {
#     pkgs = nixpkgs.legacyPackages.x86_64-linux;
#     name = "hello";
#     version = "1.2.3";
#     registry = "registry.example.org/team";
#     username = "ci";
#     passPath = "registry/token";
#     images = {
#       amd64 = import ./image.nix { inherit pkgs; };
#       arm64 = import ./image.nix { pkgs = pkgs.pkgsCross.aarch64-multiplatform; };
#     };
#   };
#
#   nix run .#stage-arm64              builds that image; no registry is asked
#   nix run .#publish-arm64            pushes it as hello:1.2.3-arm64
#   nix run .#publish-index            builds nothing: joins what this run pushed as hello:1.2.3, reads it back, and moves
#                                      hello:latest to it when the tag is that of a release (1.2.3 or v1.2.3)
#   nix run .#publish                  all of these
#   nix run .#push-image -- prod       the same for another registry; a lone image is hello:1.2.3 without an index
#   nix run .#verify-digest            the digests that a push would give; no registry is asked
#
# Each prints what it would change; `-- --publish`, or PUBLISH=1, does it. `publish/main.sh` lists the options and the
# variables. Errors have names, `BLOCKER(registry-down)`, which a script can look for.
#
# `images` has, by the name that OCI has for its architecture (image.ociArchitecture), what any of these gives:
#   nix2container.buildImage; dockerTools.streamLayeredImage, buildLayeredImage and buildImage;
#   { dockerfile = ./Dockerfile; context = ./.; platform = "linux/arm64"; } for what Nix cannot build for it: buildx
#   has it built by the BuildKit that BUILDKIT_ADDR names, and its digest joins the same index.
#   The time of the build is no part of it: what its Dockerfile makes the same way twice is pushed once.
# Each has to be for its architecture; the image's own configuration is asked before it is pushed.
#
# Two publishers of one tag at once: the index is made of digests, so that neither gets the other's architectures; each
# looks at the tags again after it has written them, and the one whose tags were taken over fails
# (`BLOCKER(index-mismatch)`, `BLOCKER(tag-moved)`). A release's tag takes no other content without `--replace`.
{
  pkgs,
  images,
  # The last part of the repository's name.
  name,
  # The tag, where the environment has no VERSION.
  version,
  # What stands before the name: "registry.example.org/team". Or a set of such, of which `--context KEY` takes one:
  # { default = "registry.example.org/team"; prod = "registry.example.org/prod"; }.
  registry,
  # Which of a set of registries is taken without `--context`.
  context ? "default",
  # Whose token it is; REGISTRY_USER goes before.
  username ? null,
  # Where pass has the token, when REGISTRY_TOKEN is empty.
  passPath ? null,
  # False for a registry on plain HTTP.
  tls ? true,
}:

let
  fail = message: throw "mkPublishApps: ${message}";

  registries = if builtins.isString registry then { ${context} = registry; } else registry;

  repositories = builtins.mapAttrs (
    key: prefix:
    if builtins.match "[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*" prefix == null then
      fail "the registry `${key}` is a host and a path in lower case, without `https://` and without a slash at its end; it is ${builtins.toJSON prefix}"
    else
      "${prefix}/${name}"
  ) registries;

  architectures = builtins.attrNames images;

  # How publish/image.sh reads an image, and the path that tells one build from another.
  describe =
    arch:
    let
      image = images.${arch};
    in
    if image ? dockerfile then
      rec {
        kind = "dockerfile";
        path = "${image.dockerfile}";
        buildContext = "${image.context or (dirOf image.dockerfile)}";
        platform = image.platform or "linux/${arch}";
        id = "${path} ${buildContext} ${platform}";
      }
    else if image ? copyTo then
      rec {
        kind = "nix2container";
        path = "${image}";
        copyTo = "${image.copyTo}/bin/copy-to";
        id = path;
      }
    # A layered image is a compressed copy of what its stream writes.
    else if image ? stream then
      rec {
        kind = "stream";
        path = "${image.stream}";
        id = path;
      }
    else if image.isExe or false then
      rec {
        kind = "stream";
        path = "${image}";
        id = path;
      }
    else if image ? imageTag then
      rec {
        kind = "archive";
        path = "${image}";
        id = path;
      }
    else
      fail "`images.${arch}` is none of: an image of nix2container, an image of dockerTools, { dockerfile = …; }";

  # The description that publish/main.sh reads. `images` has what the action needs built; `ids` has every architecture of
  # the index, and depends on no build.
  specFor =
    wanted:
    pkgs.writeText "publish-${name}.json" (
      builtins.toJSON {
        schema = 1;
        inherit
          context
          passPath
          repositories
          tls
          username
          version
          ;
        ids = builtins.listToAttrs (
          map (arch: {
            name = arch;
            value = builtins.unsafeDiscardStringContext (describe arch).id;
          }) architectures
        );
        images = builtins.listToAttrs (
          map (arch: {
            name = arch;
            value = removeAttrs (describe arch) [ "id" ];
          }) wanted
        );
      }
    );

  app =
    {
      as,
      does,
      action,
      wanted,
    }:
    {
      type = "app";
      program = "${
        pkgs.writeShellApplication {
          name = as;
          runtimeInputs = [
            pkgs.coreutils
            pkgs.curl
            pkgs.gawk
            pkgs.gnugrep
            pkgs.gnused
            pkgs.jq
            pkgs.regclient
            pkgs.skopeo
          ]
          ++ pkgs.lib.optional (builtins.any (arch: images.${arch} ? dockerfile) wanted) pkgs.docker-buildx;
          text = ''
            exec ${pkgs.runtimeShell} ${./publish}/main.sh ${specFor wanted} ${action} "$@"
          '';
        }
      }/bin/${as}";
      meta.description = does;
    };

  perArchitecture = builtins.listToAttrs (
    builtins.concatMap (arch: [
      rec {
        name = "stage-${arch}";
        value = app {
          as = name;
          does = "Builds the image of ${arch}";
          action = "stage ${arch}";
          wanted = [ arch ];
        };
      }
      rec {
        name = "publish-${arch}";
        value = app {
          as = name;
          does = "Pushes the image of ${arch}";
          action = "push ${arch}";
          wanted = [ arch ];
        };
      }
    ]) architectures
  );

  together = {
    publish-index = app {
      as = "publish-index";
      does = "Joins the pushed architectures under one tag";
      action = "index";
      wanted = [ ];
    };
    publish = app {
      as = "publish";
      does = "Pushes the images of every architecture and joins them under one tag";
      action = "publish";
      wanted = architectures;
    };
    push-image = app {
      as = "push-image";
      does = "Publishes to the registry of a context";
      action = "push-image";
      wanted = architectures;
    };
    verify-digest = app {
      as = "verify-digest";
      does = "Prints the digests that a push would give";
      action = "verify-digest";
      wanted = architectures;
    };
  };
in
assert architectures != [ ] || fail "`images` is empty";
assert
  builtins.match "[a-z0-9]+([._-]+[a-z0-9]+)*" name != null
  || fail "a repository's name is lower-case letters, digits, `.`, `_` and `-`; it is ${builtins.toJSON name}";
assert
  builtins.all (arch: builtins.match "[a-z0-9]+" arch != null) architectures
  || fail "`images` has the names of architectures, such as amd64 and arm64; it has ${toString architectures}";
assert
  registries ? ${context}
  || fail "no registry is called `${context}`; there are ${toString (builtins.attrNames registries)}";
perArchitecture // together
