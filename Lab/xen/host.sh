#!/usr/bin/env bash
# Becomes the QEMU that a Xen host runs in.
#
#   host.sh IMAGES DIR boot|resume [svm]
#
# IMAGES is what image.sh built. DIR has the host's disk, which is made if it is not there, its console (console.log, and a socket
# console), and QEMU's monitor (a socket monitor). `boot` starts the machine, `resume` goes on from where image.sh left it, for which
# the disk has to be a new one. With `svm`, which only boots, the processor is for guests that are not paravirtualized, too. Nobody but
# this machine gets at its ports. They are those in DIR's libvirt-port and ssh-port; where these are not there the system chooses, and
# `info usernet` tells.
set -euo pipefail

images=$1
directory=$2
start=$3

if [[ $images != "$directory" && ! -f $directory/disk.qcow2 ]]; then
    qemu-img create -q -f qcow2 -b "$images/dom0.qcow2" -F qcow2 "$directory/disk.qcow2"
fi
disk=$directory/disk.qcow2
[[ $images != "$directory" ]] || disk=$images/dom0.qcow2
incoming=()
[[ $start != resume ]] || incoming=(-incoming "exec:cat '$images/state'")

# Xen that scrubs memory at boot would touch all of it. Neither it nor Linux needs to mend a processor that is none.
xen="console=com1 com1=115200 loglvl=warning guest_loglvl=warning noreboot bootscrub=0 watchdog=0
    dom0_mem=1024M,max:1024M dom0_max_vcpus=1 spec-ctrl=no xpti=0 pv-l1tf=0 pcid=0"
# Of QEMU's processors, libvirt finds no model for qemu64, and dom0 crashes on max and EPYC.
processor=Nehalem
if [[ ${4:-} == svm ]]; then
    # A guest's RDTSCP is reported as RDTSC, for which Xen ends it. QEMU tells no address spaces apart: with them, guests on one
    # processor see each other's pages.
    processor=Opteron_G3,+svm,+npt,-rdtscp,-misalignsse
    xen+=" asid=0"
fi
# port NAME: the one that the host has had; 0 leaves the choice to the system.
port() {
    local known
    known=$(cat "$directory/$1" 2>/dev/null || true)
    echo "${known:-0}"
}
forwarding="hostfwd=tcp:127.0.0.1:$(port libvirt-port)-:16509,hostfwd=tcp:127.0.0.1:$(port ssh-port)-:22"
linux="console=hvc0 quiet mitigations=off nokaslr random.trust_cpu=on net.ifnames=0"

exec qemu-system-x86_64 -name xen -M pc,hpet=on -accel tcg,thread=multi -cpu "$processor" -smp 2 -m 3072 \
    -uuid 76697274-666f-726d-0000-00000078656e -nodefaults -display none -vga none -no-reboot \
    -kernel "$images/xen" -append "${xen//$'\n'/ }" -initrd "$images/vmlinux ${linux//,/,,},$images/initrd.img" \
    -drive "file=$disk,if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap" -device virtio-blk-pci,drive=disk \
    -netdev "user,id=net,restrict=on,$forwarding" \
    -device virtio-net-pci,netdev=net,romfile= \
    -chardev "socket,id=console,path=$directory/console,server=on,wait=off,logfile=$directory/console.log" -serial chardev:console \
    -monitor "unix:$directory/monitor,server=on,wait=off" "${incoming[@]}"
