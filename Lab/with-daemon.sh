#!/usr/bin/env bash
# Runs a command with VIRTFORM_TEST_URI naming a private libvirtd that is there for as long as it runs.
#
#   with-daemon.sh COMMAND...
set -euo pipefail

# The paths of unix sockets are short, so the state does not lie in the package's directory.
home=$(mktemp -d /tmp/vfd-XXXXXX)
finish() {
    [[ ! -s $home/libvirtd.pid ]] || kill "$(<"$home/libvirtd.pid")" 2>/dev/null || true
    rm -rf "$home"
}
trap finish EXIT

export VIRTFORM_HOME=$home
printf 'virtform: 1\nstack: daemon\n' >"$home/site.yaml"
VIRTFORM_TEST_URI=$(.build/debug/virtform show "$home/site.yaml" | awk '$1 == "host" { print $3; exit }')
export VIRTFORM_TEST_URI
"$@"
