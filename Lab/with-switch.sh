#!/usr/bin/env bash
# Runs a command in network and mount namespaces of its own, with an Open vSwitch that needs no kernel module.
#
#   with-switch.sh COMMAND...
#
# The switch has no bridge yet: ovs-vsctl add-br NAME -- set bridge NAME datapath_type=netdev makes one. Its database is where
# libvirt looks for it, in the namespace alone.
set -euo pipefail

if [[ ${VF_SWITCH:-} != inside ]]; then
    exec env VF_SWITCH=inside unshare --net --mount --propagation private "$0" "$@"
fi
ip link set lo up
home=/run/openvswitch
mkdir -p "$home"
mount -t tmpfs none "$home"
# Names of further network namespaces, which are gone with this one.
mkdir -p /run/netns
mount -t tmpfs none /run/netns
finish() {
    for name in ovs-vswitchd ovsdb-server; do
        [[ ! -s $home/$name.pid ]] || kill "$(<"$home/$name.pid")" 2>/dev/null || true
    done
}
trap finish EXIT
ovsdb-tool create "$home/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server "$home/conf.db" --remote="punix:$home/db.sock" --pidfile="$home/ovsdb-server.pid" --detach \
    --log-file="$home/ovsdb-server.log" >/dev/null 2>&1
ovs-vsctl --no-wait init
ovs-vswitchd "unix:$home/db.sock" --pidfile="$home/ovs-vswitchd.pid" --detach --log-file="$home/ovs-vswitchd.log" \
    >/dev/null 2>&1
"$@"
