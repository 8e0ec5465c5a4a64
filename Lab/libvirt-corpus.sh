#!/usr/bin/env bash
# Gets the documents that libvirt's own tests read, from Debian's source package: OUTDIR/tests/qemuxml2xmloutdata/*.xml …
#
#   libvirt-corpus.sh OUTDIR
#
# Nothing is built. Needs apt's sources of packages; where there are none, those of its sources of source packages are
# taken from the same places, for this one call.
set -euo pipefail

out=${1:?usage: libvirt-corpus.sh OUTDIR}
wanted=(
    qemuxml2xmloutdata qemuxml2argvdata genericxml2xmloutdata networkxml2xmlout storagepoolxml2xmlout
    libxlxml2domconfigdata xlconfigdata vmx2xmldata
)
version=$(dpkg-query --show --showformat='${source:Version}' libvirt-dev)
if [[ -f $out/version && $(<"$out/version") == "$version" ]]; then exit 0; fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/lists" "$work/parts"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [[ -f $file ]] || continue
    case $file in
    *.sources) sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/${file##*/}" ;;
    *.list) sed -n 's/^deb /deb-src /p' "$file" >"$work/parts/${file##*/}" ;;
    esac
done
apt=(
    apt-get -qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/parts"
    -o "Dir::State::Lists=$work/lists" -o "APT::Sandbox::User=root"
)
"${apt[@]}" update 2>/dev/null || true
(cd "$work" && "${apt[@]}" source --download-only "libvirt=$version" >/dev/null)
tarball=$(echo "$work"/libvirt_*.orig.tar.*z)
rm -rf "$out/tests"
tar --extract --file "$tarball" --directory "$out" --strip-components 1 --wildcards \
    "${wanted[@]/#/libvirt-*/tests/}"
echo "$version" >"$out/version"
