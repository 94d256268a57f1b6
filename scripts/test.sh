#!/usr/bin/env bash
# Installs what the tests need and runs all of them; one line per stage, with its time. Fails when any stage does.
# Works in a fresh clone on a Debian machine with Rust; as root it also makes root directories with newer Nix versions.
# COTTER_TEST_NIX_ROOTS (colon-separated) takes root directories that exist instead.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

may_mount() {
    [ "$(id -u)" -eq 0 ] && unshare --mount --propagation private true 2>/dev/null
}
# In a mount namespace of its own, no mount that a test makes outlives the run, however it ends.
if [ -z "${COTTER_TEST_UNSHARED:-}" ] && may_mount; then
    COTTER_TEST_UNSHARED=1 exec unshare --mount --propagation private "$PWD/scripts/test.sh"
fi
exec </dev/null

PATH=$PATH:${HOME:-/root}/.cargo/bin
export CARGO_TERM_COLOR=never
logs=$(mktemp -d)
roots_pid=
# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
    [ -z "$roots_pid" ] || kill "$roots_pid" 2>/dev/null || true
    rm -rf "$logs"
}
trap finish EXIT

summary=()
failed=0
report() { # RESULT SECONDS NAME
    local line
    line=$(printf '%-8s %5d s  %s' "$1" "$2" "$3")
    echo "$line"
    summary+=("$line")
}
stage() { # NAME COMMAND...
    local name=$1 start=$SECONDS log=$logs/stage
    shift
    if "$@" >"$log" 2>&1; then
        report ok $((SECONDS - start)) "$name"
    else
        local status=$?
        cat "$log"
        report FAILED $((SECONDS - start)) "$name (exit $status)"
        failed=1
    fi
}

components() {
    { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1 || rustup component add rustfmt clippy
}
linted_scripts() {
    shellcheck scripts/*.sh tests/support/*.sh .ci/run &&
        shellcheck --external-sources nix/publish/main.sh nix/spork/*.sh
}

packages=(
    apache2-utils busybox-static ca-certificates containerd curl docker-registry docker.io fakeroot file gcc
    gettext-base git gnupg hugo jq libc6-dev net-tools nginx-light nix-bin openssh-client openssh-server openssl pass
    patch patchelf podman procps python3 python3-venv python3-yaml runc shellcheck skopeo tzdata umoci xz-utils yamllint
    zstd
)
# Often from elsewhere, under other package names.
command -v npm >/dev/null || packages+=(nodejs npm)
PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || packages+=(golang-go)
stage "packages" scripts/packages.sh "${packages[@]}"
stage "rust components" components
stage "pre-commit and prek" scripts/hook-tools.sh target/hook-tools
export COTTER_TEST_HOOK_TOOLS=$PWD/target/hook-tools
stage "tools of the tests of images" scripts/image-tools.sh target/image-tools
export COTTER_TEST_IMAGE_TOOLS=$PWD/target/image-tools

# Mostly waiting for the network: beside the compiler.
if [ -z "${COTTER_TEST_NIX_ROOTS:-}" ] && may_mount; then
    # shellcheck disable=SC2016 # the inner shell expands these
    timeout --kill-after=10 1200 bash -c '
        status=0
        scripts/nix-roots.sh >"$0" 2>"$0.log" || status=$?
        echo "$SECONDS" >"$0.seconds"
        exit "$status"
    ' "$logs/roots" &
    roots_pid=$!
fi

stage "shellcheck" linted_scripts
stage "cargo fmt" cargo fmt --check
stage "cargo clippy" timeout --kill-after=10 1200 cargo clippy --all-targets --locked -- -D warnings
stage "compile the tests" timeout --kill-after=10 1200 cargo test --locked --no-run

if [ -n "$roots_pid" ]; then
    if wait "$roots_pid"; then
        COTTER_TEST_NIX_ROOTS=$(cat "$logs/roots")
        report ok "$(cat "$logs/roots.seconds")" "a newer Nix, beside the above: $COTTER_TEST_NIX_ROOTS"
    else
        cat "$logs/roots.log"
        report FAILED "$(cat "$logs/roots.seconds")" "a newer Nix"
        failed=1
    fi
    roots_pid=
elif [ -z "${COTTER_TEST_NIX_ROOTS:-}" ]; then
    report "left out" 0 "tests with a newer Nix: needs root that may mount"
fi
export COTTER_TEST_NIX_ROOTS=${COTTER_TEST_NIX_ROOTS:-}

stage "cargo test" timeout --kill-after=10 3000 cargo test --locked --no-fail-fast
cp "$logs/stage" "$logs/tests"

printf '\n%s\n' "summary"
printf '%s\n' "${summary[@]}"
awk '/^test result:/ { passed += $4; failed += $6 } END { printf "%d passed, %d failed\n", passed, failed }' "$logs/tests"
if [ "$failed" -ne 0 ]; then
    echo "FAILED after $SECONDS s"
    exit 1
fi
echo "all passed in $SECONDS s"
