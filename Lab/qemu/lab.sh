#!/usr/bin/env bash
# A lab of QEMU hosts on this machine, each with namespaces, a libvirt and disks of its own.
#
#   lab.sh up [COUNT]               starts a lab of rack1, rack2 … (3 unless COUNT is given)
#   lab.sh down                     ends all of it, guests too; files stay
#   lab.sh status                   what runs
#   lab.sh uri HOST [TRANSPORT]     the URI of a host by tcp, tls, ssh, libssh or libssh2
#   lab.sh enter HOST COMMAND...    runs a command on a host
#
#   lab.sh stop|kill HOST           ends its libvirtd in peace, or by SIGKILL; guests go on
#   lab.sh freeze|thaw HOST         its libvirtd answers nobody until it is thawed
#   lab.sh crash HOST               power loss: its guests and daemons end at once
#   lab.sh start HOST               boots a host that has crashed, or starts its libvirtd
#   lab.sh cut [--reset] HOST [PEER...]
#                                   nothing goes between the host and all others, or PEERs: hosts, or "client", which is
#                                   this machine; packets are lost, or connections reset
#   lab.sh slow HOST RATE           limits what comes from the host and goes to it, such as 10mbit
#   lab.sh heal HOST                undoes cut and slow
#
# $VF_LAB is the directory of the lab; .lab/hosts unless it is set. Several can be up at once. If VF_LAB_OWNER is the number
# of a process, the lab ends with it. Needs root, bindfs and the packages of `make run`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
directory=$(realpath --canonicalize-missing "${VF_LAB:-$repository/.lab/hosts}")
capabilities=$repository/.lab/capabilities

usage() {
    sed -n 's/^#   //p' "$0" >&2
    exit 2
}
fail() {
    echo "lab.sh: $*" >&2
    exit 1
}

# MARK: Processes

# Whether the process whose number a file has runs, and is the lab's: after a boot it may be another's.
runs() {
    [[ -s $1 ]] && grep -q 'Lab/qemu/' "/proc/$(<"$1")/cmdline" 2>/dev/null
}

# Waits until a condition holds.
await() {
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || fail "$what does not happen; see the logs in $directory"
        sleep 0.02
    done
}

in_switch() { nsenter --target "$(<"$directory/pid")" --net "$@"; }
in_host() {
    local host=$1
    shift
    nsenter --target "$(<"$directory/$host/pid")" --mount --uts --ipc --net --pid --wd=/ \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

hosts() { cut -d ' ' -f 2 "$directory/hosts" | grep '^rack'; }
is_up() { runs "$directory/pid"; }
has_power() { runs "$directory/$1/pid"; }

need_host() {
    is_up || fail "no lab is up in $directory"
    [[ -n ${1:-} ]] || usage
    [[ -f $directory/$1/address ]] || fail "there is no host $1; hosts are $(hosts | tr '\n' ' ')"
}
need_power() {
    need_host "$@"
    has_power "$1" || fail "$1 is down; lab.sh start $1 boots it"
}

# What its libvirtd does: runs, hangs, ended.
daemon() {
    # shellcheck disable=SC2016
    in_host "$1" sh -c '
        pid=$(cat /run/libvirtd.pid) && read -r name </proc/$pid/comm && [ "$name" = libvirtd ] || { echo ended; exit; }
        case $(sed -n "s/^State:.\(.\).*/\1/p" /proc/$pid/status) in
        T) echo hangs ;; [ZX]) echo ended ;; *) echo runs ;;
        esac' 2>/dev/null || echo ended
}
daemon_has_ended() { [[ $(daemon "$1") == ended ]]; }
signal_daemon() {
    daemon_has_ended "$2" && fail "the libvirtd of $2 does not run"
    # shellcheck disable=SC2016
    in_host "$2" sh -c 'kill -"$1" "$(cat /run/libvirtd.pid)"' sh "$1"
}

# MARK: Start and end

