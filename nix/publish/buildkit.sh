# The way for what Nix cannot build: a Dockerfile, built through buildx by the BuildKit that BUILDKIT_ADDR names. buildx is
# docker-buildx, which the apps bring, else docker's plugin; with the contexts and the credentials of docker's user.
# Sourced by main.sh.
# shellcheck shell=bash

# The address that stands for a container of the local Docker, made for this run.
local_docker=docker-container://local
buildkit=${BUILDKIT_ADDR:-$local_docker}
users_docker=${DOCKER_CONFIG:-${HOME:-}/.docker}

# Whether an architecture comes from a Dockerfile.
is_dockerfile() { # ARCH
    [ "$(image_key "$1" kind)" = dockerfile ]
}

# Ends the process unless the Dockerfiles among ARCH... can be built: before anything is changed.
require_buildkit() { # ARCH...
    local arch
    for arch in "$@"; do
        if is_dockerfile "$arch"; then
            look_for_buildkit "$arch"
            open_builder
            return
        fi
    done
}

# The same for a dry run, which makes no builder.
look_for_buildkit() { # ARCH
    local down
    require_buildx "$1"
    down=$(buildkit_down) || buildkit_blocker "$down"
}

require_buildx() { # ARCH
    local log=$private/buildx.log
    make_docker_config
    buildx version >"$log" 2>&1 || blocker missing-tool \
        "the image of $1 is built by buildx, which is neither docker-buildx nor a plugin of docker here: $(last_line "$log")" \
        "Install buildx, e.g. as ~/.docker/cli-plugins/docker-buildx."
}

buildkit_blocker() { # WHY
    blocker buildkit-down "the BuildKit at $buildkit cannot be used: $1" \
        "Nothing was changed. Is it up, and is BUILDKIT_ADDR right?"
}

# Says why nothing answers there, and fails. What answers need not be a BuildKit: that shows when a builder is made.
buildkit_down() {
    local host port log=$private/buildkit.log
    case $buildkit in
    "$local_docker")
        # Where there is no docker to ask, buildx says so when a builder is made.
        command -v docker >/dev/null || return 0
        DOCKER_CONFIG=$private/docker docker version >"$log" 2>&1 && return
        last_line "$log"
        ;;
    tcp://*)
        host=${buildkit#tcp://} host=${host%%/*} port=${host##*:} host=${host%:*}
        host=${host#[} host=${host%]}
        # shellcheck disable=SC2016 # the inner shell expands these
        timeout 10 "$BASH" -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port" 2>"$log" && return
        echo "no connection to port $port of $host: $(sed -n '1s/.*: //p' "$log")"
        ;;
    unix://*)
        [ ! -S "${buildkit#unix://}" ] || return 0
        echo "no socket is there"
        ;;
    *) return 0 ;;
    esac
    return 1
}

# Makes buildx know the BuildKit, and has that answer. What buildx writes is in the private folder and goes with it.
open_builder() {
    local name=publish-${private##*.} driver=(--driver remote "$buildkit") log=$private/builder.log
    [ "$buildkit" != "$local_docker" ] || driver=(--driver docker-container)
    echo "$name" >"$private/builder"
    if ! { buildx create --name "$name" "${driver[@]}" && buildx inspect --bootstrap "$name"; } \
        >"$log" 2>&1; then
        buildkit_blocker "$(last_line "$log")"
    fi
}

# A container of this run's goes with it.
close_builder() {
    [ ! -e "$private/builder" ] || buildx rm "$(<"$private/builder")" >/dev/null 2>&1 || true
}

buildx() { # ARGUMENT...
    local buildx=(docker-buildx)
    command -v docker-buildx >/dev/null || buildx=(docker buildx)
    DOCKER_CONFIG=$private/docker "${buildx[@]}" "$@"
}

# What docker finds of its user, beside the token of this run: bases may be in the registry that is published to.
make_docker_config() {
    local entry files=() folder=$private/docker
    mkdir -p "$folder"
    for entry in cli-plugins contexts; do
        [ ! -e "$users_docker/$entry" ] || ln -sfn "$(realpath "$users_docker/$entry")" "$folder/$entry"
    done
    for entry in "$users_docker/config.json" "$private/config.json"; do
        [ ! -r "$entry" ] || files+=("$entry")
    done
    # The token is in the file, whatever program keeps the user's own credentials.
    # shellcheck disable=SC2016 # the variables are jq's
    jq --null-input --arg registry "$registry" 'reduce inputs as $each ({}; . * $each)
        | if .auths[$registry] then .credHelpers[$registry] = "" else . end' "${files[@]}" >"$folder/config.json"
}

# The time of the build is no part of the image: the same content has the same digest, wherever and whenever it is built.
layout_of_dockerfile() { # ARCH
    buildx build --builder "$(<"$private/builder")" --platform "$(image_key "$1" platform)" \
        --provenance=false --sbom=false --build-arg "SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1}" \
        --output "type=oci,dest=$private/$1.tar,rewrite-timestamp=true" \
        --file "$(image_key "$1" path)" "$(image_key "$1" buildContext)" || return
    into_layout "$1" "oci-archive:$private/$1.tar" || return
    rm "$private/$1.tar"
}
