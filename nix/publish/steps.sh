# The steps of a plan. Each may be taken again after any failure: what is there already is left as it is. Sourced by
# main.sh.
# shellcheck shell=bash

# Pushes the image of one architecture and notes its digest, for the index.
push_arch() { # ARCH TO
    local digest
    push "$1" "$2"
    digest=$(<"$private/$1.digest")
    note_push "$1" "$digest"
    echo "$1 $digest"
}

# Pushes the only image there is, under the tag of the version.
push_alone() { # ARCH TO
    local there
    there=$(digest_of "$2") || exit
    if [ -n "$there" ] && [ "$there" != "$(known_digest "$1")" ]; then
        make_layout "$1"
        [ "$there" = "$(<"$private/$1.digest")" ] || may_replace "$2" "$there"
    fi
    push "$1" "$2"
    cp "$private/$1.digest" "$private/version.digest"
    require_tag "$2" "$(<"$private/version.digest")"
    echo "$tag $(<"$private/version.digest")"
}

# Pushes unless the registry has it; the digest is in $private/ARCH.digest.
push() { # ARCH TO
    local arch=$1 to=$2 there known digest
    there=$(digest_of "$to") || exit
    known=$(known_digest "$arch")
    if [ -n "$known" ] && [ "$there" = "$known" ]; then
        say "$arch" "unchanged: $to is $known"
        echo "$known" >"$private/$arch.digest"
        return
    fi
    [ -s "$private/$arch.digest" ] || make_layout "$arch"
    digest=$(<"$private/$arch.digest")
    say_difference "$arch" "$digest" "$there"
    if [ "$there" = "$digest" ]; then
        say "$arch" "unchanged: $to is $digest"
        return
    fi
    attempts "pushing $to" copy_to_registry "$arch" "$to"
    # The digest that the push reports is the one that counts.
    [ "$(<"$private/$arch.pushed")" = "$digest" ] || blocker digest-mismatch \
        "$to was pushed as $(<"$private/$arch.pushed"), but the image is $digest"
    rm -rf "${private:?}/$arch"
}

copy_to_registry() { # ARCH TO
    skopeo --insecure-policy copy --quiet --preserve-digests --authfile "$private/config.json" \
        --dest-tls-verify="$tls" --digestfile "$private/$1.pushed" "oci:$private/$1:image" "docker://$2"
}

# An image that is not what was pushed under its tag before: its inputs are others, or it is not reproducible.
say_difference() { # ARCH DIGEST THERE
    local before=$3
    # The tag of the architecture may be gone; the index has its digest too.
    [ -n "$before" ] || before=$(platform_digest "$1")
    if [ -n "$before" ] && [ "$before" != "$2" ]; then
        say "$1" "differs from what $repository:$tag has: this build is $2, pushed before was $before"
    fi
}

platform_digest() { # ARCH
    local there
    there=$(digest_of "$repository:$tag") || exit
    if [ -n "$there" ]; then
        manifest_of "$there" "$private/$1.index" || exit
        jq --raw-output --arg arch "$1" \
            'first(.manifests[]? | select(.platform.os == "linux" and .platform.architecture == $arch) | .digest)' \
            "$private/$1.index"
    fi
}

# Where the digests of this run's pushes are noted for publish-index, which may be another process.
runs_folder() {
    echo "$state/runs/${repository//[\/:]/_}/$tag"
}

note_push() { # ARCH DIGEST
    local folder new
    folder=$(runs_folder)
    new=$folder/$1.$BASHPID
    mkdir -p "$folder"
    # shellcheck disable=SC2016 # the variables are jq's
    jq --null-input --arg run "$run" --arg image "${image_ids[$1]}" --arg repository "$repository" --arg tag "$tag" \
        --arg arch "$1" --arg digest "$2" '$ARGS.named' >"$new"
    mv "$new" "$folder/$1"
}

# Keeps what a run has published, and forgets its pushes: the next index is made of the next run's.
record_published() {
    local folder record
    folder=$(runs_folder)
    record=$state/published/${folder#"$state/runs/"}.json
    mkdir -p "${record%/*}"
    # shellcheck disable=SC2016 # the variable is jq's
    jq --slurp --arg digest "$(<"$private/version.digest")" '{
        repository: .[0].repository, tag: .[0].tag, digest: $digest,
        images: (map({(.arch): {image, digest}}) | add)
    }' "${arches[@]/#/$folder/}" >"$record.new"
    mv "$record.new" "$record"
    rm -rf "$folder"
}

