#!/usr/bin/env bash
# Creates the operations repository that shows what `cotter check` finds, and what it does not: fleet.sh DIR
#
#   DIR/upstream/NAME     the projects that two of the containers are sporks of, and a small Go one
#   DIR/mirror/NAME.git   their mirrors, with main, feature branches and deploy; DIR/NAME a work clone
#   DIR/ops               twenty containers and what deploys them, committed on main: nothing in it is wrong
#
# fleet.sh DIR --faults        makes mistakes on top of it, as people make them, staged and not committed, one of each
#                              kind; prints CODE, file, line and what it is, with tabs between
# fleet.sh DIR --containers N  the same repository with copies of its containers, N in all, for measuring
#
# Dates and identities are fixed: the commits are the same everywhere, but for those in ops, which names DIR.
set -euo pipefail

usage() {
    echo "usage: fleet.sh DIR [--faults | --containers N]" >&2
    exit 2
}
if [ $# -lt 1 ] || [[ $1 == -* ]]; then
    usage
fi
case "$#,${2:-}" in
1, | 2,--faults) ;;
3,--containers) [[ $3 =~ ^[0-9]{1,3}$ ]] || usage ;;
*) usage ;;
esac

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
example=$here/../fixtures/example
fixtures=$here/../fixtures/fleet
mkdir -p -- "$1"
dir=$(cd -- "$1" && pwd)
ops=$dir/ops

# shellcheck disable=SC2046 # names of variables, one per word
unset $(git rev-parse --local-env-vars)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C TZ=UTC
export GIT_AUTHOR_NAME="Ada Miller" GIT_AUTHOR_EMAIL=ada@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

at() { # DATE COMMAND...
    GIT_AUTHOR_DATE=$1 GIT_COMMITTER_DATE=$1 "${@:2}"
}
new_repository() {
    git init -q -b main "$1"
    git -C "$1" config gc.auto 0
}
commit() { # REPOSITORY DATE MESSAGE
    git -C "$1" add -A
    at "$2" git -C "$1" commit -q -m "$3"
}
rev() { # CLONE REVISION
    git -C "$dir/$1" rev-parse "$2"
}
mirror() { # NAME
    git clone -q --bare "$dir/upstream/$1" "$dir/mirror/$1.git"
    git -C "$dir/mirror/$1.git" config gc.auto 0
    git clone -q "$dir/mirror/$1.git" "$dir/$1"
    git -C "$dir/$1" config gc.auto 0
}
feature() { # CLONE BRANCH START
    git -C "$dir/$1" checkout -q -b "feature/$2" "$3"
}
push() { # CLONE REF
    git -C "$dir/$1" push -q --force origin "$2"
}
make_deploy() { # CLONE DATE FEATURE...
    git -C "$dir/$1" checkout -q -B deploy main
    local feature
    for feature in "${@:3}"; do
        at "$2" git -C "$dir/$1" merge -q --no-ff -m "Merge feature/$feature for deployment" "feature/$feature"
    done
    push "$1" deploy
    git -C "$dir/$1" checkout -q main
}
file_url() { # PATH
    local path=$1 url=file:// i byte
    for ((i = 0; i < ${#path}; i++)); do
        byte=${path:i:1}
        case $byte in
        [A-Za-z0-9/._~-]) url+=$byte ;;
        *) printf -v byte '%%%02X' "'$byte" && url+=${byte/FFFFFFFFFFFFFF/} ;;
        esac
    done
    echo "$url"
}

create_kingfisher() {
    local clone=$dir/kingfisher name
    new_repository "$dir/upstream/kingfisher"
    cp -r "$example/kingfisher/." "$dir/upstream/kingfisher"
    commit "$dir/upstream/kingfisher" 2026-03-03T12:00:00Z "Release 0.4.1"
    git -C "$dir/upstream/kingfisher" tag v0.4.1
    mirror kingfisher
    for name in upstream/clone-url-base local/skip-build-folders; do
        feature kingfisher "$name" main
        git -C "$clone" am -q --committer-date-is-author-date "$example/features/${name#*/}"/*.patch
        push kingfisher "feature/$name"
    done
    # Amended and pushed again: the mirror still has what it was, and no branch holds it.
    LOST_REV=$(rev kingfisher feature/local/skip-build-folders)
    at 2026-03-11T16:00:00Z git -C "$clone" commit -q --amend -m "Skip folders that builds leave"
    push kingfisher feature/local/skip-build-folders
    make_deploy kingfisher 2026-03-12T06:00:00Z upstream/clone-url-base local/skip-build-folders
}

create_osprey() {
    local upstream=$dir/upstream/osprey clone=$dir/osprey name
    new_repository "$upstream"
    cp -r "$fixtures/osprey/." "$upstream"
    sed -i 's/from_secs(2)/from_secs(5)/' "$upstream/src/main.rs"
    commit "$upstream" 2026-02-02T10:00:00Z "Release 0.7.0"
    cp -r "$fixtures/osprey/." "$upstream"
    commit "$upstream" 2026-03-04T10:00:00Z "Look more often"
    mirror osprey
    # Nobody rebased it when upstream moved on.
    feature osprey upstream/old-colours main~1
    cp -r "$fixtures/features/old-colours/." "$clone"
    commit "$clone" 2026-02-03T10:00:00Z "Print in colour"
    push osprey feature/upstream/old-colours
    for name in upstream/json-output local/our-defaults; do
        feature osprey "$name" main
        cp -r "$fixtures/features/${name#*/}/." "$clone"
        commit "$clone" 2026-03-05T10:00:00Z "Add ${name#*/}"
        push osprey "feature/$name"
    done
    make_deploy osprey 2026-03-12T06:00:00Z upstream/json-output local/our-defaults
}

