# The module of flake-parts that is the flake's output `flakeModules.default`.
#
#   flake-parts.lib.mkFlake { inherit inputs; } {
#     imports = [ inputs.cotter.flakeModules.default ];
#     systems = [ "x86_64-linux" ];
#     perSystem =
#       { pkgs, ... }:
#       {
#         cotter.images.hello = {
#           version = "1.2.3";
#           registry = "registry.example.org/team";
#           username = "ci";
#           architectures = {
#             amd64 = import ./image.nix { inherit pkgs; };
#             arm64 = import ./image.nix { pkgs = pkgs.pkgsCross.aarch64-multiplatform; };
#           };
#         };
#       };
#   }
#
# declares `packages.hello-amd64`, `packages.hello-arm64` and the apps of mkPublishApps: under their own names
# (`nix run .#publish`) when one image alone is declared, else behind the name of the image (`nix run .#hello-publish`).
# flake-parts is an input of the flake that imports this; nothing here needs it otherwise.
{ library }:

{ flake-parts-lib, lib, ... }:

let
  inherit (lib) mkOption types;

  image = types.submodule (
    { name, ... }:
    {
      options = {
        architectures = mkOption {
          type = types.attrsOf types.raw;
          description = "The image of each architecture, by the name that OCI has for it, such as `amd64`.";
        };
        name = mkOption {
          type = types.str;
          default = name;
          description = "The last part of the repository's name.";
        };
        version = mkOption {
          type = types.str;
          description = "The tag, where the environment has no VERSION.";
        };
        registry = mkOption {
          type = types.either types.str (types.attrsOf types.str);
          example = "registry.example.org/team";
          description = "What stands before the name; or a set of such, by context.";
        };
        publish = mkOption {
          type = types.attrsOf types.raw;
          default = { };
          example = {
            passPath = "registry/token";
          };
          description = "More arguments of mkPublishApps.";
        };
        username = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "Whose token it is; the environment's REGISTRY_USER goes before.";
        };
      };
    }
  );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { config, pkgs, ... }:
    let
      inherit (config.cotter) images;

      alone = builtins.length (builtins.attrNames images) == 1;

      prefixed = prefix: lib.mapAttrs' (name: value: lib.nameValuePair "${prefix}${name}" value);

      # An escape hatch, a Dockerfile, is no package.
      derivations = lib.filterAttrs (_: lib.isDerivation);

      appsOf =
        key: image:
        prefixed (if alone then "" else "${key}-") (
          library.mkPublishApps (
            {
              inherit pkgs;
              inherit (image)
                name
                registry
                username
                version
                ;
              images = image.architectures;
            }
            // image.publish
          )
        );

      merged = make: lib.mkMerge (lib.mapAttrsToList make images);
    in
    {
      options.cotter.images = mkOption {
        type = types.attrsOf image;
        default = { };
        description = "Images, each with the apps that push it to a registry.";
      };

      config = {
        packages = merged (key: image: prefixed "${key}-" (derivations image.architectures));
        apps = merged appsOf;
      };
    }
  );
}
