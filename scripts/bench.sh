#!/usr/bin/env bash
# Measures cotter on two cores and prints each figure beside its target and beside what one would do without it.
# Prints, and fails only when something cannot be run: times are for a person to judge. COTTER=FILE measures that
# program instead of building one.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
PATH=$PATH:${HOME:-/root}/.cargo/bin
export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/packages.sh git time util-linux || echo "bench: goes on without" >&2
pinned=()
if command -v taskset >/dev/null && taskset -c 0,1 true 2>/dev/null; then
    pinned=(taskset -c "0,1")
fi

median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ratio() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.1f", a / b; else print "?" }'
}
# Wall milliseconds of a command, whose exit status has to be EXPECTED; its output goes to a file.
wall_ms() { # EXPECTED COMMAND...
    local expected=$1 status=0 from to
    shift
    from=${EPOCHREALTIME/[.,]/}
    "${pinned[@]}" "$@" >"$work/out" 2>"$work/err" || status=$?
    to=${EPOCHREALTIME/[.,]/}
    if [ "$status" -ne "$expected" ]; then
        cat "$work/err" >&2
        echo "bench: exit $status, not $expected: $*" >&2
        return 1
    fi
    awk -v us=$((to - from)) 'BEGIN { printf "%.1f\n", us / 1000 }'
}
median_ms() { # TIMES EXPECTED COMMAND...
    local times=$1 n
    shift
    wall_ms "$@" >/dev/null # the first one warms the page cache
    for ((n = 0; n < times; n++)); do
        wall_ms "$@" || return 1
    done >"$work/times"
    median <"$work/times"
}
row() { # WHAT MEASURED TARGET NOTE
    printf '%-44s %12s   %-12s %s\n' "$1" "$2" "$3" "${4:-}"
}

if [ -n "${COTTER:-}" ]; then
    cotter=$(realpath -- "$COTTER")
else
    cargo build --release --locked
    cotter=$(realpath -- "${CARGO_TARGET_DIR:-target}/release/cotter")
fi

echo "machine: $(nproc) cores, used: ${pinned[*]:-all}"
echo
row "" measured target

# 1. pin list over a large tree.
tree=$work/tree
"${pinned[@]}" cargo bench --locked --bench baseline -- "$tree" >"$work/baseline" 2>"$work/err" || {
    cat "$work/err" >&2
    exit 1
}
parse_all=$(sed -n 's/^parse_all_ms=//p' "$work/baseline")
git init -q "$tree"
git -C "$tree" -c gc.auto=0 add .
corpus="$(sed -n 's/^corpus_files=//p' "$work/baseline") files, $(sed -n 's/^corpus_bytes=//p' "$work/baseline") bytes"
list=$(median_ms 5 0 "$cotter" --root "$tree" pin list --format json)
pins=$(grep -o '"kind":' "$work/out" | wc -l)
row "pin list ($corpus)" "$list ms" "< 500 ms" "$pins pins"
if /usr/bin/time --version >/dev/null 2>&1; then
    for _ in 1 2 3 4 5; do
        "${pinned[@]}" /usr/bin/time -f '%U %S %M' -o "$work/usage" \
            "$cotter" --root "$tree" pin list --format json >/dev/null
        tail -n 1 "$work/usage"
    done >"$work/usages"
    cpu=$(awk '{ printf "%.0f\n", ($1 + $2) * 1000 }' "$work/usages" | median)
    rss=$(awk '{ printf "%.1f\n", $3 / 1024 }' "$work/usages" | median)
    row "  user and system time" "$cpu ms" ""
    row "  peak memory" "$rss MiB" "< 150 MB"
else
    row "  user and system time, peak memory" "left out" "" "needs the package time"
fi
row "  parsing every file (2 threads)" "$parse_all ms" "" "pin list is $(ratio "$parse_all" "$list") times as fast"
grep_ms=$(median_ms 5 0 git -C "$tree" grep -c fetch)
row "  git grep -c fetch" "$grep_ms ms" "" "pin list takes $(ratio "$list" "$grep_ms") times as long"
if command -v statix >/dev/null; then
    # It exits 1 when it finds something, and the corpus has something to find.
    linter=$(median_ms 1 1 statix check "$tree")
    row "  statix check" "$linter ms" "" "pin list is $(ratio "$linter" "$list") times as fast"