create_ntfy() {
    local ntfy=$dir/upstream/ntfy version
    new_repository "$ntfy"
    for version in 2.10.0 2.11.0; do
        cp -r "$example/ntfy/." "$ntfy"
        sed -i "s/@VERSION@/$version/" "$ntfy/main.go"
        commit "$ntfy" 2026-02-20T10:00:00Z "Release $version"
        at 2026-02-20T10:00:00Z git -C "$ntfy" tag -m "ntfy $version" "v$version"
    done
    mirror ntfy
}

fill_in() { # SED...
    find "$ops" -name .git -prune -o -type f -exec sed -i "$@" {} +
}

create_ops() {
    new_repository "$ops"
    cp -r "$fixtures/ops/." "$ops"
    cp "$example/kingfisher/Cargo.lock" "$ops/containers/kingfisher"
    cp "$fixtures/osprey/Cargo.lock" "$ops/containers/osprey"
    local kingfisher osprey
    kingfisher=$(rev kingfisher main)
    osprey=$(rev osprey main)
    fill_in -e "s|@KINGFISHER_URL@|$(file_url "$dir/mirror/kingfisher.git")|" \
        -e "s|@OSPREY_URL@|$(file_url "$dir/mirror/osprey.git")|" \
        -e "s|@NTFY_URL@|$(file_url "$dir/mirror/ntfy.git")|" \
        -e "s|@KINGFISHER_REV@|$kingfisher|" -e "s|@KINGFISHER_SHORT@|${kingfisher:0:7}|" \
        -e "s|@OSPREY_REV@|$osprey|" -e "s|@OSPREY_SHORT@|${osprey:0:7}|" \
        -e "s|@CLONE_URL_BASE_REV@|$(rev kingfisher feature/upstream/clone-url-base)|" \
        -e "s|@SKIP_BUILD_FOLDERS_REV@|$(rev kingfisher feature/local/skip-build-folders)|" \
        -e "s|@JSON_OUTPUT_REV@|$(rev osprey feature/upstream/json-output)|" \
        -e "s|@OUR_DEFAULTS_REV@|$(rev osprey feature/local/our-defaults)|"
    # What is deployed names the commit of this repository that it was built from.
    mv "$ops/argocd" "$dir/argocd"
    commit "$ops" 2026-03-12T09:00:00Z "Build what we run"
    # Squashed when it was merged: main has what it says, and not this commit.
    git -C "$ops" checkout -q -b faster-dunlin
    at 2026-03-12T09:30:00Z git -C "$ops" commit -q --allow-empty -m "Make dunlin faster"
    git -C "$ops" checkout -q main
    mv "$dir/argocd" "$ops/argocd"
    fill_in -e "s|@OPS_SHORT@|$(git -C "$ops" rev-parse --short=7 main)|"
    commit "$ops" 2026-03-12T10:00:00Z "Deploy it"
}