# Makes everything that is there before a host boots.
prepare_host() {
    local host=$1 address=$2 disk=$directory/$1
    mkdir -p "$disk/etc"
    echo "$address" >"$disk/address"
    cat >"$disk/uris" <<END
tcp qemu+tcp://$address/system
tls qemu+tls://$address/system?pkipath=$directory/certificates/client
ssh qemu+ssh://root@$address/system?keyfile=$directory/ssh/id
libssh qemu+libssh://root@$address/system?keyfile=$directory/ssh/id&known_hosts=$directory/ssh/known_hosts&sshauth=privkey
libssh2 qemu+libssh2://root@$address/system?keyfile=$directory/ssh/id&known_hosts=$directory/ssh/known_hosts&sshauth=privkey
END
    [[ -s $disk/uuid ]] || cat /proc/sys/kernel/random/uuid >"$disk/uuid"
    [[ -s $disk/ssh_host_key ]] || ssh-keygen -q -t ed25519 -N '' -C "$host" -f "$disk/ssh_host_key"
    # libvirt's own defaults but for what a lab has to have: no log-in for the plain TCP port, and guests that run
    # as root without control groups, since the hosts have one kernel.
    cat >"$disk/etc/libvirtd.conf" <<END
listen_tcp = 1
listen_tls = 1
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "$(<"$disk/uuid")"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
END
    cat >"$disk/etc/qemu.conf" <<END
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = [ ]
namespaces = [ ]
END
    copy_capabilities "$capabilities" "$disk/cache/qemu/capabilities"
}

# libvirt keeps what it found out about QEMU's binaries, which takes it seconds, and checks whether that is still true.
copy_capabilities() {
    mkdir -p "$2"
    cp --archive --update "$1/." "$2/" 2>/dev/null || true
}

boot() {
    local host=$1 disk=$directory/$1
    rm -f "$disk/pid"
    # The shell in between ends, so that the host is a child of the lab's first process.
    # shellcheck disable=SC2016
    nsenter --target "$(<"$directory/pid")" --pid --net --mount --wd=/ \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c 'setsid "$@" &' sh \
        unshare --fork --pid --mount --uts --ipc --net --propagation private \
        "$here/host.sh" "$directory" "$host" "$(<"$directory/sshd")" </dev/null >>"$disk/boot.log" 2>&1
    await "the boot of $host" has_power "$host"
    in_switch ip link add "$host" type veth peer name eth0 address "$(mac "$host")" netns "$(<"$disk/pid")"
    in_switch ip link set "$host" master switch up
}

# The hardware address of a host: the lab's number and the host's.
mac() { printf '02:76:66:00:%02x:%02x' "$(cut -d . -f 3 "$directory/network")" "${1#rack}"; }

# Whether both ends of a host's cable are up: until then, the kernel refuses to heal it (ENETDOWN).
has_link() { in_switch ip -brief link show dev "$1" up | grep -q "^$1.* UP "; }

answers() { virsh -q -c "qemu+tcp://$(<"$directory/$1/address")/system" hostname >/dev/null 2>&1; }

up() {
    local count=${1:-3} number host other address addresses=()
    [[ $count =~ ^[1-9]$ ]] || fail "a lab has 1 to 9 hosts"
    ((EUID == 0)) || fail "namespaces and networks need root"
    ! is_up || fail "the lab in $directory is up already"
    mkdir -p "$directory"/{shared,ssh,bin}
    chmod 755 "$directory"
    rm -rf "$directory"/{pid,network,certificates}
    "$here/sshd.sh" "$repository/.lab/sshd" >"$directory/sshd"
    echo "${VF_LAB_OWNER:-}" >"$directory/owner"

    # shellcheck disable=SC2016
    /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --pid --net --mount --propagation private \
        /bin/sh -c 'cd /; setsid "$@" &' sh "$here/switch.sh" "$directory" </dev/null >"$directory/switch.log" 2>&1
    await "the start of the switch" is_up
    trap down EXIT

    # 198.18.0.0/15 is for test networks (RFC 2544). Whoever makes the link has its number.
    for ((number = 0; number < 256; number++)); do
        ! ip link add "vf-lab$number" type veth peer name client netns "$(<"$directory/pid")" 2>/dev/null || break
    done
    ((number < 256)) || fail "no network is free"
    network=198.18.$number
    ip address add "$network.1/24" dev "vf-lab$number"
    ip link set "vf-lab$number" up
    echo "vf-lab$number" >"$directory/link"
    echo "$network" >"$directory/network.tmp"
    mv "$directory/network.tmp" "$directory/network"

    [[ -s $directory/ssh/id ]] || ssh-keygen -q -t ed25519 -N '' -C virtform-lab -f "$directory/ssh/id"
    echo '127.0.0.1 localhost' >"$directory/hosts"
    : >"$directory/ssh/known_hosts"
    for ((number = 1; number <= count; number++)); do
        host=rack$number
        address=$network.$((10 + number))
        prepare_host "$host" "$address"
        addresses+=("$host=$address")
        echo "$address $host" >>"$directory/hosts"
        echo "$host,$address $(cut -d ' ' -f 1,2 "$directory/$host/ssh_host_key.pub")" >>"$directory/ssh/known_hosts"
    done
    "$here/certificates.sh" "$directory/certificates" "${addresses[@]}"
    write_client

    for host in $(hosts); do
        boot "$host"
        # What the first one finds out, the others need not.
        if [[ -z $(ls "$capabilities" 2>/dev/null) ]]; then
            await "an answer of $host" answers "$host"
            virsh -q -c "$(uri "$host")" capabilities >/dev/null
            copy_capabilities "$directory/$host/cache/qemu/capabilities" "$capabilities"
            for other in $(hosts); do copy_capabilities "$capabilities" "$directory/$other/cache/qemu/capabilities"; done
        fi
    done
    for host in $(hosts); do await "an answer of $host" answers "$host"; done
    copy_capabilities "$directory/rack1/cache/qemu/capabilities" "$capabilities"
    trap - EXIT
}

