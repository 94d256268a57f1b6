# What an expression for an image needs beside its builder. Each is a function; its file says how it is used.
# `dockerTools.usrBinEnv` and `dockerTools.binSh` of nixpkgs are the like, and are not repeated here.
{
  caBundle = import ./ca-bundle.nix;
  ociArchitecture = import ./oci-architecture.nix;
  staticServer = import ./static-server.nix;
  tmp = import ./tmp.nix;
  userFiles = import ./user-files.nix;
}