else
    row "  statix check" "left out" "" "not installed"
fi

# 2. check over the same tree, and over a repository of 40 containers.
all=$(median_ms 5 0 "$cotter" --root "$tree" check --all-files)
row "check --all-files ($corpus)" "$all ms" "< 800 ms" "pin list takes $list ms of these files"
scripts/fleet.sh "$work/fleet" --containers 40 >/dev/null
fleet=$work/fleet/ops
files="$(git -C "$fleet" ls-files | wc -l) files, 40 containers"
all=$(median_ms 11 0 "$cotter" --root "$fleet" check --all-files)
row "check --all-files ($files)" "$all ms" "< 60 ms"
git -C "$fleet" ls-files 'containers/*/default.nix' | head -n 5 | while read -r file; do
    echo "# A note." >>"$fleet/$file"
    git -C "$fleet" add "$file"
done
staged=$(median_ms 11 0 "$cotter" --root "$fleet" check)
row "check of 5 staged files" "$staged ms" "< 20 ms"
listed=$(median_ms 11 0 git -C "$fleet" diff --cached --name-only)
row "  git diff --cached --name-only" "$listed ms" "" "check takes $(ratio "$staged" "$listed") times as long"

# 3. A spork's bump, with a local mirror.
scripts/example.sh "$work/example"
scripts/example.sh "$work/example" --sync
ops=$work/example/ops
bump=$(median_ms 11 1 "$cotter" --root "$ops" pin bump kingfisher --dry-run)
cat >"$work/by-hand" <<'HAND'
set -eu
mirror=$1/mirror/kingfisher.git ops=$1/ops out=$2
main=$(git -C "$mirror" rev-parse main)
short=$(git -C "$mirror" rev-parse --short=7 main)
one=$(git -C "$mirror" rev-parse feature/upstream/clone-url-base)
two=$(git -C "$mirror" rev-parse feature/local/skip-build-folders)
git -C "$mirror" merge-base --is-ancestor "$main" "$one"
git -C "$mirror" merge-base --is-ancestor "$main" "$two"
git -C "$mirror" show "$main:Cargo.lock" >"$out/Cargo.lock"
sed -E "s/(upstreamRev = )\"[^\"]*/\1\"$main/; s/(version = )\"[^\"]*/\1\"$short/" \
    "$ops/containers/kingfisher/default.nix" >"$out/default.nix"
sed "s/current-version: \"[0-9a-f]*\"/current-version: \"$short\"/" "$ops/service-versions.yaml" >"$out/versions"
sed "s/rev=[0-9a-f]*/rev=$main/" "$ops/argocd/manifests/kingfisher/nixbuild.yaml" >"$out/nixbuild"
HAND
mkdir "$work/hand"
hand=$(median_ms 11 0 sh "$work/by-hand" "$work/example" "$work/hand")
row "pin bump of a spork, dry run" "$bump ms" "< 100 ms"
row "  its git and sed commands from a script" "$hand ms" "" "the bump takes $(ratio "$bump" "$hand") times as long"

# 4. image explain of an archive of 1 GB in 8 layers, against reading it once.
image=$work/image
hash=0123456789abcdfghijklmnpqrsvwxyz
mkdir -p "$image/archive"
diff_ids=() layers=()
for n in 0 1 2 3 4 5 6 7; do
    path=nix/store/$n${hash:1}-part-$n
    mkdir -p "$image/$n/$path"
    head -c 96M /dev/urandom | base64 -w 0 | split -b 200k -a 4 - "$image/$n/$path/"
    echo "/nix/store/$(((n + 1) % 8))${hash:1}-part-$(((n + 1) % 8))/aaaa" >"$image/$n/$path/next"
    tar -C "$image/$n" -cf "$image/archive/$n.tar" nix
    rm -rf "${image:?}/$n"
    sum=$(sha256sum "$image/archive/$n.tar")
    diff_ids+=("\"sha256:${sum%% *}\"") layers+=("\"$n.tar\"")
