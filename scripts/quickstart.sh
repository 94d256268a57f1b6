#!/usr/bin/env bash
# From a bare Debian machine with Rust to the main job: quickstart.sh [DIR]
# Builds cotter, creates an example in DIR (default: a temporary folder, removed at the end), lets a mirror sync
# happen, bumps the container's pins, builds its patched source with real Nix, and lets cotter find the hashes of
# another container. Installs what is missing where it may; otherwise says at the end what was left out. COTTER=FILE takes that program instead of building one.
set -euo pipefail

if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
    echo "usage: quickstart.sh [DIR]" >&2
    exit 2
fi
project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$project/scripts
left_out=()
now=start
work=${1:-$(mktemp -d)}
mkdir -p -- "$work"
work=$(cd -- "$work" && pwd)
temporary=$([ $# -eq 1 ] || echo "$work")

# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
    local status=$?
    cd /
    if [ -n "$temporary" ]; then
        chmod -R u+w "$temporary" 2>/dev/null || true # Nix makes what it stores read-only
        rm -rf -- "$temporary"
    fi
    if [ "$status" -ne 0 ]; then
        echo "quickstart: failed at: $now" >&2
    fi
    exit "$status"
}
trap finish EXIT

step() {
    now=$1
    printf '\n# %s\n' "$1"
}
shown() {
    printf '$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}
works() {
    "$1" --version >/dev/null 2>&1
}

step "what is needed: git, a C linker, Nix"
PATH=$PATH:${HOME:-/root}/.cargo/bin:${HOME:-/root}/.nix-profile/bin:/nix/var/nix/profiles/default/bin
needed=()
works git || needed+=(git)
works cc || needed+=(gcc libc6-dev)
[ ${#needed[@]} -eq 0 ] || "$scripts/packages.sh" "${needed[@]}"
wanted=()
works nix-build || wanted+=(nix-bin)
works patch || wanted+=(patch)
if [ ${#wanted[@]} -gt 0 ]; then
    "$scripts/packages.sh" "${wanted[@]}" || true
    hash -r
fi
if ! works nix-build || ! works patch; then
    left_out+=("building the patched source with Nix: could not install ${wanted[*]}")
fi
git --version
if [ ${#left_out[@]} -eq 0 ]; then
    nix-build --version
fi

step "cotter"
if [ -n "${COTTER:-}" ]; then
    cotter=$(realpath -- "$COTTER")
else
    shown cargo build --release --locked --manifest-path "$project/Cargo.toml"
    cotter=${CARGO_TARGET_DIR:-$project/target}/release/cotter
    cotter=$(realpath -- "$cotter")
fi
mkdir -p "$work/bin"
ln -sf "$cotter" "$work/bin/cotter"
PATH=$work/bin:$PATH
[ -x "$cotter" ] || { echo "no program at $cotter" >&2; exit 1; }
shown cotter --version

step "an example: upstream, mirror, two feature branches, container, manifests"
example=$work/example
"$scripts/example.sh" "$example"
cd "$example/ops"
shown git ls-files

step "every pin in it"
shown cotter pin list

step "a mirror sync: upstream main moves on, the feature branches are rebased, deploy is force-pushed"
"$scripts/example.sh" "$example" --sync
shown git -C ../kingfisher log --oneline --graph --all

step "what a bump would change"
status=0
shown cotter pin bump kingfisher --diff --dry-run || status=$?
if [ "$status" -ne 1 ]; then
    echo "expected exit code 1 (a dry run that would change something), got $status" >&2
    exit 1
fi
git diff --quiet || { echo "the dry run changed a file" >&2; exit 1; }

step "the bump"
shown cotter pin bump kingfisher
shown git diff --stat
main=$(git -C ../mirror/kingfisher.git rev-parse main)
grep -qF "upstreamRev = \"$main\"" containers/kingfisher/default.nix
for feature in upstream/clone-url-base local/skip-build-folders; do
    grep -qF "rev = \"$(git -C ../mirror/kingfisher.git rev-parse "feature/$feature")\"" containers/kingfisher/default.nix
done
git -C ../mirror/kingfisher.git show main:Cargo.lock | cmp - containers/kingfisher/Cargo.lock

step "a second bump has nothing to do"
shown cotter pin bump kingfisher --dry-run

if [ ${#left_out[@]} -eq 0 ]; then
    step "the patched source, built by real Nix"
    # A store of its own: needs neither root nor a daemon, and leaves nothing behind on this machine.
    nix=$work/nix
    export NIX_STORE_DIR=$nix/store NIX_STATE_DIR=$nix/state NIX_LOG_DIR=$nix/log NIX_CONF_DIR=$nix/conf
    export XDG_CACHE_HOME=$nix/cache NIX_REMOTE='' NIX_PATH=''
    export NIX_CONFIG=$'build-users-group =\nsandbox = false\nsubstituters ='
    shown nix-build --no-out-link containers/kingfisher -A src | tee "$work/built"
    source=$(tail -n 1 "$work/built")
    shown grep -n -e '--clone-url-base" =>' "$source/src/cli.rs"
    shown grep -n SKIPPED "$source/src/scan.rs"
    shown grep -n '^version' "$source/Cargo.toml"
    # The whole image: fails when Cargo.lock is not that of the source.
    shown nix-build --no-out-link containers/kingfisher

    step "hashes that only a build can tell: two placeholders, one of what is built with the other"
    export COTTER_CACHE_DIR=$work/cache
    shown cotter fod-rehash heron
    shown git diff --unified=0 containers/heron
    shown nix-build --no-out-link containers/heron

    step "bun.lock changes; Nix has the old output, and builds green with the stale hash"
    echo 'zustand 5.0.3' >>containers/heron/bun.lock
    shown nix-build --no-out-link containers/heron

    step "fod-rehash finds it, and all that follows from it"
    shown cotter fod-rehash heron
    shown nix-build --no-out-link containers/heron

    step "nothing is built to know that nothing changed"
    shown cotter fod-rehash heron
fi

now=end
echo
for what in "${left_out[@]}"; do
    echo "left out: $what"
done
[ -n "$temporary" ] || echo "the example is in $example"
echo "quickstart: done"