# The digest of an architecture that this run pushed; ends the process for one that it did not.
pushed_digest() { # ARCH
    local note
    note=$(runs_folder)/$1
    [ -r "$note" ] || blocker missing-arch "$1 was not pushed in this run ($repository:$tag)" \
        "Run publish-$1 first, with the same VERSION and PUBLISH_RUN_ID; an index without $1 is not written."
    # shellcheck disable=SC2016 # the variables are jq's
    jq --exit-status --raw-output --arg run "$run" --arg image "${image_ids[$1]}" \
        'select(.run == $run and .image == $image) | .digest' "$note" ||
        blocker stale-arch "the $1 of $repository:$tag was pushed by another run, or is another image: $(jq -c . "$note")" \
            "Run publish-$1 again; this run is \`$run\` and its image ${image_ids[$1]}."
}

# Writes the index of this run's digests, and reads it back.
write_index() { # TO
    local to=$1 arch digest refs=() there
    : >"$private/wanted"
    for arch in "${arches[@]}"; do
        digest=$(pushed_digest "$arch") || exit
        refs+=(--ref "$repository@$digest")
        echo "linux/$arch $digest" >>"$private/wanted"
    done
    there=$(digest_of "$to") || exit
    if [ -z "$there" ]; then
        attempts "writing the index $to" regctl_ index create "$to" "${refs[@]}" >/dev/null
    elif ! is_wanted "$there"; then
        may_replace "$to" "$there"
        attempts "writing the index $to" regctl_ index create "$to" "${refs[@]}" >/dev/null
    else
        say index "unchanged: $to is $there"
    fi
    there=$(digest_of "$to") || exit
    : >"$private/found"
    if [ -z "$there" ] || ! is_wanted "$there"; then
        blocker index-mismatch \
            "$to is not what was written: wanted $(tr '\n' ' ' <"$private/wanted"), found ${there:-nothing}: $(tr '\n' ' ' <"$private/found")" \
            "Another publisher wrote the tag at the same time, or the registry rewrites tags. \`latest\` was not moved."
    fi
    echo "$there" >"$private/version.digest"
    echo "$tag $there"
}

# Whether a manifest is an index of exactly the platforms and digests that are wanted.
is_wanted() { # DIGEST
    manifest_of "$1" "$private/index.json" || exit
    jq --raw-output '.manifests[]? | "\(.platform.os)/\(.platform.architecture) \(.digest)"' \
        "$private/index.json" >"$private/found"
    [ "$(sort "$private/found")" = "$(sort "$private/wanted")" ]
}

# What was released stays what it is.
may_replace() { # REFERENCE DIGEST
    if [ "$release" = true ] && [ "$replace" = false ]; then
        blocker tag-exists "$1 was released before with other content, as $2" \
            "Give the release another version, or say --replace."
    fi
    say "$tag" "replaces $2"
}

# Removes the tag alone: the index needs the manifest.
remove_tag() { # REFERENCE
    local there
    there=$(digest_of "$1") || exit
    [ -z "$there" ] || attempts "removing $1" regctl_ tag delete "$1"
}

# Copies by digest, from what this run has verified, and looks again afterwards whether another publisher was there.
move_latest() { # FROM TO
    local digest there
    digest=$(<"$private/version.digest")
    require_tag "$1" "$digest"
    there=$(digest_of "$2") || exit
    if [ "$there" != "$digest" ]; then
        attempts "moving $2" regctl_ image copy "$repository@$digest" "$2" >/dev/null
    fi
    require_tag "$2" "$digest"
    require_tag "$1" "$digest"
    echo "latest $digest"
}

require_tag() { # REFERENCE DIGEST
    local there
    there=$(digest_of "$1") || exit
    [ "$there" = "$2" ] || blocker tag-moved "$1 is ${there:-nothing}; this run wrote $2" \
        "Another publisher is at work on the same tags, or the registry rewrites them. Let one end, then run again."
}
