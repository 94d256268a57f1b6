# The certificates that TLS clients trust. An image has none unless they are put in, and a program that finds none says
# "certificate verify failed", or worse, asks nobody.
#
#   let
#     certificates = caBundle { inherit pkgs; };
#   in
#   pkgs.dockerTools.streamLayeredImage {
#     contents = [ certificates.package ];
#     config.Env = certificates.env;
#   }
#
# Two variables, since OpenSSL, Go, curl and Python's `ssl` read the first, programs built by nixpkgs the second.
{ pkgs }:

let
  bundle = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
in
{
  # For `contents` or `copyToRoot`: the bundle is in /etc/ssl/certs too, for what looks only there.
  package = pkgs.cacert;

  # The path of the bundle, which does not depend on where the contents are linked to.
  inherit bundle;

  env = [
    "SSL_CERT_FILE=${bundle}"
    "NIX_SSL_CERT_FILE=${bundle}"
  ];
}
