# The token and the file that registry clients read it from. The token is in no argument list, no variable that a child
# gets and no file but that one, and docker's copy where BuildKit is asked: both are in the private folder and go with it.
# Sourced by main.sh.
# shellcheck shell=bash

# Sets token from pass where the environment has none. Asks on the terminal where pass does.
find_token() {
    local found
    if [ -z "$token" ] && [ -n "$pass_path" ] && command -v pass >/dev/null; then
        found=$(pass show "$pass_path" 2>"$private/pass.log") || found=
        # As pass has it: the secret is the first line.
        token=${found%%$'\n'*}
    fi
}

require_token() {
    if [ -z "$token" ]; then
        blocker empty-token "no token for $registry: REGISTRY_TOKEN is empty$(said_by_pass)" \
            "Set REGISTRY_TOKEN to a token that may write packages."
    fi
    if [ -z "$username" ]; then
        wrong_usage "whose token it is: set REGISTRY_USER, or \`username\` in mkPublishApps"
    fi
}

said_by_pass() {
    if [ -z "$pass_path" ]; then
        printf ', and no path in pass is configured'
    elif ! command -v pass >/dev/null; then
        printf ', and pass, which would have it as %s, is not installed' "$pass_path"
    else
        printf ', and pass has nothing as %s: %s' "$pass_path" "$(tr '\n' ' ' <"$private/pass.log")"
    fi
}

# Proves the credential to the registry and writes the file that skopeo and regctl read.
log_in() {
    export DOCKER_CONFIG=$private REGCTL_CONFIG=$private/regctl.json
    attempts "logging in to $registry" hand_over_token
    token=
}

hand_over_token() {
    printf '%s' "$token" |
        skopeo login --authfile "$private/config.json" --tls-verify="$tls" --username "$username" \
            --password-stdin "$registry" >/dev/null
}