done
joined() {
    local IFS=,
    echo "$*"
}
cat >"$image/archive/config.json" <<JSON
{"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/nix/store/0${hash:1}-part-0/aaaa"]},
 "rootfs": {"type": "layers", "diff_ids": [$(joined "${diff_ids[@]}")]}}
JSON
cat >"$image/archive/manifest.json" <<JSON
[{"Config": "config.json", "RepoTags": ["example:1"], "Layers": [$(joined "${layers[@]}")]}]
JSON
tar -C "$image/archive" -cf "$image/image.tar" --remove-files {0..7}.tar config.json manifest.json
bytes=$(stat -c %s "$image/image.tar")
explained=$(median_ms 5 0 "$cotter" image explain --format json "$image/image.tar")
grep -q '"part-7"' "$work/out"
# shellcheck disable=SC2016 # the inner shell expands it
reading=$(median_ms 5 0 sh -c 'cat "$1" >/dev/null' sh "$image/image.tar")
row "image explain ($bytes bytes)" "$explained ms" "< $(awk -v ms="$reading" 'BEGIN { printf "%.0f", ms * 1.5 }') ms" "1.5 times cat to /dev/null"
row "  cat, to /dev/null" "$reading ms" "" "image explain takes $(ratio "$explained" "$reading") times as long"
gzip -1 -k "$image/image.tar"
explained=$(median_ms 1 0 "$cotter" image explain --format json "$image/image.tar.gz")
# shellcheck disable=SC2016 # the inner shell expands it
unpacked=$(median_ms 1 0 sh -c 'gzip -dc "$1" >/dev/null' sh "$image/image.tar.gz")
row "image explain of the same by gzip" "$explained ms" "" "takes $(ratio "$explained" "$unpacked") times as long as gzip -dc: $unpacked ms"
rm -rf "$image"

# 5. NAR hashes from git objects.
echo
if [ -e benches/nar.rs ]; then
    echo "NAR hash of a 4,000-file commit: target no slower than nix hash path on a warm checkout, and 4 times as"
    echo "fast as archive, unpack and hash:"
    "${pinned[@]}" cargo bench --locked --bench nar 2>"$work/err" || {
        cat "$work/err" >&2
        exit 1
    }
else
    echo "NAR hashes: left out, there is no benches/nar.rs"
fi

# 6. Hashes of fixed-output derivations, in a store of their own.
echo
if ! scripts/packages.sh nix-bin || ! command -v nix-build >/dev/null; then
    echo "fod-rehash: left out, it needs the package nix-bin"
    exit 0
fi
fods=$work/fods
mkdir -p "$fods/home" "$fods/conf"
export HOME=$fods/home COTTER_CACHE_DIR=$fods/cache XDG_CACHE_HOME=$fods/xdg
export NIX_STORE_DIR=$fods/nix/store NIX_STATE_DIR=$fods/nix/state NIX_LOG_DIR=$fods/nix/log NIX_CONF_DIR=$fods/conf
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = false
substituters =
build-users-group =
max-jobs = 16'
unset NIX_PATH NIX_REMOTE
# What Nix has put into its store is read-only.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

