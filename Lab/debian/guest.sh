#!/usr/bin/env bash
# Makes a Debian tree a guest that cloud-init sets up, and that boots fast where every instruction is emulated.
#
#   guest.sh ROOT
set -euo pipefail
root=${1:?usage: guest.sh ROOT}

echo 'LABEL=root / ext4 rw,noatime 0 1' >"$root/etc/fstab"
# Each guest is to get its own.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"

# An initrd with what it takes to mount the root disk and nothing else.
echo 'MODULES=list' >"$root/etc/initramfs-tools/conf.d/guest"
echo 'COMPRESS=gzip' >>"$root/etc/initramfs-tools/conf.d/guest"
printf '%s\n' virtio_pci virtio_blk virtio_scsi ext4 crc32c_generic >>"$root/etc/initramfs-tools/modules"
chroot "$root" update-initramfs -u

cat >"$root/etc/cloud/cloud.cfg" <<'CONFIG'
# The modules of a guest that tests look at; Debian's own list takes a minute longer under emulation.
datasource_list: [NoCloud, None]
disable_root: true
preserve_hostname: false
manage_etc_hosts: true
resize_rootfs: true
ssh_genkeytypes: [ed25519]
users: [default]
cloud_init_modules: [seed_random, bootcmd, write-files, resizefs, set_hostname, update_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-user, keys-to-console, final-message]
log_cfgs: ["[loggers]\nkeys=root\n[handlers]\nkeys=file\n[formatters]\nkeys=\n[logger_root]\nlevel=INFO\nhandlers=file\n[handler_file]\nclass=FileHandler\nargs=('/var/log/cloud-init.log',)\n"]
system_info:
  distro: debian
  default_user: {name: debian, lock_passwd: true, shell: /bin/bash, sudo: ["ALL=(ALL) NOPASSWD:ALL"]}
  network: {renderers: [networkd]}
  paths: {cloud_dir: /var/lib/cloud, templates_dir: /etc/cloud/templates}
  ssh_svcname: ssh
ssh: {emit_keys_to_console: false}
CONFIG
rm -f "$root"/etc/cloud/cloud.cfg.d/*

chroot "$root" systemctl --quiet enable systemd-networkd
# Nothing in the guest needs these, and each costs seconds.
chroot "$root" systemctl --quiet mask \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer systemd-timesyncd.service getty@tty1.service cloud-init-hotplugd.socket systemd-networkd-wait-online.service
