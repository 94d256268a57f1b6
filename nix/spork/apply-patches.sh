#!/usr/bin/env bash
# Builds the patched tree: copies $upstream to $out and applies $patches in their order. A patch that does not apply
# fails the build, naming its feature. $patchNames has the features, NAME@REV each, in the order of the patches.
set -euo pipefail
export LC_ALL=C TZ=UTC
: "${upstream:?}" "${patches?}" "${patchNames?}" "${out:?}" "${upstreamRev:?}"

read -r -a files <<<"$patches"
read -r -a names <<<"$patchNames"

cp -r "$upstream" "$out"
chmod -R u+w "$out"

for at in "${!files[@]}"; do
    if ! said=$(patch -p1 --batch --forward --no-backup-if-mismatch --directory="$out" <"${files[at]}" 2>&1); then
        before="${names[*]:0:at}"
        printf '%s\n' \
            "sporkSource: the patch of the feature \`${names[at]%@*}\` (${names[at]##*@}) does not apply" \
            "  to upstream $upstreamRev${before:+ with $before}" \
            "$said" \
            "Two features that change the same lines: base one on the other, and pin that one alone." \
            "One that is based on an older upstream: rebase it, then move its pin (\`cotter pin bump\`)." >&2
        exit 1
    fi
done
