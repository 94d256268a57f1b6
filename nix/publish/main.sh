#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# Publishes images that Nix built: main.sh SPEC ACTION [ARCH] [OPTION]...
# SPEC is the JSON file that publish.nix writes and describes.
#
#   stage ARCH       the image is in the store; no registry is asked
#   push ARCH        pushes it as REPOSITORY:TAG-ARCH and notes the digest
#   index            the index REPOSITORY:TAG of the digests that this run pushed, then `latest` for a release
#   publish          push every architecture, then the index
#   push-image       the same; where there is one architecture only, its image alone is REPOSITORY:TAG
#   verify-digest    prints the digest that a push would give; no registry is asked
#
# Nothing is changed without --publish or PUBLISH=1: the plan is printed. --plan-json FILE writes it. --context NAME
# takes another registry. --prune removes the tags of the architectures once the index is verified. --replace lets a
# release's tag take other content. --no-latest leaves `latest`.
#
# Environment: REGISTRY_TOKEN, REGISTRY_USER, VERSION (the tag), CI (a leading v of VERSION goes), BUILDKIT_ADDR (what
# builds Dockerfiles: tcp://HOST:PORT, unix://PATH, docker-container://NAME; else a new container of the local Docker),
# PUBLISH_RUN_ID (what joins publish-ARCH and publish-index of one run, e.g. a pipeline's number), PUBLISH_STATE_DIR,
# PUBLISH_TRIES, PUBLISH_BACKOFF (seconds). Temporary files are below TMPDIR.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=report.sh
. "$here/report.sh"
# shellcheck source=spec.sh
. "$here/spec.sh"
# shellcheck source=credentials.sh
. "$here/credentials.sh"
# shellcheck source=registry.sh
. "$here/registry.sh"
# shellcheck source=buildkit.sh
. "$here/buildkit.sh"
# shellcheck source=image.sh
. "$here/image.sh"
# shellcheck source=plan.sh
. "$here/plan.sh"
# shellcheck source=steps.sh
. "$here/steps.sh"

# No child gets the token in its environment.
token=${REGISTRY_TOKEN:-}
unset REGISTRY_TOKEN

spec_file=$1
action=$2
shift 2
wanted_arch=
case $action in
stage | push)
    wanted_arch=${1:?the architecture}
    shift
    ;;
index | publish | push-image | verify-digest) ;;
*) wrong_usage "no action is called \`$action\`" ;;
esac

publish=${PUBLISH:-0}
context=
plan_json=
prune=false
replace=false
latest=true
while [ $# -gt 0 ]; do
    case $1 in
    --publish) publish=1 ;;
    --prune) prune=true ;;
    --replace) replace=true ;;
    --no-latest) latest=false ;;
    --context | --plan-json)
        [ $# -ge 2 ] || wrong_usage "$1 needs a value"
        if [ "$1" = --context ]; then context=$2; else plan_json=$2; fi
        shift
        ;;
    -*) wrong_usage "no option is called \`$1\`; there are --publish, --plan-json FILE, --context NAME, --prune, --replace and --no-latest" ;;
    *)
        # `nix run .#push-image -- prod`
        if [ "$action" != push-image ] || [ -n "$context" ]; then
            wrong_usage "not expected: \`$1\`"
        fi
        context=$1
        ;;
    esac
    shift
done

umask 077
private=$(mktemp -d "${TMPDIR:-/tmp}/publish.XXXXXXXX")
worker=
# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
    # The worker is a process group: its pushes end with it.
    if [ -n "$worker" ]; then
        kill -TERM -- "-$worker" 2>/dev/null || true
        wait "$worker" 2>/dev/null || true
    fi
    close_builder
    rm -rf "$private"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

arches=()
read_spec "$spec_file" "$context"
state=${PUBLISH_STATE_DIR:-${XDG_STATE_HOME:-${HOME:-$private}/.local/state}/cotter/publish}
run=${PUBLISH_RUN_ID:-by-hand}

targets=("${arches[@]}")
[ -z "$wanted_arch" ] || targets=("$wanted_arch")
if [ "$action" = push-image ] && [ "${#arches[@]}" -gt 1 ]; then
    action=publish
fi
# Its own pushes and no others are in its index.
[ "$action" != publish ] || run=${private##*.}

stage() {
    local arch
    require_buildkit "${targets[@]}"
    for arch in "${targets[@]}"; do
        require_image "$arch"
        ! is_dockerfile "$arch" || make_layout "$arch"
        echo "$arch $(image_key "$arch" path)"
    done
}

verify_digest() {
    local arch
    require_buildkit "${targets[@]}"
    for arch in "${targets[@]}"; do
        require_image "$arch"
        make_layout "$arch"
        echo "$arch $(<"$private/$arch.digest")"
    done
}

# Says what a run would do, and what would stop it.
dry_run() {
    local down arch blocked
    show_plan "$private/plan.json"
    say "dry run" "nothing was changed; --publish, or PUBLISH=1, does what is listed above"
    if ! down=$(preflight); then
        say "dry run" "BLOCKER(registry-down) would stop it: $down"
    fi
    # Whether pass has one is not asked: it may want a passphrase.
    if [ -z "$token" ] && [ -z "$pass_path" ]; then
        say "dry run" "BLOCKER(empty-token) would stop it: there is no token for $registry"
    fi
    for arch in "${targets[@]}"; do
        if is_dockerfile "$arch"; then
            blocked=$(look_for_buildkit "$arch" 2>&1 >/dev/null) || say "dry run" "would be stopped: $blocked"
        fi
    done
    if [ "$action" = index ]; then
        for arch in "${arches[@]}"; do
            blocked=$(pushed_digest "$arch" 2>&1 >/dev/null) || say "dry run" "would be stopped: $blocked"
        done
    fi
}

mutate() {
    local down
    down=$(preflight) || blocker registry-down "$down" "Nothing was changed. Is the registry up, and its name right?"
    log_in
    require_buildkit "${targets[@]}"
    follow_plan "$private/plan.json"
    case $action in
    index | publish) record_published ;;
    esac
}

work() {
    case $action in
    stage) stage ;;
    verify-digest) verify_digest ;;
    *)
        if [ "$action" != index ]; then
            for arch in "${targets[@]}"; do require_image "$arch"; done
        fi
        if [ "$publish" = 1 ]; then
            show_plan "$private/plan.json"
            mutate
        else
            dry_run
        fi
        ;;
    esac
}

case $action in
stage | verify-digest) ;;
*)
    make_plan "$action" "${targets[@]}" >"$private/plan.json"
    [ -z "$plan_json" ] || cp "$private/plan.json" "$plan_json"
    if [ "$publish" = 1 ]; then
        # Before the worker, which has no terminal.
        find_token
        require_token
    fi
    ;;
esac

set -m
work </dev/null &
worker=$!
set +m
status=0
wait "$worker" || status=$?
worker=
exit "$status"
