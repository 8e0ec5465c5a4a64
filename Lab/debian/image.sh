#!/usr/bin/env bash
# Builds OUTDIR/debian.qcow2, OUTDIR/vmlinuz and OUTDIR/initrd.gz: a small Debian 12 with cloud-init.
#
#   image.sh OUTDIR
#
# The disk is one ext4 file system without a partition table, written with mke2fs, so nothing is mounted. It has no
# boot loader: the kernel is booted directly, which under emulation saves the firmware's slow reads. Needs mmdebstrap,
# e2fsprogs, qemu-img and apt's sources; root, or a user who may make user namespaces.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: image.sh OUTDIR}
mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 9>"$out/.image.lock"
flock 9

suite=bookworm
# netplan and ifupdown are not among them: cloud-init writes what systemd-networkd reads, which is part of systemd.
packages=(
    systemd-sysv udev dbus libpam-systemd linux-image-cloud-amd64 cloud-init openssh-server
    python3-minimal qemu-guest-agent sudo iproute2
)
# Built again when the recipe or the packages that it names first change.
inputs=$(
    cd "$here" && sha256sum image.sh guest.sh
    apt-cache policy linux-image-cloud-amd64 cloud-init openssh-server systemd 2>/dev/null | grep Candidate || true
)
made=("$out/debian.qcow2" "$out/vmlinuz" "$out/initrd.gz")
if [[ -f ${made[0]} && -f ${made[1]} && -f ${made[2]} && -f $out/.image.inputs ]] \
    && [[ $(<"$out/.image.inputs") == "$inputs" ]]; then
    exit 0
fi

rm -rf "$out"/.image.tmp.*
work=$(mktemp -d "$out/.image.tmp.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
# mmdebstrap may work as another user.
chmod 755 "$work"

sources=(/etc/apt/sources.list.d/debian.sources)
[[ -f ${sources[0]} ]] || sources=(/etc/apt/sources.list)
include=$(IFS=,; echo "${packages[*]}")
mmdebstrap --quiet --variant=minbase --include="$include" \
    --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/i18n/*' \
    --dpkgopt='path-exclude=/lib/modules/*/kernel/sound/*' \
    --dpkgopt='path-exclude=/lib/modules/*/kernel/drivers/gpu/*' \
    --customize-hook="$here/guest.sh \"\$1\"" \
    --customize-hook="copy-out /boot $work" \
    "$suite" "$work/root.tar" "${sources[@]}"

mv "$work"/boot/vmlinuz-* "$work/vmlinuz"
mv "$work"/boot/initrd.img-* "$work/initrd.gz"
mkdir "$work/root"
tar --extract --numeric-owner --preserve-permissions --file "$work/root.tar" --directory "$work/root"
rm -rf "$work/root.tar" "$work/root/boot"/*
# Room for what a test writes; the disk is sparse and grows with its volume.
mke2fs -q -t ext4 -L root -m 0 -O ^has_journal -d "$work/root" "$work/disk.raw" 1280M
qemu-img convert -q -c -O qcow2 "$work/disk.raw" "$work/debian.qcow2"
chmod 644 "$work/debian.qcow2" "$work/vmlinuz" "$work/initrd.gz"

rm -f "$out/.image.inputs"
mv -f "$work/debian.qcow2" "$work/vmlinuz" "$work/initrd.gz" "$out/"
echo "$inputs" >"$work/inputs"
mv -f "$work/inputs" "$out/.image.inputs"
