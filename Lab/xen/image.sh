#!/usr/bin/env bash
# Builds a Xen host in OUTDIR: xen, vmlinux, initrd.img, dom0.qcow2, its state once it has booted, and a key to log in with.
#
#   image.sh OUTDIR
#
# All of it is Debian's: Xen 4.17, its kernel, and libvirt with the libxl driver, on an ext4 file system without a partition
# table, written with mke2fs. There is no boot loader: QEMU loads Xen as a multiboot kernel. What is there and was built by these
# scripts is kept. Needs root, mmdebstrap, e2fsprogs, cpio, kmod, QEMU, socat and apt's sources.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: image.sh OUTDIR}
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=Lab/guest/packages.sh
. "$here/../guest/packages.sh"

mkdir -p "$out" "$cache"
out=$(cd "$out" && pwd)
exec 9>"$out/.image.lock"
flock 9

suite=bookworm
packages=(
    bash busybox-static coreutils util-linux mount sed grep gawk procps kmod iproute2 iptables dnsmasq-base
    e2fsprogs qemu-utils netcat-openbsd dropbear-bin xen-utils-4.17 xenstore-utils bridge-utils
    libvirt-daemon libvirt-daemon-driver-xen libvirt-clients qemu-system-xen
)
# Of the kernel's modules dom0 gets these, and what they need: its disk and network card, what serves guests their devices, and
# what libvirt's networks take.
root_modules=(virtio_pci virtio_blk ext4 crc32c_generic)
modules=(
    "${root_modules[@]}" virtio_net af_packet
    xenfs xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xen-netback xen-blkback
    loop tun bridge br_netfilter 8021q dummy veth macvlan
    nf_tables nft_compat nft_chain_nat nft_masq nft_nat nf_conntrack nf_nat
    ip_tables iptable_filter iptable_nat iptable_mangle ip6_tables ip6table_filter ip6table_nat ip6table_mangle
    xt_MASQUERADE xt_CHECKSUM xt_conntrack xt_tcpudp xt_physdev xt_addrtype xt_comment xt_REDIRECT xt_nat xt_mark
    ipt_REJECT ip6t_REJECT sch_htb sch_sfq sch_ingress cls_u32 cls_fw act_police
)
# Built again when the recipe, the packages that it names first, or the QEMU that its state is of change.
inputs=$(
    cd "$here" && sha256sum image.sh host.sh dom0.sh initrd.sh
    apt-cache policy linux-image-amd64 xen-hypervisor-4.17-amd64 libvirt-daemon 2>/dev/null | grep Candidate || true
    qemu-system-x86_64 --version | head -n 1
)
made=(xen vmlinux initrd.img dom0.qcow2 state id)
is_made() {
    local file
    for file in "${made[@]}"; do [[ -f $out/$file ]] || return 1; done
    [[ -f $out/.image.inputs && $(<"$out/.image.inputs") == "$inputs" ]]
}
! is_made || exit 0

