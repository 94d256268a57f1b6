#!/usr/bin/env bash
# Installs the distribution packages named, those of them that are missing: packages.sh PACKAGE...
# Where it may not (no apt, neither root nor password-less sudo, no network) it says so in one line on
# standard error and exits 1: the caller decides what can go on without them.
set -euo pipefail

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "packages: no apt here; install by hand: $*" >&2
    exit 1
fi

missing=()
for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
        echo "packages: neither root nor sudo without a password; install by hand: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null
}
known() {
    local package
    for package in "${missing[@]}"; do
        [ -n "$(apt-cache show --no-all-versions "$package" 2>/dev/null)" ] || return 1
    done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "packages: installing ${missing[*]}" >&2
# A machine whose package lists are older than its mirror fails on the first try: refresh them and try again.
if known && apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
    exit 0
fi
if ! apt update >"$log" 2>&1 || ! apt install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "packages: could not install: ${missing[*]}" >&2
    exit 1
fi
