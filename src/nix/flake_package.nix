# The derivation of one package of a flake, as a list. Arguments come by --argstr: `flake` is a reference at a revision,
# `attrs` the JSON of the names that lead to the package below `packages.${system}`.
{
  flake,
  system,
  attrs,
}:
let
  inherit (builtins) concatStringsSep foldl' fromJSON getFlake isAttrs;
  names = fromJSON attrs;
  shown = concatStringsSep "." ([ "packages" system ] ++ names);
  package = foldl' (
    set: name:
    if isAttrs set && set ? ${name} then
      set.${name}
    else
      throw "flake '${flake}' has no attribute '${shown}'"
  ) (getFlake flake) ([ "packages" system ] ++ names);
in
if isAttrs package && package.type or null == "derivation" then
  [ package ]
else
  throw "'${shown}' of flake '${flake}' is no derivation"
