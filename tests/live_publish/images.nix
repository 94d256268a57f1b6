# The programs of mkPublishApps for images of every kind, each list of them as a file: an attribute per app.
{
  library,
  repository,
}:
let
  pkgs = import <nixpkgs> { };
  cross = pkgs.pkgsCross.aarch64-multiplatform;
  lib = import library;
  ofNix2container = targetPkgs: (import <nix2container> { pkgs = targetPkgs; }).nix2container;

  common = {
    name = "app";
    config.Entrypoint = [ "/bin/app" ];
  };

  images = {
    # What the image is of matters here, not what is in it.
    layered.amd64 = pkgs.dockerTools.buildLayeredImage common;
    layered.arm64 = cross.dockerTools.buildLayeredImage common;
    mixed.amd64 = pkgs.dockerTools.streamLayeredImage common;
    mixed.arm64 = (ofNix2container cross).buildImage (common // { arch = "arm64"; });
    whole.amd64 = pkgs.dockerTools.buildImage common;
  };

  appsOf =
    images:
    lib.mkPublishApps {
      inherit images pkgs;
      name = "app";
      version = "1.2.3";
      registry = {
        default = "${repository}/team";
        prod = "${repository}/prod";
      };
      username = "ci";
      passPath = "registry/token";
      tls = false;
    };

  programs =
    images: builtins.mapAttrs (name: app: pkgs.writeText "program" app.program) (appsOf images);
in
builtins.mapAttrs (_: programs) images
// {
  inherit images;
  hatch = programs {
    amd64 = images.mixed.amd64;
    arm64 = {
      dockerfile = ./Dockerfile;
      context = ./context;
    };
  };
  wrong = {
    none = appsOf { };
    notAnImage = appsOf { amd64 = pkgs.jq; };
    badName = lib.mkPublishApps {
      inherit pkgs;
      images = images.mixed;
      name = "App";
      version = "1";
      registry = "registry.example.org/team";
    };
    scheme =
      (lib.mkPublishApps {
        inherit pkgs;
        images = images.mixed;
        name = "app";
        version = "1";
        registry = "https://registry.example.org/team";
      }).publish.program;
    noContext = lib.mkPublishApps {
      inherit pkgs;
      images = images.mixed;
      name = "app";
      version = "1";
      registry.prod = "registry.example.org/team";
    };
  };
}
