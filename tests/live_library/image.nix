# Images with the parts that the library gives.
{
  nixpkgs,
  nix2container,
  library,
}:
let
  pkgs = import nixpkgs { };
  inherit (import library) image;
  builders = (import nix2container { inherit pkgs; }).nix2container;

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
  server = image.staticServer {
    inherit pkgs;
    root = site;
    port = 8081;
    fallback = "/index.html";
  };
in
{
  stream = pkgs.dockerTools.streamLayeredImage {
    name = "app";
    architecture = image.ociArchitecture "aarch64-linux";
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

  layers =
    (builders.buildImage {
      name = "app";
      copyToRoot = [ tmp.root ];
      perms = [ tmp.perms ];
    }).copyTo;

  conf = server.file;
  inherit certificates site;

  plain =
    (image.staticServer {
      inherit pkgs;
      root = site;
    }).file;

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
