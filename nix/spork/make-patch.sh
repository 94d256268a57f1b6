#!/usr/bin/env bash
# Builds the patch of a feature: writes to $out what makes the tree $feature of the tree $upstream. Fails, naming the
# feature, when nothing is different, and when a patch cannot carry the difference: nothing is dropped in silence.
# $featureName, $featureRev and $upstreamRev are for the messages.
set -euo pipefail
export LC_ALL=C TZ=UTC
: "${upstream:?}" "${feature:?}" "${out:?}" "${featureName:?}" "${featureRev:?}" "${upstreamRev:?}"

fail() { # MESSAGE... (a line each)
    printf '%s\n' "sporkSource: the feature \`$featureName\` ($featureRev) $1" "${@:2}" >&2
    exit 1
}

# The regular files of a tree that may be executed.
executables() { # TREE
    (cd -- "$1" && find . -type f -perm -u+x | sort)
}

# What the patched tree has not got right: a line for each, empty when the patch carries all.
left_out() {
    local path
    # Trouble is worded as a difference is: it ends the build too.
    diff -rq --no-dereference patched/ b/ 2>&1 | sed 's/^/  /' || true
    while IFS= read -r path; do
        if [ -f "patched/$path" ] && [ ! -L "patched/$path" ] && [ -f "b/$path" ]; then
            echo "  the executable bit of ${path#./}"
        fi
    done < <(comm -3 <(executables patched) <(executables b) | tr -d '\t')
}

# The names in the patch are a/PATH and b/PATH, wherever the store is. The slashes have diff follow these two links.
ln -s "$upstream" a
ln -s "$feature" b

status=0
diff -ruN --no-dereference a/ b/ >"$out" || status=$?
cp -r "$upstream" patched
chmod -R u+w patched
applied=$(patch -p1 --batch --no-backup-if-mismatch --directory=patched <"$out" 2>&1) || true
wrong=$(left_out)
if [ -n "$wrong" ]; then
    fail "has changes that a patch cannot carry:" "$wrong" \
        "A patch carries the text of regular files: not symbolic links, binary files, empty files or executable bits." \
        "Make such a change in the package's postPatch, or pin an upstream revision that has it." \
        "What diff and patch say (exit status of diff: $status):" "$applied"
fi
if [ ! -s "$out" ]; then
    fail "changes nothing in upstream $upstreamRev." \
        "Where upstream has taken it in, remove it from the list of features."
fi
