#!/usr/bin/env bash
# Checks the pipelines of examples/ci against the schemas of those who run them.
#
#   check-ci-files.sh OUTDIR
#
# The schemas come with check-jsonschema, which is installed from PyPI in a virtual environment in OUTDIR. Needs python3-venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: check-ci-files.sh OUTDIR}
version=0.39.0
mkdir -p "$out"
exec 9>"$out/.check-ci-files.lock"
flock 9
tool=$out/check-jsonschema-$version
if [[ ! -x $tool/bin/check-jsonschema ]]; then
    rm -rf "$tool"
    /usr/bin/python3 -m venv "$tool"
    "$tool/bin/pip" install --quiet --disable-pip-version-check "check-jsonschema==$version"
fi
files=$here/../examples/ci
"$tool/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$files/github.yml"
"$tool/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$files/gitlab.yml"
