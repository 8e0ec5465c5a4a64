#!/usr/bin/env bash
# Prints the URI of the first host of a spec, for virsh and other clients.
#
#   uri.sh SPEC
set -euo pipefail
.build/debug/virtform show "${1:?usage: uri.sh SPEC}" | awk '$1 == "host" { print $3; exit }'
