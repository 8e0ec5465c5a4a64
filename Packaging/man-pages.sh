#!/usr/bin/env bash
# Writes virtform.1 and a page for each of its commands, such as virtform-plan.1, from what the program says of itself.
#
#   man-pages.sh PROGRAM OUTDIR
#
# Needs help2man.
set -euo pipefail

program=${1:?usage: man-pages.sh PROGRAM OUTDIR}
out=${2:?usage: man-pages.sh PROGRAM OUTDIR}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$("$program" --version)

# help2man asks a program for --help and --version; it knows nothing of commands, and its words differ.
page() {
    local name=$1 summary=$2
    shift 2
    cat >"$work/$name" <<EOF
#!/bin/sh
case \$1 in
--version) echo "$name $version" ;;
*) "$program" $* --help | sed -e '/^OVERVIEW: /d' -e 's/^USAGE: /Usage: /' ;;
esac
EOF
    chmod +x "$work/$name"
    help2man --no-info --section 1 --source "virtform $version" --manual "User Commands" --name "$summary" \
        --output "$out/$name.1" "$work/$name"
}

commands() { "$program" --help | sed -n '/^SUBCOMMANDS:/,$ s/^  \([a-z][a-z-]*\) .*/\1/p'; }
summary() { "$program" "$1" --help | sed -n 's/^OVERVIEW: //p' | head -n 1; }

page virtform "keeps virtual machines as a YAML spec describes them"
for command in $(commands); do
    page "virtform-$command" "$(summary "$command")" "$command"
done
