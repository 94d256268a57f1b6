# Images with the parts that the library gives.
{
  library,
  # Where the server listens.
  port ? 8081,
}:
let
  pkgs = import <nixpkgs> { };
  builders = (import <nix2container> { inherit pkgs; }).nix2container;
  inherit (import library) image;

  user = image.userFiles {
    inherit pkgs;
    name = "app";
    uid = 1000;
    gid = 100;
    home = "/data";
  };
  tmp = image.tmp { inherit pkgs; };
  certificates = image.caBundle { inherit pkgs; };
  site = pkgs.runCommand "site" { } ''
    mkdir -p $out/sub
    echo home >$out/index.html
    echo sub >$out/sub/page.html
  '';
  serve =
    fallback:
    let
      server = image.staticServer {
        inherit pkgs port fallback;
        root = site;
      };
    in
    pkgs.dockerTools.streamLayeredImage {
      name = "app";
      architecture = image.ociArchitecture pkgs.stdenv.hostPlatform.system;
      contents = [
        user
        certificates.package
      ];
      inherit (tmp) extraCommands;
      config = server.config // {
        User = user.user;
        Env = certificates.env;
      };
    };
in
{
  application = serve "/index.html";
  files = serve null;

  nix2container = builders.buildImage {
    name = "app";
    copyToRoot = [ tmp.root ];
    perms = [ tmp.perms ];
  };

  architectures = map image.ociArchitecture [
    "x86_64-linux"
    "aarch64-linux"
    "armv7l-linux"
  ];

  wrong = {
    darwin = image.ociArchitecture "aarch64-darwin";
    root = image.userFiles {
      inherit pkgs;
      name = "root";
    };
    uid = image.userFiles {
      inherit pkgs;
      uid = 0;
    };
    name = image.userFiles {
      inherit pkgs;
      name = "a:b";
    };
    home = image.userFiles {
      inherit pkgs;
      home = "data";
    };
    port = image.staticServer {
      inherit pkgs;
      root = site;
      port = 80;
    };
    fallback = image.staticServer {
      inherit pkgs;
      root = site;
      fallback = "index.html; alias /";
    };
  };
}
