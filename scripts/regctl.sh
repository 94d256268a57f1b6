#!/usr/bin/env bash
# Builds regctl, which no release of Debian has and which the tests of publishing push with, into DIR: regctl.sh DIR.
# Does nothing where it is there already. Needs Go 1.21 or newer, which fetches the Go that regctl wants by itself.
set -euo pipefail

if [ $# -ne 1 ] || [[ $1 == -* ]]; then
    echo "usage: regctl.sh DIR" >&2
    exit 2
fi
wanted=github.com/regclient/regclient/cmd/regctl@v0.11.7

mkdir -p "$1"
dir=$(cd -- "$1" && pwd)
if [ -x "$dir/regctl" ] && [ "$(cat "$dir/wanted" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh" golang-go ca-certificates

# Modules and build cache go afterwards: the program alone is 20 MB, they are many times that.
cache=$(mktemp -d)
trap 'chmod -R u+w "$cache" && rm -rf "$cache"' EXIT
GOPATH=$cache/path GOCACHE=$cache/build GOBIN=$dir CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-trimpath go install "$wanted"
echo "$wanted" >"$dir/wanted"
