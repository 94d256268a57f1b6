# For a flake that has git-hooks.nix as an input. Written by `cotter ci emit git-hooks-nix`.
#
#   checks.${system}.pre-commit = inputs.git-hooks.lib.${system}.run {
#     src = ./.;
#     hooks = import ./cotter-hooks.nix { cotter = pkgs.cotter; };
#   };
{ cotter }:
{
  cotter-check = {
    enable = true;
    name = "cotter check";
    entry = "${cotter}/bin/cotter check";
    language = "system";
    # A commit that only removes files passes none, and is looked at all the same.
    always_run = true;
    require_serial = true;
  };
  cotter-fod-rehash = {
    enable = true;
    name = "cotter fod-rehash";
    entry = "${cotter}/bin/cotter fod-rehash";
    language = "system";
    # It needs Nix and may build: before a push, or by hand.
    stages = [
      "pre-push"
      "manual"
    ];
    always_run = true;
    pass_filenames = false;
    require_serial = true;
  };
}
