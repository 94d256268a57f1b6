# What pushes the images that ./image.nix makes to a registry: for a laptop and a pipeline alike.
#
#   nix run .#verify-digest                   the digests that a push would give
#   nix run .#publish                         what would be pushed
#   nix run .#publish -- --publish            push it, with the token in REGISTRY_TOKEN or in pass
#   nix run .#push-image -- prod --publish    push it to another registry
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    # Where cotter is kept.
    cotter = {
      url = "git+https://git.example.org/team/cotter.git";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { cotter, nixpkgs, ... }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      apps.x86_64-linux = cotter.lib.mkPublishApps {
        inherit pkgs;
        name = "app";
        version = "0.1.0";
        registry = {
          default = "registry.example.org/team";
          prod = "registry.example.org/prod";
        };
        username = "ci";
        passPath = "registry/token";
        images = {
          amd64 = import ./image.nix { inherit pkgs; };
          arm64 = import ./image.nix { pkgs = pkgs.pkgsCross.aarch64-multiplatform; };
        };
      };
    };
}
