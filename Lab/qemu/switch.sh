#!/usr/bin/env bash
# Process 1 of a lab: keeps the switch that its hosts are plugged into, and hands out addresses to their guests.
#
#   switch.sh DIR
#
# Runs in PID, network and mount namespaces of its own, which all of the lab is in: when it ends, everything does. lab.sh
# starts it, and writes DIR/network, the first three numbers of the addresses. DIR/owner is the process that it ends with, if any.
set -euo pipefail

directory=$1
# /proc is still that of the namespace outside, so this is the number that others know this process by.
read -r pid _ </proc/self/stat
echo "$pid" >"$directory/pid.tmp"
mv "$directory/pid.tmp" "$directory/pid"

ip link set lo up
ip link add switch type bridge forward_delay 0
ip link set switch up
until [[ -s $directory/network ]]; do sleep 0.01; done
network=$(<"$directory/network")
ip address add "$network.2/24" dev switch
until ip link set client master switch up 2>/dev/null; do sleep 0.01; done

# No router, no name server: the guests are to see each other and the hosts.
dnsmasq --conf-file=/dev/null --user=root --keep-in-foreground --log-facility=- --port=0 \
    --interface=switch --bind-dynamic --dhcp-range="$network.100,$network.199,1h" --dhcp-option=3 --dhcp-option=6 \
    --dhcp-leasefile="$directory/leases" --pid-file= &

# What is orphaned comes here to be waited for.
owner=$(<"$directory/owner")
while [[ -z $owner || -d /proc/$owner ]]; do
    sleep 2 &
    wait $!
done
