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

# What diff has no words for: links, empty files, and files that may be executed.
special() { # TREE
    (cd -- "$1" && find . -type l -print0 -o -type f \( -empty -o -perm -u+x \) -print0)
}

# A part of a patch as git writes it, which patch reads too, about the file $name.
part() { # LINE...
    printf 'diff --git "a/%s" "b/%s"\n' "$name" "$name"
    printf '%s\n' "$@"
}

# Those parts for what of the special files is different.
parts() {
    local path name from to none='\ No newline at end of file'
    while IFS= read -r -d "" path; do
        path=${path#./} name=${path//\\/\\\\} name=${name//\"/\\\"}
        from=a/$path to=b/$path
        if [ -L "$from" ] && [ -L "$to" ]; then
            if [ "$(readlink "$from")" != "$(readlink "$to")" ]; then
                part "index 1111111..2222222 120000" "--- \"a/$name\"" "+++ \"b/$name\"" "@@ -1 +1 @@" \
                    "-$(readlink "$from")" "$none" "+$(readlink "$to")" "$none"
            fi
        elif [ -L "$to" ] && [ ! -e "$from" ]; then
            part "new file mode 120000" "index 0000000..1111111" "--- /dev/null" "+++ \"b/$name\"" "@@ -0,0 +1 @@" \
                "+$(readlink "$to")" "$none"
        elif [ -L "$from" ] && [ ! -e "$to" ]; then
            part "deleted file mode 120000" "index 1111111..0000000" "--- \"a/$name\"" "+++ /dev/null" "@@ -1 +0,0 @@" \
                "-$(readlink "$from")" "$none"
        elif [ -f "$from" ] && [ ! -s "$from" ] && [ ! -e "$to" ]; then
            part "deleted file mode 100644" "index e69de29..0000000"
        elif [ -f "$to" ] && [ ! -L "$from" ] && [ ! -L "$to" ]; then
            if [ ! -s "$to" ] && { [ ! -e "$from" ] || [ -s "$from" ]; }; then
                part "new file mode 100644"
            fi
            if [ -x "$to" ] && { [ ! -x "$from" ] || [ ! -s "$to" ]; }; then
                part "old mode 100644" "new mode 100755"
            elif [ ! -x "$to" ] && [ -x "$from" ]; then
                part "old mode 100755" "new mode 100644"
            fi
        fi
    done < <({ special a && special b; } | sort -zu)
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
diff -ruN --no-dereference a/ b/ >"$out" 2>said || status=$?
parts >>"$out"
cp -r "$upstream" patched
chmod -R u+w patched
applied=$(patch -p1 --batch --forward --no-backup-if-mismatch --directory=patched <"$out" 2>&1) || true
wrong=$(left_out)
if [ -n "$wrong" ]; then
    fail "has changes that a patch cannot carry:" "$wrong" \
        "A patch carries text, links, empty files and executable bits: not binary files, nor a file that becomes a link or a folder." \
        "Make such a change in the package's postPatch, or pin an upstream revision that has it." \
        "What diff and patch say (exit status of diff: $status):" "$(cat said)" "$applied"
fi
if [ ! -s "$out" ]; then
    fail "changes nothing in upstream $upstreamRev." \
        "Where upstream has taken it in, remove it from the list of features."
fi
