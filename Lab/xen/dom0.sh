#!/bin/sh
# Boots dom0 from busybox's init: all that a Xen host needs, in order.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
# Without udev nobody makes these, and Xen's block scripts would spin for ever.
ln -sfn /proc/self/fd /dev/fd
ln -sfn /proc/self/fd/0 /dev/stdin
ln -sfn /proc/self/fd/1 /dev/stdout
ln -sfn /proc/self/fd/2 /dev/stderr
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mkdir -p /run/lock /run/xen /run/xenstored /run/libvirt /var/log/xen/console /var/lib/xen /var/lib/libvirt/images
hostname -F /etc/hostname

modprobe -a virtio_net xenfs xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xen-netback xen-blkback loop tun bridge af_packet
mount -t xenfs xenfs /proc/xen
# What QEMU's user-mode network gives its guest; only connections to dom0 go through.
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
sysctl -qw net.ipv4.ip_forward=1 kernel.printk='4 4 1 7'

xen=/usr/lib/xen-4.17/bin
"$xen/xenstored" --pid-file /run/xenstore.pid
tries=0
until xenstore-read / >/dev/null 2>&1 || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
"$xen/xen-init-dom0"
"$xen/xenconsoled" --log=guest --log-dir=/var/log/xen/console --pid-file=/run/xenconsoled.pid
dropbear -R -p 22
libvirtd --listen --daemon
until virsh -q -c xen:///system version >/dev/null 2>&1; do sleep 0.2; done
# The pool that people's hosts have.
if ! virsh -q -c xen:///system pool-info default >/dev/null 2>&1; then
    virsh -q -c xen:///system pool-define-as default dir --target /var/lib/libvirt/images
    virsh -q -c xen:///system pool-autostart default
    virsh -q -c xen:///system pool-start default
fi >/dev/null
# Labs that boot have the disk as it is now.
sync
echo 'dom0 is ready' >/dev/console
