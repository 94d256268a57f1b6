# cotter itself, for `callPackage`. Its tests bring up real registries, Nix stores and git servers, which no build
# sandbox allows: scripts/test.sh runs them.
#
# Needs rustc 1.89 or newer (nixos-25.11): Cargo says so where it is older.
{
  lib,
  rustPlatform,
  installShellFiles,
  stdenv,
}:

let
  manifest = (builtins.fromTOML (builtins.readFile ../Cargo.toml)).package;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;

  # What the binary is made of, so that nothing else makes it another one.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.lock
      ../Cargo.toml
      ../README.md
      ../benches
      # What emitted flakes carry along.
      ./publish
      ./publish.nix
      ../src
      ../templates
    ];
  };
  cargoLock.lockFile = ../Cargo.lock;

  nativeBuildInputs = [ installShellFiles ];
  doCheck = false;

  # The binary writes its own manual and completions, where it runs on the machine that builds it.
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    $out/bin/cotter man >cotter.1
    installManPage cotter.1
    for shell in bash fish zsh; do
      $out/bin/cotter completions $shell >cotter.$shell
    done
    installShellCompletion cotter.bash cotter.fish --zsh cotter.zsh
  '';

  meta = {
    inherit (manifest) description;
    license = lib.licenses.asl20;
    mainProgram = "cotter";
  };
}
