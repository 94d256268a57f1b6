# The description of the images, a JSON file that publish.nix writes, and what follows from it and the environment: the
# repository, the tag, whether the tag is that of a release. Sourced by main.sh.
# shellcheck shell=bash

# ARCH.KEY to its value.
declare -A image_keys
# ARCH to what tells one build of an image from another, known without building it.
declare -A image_ids

# A key of an image: empty where it has none.
image_key() { # ARCH KEY
    echo "${image_keys[$1.$2]:-}"
}

# Sets arches, repository, registry, username, pass_path, tls, tag and release. CONTEXT may be empty.
read_spec() { # FILE CONTEXT
    local key value version='' context=$2 known=()
    declare -A repositories
    while IFS=$'\t' read -r key value; do
        case $key in
        schema) [ "$value" = 1 ] || wrong_usage "$1 is of schema $value, and these scripts read 1" ;;
        version) version=$value ;;
        username) username=${REGISTRY_USER:-$value} ;;
        passPath) pass_path=$value ;;
        tls) tls=$value ;;
        context) context=${context:-$value} ;;
        repositories.*) repositories[${key#*.}]=$value known+=("${key#*.}") ;;
        ids.*) image_ids[${key#*.}]=$value arches+=("${key#*.}") ;;
        images.*) image_keys[${key#*.}]=$value ;;
        esac
    done < <(jq --raw-output 'paths(scalars | true) as $path | [($path | join(".")), getpath($path)] | @tsv' "$1")
    [ "${#arches[@]}" -gt 0 ] || wrong_usage "$1 is not the description of images"
    repository=${repositories[$context]:-}
    [ -n "$repository" ] || wrong_usage "no registry is called \`$context\`; there are: ${known[*]}"
    registry=${repository%%/*}
    read_tag "$version"
}

# The tag comes from VERSION, which in a pipeline is the name of a git tag: its leading v goes.
read_tag() { # VERSION-OF-THE-FLAKE
    tag=${VERSION:-$1}
    if [ -n "${CI:-}" ] && [[ $tag == v[0-9]* ]]; then
        tag=${tag#v}
    fi
    if [[ ! $tag =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$ ]]; then
        wrong_usage "a tag is at most 100 letters, digits, \`.\`, \`_\` and \`-\`; this one is \`$tag\` (VERSION, else the flake's version)"
    fi
    [ "$tag" != latest ] || wrong_usage "\`latest\` is made from a version's tag, and cannot be a version"
    release=false
    if [[ $tag =~ ^v?[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
        release=true
    fi
}
