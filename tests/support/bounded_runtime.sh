#!/bin/bash
# runc without the capabilities that this process cannot have: a sandbox may withhold some from root, and runc then
# starts no container that is to have all.
set -eu

bounding=$((16#$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))
# By their numbers.
names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)
had=()
for number in "${!names[@]}"; do
    if ((bounding >> number & 1)); then had+=("CAP_${names[number]}"); fi
done

file=
arguments=("$@")
for ((at = 0; at < $#; at++)); do
    case ${arguments[at]} in
    --bundle) file=${arguments[at + 1]}/config.json ;;
    --process) file=${arguments[at + 1]} ;;
    esac
done
if [ -n "$file" ]; then
    # shellcheck disable=SC2016 # the variables are jq's
    bounded=$(jq '$ARGS.positional as $had
        | (.process // .).capabilities |= map_values(map(select(. as $one | $had | index($one))))' \
        "$file" --args "${had[@]}")
    printf '%s\n' "$bounded" >"$file"
fi
exec runc "$@"
