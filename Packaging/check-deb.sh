#!/usr/bin/env bash
# Installs a package in a clean Debian and uses it there.
#
#   check-deb.sh FILE.deb
#
# Needs mmdebstrap and root, or a user who may make user namespaces.
set -euo pipefail

deb=$(realpath "${1:?usage: check-deb.sh FILE.deb}")
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"

cat >"$work/check" <<'EOF'
set -eu
fail() { echo "check-deb.sh: $*" >&2; exit 1; }
virtform version | grep '^virtform [0-9]' || fail "it does not run"
dpkg --verify virtform || fail "files differ from the package's"
mkdir /tmp/spec
printf 'virtform: 1\nstack: clean\nvms: {web: {memory: 1GiB}}\n' >/tmp/spec/site.yaml
virtform validate /tmp/spec | grep 'stack clean, .*1 VM' || fail "a good spec is not valid"
printf 'vms: {web: {memroy: 1GiB}}\n' >/tmp/spec/more.yaml
status=0
virtform validate /tmp/spec 2>/tmp/faults || status=$?
[ "$status" = 3 ] || fail "a wrong spec ends with $status"
grep -q "did you mean 'memory'" /tmp/faults || fail "a fault has no help"
for page in virtform virtform-plan virtform-apply; do
    zcat "/usr/share/man/man1/$page.1.gz" | grep -q '^\.SH' || fail "no man page $page"
done
bash -c '. /usr/share/bash-completion/completions/virtform && complete -p virtform' || fail "no completion for bash"
[ -s /usr/share/zsh/vendor-completions/_virtform ] || fail "no completion for zsh"
[ -s /usr/share/fish/vendor_completions.d/virtform.fish ] || fail "no completion for fish"
apt-get remove -y -qq virtform >/dev/null
[ ! -e /usr/bin/virtform ] || fail "it stays when it is removed"
EOF

# The hook's own words are for the shell that runs it.
# shellcheck disable=SC2016
mmdebstrap --variant=minbase --customize-hook="copy-in $deb $work/check /root" \
    --customize-hook='chroot "$1" sh -ec "apt-get install -y -qq --no-install-recommends /root/*.deb >/dev/null; sh /root/check"' \
    --format=null bookworm /dev/null
echo "The package installs, runs and goes in a clean Debian."
