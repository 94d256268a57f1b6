#!/usr/bin/env bash
# Creates the example that the quick start and the tests run on: example.sh DIR
#
#   DIR/upstream/kingfisher     a small Rust project; upstream/ntfy a small Go one, with release tags
#   DIR/mirror/kingfisher.git   its mirror with main, two feature branches and deploy; mirror/ntfy.git
#   DIR/kingfisher              a work clone of the mirror
#   DIR/ops                     what runs: containers, manifests, versions, cotter.toml
#
# example.sh DIR --sync is the mirror sync that follows: upstream main moves on, the feature branches are
# rebased and force-pushed, deploy is made anew. Dates and identities are fixed: the commits are the same everywhere,
# but for the one in ops, which names DIR.
set -euo pipefail

usage() {
    echo "usage: example.sh DIR [--sync]" >&2
    exit 2
}
if [ $# -lt 1 ] || [ $# -gt 2 ] || [[ $1 == -* ]] || [ "${2:---sync}" != --sync ]; then
    usage
fi

fixtures=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../fixtures/example" && pwd)
mkdir -p -- "$1"
dir=$(cd -- "$1" && pwd)

# shellcheck disable=SC2046 # names of variables, one per word
unset $(git rev-parse --local-env-vars)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C TZ=UTC
export GIT_AUTHOR_NAME="Ada Miller" GIT_AUTHOR_EMAIL=ada@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

features=(upstream/clone-url-base local/skip-build-folders)
upstream=$dir/upstream/kingfisher
clone=$dir/kingfisher
ntfy=$dir/upstream/ntfy

at() { # DATE COMMAND...
    GIT_AUTHOR_DATE=$1 GIT_COMMITTER_DATE=$1 "${@:2}"
}
new_repository() {
    git init -q -b main "$1"
    git -C "$1" config gc.auto 0
}
bare_copy() { # FROM TO
    git clone -q --bare "$1" "$2"
    git -C "$2" config gc.auto 0
}
commit() { # REPOSITORY DATE MESSAGE
    git -C "$1" add -A
    at "$2" git -C "$1" commit -q -m "$3"
}
apply_patches() { # REPOSITORY PATCH...
    git -C "$1" am -q --committer-date-is-author-date "${@:2}"
}
release_ntfy() { # VERSION DATE
    cp -r "$fixtures/ntfy/." "$ntfy"
    sed -i "s/@VERSION@/$1/" "$ntfy/main.go"
    commit "$ntfy" "$2" "Release $1"
    at "$2" git -C "$ntfy" tag -m "ntfy $1" "v$1"
}
make_deploy() { # DATE
    git -C "$clone" checkout -q -B deploy main
    local feature
    for feature in "${features[@]}"; do
        at "$1" git -C "$clone" merge -q --no-ff -m "Merge feature/$feature for deployment" "feature/$feature"
    done
    git -C "$clone" push -q --force origin deploy
    git -C "$clone" checkout -q main
}
file_url() { # PATH
    local LC_ALL=C path=$1 url=file:// i byte
    for ((i = 0; i < ${#path}; i++)); do
        byte=${path:i:1}
        case $byte in
        [A-Za-z0-9/._~-]) url+=$byte ;;
        *) printf -v byte '%%%02X' "'$byte" && url+=${byte/FFFFFFFFFFFFFF/} ;;
        esac
    done
    echo "$url"
}

create() {
    if [ -n "$(ls -A "$dir")" ]; then
        echo "example: $dir is not empty" >&2
        exit 1
    fi
    mkdir "$dir/upstream" "$dir/mirror"

    new_repository "$upstream"
    cp -r "$fixtures/kingfisher/." "$upstream"
    commit "$upstream" 2025-03-03T12:00:00Z "Release 0.4.1"
    git -C "$upstream" tag v0.4.1
    bare_copy "$upstream" "$dir/mirror/kingfisher.git"

    git clone -q "$dir/mirror/kingfisher.git" "$clone"
    git -C "$clone" config gc.auto 0
    git -C "$clone" remote add upstream "$upstream"
    local feature
    for feature in "${features[@]}"; do
        git -C "$clone" checkout -q -b "feature/$feature" main
        apply_patches "$clone" "$fixtures/features/${feature#*/}"/*.patch
        git -C "$clone" push -q origin "feature/$feature"
    done
    make_deploy 2025-03-12T06:00:00Z

    new_repository "$ntfy"
    release_ntfy 2.10.0 2025-01-15T10:00:00Z
    release_ntfy 2.11.0 2025-02-20T10:00:00Z
    bare_copy "$ntfy" "$dir/mirror/ntfy.git"

    create_ops
}

create_ops() {
    local ops=$dir/ops rev
    new_repository "$ops"
    cp -r "$fixtures/ops/." "$ops"
    rev=$(git -C "$clone" rev-parse main)
    git -C "$clone" show main:Cargo.lock >"$ops/containers/kingfisher/Cargo.lock"
    find "$ops" -name .git -prune -o -type f -exec sed -i \
        -e "s|@MIRROR_URL@|$(file_url "$dir/mirror/kingfisher.git")|" \
        -e "s|@NTFY_URL@|$(file_url "$dir/mirror/ntfy.git")|" \
        -e "s|@UPSTREAM_REV@|$rev|" \
        -e "s|@UPSTREAM_SHORT@|${rev:0:7}|" \
        -e "s|@CLONE_URL_BASE_REV@|$(git -C "$clone" rev-parse feature/upstream/clone-url-base)|" \
        -e "s|@SKIP_BUILD_FOLDERS_REV@|$(git -C "$clone" rev-parse feature/local/skip-build-folders)|" {} +
    commit "$ops" 2025-03-12T09:00:00Z "Run kingfisher with our features"
}

sync() {
    if git -C "$upstream" rev-parse -q --verify refs/tags/v0.5.0 >/dev/null; then
        echo "example: $dir has had its mirror sync" >&2
        exit 1
    fi
    apply_patches "$upstream" "$fixtures/mirror-sync"/*.patch
    git -C "$upstream" tag v0.5.0
    git -C "$clone" fetch -q --tags upstream
    git -C "$clone" checkout -q main
    git -C "$clone" merge -q --ff-only upstream/main
    git -C "$clone" push -q --tags origin main
    local feature
    for feature in "${features[@]}"; do
        GIT_COMMITTER_DATE=2025-04-04T06:00:00Z git -C "$clone" rebase -q main "feature/$feature"
        git -C "$clone" push -q --force origin "feature/$feature"
    done
    make_deploy 2025-04-04T06:00:00Z

    release_ntfy 2.12.0 2025-04-01T10:00:00Z
    release_ntfy 2.13.0-rc1 2025-04-03T10:00:00Z
    git -C "$ntfy" push -q "$dir/mirror/ntfy.git" main --tags
}

if [ "${2:-}" = --sync ]; then
    [ -d "$clone/.git" ] || { echo "example: no example in $dir" >&2; exit 1; }
    sync
else
    create
fi
