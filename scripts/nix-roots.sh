#!/usr/bin/env bash
# Makes root directories with a Nix newer than the host's, for the tests that run chrooted into them, and prints
# their paths, separated by colons, as COTTER_TEST_NIX_ROOTS wants them.
# They are Debian unstable (Nix 2.34 or newer) and Debian 13 (Nix 2.26); one that cannot be installed is left out.
# Kept in ${COTTER_CACHE:-~/.cache/cotter-test}; needs root, debootstrap, and the mirror that apt uses.
set -euo pipefail

cache=${COTTER_CACHE:-${HOME:-/root}/.cache/cotter-test}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

if [ "$(id -u)" -ne 0 ]; then
    echo "nix-roots: not root: no root directory with a newer Nix is made" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "nix-roots: no apt here, so no Debian mirror is known: no root directory with a newer Nix is made" >&2
    exit 1
fi

# The mirror, proxy, certificates and credentials are those of this machine's apt, whatever they are.
mirror() {
    # shellcheck disable=SC2016 # apt expands it
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "$@" 2>/dev/null |
        grep -v -- '-security/*$' | head -n 1 || true
}
setting() {
    local SETTING=
    eval "$(apt-config shell SETTING "$1")"
    printf %s "$SETTING"
}

debootstrap_from() {
    local suite=$1 dir=$2 uri=$3 scheme=${3%%:*} options=() proxy ca
    proxy=$(setting "Acquire::$scheme::Proxy")
    if [ -n "$proxy" ] && [ "$proxy" != DIRECT ]; then
        export "${scheme}_proxy=$proxy"
    fi
    ca=$(setting Acquire::https::CAInfo)
    [ -z "$ca" ] || options+=("--ca-certificate=$ca")
    # debootstrap fetches with wget, which reads credentials from ~/.netrc and knows nothing of apt's.
    mkdir -p "$work/home"
    (umask 077 && sed -s -E 's#^(\s*machine\s+)([a-z]+://)?([^/[:space:]]+)(/\S*)?#\1\3#' \
        /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf >"$work/home/.netrc" 2>/dev/null) || true
    HOME=$work/home LC_ALL=C DEBIAN_FRONTEND=noninteractive timeout 900 \
        debootstrap --variant=minbase --include=ca-certificates "${options[@]}" "$suite" "$dir" "$uri" \
        </dev/null >"$work/log" 2>&1
}

# apt inside the root installs the rest: debootstrap cannot follow a dependency on what a package provides.
# The host's settings are there for that long only.
nix_into() {
    local root=$1 file
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries)' >"$work/99host" || true
    echo 'APT::Sandbox::User "root";' >>"$work/99host"
    for file in "$(setting Acquire::https::CAInfo)" /etc/ssl/certs/ca-certificates.crt /etc/hosts; do
        [ ! -f "$file" ] || cp -L --parents "$file" "$root"
    done
    for file in /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf; do
        [ ! -f "$file" ] || cp --parents "$file" "$work"
    done
    mkdir -p "$work/etc/apt/auth.conf.d"
    # shellcheck disable=SC2016 # the inner shell expands it
    timeout 900 "$here/nix-in-root.sh" "$root" "$work" \
        env DEBIAN_FRONTEND=noninteractive APT_CONFIG="$work/99host" ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} sh -euc '
            apt() {
                apt-get -q -o Acquire::Retries=3 -o DPkg::Options::=--force-unsafe-io -o Dir::Etc::netrc="$0/etc/apt/auth.conf" \
                    -o Dir::Etc::netrcparts="$0/etc/apt/auth.conf.d" "$@"
            }
            apt update
            apt install -y --no-install-recommends git nix-bin patch
        ' "$work" </dev/null >>"$work/log" 2>&1
}

mkdir -p "$cache"
cache=$(cd -- "$cache" && pwd)
exec 9>"$cache/nix-roots.lock"
flock -w 1200 9 || { echo "nix-roots: $cache is locked by another run" >&2; exit 1; }

made=()
missing=()
for suite in sid trixie; do
    if [ -x "$cache/nix-root-$suite/usr/bin/nix" ] && [ -x "$cache/nix-root-$suite/usr/bin/patch" ]; then
        made+=("$cache/nix-root-$suite")
    else
        missing+=("$suite")
    fi
done
finish() {
    if [ ${#made[@]} -eq 0 ]; then
        echo "nix-roots: no root directory with a newer Nix" >&2
        exit 1
    fi
    local IFS=:
    echo "${made[*]}"
    exit 0
}
[ ${#missing[@]} -gt 0 ] || finish

"$here/packages.sh" debootstrap >&2
uri=$(mirror 'Origin: Debian' 'Label: Debian')
[ -n "$uri" ] || uri=$(mirror)
if [ -z "$uri" ]; then
    echo "nix-roots: apt names no Debian mirror: no root directory with a newer Nix is made" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work" "$cache"/nix-root-*.partial' EXIT
for suite in "${missing[@]}"; do
    root=$cache/nix-root-$suite
    rm -rf --one-file-system "$root.partial"
    if debootstrap_from "$suite" "$root.partial" "$uri" && nix_into "$root.partial" &&
        "$here/nix-in-root.sh" "$root.partial" "$work" nix --version >&2; then
        # Fetched packages and package lists are half of the folder's size.
        rm -rf "$root.partial/var/cache/apt" "$root.partial/var/lib/apt/lists"
        rm -rf --one-file-system "$root"
        mv "$root.partial" "$root"
        made+=("$root")
        continue
    fi
    echo "nix-roots: Debian $suite could not be installed; its log ends with:" >&2
    tail -n 5 "$work/log" >&2
done
finish
