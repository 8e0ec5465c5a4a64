#!/usr/bin/env bash
# Makes a CA, and certificates for the client and the hosts of a lab.
#
#   certificates.sh OUTDIR NAME=ADDRESS...
#
# OUTDIR/client is what pkipath= of a libvirt URI names; OUTDIR/NAME is laid out as a host's /etc/pki. A host's certificate
# is good for its daemon, for the daemon as a client of others, and for QEMU.
set -euo pipefail

out=${1:?usage: certificates.sh OUTDIR NAME=ADDRESS...}
shift
mkdir -p "$out"
cd "$out"
umask 077

# certificate NAME EXTENSION... [-- OPTION...]: NAME.pem and NAME.key.
certificate() {
    local name=$1 extensions=()
    shift
    while (($#)) && [[ $1 != -- ]]; do
        extensions+=("$1")
        shift
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 "${@:2}" -keyout "$name.key" -out "$name.pem" \
        -config <(printf '%s\n' '[req]' 'prompt=no' 'distinguished_name=subject' 'x509_extensions=extensions' \
            '[subject]' 'O=virtform lab' "CN=$name" '[extensions]' "${extensions[@]}") 2>openssl.log ||
        { cat openssl.log >&2; return 1; }
}

# libvirt asks for keyEncipherment whatever the kind of the key.
usage=keyUsage=digitalSignature,keyEncipherment
by_ca=(-- -CA ca.pem -CAkey ca.key)

certificate ca basicConstraints=critical,CA:true keyUsage=keyCertSign
certificate client "$usage" extendedKeyUsage=clientAuth "${by_ca[@]}"
mkdir client
cp ca.pem client/cacert.pem
mv client.pem client/clientcert.pem
mv client.key client/clientkey.pem

for host in "$@"; do
    name=${host%%=*}
    certificate "$name" "$usage" extendedKeyUsage=serverAuth,clientAuth \
        "subjectAltName=DNS:$name,IP:${host#*=}" "${by_ca[@]}"
    mkdir -p "$name"/{CA,libvirt/private,qemu}
    cp ca.pem "$name/CA/cacert.pem"
    cp ca.pem "$name/qemu/ca-cert.pem"
    for role in server client; do
        cp "$name.pem" "$name/libvirt/${role}cert.pem"
        cp "$name.key" "$name/libvirt/private/${role}key.pem"
        cp "$name.pem" "$name/qemu/$role-cert.pem"
        cp "$name.key" "$name/qemu/$role-key.pem"
    done
    rm "$name.pem" "$name.key"
done
rm -f openssl.log
