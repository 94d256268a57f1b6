# A spork: upstream at a pinned revision, with pinned feature branches on top of it, built and put into an image.
#
#   cotter pin list        the pins below
#   cotter pin bump        move them, and the version with them
#   nix build .#image      the image, as a program that writes its archive
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

      source = cotter.lib.sporkSource {
        inherit pkgs;
        url = "https://git.example.org/team/tool.git";
        version = "0000000";
        upstreamRev = "0000000000000000000000000000000000000000"; # main
        # Each descends from upstreamRev; they are applied in this order.
        features = [
          {
            name = "our-feature";
            branch = "feature/local/our-feature";
            rev = "0000000000000000000000000000000000000000";
          }
        ];
      };

      # Another builder for another language: buildRustPackage, buildGoModule, buildNpmPackage.
      package = pkgs.stdenv.mkDerivation {
        pname = "tool";
        inherit (source) version;
        src = source;
        makeFlags = [ "PREFIX=$(out)" ];
      };

      certificates = cotter.lib.image.caBundle { inherit pkgs; };
      tmp = cotter.lib.image.tmp { inherit pkgs; };
      user = cotter.lib.image.userFiles { inherit pkgs; };
    in
    {
      packages.x86_64-linux = {
        inherit package source;

        image = pkgs.dockerTools.streamLayeredImage {
          name = "registry.example.org/team/tool";
          tag = source.version;
          contents = [
            package
            user
          ];
          inherit (tmp) extraCommands;
          config = {
            Entrypoint = [ "/bin/tool" ];
            Env = certificates.env;
            User = user.user;
          };
        };
      };
    };
}
