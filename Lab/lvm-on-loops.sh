#!/usr/bin/env bash
# Stands in for `lvm` where the kernel has no device-mapper: the real lvm keeps the volume groups, and the devices of
# active volumes are loop devices over their extents. A volume is one run of extents, so it grows only where the next are
# free.
#
#   mount --bind lvm-on-loops.sh /usr/sbin/lvm     with a copy of the real program as /run/lvm-on-loops/lvm
set -euo pipefail

real() { /run/lvm-on-loops/lvm "$@" --driverloaded n 2> >(grep -v -e 'Activation disabled' -e 'not zeroed' >&2); }

# The device under a volume, and its place there in bytes: DEVICE OFFSET SIZE.
extents() {
    local devices size extent start device
    read -r devices size extent < <(real lvs --noheadings --units b --nosuffix --options devices,size,vg_extent_size "$1")
    device=${devices%(*}
    start=${devices##*(}
    start=${start%)}
    read -r first < <(real pvs --noheadings --units b --nosuffix --options pe_start "$device")
    echo "$device" $((first + start * extent)) "$size"
}

activate() {
    local device offset size loop
    read -r device offset size < <(extents "$1")
    mkdir -p "/dev/${1%/*}"
    [[ ! -e /dev/$1 ]] || return 0
    loop=$(losetup --find --show --offset "$offset" --sizelimit "$size" "$device")
    ln -sfn "$loop" "/dev/$1"
}

deactivate() {
    [[ -e /dev/$1 ]] || return 0
    losetup --detach "$(readlink -f "/dev/$1")"
    rm -f "/dev/$1"
}

# Gives an active volume its new size, whoever has it open: LOOP_SET_STATUS64 with another limit.
resize() {
    [[ -e /dev/$1 ]] || return 0
    local size
    read -r _ _ size < <(extents "$1")
    perl -e '
        open(my $loop, "+<", $ARGV[0]) or die; my $info = "\0" x 232;
        ioctl($loop, 0x4c05, $info) or die; substr($info, 32, 8) = pack("Q", $ARGV[1]);
        ioctl($loop, 0x4c04, $info) or die;' "$(readlink -f "/dev/$1")" "$size"
}

volumes() { real lvs --noheadings --options lv_name "$1"; }

name=${0##*/}
[[ $name != lvm ]] || { name=$1; shift; }
words=("$@")
[[ ${words[-1]} != --yes ]] || unset 'words[-1]'
last=${words[-1]}
volume=${last#/dev/}
case $name in
lvcreate)
    # A volume of one extent goes to the other half: what was made before it can grow.
    place=()
    if [[ " $* " =~ \ -L\ ([0-9]+)K\  ]] && ((BASH_REMATCH[1] <= 4096)); then
        read -r device extents < <(real pvs --noheadings --options pv_name,pv_pe_count --select "vg_name=$last")
        place=("$device:$((extents / 2))-$((extents - 1))")
    fi
    real lvcreate --activate n --zero n --wipesignatures n --contiguous y "$@" "${place[@]}"
    for made in $(volumes "$last"); do activate "$last/$made"; done
    ;;
lvremove)
    deactivate "$volume"
    real lvremove "$@"
    ;;
lvchange) deactivate "$volume" ;;
lvextend)
    real lvextend "$@"
    resize "$volume"
    ;;
vgchange)
    case " $* " in
    *" -aly "*)
        mkdir -p "/dev/$last"
        for there in $(volumes "$last"); do activate "$last/$there"; done
        ;;
    *)
        for there in $(volumes "$last"); do deactivate "$last/$there"; done
        rmdir "/dev/$last" 2>/dev/null || true
        ;;
    esac
    ;;
lvs)
    # What says whether a volume is active, is unknown to lvm here: the devices do.
    group=$last
    real lvs "$@" | while IFS= read -r line; do
        there=${line%%#*}
        state=-
        [[ ! -e /dev/$group/${there// /} ]] || state=a
        sed -E "s/(#.{4})X(.{5})\$/\\1$state\\2/" <<<"$line"
    done
    ;;
*) real "$name" "$@" ;;
esac
