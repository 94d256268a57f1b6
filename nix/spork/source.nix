# The source of a spork (a soft fork): upstream at a pinned revision, with feature branches on top of it, each pinned
# by its own full revision. `cotter pin list` sees the call as a spork, and `cotter pin bump` moves its pins.
#
#   sporkSource {
#     inherit pkgs;
#     url = "https://git.example.org/team/kingfisher.git";
#     upstreamRev = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";
#     features = [
#       {
#         name = "clone-url-base";
#         rev = "677c7a5d5fc42b655d38fbf95dc8b814d89ceabb";
#       }
#     ];
#   }
#
# gives a derivation: the patched tree, to be given to a builder as `src`. Beside it, in its passthru:
#   upstream   the tree of upstream, as builtins.fetchGit gives it
#   patches    one derivation per feature, in the order in which they are applied
#   version    the first seven digits of upstreamRev, unless `version` says otherwise
#
# A feature is { name; rev; } and may have a `url` of its own, and a `branch`, which only `cotter pin bump` reads. Instead
# of the list there may be a set, { NAME = { rev; }; } or { NAME = "rev"; }: its features are applied in the order of
# their names.
#
# All revisions are fetched when the expression is evaluated, with the user's own access, so that a private mirror works.
# A feature's patch is the difference between upstream's tree and the feature's: a feature has to descend from
# upstreamRev, or its patch takes back what upstream did since. Nix cannot see that; `cotter check` does.
#
# Errors when it is evaluated: a revision that is not a full one, a name that cannot be a file's, two features of one
# name. When it is built: a feature that changes nothing; one with changes that no patch carries (binary files, and a
# file that becomes a link or a folder); a patch that does not apply, also since another has made the same change. Each
# names the feature and says what to do. `cotter spork status` tells all of it before Nix builds.
{
  pkgs ? import <nixpkgs> { },
  url,
  upstreamRev,
  features ? [ ],
  # The branch of upstream that has upstreamRev: only it is fetched then. Without it, all refs are.
  branch ? null,
  version ? builtins.substring 0 7 upstreamRev,
  # The name of the resulting store path.
  name ? "source",
}:

let
  fail = message: throw "sporkSource: ${message}";

  short = builtins.substring 0 7;

  isRev = rev: builtins.isString rev && builtins.match "[0-9a-f]{40}|[0-9a-f]{64}" rev != null;

  fetch =
    {
      what,
      from,
      rev,
      ref ? null,
    }:
    if !isRev rev then
      fail "the revision of ${what} has to be a full one, 40 or 64 lower-case hexadecimal digits; it is ${builtins.toJSON rev}"
    else
      builtins.fetchGit (
        {
          url = from;
          inherit rev;
        }
        # A rebased feature's old revision is held by another ref than its branch.
        // (if ref == null then { allRefs = true; } else { inherit ref; })
      );

  listed =
    if builtins.isList features then
      features
    else
      map (
        key:
        let
          feature = features.${key};
        in
        { name = key; } // (if builtins.isString feature then { rev = feature; } else feature)
      ) (builtins.attrNames features);

  isName =
    text: builtins.isString text && builtins.match "[A-Za-z0-9+_=?-][A-Za-z0-9+._=?-]*" text != null;

  checked =
    feature:
    if !isName (feature.name or null) then
      fail "a feature needs a `name` of letters, digits and `+._=?-`, without a leading dot; this one has ${
        builtins.toJSON (feature.name or null)
      }"
    else if
      builtins.length (builtins.filter (other: other.name or null == feature.name) listed) > 1
    then
      fail "two features are called `${feature.name}`"
    else if !(feature ? rev) then
      fail "the feature `${feature.name}` has no `rev`"
    else
      feature;

  upstream = fetch {
    what = "upstream (`upstreamRev`)";
    from = url;
    rev = upstreamRev;
    ref = branch;
  };

  patchOf =
    feature:
    pkgs.runCommand "${feature.name}.patch" {
      inherit upstream;
      feature = fetch {
        what = "the feature `${feature.name}`";
        from = feature.url or url;
        inherit (feature) rev;
      };
      featureName = feature.name;
      featureRev = short feature.rev;
      upstreamRev = short upstreamRev;
    } "bash ${./make-patch.sh}";

  ordered = map checked listed;

  patches = map patchOf ordered;
in
pkgs.runCommand name {
  inherit upstream patches;
  # In the order of the patches, for the messages: NAME@REV.
  patchNames = map (feature: "${feature.name}@${short feature.rev}") ordered;
  upstreamRev = short upstreamRev;
  passthru = {
    inherit upstream patches version;
  };
} "bash ${./apply-patches.sh}"