create() {
    if [ -n "$(ls -A "$dir")" ]; then
        echo "fleet: $dir is not empty" >&2
        exit 1
    fi
    mkdir "$dir/upstream" "$dir/mirror"
    create_kingfisher
    create_osprey
    create_ntfy
    create_ops
}

# What was done wrong, until all of it is: a later edit may move the lines of an earlier one.
codes=() files=() values=() whats=()

edit() { # FILE SED...
    local before
    before=$(git hash-object "$ops/$1")
    sed -i "${@:2}" "$ops/$1"
    if [ "$before" = "$(git hash-object "$ops/$1")" ]; then
        echo "fleet: nothing to edit in $1: ${*:2}" >&2
        exit 1
    fi
}
expect() { # CODE FILE TEXT WHAT: what is found in the one line that holds TEXT
    codes+=("$1") files+=("$2") values+=("$3") whats+=("$4")
}
fault() { # CODE FILE TEXT WHAT SED...
    edit "$2" "${@:5}"
    expect "${@:1:4}"
}
print_faults() {
    local i lines
    for i in "${!codes[@]}"; do
        mapfile -t lines < <(grep -nF -e "${values[i]}" "$ops/${files[i]}" | cut -d: -f1)
        if [ ${#lines[@]} -ne 1 ]; then
            echo "fleet: \`${values[i]}\` is in ${#lines[@]} lines of ${files[i]}" >&2
            exit 1
        fi
        printf '%s\t%s\t%s\t%s\n' "${codes[i]}" "${files[i]}" "${lines[0]}" "${whats[i]}"
    done
}

# shellcheck source-path=SCRIPTDIR source=fleet-faults.sh
. "$here/fleet-faults.sh"

grow() { # N
    local names name copy count=0 i
    mapfile -t names < <(ls "$ops/containers")
    for ((i = ${#names[@]}; i < $1; i++)); do
        name=${names[i % ${#names[@]}]}
        copy=$name-$((i / ${#names[@]} + 1))
        cp -r "$ops/containers/$name" "$ops/containers/$copy"
        if [ -d "$ops/argocd/manifests/$name" ]; then
            cp -r "$ops/argocd/manifests/$name" "$ops/argocd/manifests/$copy"
        fi
        grep -rlF "team/$name" "$ops/containers/$copy" "$ops/argocd/manifests/$copy" 2>/dev/null |
            xargs -r sed -i "s|team/$name\\b|team/$copy|"
        count=$((count + 1))
    done
    # A repository of that size has more than containers: as many other files again.
    for ((i = 0; i < count; i += 4)); do
        mkdir -p "$ops/archive/$i"
        cp -r "$ops/docs" "$ops/nixos" "$ops/argocd/apps" "$ops/archive/$i"
    done
    commit "$ops" 2026-03-13T09:00:00Z "Run more of them"
}

create
case ${2:-} in
--faults)
    make_faults
    git -C "$ops" add -A
    print_faults
    ;;
--containers) grow "$3" ;;
esac
