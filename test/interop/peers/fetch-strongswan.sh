#!/usr/bin/env bash
# Unpacks Debian's strongSwan into DIR without installing it: it and libreswan both own /usr/sbin/ipsec.
set -euo pipefail
dir=${1:?usage: fetch-strongswan.sh DIR}
[ -x "$dir/usr/lib/ipsec/charon" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work" "$dir.$$"' EXIT
chmod 755 "$work"
mkdir -p "$dir.$$"
packages=(
  libstrongswan libstrongswan-standard-plugins libstrongswan-extra-plugins strongswan-libcharon
  libcharon-extauth-plugins libcharon-extra-plugins strongswan-charon strongswan-swanctl
)
(cd "$work" && apt-get -q download "${packages[@]}")
for package in "$work"/*.deb; do dpkg -x "$package" "$dir.$$"; done
# Another run may have been faster.
[ -x "$dir/usr/lib/ipsec/charon" ] || { rm -rf "$dir"; mv "$dir.$$" "$dir"; }
