#!/bin/sh
# Process 1 of dom0's initrd: its disk is a file system as a whole.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
modprobe -a virtio_pci virtio_blk crc32c_generic ext4
tries=0
until [ -b /dev/vda ] || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
mount -t ext4 -o noatime /dev/vda /new || exec sh
mount --move /dev /new/dev
exec switch_root /new /sbin/init
