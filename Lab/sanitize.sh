#!/usr/bin/env bash
# Builds everything with one of the compiler's sanitizers and runs the tests that need no guests with it.
#
#   sanitize.sh address|thread
#
# The build lies beside the ordinary one. A report of the sanitizer is a failure, whatever the test says. The tally is for
# docs/reliability.md.
set -euo pipefail

kind=$1
case $kind in
    address)
        report='ERROR: (AddressSanitizer|LeakSanitizer)'
        filter=.
        ;;
    thread)
        report='WARNING: ThreadSanitizer'
        # The other modules start no threads and share nothing.
        filter='LibvirtTests|ApplierTests|DownloadsTests'
        ;;
    *) echo "sanitize.sh: address or thread" >&2; exit 64 ;;
esac

build=(--scratch-path ".build/$kind" --sanitize "$kind")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

swift build --quiet --build-tests "${build[@]}"
# What libvirt and libxml2 keep for as long as the process lives is no leak; what virtform leaks, reference counts tell.
status=0
ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=suppressions=$PWD/Lab/thread-sanitizer.supp \
    swift test --skip-build "${build[@]}" --filter "$filter" --skip 'EndToEndTests|DaemonTests|SoakTests' 2>&1 | tee "$log" || status=$?

tests=$(sed -nE 's/.*Test run with ([0-9]+) tests? .*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
reports=$(grep -cE "$report" "$log" || true)
echo "$tests tests with the $kind sanitizer: $reports reports"
if [[ -n ${VIRTFORM_TALLIES-} ]]; then
    mkdir -p "$VIRTFORM_TALLIES"
    cat >"$VIRTFORM_TALLIES/memory-and-threads-$kind.json" <<JSON
{"area": "Memory and threads", "fault": "a test under the $kind sanitizer", "tried": $tests,
 "survived": $((tests - reports)), "lost": 0, "command": "make sanitize SANITIZER=$kind"}
JSON
fi
((status == 0 && reports == 0))
