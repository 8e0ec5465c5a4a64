#!/usr/bin/env bash
# Installs the Debian packages that a purpose needs, if some are missing.
#
#   packages.sh build|run|lab|lab-xen|test|deb
set -euo pipefail

build=(make pkg-config libyaml-dev libvirt-dev libxml2-dev libcurl4-gnutls-dev)
# libvirt-clients is for looking at guests; the rest is virtform's own libvirt with networks, and the guest's build.
run=(
    "${build[@]}" libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
    dnsmasq-base iptables iproute2 cpio kmod xorriso xz-utils
)
# For a lab of several hosts: certificates and keys, and the file system that they share.
lab=("${run[@]}" bindfs openssh-client openssl)
# For a Xen host, which QEMU emulates: its image, a way in, and QEMU's monitor.
lab_xen=("${run[@]}" mmdebstrap e2fsprogs openssh-client socat)
# Firmware and a TPM for guests; for the one with cloud-init its image, and a way in; for storage pools volume groups,
# partitions, and the check of documents against libvirt's grammars; for VLANs a switch; for reports their schemas, and a
# browser to look at them; for pipelines what their jobs take.
test=(
    "${lab[@]}" "${lab_xen[@]}" ovmf swtpm swtpm-tools shellcheck ansible-core
    lvm2 parted libxml2-utils openvswitch-switch python3-jsonschema
    chromium chromium-driver python3-selenium python3-yaml python3-venv jq
)
# For Debian's own packages.
deb=("${build[@]}" dpkg-dev help2man binutils mmdebstrap)

case ${1:-} in
build) wanted=("${build[@]}") ;;
run) wanted=("${run[@]}") ;;
lab) wanted=("${lab[@]}") ;;
lab-xen) wanted=("${lab_xen[@]}") ;;
test) wanted=("${test[@]}") ;;
deb) wanted=("${deb[@]}") ;;
*)
    echo "usage: packages.sh build|run|lab|lab-xen|test|deb" >&2
    exit 2
    ;;
esac

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

echo "Installing ${missing[*]}"
root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "packages.sh: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
    root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -qq
"${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
