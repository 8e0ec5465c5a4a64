#!/usr/bin/env bash
# Gets the cases of the YAML test suite, <https://github.com/yaml/yaml-test-suite>: OUTDIR/data/229Q/in.yaml …
#
#   yaml-test-suite.sh OUTDIR
#
# They come with the sources of a Python package, of which nothing is built or installed. Needs python3-venv.
set -euo pipefail

out=${1:?usage: yaml-test-suite.sh OUTDIR}
package='py-yaml12==0.2.0 --hash=sha256:b8326c144e26a4ae7e03d13175667d85c580a9f0512fd7b809e5c92b5569f74e'
if [[ -f $out/package && $(<"$out/package") == "$package" ]]; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
python3 -m venv "$work/venv"
mkdir "$work/sources"
echo "$package" >"$work/wanted"
# pip cannot get sources without asking their build system about them, which is not there: by then they are unpacked.
TMPDIR=$work/sources "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-clean --no-deps \
    --no-build-isolation --no-binary :all: --require-hashes --dest "$work" --requirement "$work/wanted" \
    &>"$work/log" || true
data=$(find "$work/sources" -type d -path '*/tests/yaml-test-suite/data')
if [[ ! -d $data ]]; then
    cat "$work/log" >&2
    exit 1
fi
rm -rf "$out"
mkdir -p "$out"
cp -r "$data" "$out/data"
echo "$package" >"$out/package"
