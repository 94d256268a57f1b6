# The derivations of a flake's packages and checks, or of one attribute of it: a list, as nix-instantiate passes over
# attributes whose names are not plain, and over nested sets. Arguments come by --argstr: `flake` is a reference,
# `attrs` the JSON of a list of names, empty for all.
{ flake, attrs }:
let
  inherit (builtins) attrValues concatMap filter foldl' fromJSON getFlake head isAttrs tail;
  system = builtins.currentSystem;
  outputs = getFlake flake;
  names = fromJSON attrs;

  isDerivation = value: isAttrs value && value.type or null == "derivation";
  # A set that holds itself would have no end.
  collect =
    depth: value:
    if isDerivation value then
      [ value ]
    else if isAttrs value && depth > 0 && value.recurseForDerivations or true == true then
      concatMap (collect (depth - 1)) (attrValues value)
    else
      [ ];

  # { found, value } of the attribute that `path` leads to.
  lookup =
    path: set:
    foldl'
      (
        at: name:
        if at.found && isAttrs at.value && at.value ? ${name} then
          {
            found = true;
            value = at.value.${name};
          }
        else
          { found = false; }
      )
      {
        found = true;
        value = set;
      }
      path;
  # As `nix build` looks for what is named.
  places = [
    ([ "packages" system ] ++ names)
    ([ "legacyPackages" system ] ++ names)
    names
    ([ "checks" system ] ++ names)
  ];
  hits = filter (hit: hit.found) (map (path: lookup path outputs) places);
  named =
    if hits != [ ] then
      collect 4 (head hits).value
    else
      throw "flake '${flake}' has no attribute '${foldl' (a: b: "${a}.${b}") (head names) (tail names)}'";
  all = collect 4 (outputs.packages.${system} or { }) ++ collect 4 (outputs.checks.${system} or { });
in
if names == [ ] then all else named
