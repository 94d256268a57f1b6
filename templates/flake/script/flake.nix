# A shell script as an image of two architectures, and the apps that publish it.
#
#   nix build .#hello-amd64            the image, as a program that writes its archive
#   nix run .#publish                  what would be pushed
#   nix run .#publish -- --publish     push it
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
      name = "hello";
      version = "0.1.0";

      pkgs = nixpkgs.legacyPackages.x86_64-linux;

      imageFor =
        targetPkgs:
        let
          user = cotter.lib.image.userFiles {
            inherit pkgs;
            name = "app";
            uid = 1000;
          };
          tmp = cotter.lib.image.tmp { inherit pkgs; };
        in
        # `pkgs` runs the builder here; all that is in the image is of targetPkgs.
        pkgs.dockerTools.streamLayeredImage {
          inherit name;
          tag = version;
          architecture = cotter.lib.image.ociArchitecture targetPkgs.stdenv.hostPlatform.system;
          contents = [ user ];
          inherit (tmp) extraCommands;
          config = {
            Entrypoint = [
              "${targetPkgs.busybox}/bin/sh"
              "${./hello.sh}"
            ];
            Env = [ "PATH=${targetPkgs.busybox}/bin" ];
            User = user.user;
          };
        };

      images = {
        amd64 = imageFor pkgs;
        arm64 = imageFor pkgs.pkgsCross.aarch64-multiplatform;
      };
    in
    {
      packages.x86_64-linux = {
        hello-amd64 = images.amd64;
        hello-arm64 = images.arm64;
      };

      apps.x86_64-linux = cotter.lib.mkPublishApps {
        inherit
          images
          name
          pkgs
          version
          ;
        registry = "registry.example.org/team";
        username = "ci";
      };
    };
}
