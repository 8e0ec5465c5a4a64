#!/bin/sh
# shellcheck disable=SC2154 # udhcpc passes the lease in the environment.
# Called by udhcpc in the test guest. /run/ip.NIC tells the status line which address the NIC has.
case $1 in
deconfig)
    ip -4 addr flush dev "$interface"
    ip link set "$interface" up
    rm -f "/run/ip.$interface"
    ;;
bound | renew)
    ip -4 addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
    : >/etc/resolv.conf
    for server in $dns; do
        echo "nameserver $server" >>/etc/resolv.conf
    done
    echo "$ip" >"/run/ip.$interface"
    ;;
esac