cat >"$fods/fod.nix" <<'NIX'
{ name, hash, script }:
derivation {
  inherit name;
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-ec" script ];
  PATH = "/usr/bin:/bin";
  outputHash = hash;
  outputHashMode = "flat";
}
NIX
# A workspace NAME of COUNT derivations with stale hashes, `f0` and so on, each by SCRIPT, in which %s is its number
# and %p the derivation before it.
stale_fods() { # NAME COUNT SCRIPT
    local ws=$fods/$1 n script stale before
    mkdir "$ws"
    cp "$fods/fod.nix" "$ws"
    {
        echo 'let fod = import ./fod.nix; in rec {'
        before=/dev/null
        for ((n = 0; n < $2; n++)); do
            script=${3//%s/$n}
            script=${script//%p/$before}
            before="\${f$n}"
            stale=$(printf '%s %s' "$1" "$n" | sha256sum)
            echo "  f$n = fod { name = \"fod-$n\"; hash = \"sha256:${stale%% *}\"; script = \"$script\"; };"
        done
        echo '}'
    } >"$ws/stale"
    cp "$ws/stale" "$ws/default.nix"
}
cat >"$fods/rehash" <<'REHASH'
cp "$2/stale" "$2/default.nix"
rm -f "$2/cotter.lock"
exec "$1" --root "$2" -q fod-rehash
REHASH
# The procedure without cotter: a fake hash, a build that fails, the hash that it got; one after another.
cat >"$fods/by-hand" <<'HAND'
set -eu
cp "$1/stale" "$1/default.nix"
n=0
while [ "$n" -lt "$2" ]; do
    set_hash() { sed -i -E "s|(name = \"fod-$n\"; hash = \")[^\"]*|\1$3|" "$1/default.nix"; }
    set_hash "$1" "$2" sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
    got=$(nix-build --no-out-link -A "f$n" "$1/default.nix" 2>&1 | sed -n 's/^ *got: *//p' | tail -n 1)
    test -n "$got"
    set_hash "$1" "$2" "$got"
    n=$((n + 1))
done
HAND

evaluation_ms() { # NAME
    median_ms 5 0 nix-instantiate "$fods/$1/default.nix"
}
plus() { # MS FACTOR MS
    awk -v a="$1" -v f="$2" -v b="$3" 'BEGIN { printf "%.0f", a * f + b }'
}

# shellcheck disable=SC2016 # the builder expands it
stale_fods sixteen 16 'sleep 1; echo %s > $out'
rehash=$(median_ms 3 0 sh "$fods/rehash" "$cotter" "$fods/sixteen")
evaluation=$(evaluation_ms sixteen)
hand=$(wall_ms 0 sh "$fods/by-hand" "$fods/sixteen" 16)
row "fod-rehash of 16 FODs of 1 s" "$rehash ms" "< $(plus 1000 1.3 "$evaluation") ms"
row "  its evaluation: nix-instantiate" "$evaluation ms" ""
sed 's/sleep 1/sleep 1; : again/; s/sha256:./sha256:f/' "$fods/sixteen/stale" >"$fods/sixteen/again.nix"
mapfile -t drvs < <(nix-instantiate "$fods/sixteen/again.nix" 2>/dev/null)
alone=$(median_ms 1 102 nix-store --realise --keep-going "${drvs[@]}")
row "  its builds: nix-store --realise" "$alone ms" "" "with hashes that are wrong"
row "  one hash at a time, by a script" "$hand ms" "" "fod-rehash is $(ratio "$hand" "$rehash") times as fast; target 11.2"

# shellcheck disable=SC2016 # the builder expands it
stale_fods chain 3 'sleep 1; cat %p > $out; echo %s >> $out'
rehash=$(median_ms 3 0 sh "$fods/rehash" "$cotter" "$fods/chain")
evaluation=$(evaluation_ms chain)
hand=$(wall_ms 0 sh "$fods/by-hand" "$fods/chain" 3)
row "fod-rehash of a chain of 3 FODs of 1 s" "$rehash ms" "< $(plus 3000 1.3 "$(plus "$evaluation" 4 0)") ms" "four evaluations"
row "  one hash at a time, by a script" "$hand ms" "" "fod-rehash is $(ratio "$hand" "$rehash") times as fast"

# shellcheck disable=SC2016 # the builder expands it
stale_fods fifty 50 'echo %s > $out'
sh "$fods/rehash" "$cotter" "$fods/fifty" >/dev/null
nothing=$(median_ms 11 0 "$cotter" --root "$fods/fifty" fod-rehash)
evaluation=$(evaluation_ms fifty)
row "fod-rehash of 50 FODs, nothing to do" "$nothing ms" "< $(plus "$evaluation" 1 1000) ms"
row "  its evaluation: nix-instantiate" "$evaluation ms" ""
