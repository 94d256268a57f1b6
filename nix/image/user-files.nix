# /etc/passwd, /etc/group and /etc/nsswitch.conf for an image that runs as a user of its own: many programs want a name
# and a home for the user they run as, and an image that is made with Nix has none of these files.
#
#   let
#     user = userFiles {
#       inherit pkgs;
#       name = "app";
#       uid = 1000;
#     };
#   in
#   pkgs.dockerTools.streamLayeredImage {
#     contents = [ user ];           # `copyToRoot` with nix2container
#     config.User = user.user;       # "1000:1000": as numbers, so that Kubernetes can tell that it is not root
#   }
#
# Root is in the files too. `dockerTools.fakeNss` of nixpkgs does the same for `nobody` alone.
# Fails for a name that the files cannot have, and for root's.
{
  pkgs,
  name ? "nobody",
  uid ? 65534,
  gid ? uid,
  home ? "/",
}:

let
  fail = message: throw "userFiles: ${message}";

  user = "${toString uid}:${toString gid}";
in
assert
  builtins.match "[a-z_][a-z0-9_-]*" name != null
  || fail "a user's name is lower-case letters, digits, `-` and `_`; this one is ${builtins.toJSON name}";
assert
  name != "root" && uid > 0 && gid > 0 || fail "root is there anyway: give another name, uid and gid";
assert
  builtins.match "/[^:\n]*" home != null
  || fail "a home is an absolute path without a colon; this one is ${builtins.toJSON home}";
pkgs.runCommand "user-files-${name}"
  {
    passwd = ''
      root:x:0:0:root:/root:/bin/sh
      ${name}:x:${user}:${name}:${home}:/bin/sh
    '';
    group = ''
      root:x:0:
      ${name}:x:${toString gid}:
    '';
    # Names of hosts come from the files first, as everywhere.
    nsswitch = ''
      hosts: files dns
    '';
    passthru = {
      inherit user;
    };
  }
  ''
    mkdir -p $out/etc
    printf '%s' "$passwd" >$out/etc/passwd
    printf '%s' "$group" >$out/etc/group
    printf '%s' "$nsswitch" >$out/etc/nsswitch.conf
  ''
