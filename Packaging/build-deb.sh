#!/usr/bin/env bash
# Builds virtform_VERSION_ARCHITECTURE.deb: the program with its man pages, shell completions, docs and examples.
#
#   build-deb.sh OUTDIR [CONFIGURATION]
#
# Swift's runtime is linked into the program, so that it needs Debian's own libraries alone; which ones in which versions is
# found by dpkg-shlibdeps. Needs a Swift toolchain, dpkg-dev, help2man and what the build needs. The configuration is release
# unless it is given: debug links what is built for tests.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: build-deb.sh OUTDIR [CONFIGURATION]}
configuration=${2:-release}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here/.."

# What was compiled for the shared runtime does not name all parts of the static one.
build=(
    swift build --quiet --configuration "$configuration" --static-swift-stdlib --disable-local-rpath
    -Xlinker -l_FoundationCShims -Xlinker -l_FoundationCollections
)
"${build[@]}" --product virtform
program=$("${build[@]}" --show-bin-path)/virtform
if [ "$configuration" = release ] && grep --quiet --text VIRTFORM_FAULT "$program"; then
    echo "build-deb.sh: the program has faults in it that are for tests" >&2
    exit 1
fi
version=$("$program" version | awk '$1 == "virtform" { print $2 }')
architecture=$(dpkg --print-architecture)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
install -D --mode 755 "$program" "$root/usr/bin/virtform"
strip --strip-unneeded "$root/usr/bin/virtform"

"$program" --generate-completion-script bash >"$work/bash"
"$program" --generate-completion-script zsh >"$work/zsh"
"$program" --generate-completion-script fish >"$work/fish"
install -D --mode 644 "$work/bash" "$root/usr/share/bash-completion/completions/virtform"
install -D --mode 644 "$work/zsh" "$root/usr/share/zsh/vendor-completions/_virtform"
install -D --mode 644 "$work/fish" "$root/usr/share/fish/vendor_completions.d/virtform.fish"

"$here/man-pages.sh" "$program" "$work/man"
install -d "$root/usr/share/man/man1"
for page in "$work"/man/*.1; do
    gzip --best --no-name --stdout "$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
done

doc=$root/usr/share/doc/virtform
install -d "$doc"
install --mode 644 README.md "$doc/README.md"
cp -r docs examples "$doc/"
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo
    echo "Files: *"
    echo "License: see below"
    sed 's/^$/./; s/^/ /' LICENSE
} >"$doc/copyright"

# dpkg-shlibdeps looks for this file in the folder that it runs in.
mkdir "$work/debian"
printf 'Source: virtform\n\nPackage: virtform\nArchitecture: any\n' >"$work/debian/control"
# That packed relocations need glibc 2.36 is not found by it, and said in Depends.
libraries=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/bin/virtform" | sed -n 's/^shlibs:Depends=//p')

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<EOF
Package: virtform
Version: $version
Architecture: $architecture
Maintainer: The virtform maintainers <maintainers@virtform.invalid>
Installed-Size: $(du --summarize --block-size 1024 --exclude DEBIAN "$root" | cut -f 1)
Depends: libc6 (>= 2.36), $libraries
Recommends: qemu-utils, xorriso, openssh-client
Suggests: libvirt-daemon, libvirt-daemon-driver-qemu, qemu-system-x86, dnsmasq-base
Section: admin
Priority: optional
Description: keeps virtual machines as a YAML spec describes them
 virtform compares a spec of hosts, virtual machines, disks and networks with what
 libvirt reports, says what would change and what that does to running guests, and
 makes it so on KVM/QEMU hosts.
EOF
(cd "$root" && find usr -type f -print0 | sort --zero-terminated | xargs --null md5sum) >"$root/DEBIAN/md5sums"
dpkg-deb --root-owner-group --build "$root" "$out/virtform_${version}_$architecture.deb"