# An ssh that knows the hosts, and a spec of them with a guest to start from, which is the user's to change.
write_client() {
    local host
    cat >"$directory/ssh/config" <<END
IdentityFile $directory/ssh/id
UserKnownHostsFile $directory/ssh/known_hosts
StrictHostKeyChecking yes
BatchMode yes
END
    printf '#!/bin/sh\nexec /usr/bin/ssh -F %s "$@"\n' "$directory/ssh/config" >"$directory/bin/ssh"
    chmod +x "$directory/bin/ssh"
    mkdir -p "$directory/spec"
    {
        echo hosts:
        for host in $(hosts); do printf '  %s: {uri: "%s"}\n' "$host" "$(uri "$host")"; done
    } >"$directory/spec/hosts.yaml"
    [[ ! -e $directory/spec/site.yaml ]] || return 0
    cat >"$directory/spec/site.yaml" <<END
virtform: 1
stack: lab
images: {tiny: {source: $repository/.lab/guest/guest.qcow2}}
pools: {local: {type: dir, path: /srv/local}}
networks: {lan: {mode: bridge, bridge: br0}}
vms:
  web: {host: rack1, image: tiny, pool: local, accel: tcg, cpus: 1, memory: 192MiB, nics: {lan: {}}}
END
}

down() {
    if is_up; then
        kill -KILL "$(<"$directory/pid")"
        await "the end of the lab" eval '! is_up'
    fi
    # The cable goes with the switch, but not at once.
    if [[ -s $directory/link ]]; then ip link delete "$(<"$directory/link")" 2>/dev/null || true; fi
    rm -f "$directory"/{pid,link,network} "$directory"/rack*/pid
}

start() {
    need_host "$1"
    if ! has_power "$1"; then
        boot "$1"
        await "the link of $1" has_link "$1"
        heal "$1"
    elif daemon_has_ended "$1"; then
        in_host "$1" libvirtd --daemon --listen --pid-file /run/libvirtd.pid
    fi
    await "an answer of $1" answers "$1"
}

crash() {
    need_power "$1"
    # Its kernel goes on, and would tell others that its connections have ended.
    in_switch ip link set "$1" down
    kill -KILL "$(<"$directory/$1/pid")"
    await "the end of $1" eval "! has_power $1"
    in_switch ip link delete "$1" 2>/dev/null || true
}

# MARK: The network

