# Makes the plan, shows it and follows it: a dry run prints what a run does. Sourced by main.sh.
# shellcheck shell=bash

make_plan() { # ACTION ARCH...
    local ids arch pairs=()
    for arch in "${@:2}"; do
        pairs+=("$arch" "${image_ids[$arch]}")
    done
    # shellcheck disable=SC2016 # the variables are jq's
    ids='[range(0; $ARGS.positional | length; 2) as $at | {($ARGS.positional[$at]): $ARGS.positional[$at + 1]}] | add'
    jq --null-input --arg action "$1" --arg repository "$repository" --arg tag "$tag" --argjson release "$release" \
        --argjson latest "$latest" --argjson prune "$prune" \
        "($ids) as \$ids | (\$ids | keys) as \$arches | $(<"$here/plan.jq")" --args "${pairs[@]}"
}

show_plan() { # FILE
    jq --raw-output '.steps[] | "\(.wave)  \(.step)  " +
        if .step == "index" then "\(.to) of \(.of | join(" and ")), by digest"
        elif .step == "latest" then "\(.to) by the digest of \(.from)"
        elif .step == "untag" then .to
        else "\(.to) from \(.image)" end' "$1"
}

# Follows the plan; ends the process at the first wave that fails, when all its steps have ended.
follow_plan() { # FILE
    local wave=0 next step arch from to pids=()
    while IFS=$'\t' read -r next step arch from to; do
        if [ "$next" != "$wave" ]; then
            end_wave "${pids[@]}"
            wave=$next pids=()
        fi
        take_step "$step" "$arch" "$from" "$to" &
        pids+=($!)
    done < <(jq --raw-output '.steps[] | [.wave, .step, .arch, .from, .to] | map(. // "-") | @tsv' "$1")
    end_wave "${pids[@]}"
}

end_wave() { # PID...
    local pid status=0
    for pid in "$@"; do
        wait "$pid" || status=$?
    done
    [ "$status" -eq 0 ] || exit "$status"
}

take_step() { # STEP ARCH FROM TO
    case $1 in
    push) push_arch "$2" "$4" ;;
    push-image) push_alone "$2" "$4" ;;
    index) write_index "$4" ;;
    untag) remove_tag "$4" ;;
    latest) move_latest "$3" "$4" ;;
    esac
}
