#!/usr/bin/env bash
# Builds OUTDIR/guest.qcow2, a disk that boots the tiny test guest by itself (BIOS, console on ttyS0).
#
#   image.sh OUTDIR
#
# An MBR disk with one FAT partition that holds SYSLINUX, the kernel and the initrd. It is written
# with mtools, so nothing is mounted and no root is needed. Needs what build.sh needs, and qemu-img.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: image.sh OUTDIR}
"$here/build.sh" "$out"
out=$(cd "$out" && pwd)

# shellcheck source=Lab/guest/packages.sh
. "$here/packages.sh"

mkdir -p "$cache"
exec 9>"$out/.image.lock"
flock 9

inputs=$({ cat "$out/.build.inputs"; cd "$here" && sha256sum image.sh; cd "$out" && sha256sum vmlinuz initrd.gz; })
if [[ -f $out/guest.qcow2 && -f $out/.image.inputs && $(<"$out/.image.inputs") == "$inputs" ]]; then
    exit 0
fi

rm -rf "$out"/.image.tmp.*
work=$(mktemp -d "$out/.image.tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT

packages=$(resolve_packages syslinux syslinux-common mtools)
while read -r package file; do
    unpack_package "$package" "$file" "$work/tools"
done <<<"$packages"
# The syslinux installer calls mtools by name.
export PATH="$work/tools/usr/bin:$PATH"

megabyte=$((1024 * 1024))
disk_megabytes=32
partition_offset=$megabyte
partition_megabytes=$((disk_megabytes - 1))

# Writes a number as little-endian bytes.
little_endian() {
    local value=$1 bytes=$2 octet
    while ((bytes-- > 0)); do
        printf -v octet '\\x%02x' $((value & 255))
        printf '%b' "$octet"
        value=$((value >> 8))
    done
}

disk=$work/disk.raw
truncate -s "${disk_megabytes}M" "$disk"
{
    head -c 440 "$work/tools/usr/lib/syslinux/mbr/mbr.bin"
    head -c $((446 - 440)) /dev/zero
    # One active FAT16 (LBA) partition. Its CHS fields say "see the LBA fields".
    printf '\x80\xfe\xff\xff\x0e\xfe\xff\xff'
    little_endian $((partition_offset / 512)) 4
    little_endian $((partition_megabytes * megabyte / 512)) 4
    head -c 48 /dev/zero
    printf '\x55\xaa'
} | dd of="$disk" conv=notrunc status=none

cat >"$work/syslinux.cfg" <<'CONFIG'
SERIAL 0 115200
PROMPT 0
DEFAULT guest
LABEL guest
    LINUX vmlinuz
    INITRD initrd.gz
    APPEND console=ttyS0 quiet panic=-1
CONFIG

partition=$disk@@$partition_offset
sectors=$((partition_megabytes * megabyte / 512))
# syslinux reads the geometry and the hidden sectors from the boot record.
MTOOLS_SKIP_CHECK=1 mformat -i "$partition" -T "$sectors" -h 64 -s 32 -H $((partition_offset / 512)) -c 4 -v VFGUEST ::
mcopy -i "$partition" "$out/vmlinuz" "$out/initrd.gz" "$work/syslinux.cfg" ::
syslinux --install --offset "$partition_offset" "$disk"

qemu-img convert -q -c -O qcow2 "$disk" "$work/guest.qcow2"
chmod 644 "$work/guest.qcow2"
rm -f "$out/.image.inputs"
mv -f "$work/guest.qcow2" "$out/"
echo "$inputs" >"$work/inputs"
mv -f "$work/inputs" "$out/.image.inputs"
