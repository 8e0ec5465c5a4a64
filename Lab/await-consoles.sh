#!/usr/bin/env bash
# Waits until each guest says on its serial console that it is up.
#
#   await-consoles.sh URI DOMAIN...
set -euo pipefail

uri=${1:?usage: await-consoles.sh URI DOMAIN...}
shift
limit=${VF_CONSOLE_TIMEOUT:-180}

transcript=$(mktemp)
pids=()
clean_up() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    rm -f "$transcript"
}
trap clean_up EXIT

for domain in "$@"; do
    echo "Waiting for $domain's console"
    # virsh wants a terminal, which script(1) gives it, and an input that does not end.
    exec 3< <(exec sleep "$limit")
    pids+=($!)
    script --quiet --flush --command "exec virsh -c '$uri' console --force '$domain'" "$transcript" <&3 >/dev/null 2>&1 &
    pids+=($!)
    exec 3<&-
    until line=$(grep --max-count=1 "^virtform-guest $domain is up" "$transcript"); do
        ((SECONDS < limit)) || { echo "await-consoles.sh: $domain did not come up within $limit s" >&2; exit 1; }
        sleep 0.2
    done
    echo "  ${line%$'\r'}"
    kill "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    pids=()
done
