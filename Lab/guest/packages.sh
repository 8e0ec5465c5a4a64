# shellcheck shell=bash
# Fetches Debian packages into a cache directory and unpacks them without installing. Sourced.

cache=${VF_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virtform-lab}

# Prints "PACKAGE FILE" for each package: apt's candidate, or the newest file in the cache where apt
# knows none (no package lists, no network).
resolve_packages() {
    local package file uris
    uris=$(apt-get download --print-uris "$@" 2>/dev/null) || uris=
    for package in "$@"; do
        file=$(awk -v name="${package}_" 'index($2, name) == 1 { print $2; exit }' <<<"$uris")
        if [[ -z $file ]]; then
            file=$(cd "$cache" && find . -maxdepth 1 -name "${package}_*.deb" -printf '%f\n' | sort -V | tail -n 1)
        fi
        [[ -n $file ]] || { echo "no candidate for $package; run apt-get update" >&2; return 1; }
        echo "${file%%_*} $file"
    done
}

# unpack_package PACKAGE FILE DIRECTORY
unpack_package() {
    local partial
    if [[ ! -f $cache/$2 ]]; then
        partial=$(mktemp -d "$cache/.download.XXXXXX")
        # As root, apt would drop to a user who may not write here.
        (cd "$partial" && apt-get -qq -o APT::Sandbox::User=root download "$1") || { rm -rf "$partial"; return 1; }
        mv -f "$partial/$2" "$cache/$2"
        rm -rf "$partial"
    fi
    mkdir -p "$3"
    dpkg-deb -x "$cache/$2" "$3"
}
