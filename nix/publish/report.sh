# What the publishing apps say. Results go to standard output; all else, with a word in front that says what it is of, to
# standard error. Exit codes as cotter has them: 2 the command line or the description of the images is wrong, 3
# something outside failed, 4 what is there is not what it has to be. Sourced by main.sh.
# shellcheck shell=bash

say() { # WHAT MESSAGE
    printf '%s: %s\n' "$1" "$2" >&2
}

wrong_usage() { # MESSAGE
    say error "$1"
    exit 2
}

# Ends the process. The name in the parentheses is what a script or a person looks for.
blocker() { # NAME MESSAGE [WHAT-TO-DO]
    printf 'BLOCKER(%s): %s\n' "$1" "$2" >&2
    [ -z "${3:-}" ] || printf '  %s\n' "$3" >&2
    case $1 in
    empty-token | bad-credential | registry-down | registry-refused | buildkit-down | build-failed | missing-tool) exit 3 ;;
    *) exit 4 ;;
    esac
}
