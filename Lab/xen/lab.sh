#!/usr/bin/env bash
# A Xen host on this machine: Xen and a dom0 with libvirt, in a QEMU that emulates.
#
#   lab.sh up [svm]             starts a new host; builds its image, if that is not there. With svm it boots, with a processor for
#                               PVH and HVM guests, which are slow and may die
#   lab.sh down                 ends it with its guests, and removes all that it had
#   lab.sh reset                has a new host in its place, at the same URI
#   lab.sh reboot               ends its guests and boots it again; definitions and disks stay
#   lab.sh status               what runs
#   lab.sh uri                  its URI
#   lab.sh console              dom0's console; Ctrl-] leaves it
#   lab.sh enter COMMAND...     runs a command in dom0
#
# $VF_LAB is the directory of the lab; .lab/xen-host unless it is set. Several can be up at once, each with ports of its own that
# nobody but this machine gets at. If VF_LAB_OWNER is the number of a process, the lab ends with it. Needs the packages of
# `Lab/packages.sh lab-xen`, and root to build the image.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
directory=$(realpath --canonicalize-missing "${VF_LAB:-$repository/.lab/xen-host}")
images=$repository/.lab/xen
# What the host was started with: svm, or nothing.
processor() { cat "$directory/processor" 2>/dev/null || true; }

usage() {
    sed -n 's/^#   //p' "$0" >&2
    exit 2
}
fail() {
    echo "lab.sh: $*" >&2
    exit 1
}

# MARK: Processes

# Whether QEMU runs, and is the lab's: after a boot its number may be another's.
is_up() {
    [[ -s $directory/pid ]] && grep -qF "unix:$directory/monitor," "/proc/$(<"$directory/pid")/cmdline" 2>/dev/null
}
need_host() { is_up || fail "no lab is up in $directory"; }

# Waits until a condition holds, for as long as QEMU runs.
await() {
    local what=$1 deadline=$((SECONDS + 180))
    shift
    until "$@"; do
        if ((SECONDS > deadline)) || ! is_up; then
            tail -n 20 "$directory/qemu.log" "$directory/console.log" >&2 || true
            fail "$what does not happen"
        fi
        sleep 0.1
    done
}

monitor() { printf '%s\n' "$@" | socat -t 5 - "unix-connect:$directory/monitor"; }

# The port of this machine that leads to one of dom0's, as QEMU's monitor tells it.
forwarded() { monitor 'info usernet' | awk -v port="$1" '$1 == "TCP[HOST_FORWARD]" && $6 == port { print $4 }'; }

in_host() {
    ssh -q -i "$directory/id" -p "$(<"$directory/ssh-port")" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes -o ConnectTimeout=10 root@127.0.0.1 "$@"
}
uri() { echo "xen+tcp://127.0.0.1:$(<"$directory/libvirt-port")/"; }
answers() { timeout 10 virsh -q -c "$(uri)" hostname >/dev/null 2>&1; }
# Before dom0 has its network, a connection would hang in QEMU.
is_ready() { grep -aq 'dom0 is ready' "$directory/console.log" 2>/dev/null; }

# MARK: Start and end

# Starts QEMU and waits for libvirt: `boot`, or `resume` from where the image was left.
start() {
    # The ports stay: whoever has the host's URI shall have the next one's.
    rm -f "$directory"/{pid,monitor,console.log}
    cp "$images/id" "$directory/id"
    # The shell in between ends, so that QEMU is nobody's child.
    # shellcheck disable=SC2016
    (setsid "$here/host.sh" "$images" "$directory" "$1" "$(processor)" </dev/null >"$directory/qemu.log" 2>&1 9>&- & echo $! >"$directory/pid")
    watch
    local deadline=$((SECONDS + 20))
    until [[ -S $directory/monitor ]] && forwarded 16509 >"$directory/libvirt-port" 2>/dev/null && [[ -s $directory/libvirt-port ]]; do
        ((SECONDS < deadline)) || fail "QEMU does not start; see $directory/qemu.log"
        sleep 0.05
    done
    forwarded 22 >"$directory/ssh-port"
    [[ $1 == resume ]] || await "the boot of dom0" is_ready
    await "an answer of libvirt" answers
    # dom0's clock stood still since its image was made.
    in_host date --set="@$(date +%s)" >/dev/null
}

# Ends QEMU with the lab's owner.
watch() {
    [[ -n ${VF_LAB_OWNER:-} ]] || return 0
    # shellcheck disable=SC2016
    (setsid sh -c 'while [ -d "/proc/$1" ] && [ -d "/proc/$2" ]; do sleep 2; done; [ -d "/proc/$1" ] || kill "$2"' \
        sh "$VF_LAB_OWNER" "$(<"$directory/pid")" </dev/null >/dev/null 2>&1 &)
}

up() {
    ! is_up || fail "the lab in $directory is up already"
    "$here/image.sh" "$images"
    mkdir -p "$directory"
    rm -f "$directory"/{libvirt-port,ssh-port}
    echo "${1:-}" >"$directory/processor"
    renew
}

# Starts a host with a new disk.
renew() {
    rm -f "$directory/disk.qcow2"
    # The memory in the image is that of another processor.
    if [[ -n $(processor) ]]; then start boot; else start resume; fi
}

end() {
    is_up || return 0
    kill "$(<"$directory/pid")"
    local deadline=$((SECONDS + 20))
    while is_up; do
        ((SECONDS < deadline)) || fail "QEMU does not end"
        sleep 0.05
    done
}

down() {
    end
    rm -f "$directory"/{pid,monitor,console,console.log,qemu.log,libvirt-port,ssh-port,id,disk.qcow2,processor}
    rmdir "$directory" 2>/dev/null || true
}

reboot() {
    need_host
    # shellcheck disable=SC2016
    in_host 'kill $(pidof libvirtd); for id in $(xl list 2>/dev/null | sed 1,2d | tr -s " " | cut -d " " -f 2); do xl destroy "$id"; done; sync' || true
    end
    start boot
}

status() {
    need_host
    echo "host $(uri)"
    virsh -q -c "$(uri)" list --all
}

command=${1:-}
(($# == 0)) || shift
case $command in
up)
    [[ $# -eq 0 || $* == svm ]] || usage
    up "$@"
    ;;
down) down ;;
reset)
    need_host
    end
    renew
    ;;
reboot) reboot ;;
status) status ;;
uri)
    need_host
    uri
    ;;
console)
    need_host
    echo "dom0's console; Ctrl-] leaves it" >&2
    exec socat -,raw,echo=0,escape=0x1d "unix-connect:$directory/console"
    ;;
enter)
    need_host
    (($#)) || usage
    in_host "$@"
    ;;
*) usage ;;
esac
