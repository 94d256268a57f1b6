# From what Nix has built to the image that is pushed: an OCI layout in the private folder, with the compression and the
# digest that the registry gets. A push and verify-digest take the same way, so that their digests are one. Sourced by
# main.sh.
# shellcheck shell=bash

# Ends the process unless the image is built.
require_image() { # ARCH
    local path kind
    kind=$(image_key "$1" kind)
    path=$(image_key "$1" path)
    [ -n "$kind" ] || wrong_usage "no image is called \`$1\`; there are: ${arches[*]}"
    [ -e "$path" ] || blocker build-failed "the image of $1 is not in the store: $path"
}

# Makes the layout $private/ARCH and writes its digest to $private/ARCH.digest.
make_layout() { # ARCH
    local arch=$1 kind log=$private/$1.log
    kind=$(image_key "$arch" kind)
    rm -rf "${private:?}/$arch"
    if ! "layout_of_$kind" "$arch" >"$log" 2>&1; then
        cat "$log" >&2
        blocker build-failed "the image of $arch could not be made from $(image_key "$arch" path)"
    fi
    require_architecture "$arch"
    remember_digest "$arch"
}

# Nothing but this function decides what a digest depends on beside the image itself: the format and the compression.
into_layout() { # ARCH SOURCE
    skopeo --insecure-policy copy --quiet --format oci --digestfile "$private/$1.digest" "$2" "oci:$private/$1:image"
}

# dockerTools.streamLayeredImage: a program that writes the archive.
layout_of_stream() { # ARCH
    "$(image_key "$1" path)" >"$private/$1.tar" || return
    into_layout "$1" "docker-archive:$private/$1.tar" || return
    rm "$private/$1.tar"
}

# dockerTools.buildImage: the archive itself, compressed or not.
layout_of_archive() { # ARCH
    into_layout "$1" "docker-archive:$(image_key "$1" path)"
}

# nix2container: only its own skopeo reads the image.
layout_of_nix2container() { # ARCH
    "$(image_key "$1" copyTo)" --quiet --format oci --digestfile "$private/$1.digest" "oci:$private/$1:image"
}

# An image under another architecture's name starts nowhere: "exec format error".
require_architecture() { # ARCH
    local found
    found=$(skopeo inspect --config "oci:$private/$1:image" | jq -r '"\(.os)/\(.architecture)"')
    [ "$found" = "linux/$1" ] || blocker architecture-mismatch \
        "the image of $1 says that it is for $found" "Build it from a package set for linux/$1."
}

# An image of Nix does not change under its path: neither does its digest, while skopeo stays the same.
digest_note() { # ARCH
    local key
    key=$({ skopeo --version && echo "${image_ids[$1]}"; } | sha256sum | cut -d ' ' -f 1)
    echo "$state/digests/$key"
}

remember_digest() { # ARCH
    local note new
    ! is_dockerfile "$1" || return 0
    note=$(digest_note "$1")
    new=$note.$BASHPID
    mkdir -p "${note%/*}"
    cp "$private/$1.digest" "$new"
    mv "$new" "$note"
}

# The digest of an image that was made into a layout before; empty for another.
known_digest() { # ARCH
    local note
    note=$(digest_note "$1")
    [ ! -r "$note" ] || cat "$note"
}