rm -rf --one-file-system "$out"/.image.tmp.*
work=$(mktemp -d "$out/.image.tmp.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"

# MARK: Xen and its kernel

kernel_package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
resolved=$(resolve_packages "${kernel_package:-linux-image-*-amd64}" xen-hypervisor-4.17-amd64)
while read -r package file; do
    unpack_package "$package" "$file" "$work/debian"
done <<<"$resolved"

# QEMU loads no compressed multiboot kernel, and an emulated machine would take seconds to unpack its Linux.
gzip -dc "$work/debian/boot/xen-4.17-amd64.gz" >"$work/xen"
image=$(echo "$work"/debian/boot/vmlinuz-*)
version=${image##*/vmlinuz-}
# Where the kernel lies in a bzImage: Documentation/x86/boot.rst, setup_sects, payload_offset and payload_length.
number() { od --address-radix=n --format="u$2" --skip-bytes="$1" --read-bytes="$2" "$image" | tr -d ' '; }
offset=$((($(number $((0x1f1)) 1) + 1) * 512 + $(number $((0x248)) 4)))
# The last four bytes are the length of what is compressed, which xz would take for garbage.
length=$(($(number $((0x24c)) 4) - 4))
head -c "$((offset + length))" "$image" | tail -c "$length" | xz --decompress --stdout >"$work/vmlinux"

# put_modules DIRECTORY MODULE...
depmod -b "$work/debian" "$version"
put_modules() {
    local root=$1 lib=lib/modules/$version file name
    shift
    mkdir -p "$root/usr/lib"
    [[ -e $root/lib ]] || ln -s usr/lib "$root/lib"
    for name in "$@"; do
        modprobe -C /dev/null -d "$work/debian" -S "$version" --show-depends "$name"
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
        install -D -m 644 "$file" "$root/usr/$lib/${file#*/"$lib/"}"
    done
    cp "$work/debian/$lib"/modules.{order,builtin,builtin.modinfo} "$root/usr/$lib/"
    depmod -b "$root" "$version"
}

# MARK: dom0

sources=(/etc/apt/sources.list.d/debian.sources)
[[ -f ${sources[0]} ]] || sources=(/etc/apt/sources.list)
root=$work/root
mmdebstrap --quiet --variant=apt --mode=root --format=directory \
    --include="$(IFS=,; echo "${packages[*]}")" \
    --aptopt='Acquire::Retries "3"' \
    --aptopt='Acquire::Languages "none"' \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/i18n/*' \
    "$suite" "$root" "${sources[@]}"
put_modules "$root" "${modules[@]}"

# busybox is its init; neither systemd nor udev runs.
install -m 755 "$here/dom0.sh" "$root/etc/rc.dom0"
ln -sfn "$(cd "$root" && echo /usr/bin/busybox)" "$root/sbin/init"
[[ -e $root/usr/bin/busybox ]] || ln -s /bin/busybox "$root/usr/bin/busybox"
cat >"$root/etc/inittab" <<'END'
::sysinit:/etc/rc.dom0
hvc0::respawn:/bin/bash --login
::ctrlaltdel:/bin/busybox poweroff -f
END
echo xen >"$root/etc/hostname"
echo '127.0.0.1 localhost xen' >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
mkdir -p "$root/etc/libvirt/qemu/networks" "$root/var/log/libvirt"
cat >"$root/etc/libvirt/libvirtd.conf" <<'END'
listen_tls = 0
listen_tcp = 1
listen_addr = "0.0.0.0"
auth_tcp = "none"
auth_unix_rw = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
END
# dom0 has the memory that Xen is told, and gives none of it to guests.
echo 'autoballoon = 0' >"$root/etc/libvirt/libxl.conf"
rm -f "$root"/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so
# Xen hides SYSENTER of AMD's processors, without which libvirt knows none of their models, and then has no driver for Xen.
sed -i "/<feature name='sep'/d" "$root/usr/share/libvirt/cpu_map/x86_Opteron_G1.xml"
for user in libvirt-dnsmasq libvirt-qemu; do
    grep -q "^$user:" "$root/etc/passwd" || chroot "$root" useradd --system --shell /usr/sbin/nologin --home-dir /var/lib/libvirt "$user"
done
mkdir -p "$root/root/.ssh" "$root/etc/dropbear"
ssh-keygen -q -t ed25519 -N '' -C virtform-lab -f "$work/id"
cp "$work/id.pub" "$root/root/.ssh/authorized_keys"
chmod 700 "$root/root" "$root/root/.ssh"
chroot "$root" dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key >/dev/null 2>&1
chroot "$root" update-alternatives --set iptables /usr/sbin/iptables-nft >/dev/null 2>&1

initrd=$work/initrd
mkdir -p "$initrd"/{bin,dev,proc,sys,new}
cp "$root/bin/busybox" "$initrd/bin/busybox"
for name in sh mount modprobe insmod switch_root sleep echo; do ln -s busybox "$initrd/bin/$name"; done
install -m 755 "$here/initrd.sh" "$initrd/init"
put_modules "$initrd" "${root_modules[@]}"
(cd "$initrd" && find . -print0 | LC_ALL=C sort -z |
    cpio --null --create --format=newc --owner=+0:+0 --quiet) >"$work/initrd.img"

rm -rf "$root"/usr/share/{doc,man,info,locale,perl5,bash-completion}/* "$root"/var/cache/* "$root"/var/lib/apt/lists/*
find "$root/dev" "$root/run" "$root/tmp" -mindepth 1 -delete
mke2fs -q -t ext4 -L dom0 -m 0 -O ^has_journal,^metadata_csum -E lazy_itable_init=1 -d "$root" "$work/dom0.raw" 4G
qemu-img convert -q -O qcow2 "$work/dom0.raw" "$work/dom0.qcow2"
rm -rf --one-file-system "$work/dom0.raw" "$root" "$initrd" "$work/debian"

# MARK: Its first boot

# It boots once, and labs go on from there: what its memory holds goes to a file, and the disk is what it was then.
"$here/host.sh" "$work" "$work" boot >"$work/boot.log" 2>&1 &
host=$!
finish() {
    [[ -z $host ]] || kill "$host" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT
deadline=$((SECONDS + 180))
until grep -aq 'dom0 is ready' "$work/console.log" 2>/dev/null; do
    if ((SECONDS > deadline)) || ! kill -0 "$host" 2>/dev/null; then
        tail -n 40 "$work/boot.log" "$work/console.log" >&2
        echo "image.sh: the Xen host does not boot" >&2
        exit 1
    fi
    sleep 0.2
done
monitor() { printf '%s\n' "$@" | socat -t 120 - "unix-connect:$work/monitor"; }
# QEMU ends after the last of these, and with it the connection. The machine runs on until its state is whole, so that what goes on
# from there runs, too.
monitor 'migrate_set_parameter max-bandwidth 10G' "migrate \"exec:cat >'$work/state'\"" quit >/dev/null
wait "$host" || true
host=
[[ -s $work/state ]] || { echo "image.sh: the state of the Xen host was not saved" >&2; exit 1; }

rm -f "$out/.image.inputs"
for file in "${made[@]}"; do mv -f "$work/$file" "$out/"; done
echo "$inputs" >"$work/inputs"
mv -f "$work/inputs" "$out/.image.inputs"
