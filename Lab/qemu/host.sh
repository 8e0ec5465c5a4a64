#!/usr/bin/env bash
# Process 1 of one host of a lab: makes it a machine of its own and starts its daemons.
#
#   host.sh DIR NAME SSHD
#
# Runs in PID, network, mount, UTS and IPC namespaces of its own, within those of the lab. What a disk would keep lies in
# DIR/NAME; all else is gone when this process ends, as in a power loss.
set -euo pipefail

directory=$1
name=$2
sshd=$3
disk=$directory/$name
# /proc is still that of the namespace outside, so this is the number that others know this process by.
read -r pid _ </proc/self/stat
address=$(<"$disk/address")

# Puts a directory of the host's disk in a place.
place() {
    mkdir -p "$disk/$1" "$2"
    mount --bind "$disk/$1" "$2"
}

hostname "$name"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lock /run/root /run/etc

# A copy of the machine's /etc, to change as it likes.
cp --archive /etc/. /run/etc/
mount --bind /run/etc /etc
cp "$directory/hosts" /etc/hosts
cp "$directory/ssh/known_hosts" /etc/ssh/ssh_known_hosts
echo "$name" >/etc/hostname
tr -d - <"$disk/uuid" >/etc/machine-id
# Root can log in by key, and be a client of the other hosts. libvirt looks up a user that not every machine has.
sed -i 's|^root:.*|root:x:0:0:root:/run/root:/bin/sh|' /etc/passwd
sed -i 's|^root:.*|root:*:20000:0:99999:7:::|' /etc/shadow
add_user() { grep -q "^$1:" /etc/passwd || echo "$1:x:$2:$2::/nonexistent:/usr/sbin/nologin" >>/etc/passwd; }
add_group() { grep -q "^$1:" /etc/group || echo "$1:x:$2:" >>/etc/group; }
add_user sshd 65531
add_user libvirt-qemu 65533
add_group libvirt-qemu 65533
printf 'IdentityFile %s\nBatchMode yes\n' "$directory/ssh/id" >/etc/ssh/ssh_config
rm -rf /etc/pki
cp --recursive "$directory/certificates/$name" /etc/pki

place etc /etc/libvirt
place lib /var/lib/libvirt
place log /var/log/libvirt
place cache /var/cache/libvirt
mount -t tmpfs -o mode=755 tmpfs /srv
place local /srv/local
# Called by a name that makes libvirt take it for a file system of several machines, which it looks for before it migrates a guest
# without its disks. Such a one needs caches that agree: here, none.
mkdir /srv/shared
bindfs -o direct_io,subtype=glusterfs,fsname=lab "$directory/shared" /srv/shared

echo "$pid" >"$disk/pid.tmp"
mv "$disk/pid.tmp" "$disk/pid"
# lab.sh plugs in the cable.
until ip link set eth0 up 2>/dev/null; do sleep 0.01; done
ip link set lo up
ip link add br0 type bridge forward_delay 0
ip link set eth0 master br0
ip link set br0 address "$(</sys/class/net/eth0/address)" up
ip address add "$address/24" dev br0

cat >/run/sshd_config <<END
ListenAddress $address
HostKey $disk/ssh_host_key
AuthorizedKeysFile $directory/ssh/id.pub
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
END
"$sshd" -f /run/sshd_config -E /var/log/libvirt/sshd.log
virtlogd --daemon
libvirtd --daemon --listen --pid-file /run/libvirtd.pid

# What is orphaned comes here to be waited for.
while :; do
    sleep infinity &
    wait $!
done
