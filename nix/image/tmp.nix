# A /tmp that every user may write to. A folder of the Nix store has mode 0555 and its owner root, so that an image gets
# no usable /tmp from its contents: each builder has a way of its own.
#
#   let
#     tmp = cotter.lib.image.tmp { inherit pkgs; };
#   in
#   pkgs.dockerTools.streamLayeredImage {
#     inherit (tmp) extraCommands;        # needs neither fakeroot nor a chroot
#   }
#   nix2container.buildImage {
#     copyToRoot = [ tmp.root ];
#     perms = [ tmp.perms ];
#   }
{ pkgs }:

let
  root = pkgs.runCommand "tmp-folder" { } ''
    mkdir -p $out/tmp
  '';
in
{
  # Of streamLayeredImage and buildLayeredImage; the command runs in the root folder of the image.
  extraCommands = ''
    mkdir -p tmp
    chmod 1777 tmp
  '';

  # Of nix2container's buildImage and buildLayer.
  inherit root;
  perms = {
    path = root;
    regex = "/tmp$";
    mode = "1777";
  };
}
