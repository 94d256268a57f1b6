# The image, of the architecture that `pkgs` is for.
{ pkgs }:

pkgs.dockerTools.streamLayeredImage {
  name = "app";
  config.Entrypoint = [ "${pkgs.hello}/bin/hello" ];
}
