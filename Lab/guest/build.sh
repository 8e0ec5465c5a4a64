#!/usr/bin/env bash
# Builds the tiny test guest: OUTDIR/vmlinuz and OUTDIR/initrd.gz.
#
#   build.sh OUTDIR
#
# Debian's cloud kernel and busybox-static are unpacked, never installed, so no root is needed.
# Needs apt, dpkg-deb, cpio, kmod. Downloads are kept in $VF_GUEST_CACHE. A guest that is there and
# was built by these scripts is kept; VF_GUEST_REFRESH=1 asks for Debian's present kernel.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: build.sh OUTDIR}
# depmod and modprobe are not in an ordinary user's path.
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=Lab/guest/packages.sh
. "$here/packages.sh"

# Loaded in this order, each after what it depends on.
required_modules=(
    virtio_pci virtio_blk virtio_net virtio_balloon virtio_console virtio-rng virtio_scsi virtio_mem
    sd_mod sr_mod isofs vfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8
    ata_piix button evdev 8021q qemu_fw_cfg virtiofs xen-blkfront xen-netfront
)
# Not every flavour of the kernel has these.
optional_modules=(ahci 9pnet_virtio 9p)

mkdir -p "$out" "$cache"
out=$(cd "$out" && pwd)
exec 9>"$out/.build.lock"
flock 9

inputs=$(cd "$here" && sha256sum build.sh packages.sh init udhcpc.sh)
if [[ -z ${VF_GUEST_REFRESH:-} && -f $out/vmlinuz && -f $out/initrd.gz &&
    -f $out/.build.inputs && $(<"$out/.build.inputs") == "$inputs" ]]; then
    exit 0
fi

kernel_package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
packages=$(resolve_packages "${kernel_package:-linux-image-*-cloud-amd64}" busybox-static)

# Whatever a killed build left; the lock says that nobody is using it.
rm -rf "$out"/.build.tmp.*
work=$(mktemp -d "$out/.build.tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT

while read -r package file; do
    unpack_package "$package" "$file" "$work/debian"
done <<<"$packages"

kernel_image=$(echo "$work"/debian/boot/vmlinuz-*)
version=${kernel_image##*/vmlinuz-}
depmod -b "$work/debian" "$version"

root=$work/root
mkdir -p "$root"/{bin,dev,etc,lib/modules,mnt,proc,run,sys,tmp,www}
install -m 755 "$work/debian/bin/busybox" "$root/bin/busybox"
install -m 755 "$here/init" "$root/init"
install -m 755 "$here/udhcpc.sh" "$root/etc/udhcpc.sh"

# Prints the files of a module and of what it needs, in load order. The machine's own modprobe.d
# must not have a say in it.
module_files() {
    modprobe -C /dev/null -d "$work/debian" -S "$version" --show-depends "$1" | sed -n 's/^insmod //p'
}
for module in "${required_modules[@]}"; do
    module_files "$module" >>"$work/modules" || { echo "build.sh: $version has no module $module" >&2; exit 1; }
done
for module in "${optional_modules[@]}"; do
    module_files "$module" >>"$work/modules" 2>/dev/null || true
done
awk '!seen[$1]++ { print $1 }' "$work/modules" | while read -r file; do
    cp "$file" "$root/lib/modules/"
    echo "${file##*/}" >>"$root/etc/modules"
done

# Fixed times, owners and order: the same inputs give the same bytes.
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . -print0 | LC_ALL=C sort -z |
    cpio --null --create --format=newc --owner=+0:+0 --reproducible --quiet) | gzip -9n >"$work/initrd.gz"
cp "$kernel_image" "$work/vmlinuz"
chmod 644 "$work/vmlinuz" "$work/initrd.gz"

# Without its record a pair of files counts as unfinished: it goes first and comes back last.
rm -f "$out/.build.inputs"
mv -f "$work/vmlinuz" "$work/initrd.gz" "$out/"
echo "$inputs" >"$work/inputs"
mv -f "$work/inputs" "$out/.build.inputs"
