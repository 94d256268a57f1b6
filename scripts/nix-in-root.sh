#!/usr/bin/env bash
# Runs a command inside a root directory that nix-roots.sh made: nix-in-root.sh ROOT DIR COMMAND...
# DIR is there under its own path, and is where the command starts; Nix's store is in DIR/.nix-in-root, so that
# results can be read from outside and no run sees what another has built. The environment is a fixed one: set
# what the command needs with `env NAME=VALUE COMMAND`. All mounts are in a mount namespace of their own: nothing
# is left behind, however the command ends.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: nix-in-root.sh ROOT DIR COMMAND..." >&2
    exit 2
fi
root=$(cd -- "$1" && pwd)
dir=$(cd -- "$2" && pwd)
shift 2

# shellcheck disable=SC2016 # the inner shell expands these
exec unshare --mount --propagation private -- /bin/sh -euc '
    root=$1 dir=$2
    shift 2
    mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root$dir"
    mount --rbind "$dir" "$root$dir"
    config="build-users-group =
sandbox = false
substituters =
experimental-features = nix-command flakes"
    nix=$dir/.nix-in-root
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 TZ=UTC NIX_CONFIG="$config" \
        NIX_STORE_DIR="$nix/store" NIX_STATE_DIR="$nix/state" NIX_LOG_DIR="$nix/log" NIX_CONF_DIR="$nix/conf" \
        XDG_CACHE_HOME="$nix/cache" \
        chroot "$root" /bin/sh -c "cd -- \"\$0\" && exec \"\$@\"" "$dir" "$@"
' sh "$root" "$dir" "$@"
