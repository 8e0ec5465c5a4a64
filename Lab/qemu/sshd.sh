#!/usr/bin/env bash
# Prints the command that runs an SSH server: the machine's own, or one that is unpacked in OUTDIR and never installed, since
# its package would start a server for the whole machine.
#
#   sshd.sh OUTDIR
#
# What is there is kept. Needs apt and dpkg-deb where the machine has no sshd.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: sshd.sh OUTDIR}
if [[ -x /usr/sbin/sshd ]]; then
    echo /usr/sbin/sshd
    exit 0
fi

# shellcheck source=Lab/guest/packages.sh
. "$here/../guest/packages.sh"

mkdir -p "$out" "$cache"
out=$(cd "$out" && pwd)
exec 9>"$out/.lock"
flock 9
if [[ ! -x $out/sshd ]]; then
    rm -rf "$out/debian"
    packages=$(resolve_packages openssh-server libwrap0)
    while read -r package file; do
        unpack_package "$package" "$file" "$out/debian"
    done <<<"$packages"
    libraries=$(dirname "$out"/debian/usr/lib/*/libwrap.so.0)
    # sshd runs itself again by its own path for each connection, so that has to be whole; the directory may be moved.
    cat >"$out/.sshd.tmp" <<END
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd)
export LD_LIBRARY_PATH="\$here/${libraries#"$out"/}"
exec "\$here/debian/usr/sbin/sshd" "\$@"
END
    chmod +x "$out/.sshd.tmp"
    mv "$out/.sshd.tmp" "$out/sshd"
fi
echo "$out/sshd"