# Addresses of those that a host is cut off from: PEERs, or everybody.
others() {
    local host=$1 other
    shift
    (($#)) || { echo client; hosts | grep -vx "$host"; return; }
    for other in "$@"; do
        [[ $other == client ]] || need_host "$other"
        echo "$other"
    done
}
address() { if [[ $1 == client ]]; then echo "$(<"$directory/network").1"; else cat "$directory/$1/address"; fi; }

# Runs ip in the network of a host or of this machine, with the name of the interface behind the command.
neighbour() {
    local who=$1
    shift
    if [[ $who == client ]]; then
        ip neighbour "$@" dev "$(<"$directory/link")"
    elif has_power "$who"; then
        in_host "$who" ip neighbour "$@" dev br0
    fi
}

cut_off() {
    local reset='' host peer
    [[ ${1:-} != --reset ]] || { reset=yes; shift; }
    need_power "$@"
    host=$1
    shift
    for peer in $(others "$host" "$@"); do
        if [[ -n $reset ]]; then
            # shellcheck disable=SC2016
            in_host "$host" sh -euc '
                iptables -w -N cut 2>/dev/null && iptables -w -I INPUT -j cut && iptables -w -I OUTPUT -j cut
                iptables -w -A cut -p tcp -s "$1" -j REJECT --reject-with tcp-reset
                iptables -w -A cut -p tcp -d "$1" -j REJECT --reject-with tcp-reset' sh "$(address "$peer")"
        else
            # A hardware address that nobody has: packets leave, and are lost without a word.
            neighbour "$host" replace "$(address "$peer")" lladdr 02:00:00:00:00:00 nud permanent
            neighbour "$peer" replace "$(address "$host")" lladdr 02:00:00:00:00:00 nud permanent
        fi
    done
    # Its guests are cut off, too, if nobody in particular is named.
    [[ -n $reset || $# -gt 0 ]] || in_switch bridge link set dev "$host" state disabled
}

slow() {
    need_power "$1"
    [[ -n ${2:-} ]] || usage
    local limit=(tbf rate "$2" burst 64kb latency 400ms)
    in_switch tc qdisc replace dev "$1" root "${limit[@]}"
    in_host "$1" tc qdisc replace dev eth0 root "${limit[@]}"
}

heal() {
    need_power "$1"
    local peer
    in_switch bridge link set dev "$1" state forwarding
    for peer in $(others "$1"); do
        neighbour "$1" delete "$(address "$peer")" 2>/dev/null || true
        neighbour "$peer" delete "$(address "$1")" 2>/dev/null || true
    done
    in_host "$1" iptables -w -F cut 2>/dev/null || true
    in_switch tc qdisc delete dev "$1" root 2>/dev/null || true
    in_host "$1" tc qdisc delete dev eth0 root 2>/dev/null || true
}

# MARK: To look at

uri() {
    awk -v wanted="${2:-tcp}" '$1 == wanted { print $2; found = 1 } END { exit !found }' "$directory/$1/uris" || usage
}

status() {
    is_up || fail "no lab is up in $directory"
    local host state guests
    printf '%-7s %-15s %-9s %s\n' host address libvirtd guests
    for host in $(hosts); do
        state=off guests=-
        if has_power "$host"; then
            state=$(daemon "$host")
            # shellcheck disable=SC2016
            guests=$(in_host "$host" sh -c 'for comm in /proc/[0-9]*/comm; do cat "$comm"; done 2>/dev/null | grep -c ^qemu-system' || true)
        fi
        printf '%-7s %-15s %-9s %s\n' "$host" "$(<"$directory/$host/address")" "$state" "$guests"
    done
}

command=${1:-}
(($# == 0)) || shift
case $command in
up) up "$@" ;;
down) down ;;
status) status ;;
uri)
    need_host "${1:-}"
    uri "$@"
    ;;
enter)
    need_power "${1:-}"
    (($# > 1)) || usage
    in_host "$@"
    ;;
start) start "${1:-}" ;;
stop)
    need_power "${1:-}"
    signal_daemon TERM "$1"
    await "the end of libvirtd on $1" daemon_has_ended "$1"
    ;;
kill)
    need_power "${1:-}"
    signal_daemon KILL "$1"
    await "the end of libvirtd on $1" daemon_has_ended "$1"
    ;;
freeze)
    need_power "${1:-}"
    signal_daemon STOP "$1"
    ;;
thaw)
    need_power "${1:-}"
    signal_daemon CONT "$1"
    ;;
crash) crash "${1:-}" ;;
cut) cut_off "$@" ;;
slow) slow "${1:-}" "${2:-}" ;;
heal) heal "${1:-}" ;;
*) usage ;;
esac
