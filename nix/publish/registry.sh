# Asking a registry, and trying again what failed for a while. Sourced by main.sh.
# shellcheck shell=bash

# How often a request is tried, and the seconds before the second try; each later wait is twice the one before.
tries=${PUBLISH_TRIES:-5}
backoff=${PUBLISH_BACKOFF:-1}

# Runs COMMAND until it succeeds; ends the process when it cannot. Every command is one that may be run twice. skopeo and
# regctl wait by themselves for as long as the answer to a 429 tells them (Retry-After), before this does.
attempts() { # WHAT COMMAND...
    local what=$1 try status wait=$backoff log=$private/attempts.$BASHPID
    shift
    for ((try = 1; ; try++)); do
        status=0
        "$@" 2>"$log" || status=$?
        case $status in
        0) return ;;
        126 | 127) blocker missing-tool "$what: $(last_line "$log")" "Is it installed, and in the PATH?" ;;
        esac
        if grep -qiE 'unauthorized|authentication required|invalid username/password|denied:|is denied|(http|statuscode:) 40[13]' "$log"; then
            blocker bad-credential "$what: $registry does not take the token of $username: $(last_line "$log")" \
                "Is it the token of that user, may it write packages, has it expired?"
        fi
        if [ "$try" -ge "$tries" ]; then
            blocker registry-refused "$what failed $try times: $(last_line "$log")" \
                "Nothing is half done that a second run does not complete."
        fi
        say retry "$what: $(last_line "$log"); trying again in $wait s"
        sleep "$wait"
        wait=$(awk -v wait="$wait" 'BEGIN { print wait * 2 }')
    done
}

last_line() { # FILE
    sed -n '/./h; ${ x; p; }' "$1"
}

# 401 is the answer of a registry that is up and wants to know who asks.
preflight() {
    local scheme=https code log=$private/preflight
    [ "$tls" = true ] || scheme=http
    code=$(curl --silent --show-error --output /dev/null --write-out '%{http_code}' --connect-timeout 10 --max-time 60 \
        --retry "$((tries - 1))" "$scheme://$registry/v2/" 2>"$log") || true
    case $code in
    200 | 401 | 403) return ;;
    000) echo "$scheme://$registry/v2/ cannot be reached: $(sed -n 1p "$log")" ;;
    *) echo "$scheme://$registry/v2/ answers $code, where a registry answers 200 or 401" ;;
    esac
    return 1
}

regctl_() { # ARGUMENT...
    local host=("--host" "reg=$registry,tls=disabled")
    [ "$tls" = false ] || host=()
    regctl --verbosity error "${host[@]}" "$@"
}

# The digest of what a reference names; empty where there is nothing.
digest_of() { # REFERENCE
    attempts "asking for $1" look_up "$1"
}

look_up() { # REFERENCE
    local status=0 log=$private/look_up.$BASHPID
    regctl_ image digest "$1" 2>"$log" || status=$?
    [ "$status" -ne 0 ] || return 0
    # The credential is proved by now: some registries deny what is not there yet. A write that is not allowed says so.
    if grep -qiE 'not found|manifest unknown|name unknown|unauthorized|denied|forbidden' "$log"; then
        return
    fi
    cat "$log" >&2
    return "$status"
}

# The manifest of a digest, as it was written: its own digest is proved.
manifest_of() { # DIGEST FILE
    attempts "reading $repository@$1" read_manifest "$1" "$2"
}

read_manifest() { # DIGEST FILE
    local found
    regctl_ manifest get --format raw-body "$repository@$1" >"$2" || return
    found=sha256:$(sha256sum <"$2" | cut -d ' ' -f 1)
    [ "$found" = "$1" ] || {
        echo "$repository@$1 has the digest $found" >&2
        return 1
    }
}
