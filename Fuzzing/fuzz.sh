#!/usr/bin/env bash
# Looks for inputs that break a reader, with libFuzzer, starting from the corpus of the target and from what earlier runs found.
#
#   fuzz.sh FUZZER TARGET SECONDS
#
# What it finds is in .lab/fuzz/TARGET: corpus/ and, if something broke, findings/.
set -euo pipefail

fuzzer=${1:?usage: fuzz.sh FUZZER TARGET SECONDS}
target=${2:?usage: fuzz.sh FUZZER TARGET SECONDS}
seconds=${3:?usage: fuzz.sh FUZZER TARGET SECONDS}
cd "$(dirname "$0")/.."
out=.lab/fuzz/$target
mkdir -p "$out/corpus" "$out/findings"
corpora=("$out/corpus" "Fuzzing/Corpora/$target")
words=$out/words
: >"$words"
case $target in
spec | yaml)
    corpora+=(examples)
    if [[ $target == yaml && -d .lab/yaml-test-suite/data ]]; then corpora+=(.lab/yaml-test-suite/data); fi
    # The language's own words, and what YAML has signs for.
    grep -oE '"[a-z][a-z_]*" ?:' docs/schemas/spec.schema.json | tr -d '": ' | sort -u | sed 's/.*/"&: "/' >"$words"
    printf '"%s"\n' ': ' '- ' '? ' '| ' '>-' '&a' '*a' '!!str' '<<: ' '---' '...' '%YAML 1.2' '\x22' "'" '#' '{' '}' '[' ']' ',' \
        '\xef\xbb\xbf' '\xc2\x85' '\xe2\x80\xa8' '\x0d\x0a' '\x09' "\${var." '4GiB' '99999999999999999999' 'count: 100000' \
        'default: ' 'vms: ' >>"$words"
    ;;
xml)
    corpora+=(docs)
    printf '"%s"\n' '<!DOCTYPE' '<!ENTITY' '<![CDATA[' ']]>' '<!--' '-->' '<?xml' '?>' '&#0;' '&#x' '&amp;' 'xmlns:a=\x22' '/>' '</' \
        '\xef\xbf\xbf' 'encoding=\x22UTF-16\x22' 'SYSTEM' >"$words"
    ;;
uri)
    printf '"%s"\n' 'qemu' '+ssh' '+libssh2' '+unix' '+tls' '+ext' 'xen' 'esx' 'vpx' '://' '/system' '?socket=' '&keyfile=' '&command=' \
        'no_verify=1' '[fd00::1' '%25' '@' ':22' >"$words"
    ;;
import)
    printf '"%s"\n' 'F{\x22resources\x22: [' 'H{\x22resource\x22: {' 'I' 'J{\x22disks\x22: [' 'L<Envelope' 'M' 'N' 'O' 'scsi0:0.fileName = ' \
        'ethernet0.' 'memsize = ' '.present = \x22TRUE\x22' 'disk = [' 'vif = [' 'phy:' 'libvirt_domain' '{{ ' ' }}' '{%' \
        '<rasd:ResourceType>' 'byte * 2^30' '|22' '99999999999999999999' '\x22' "'" >"$words"
    ;;
plan)
    grep -ohE '"[a-z_]+":' Fuzzing/Corpora/plan/* | sort -u | tr -d '":' | sed 's/.*/"\\x22&\\x22:"/' >"$words"
    ;;
esac
words=$(realpath "$words")

# A reader that takes seconds for 64 KiB, or a GiB of memory, is at fault, too.
# Swift's own look at a crash takes so long that it would pass for a hang.
SWIFT_BACKTRACE=enable=no VIRTFORM_FUZZ_TARGET=$target "$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
    -dict="$words" -artifact_prefix="$out/findings/" -print_final_stats=1 "${corpora[@]}"
