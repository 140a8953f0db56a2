#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian packages that building and testing need: says which are missing and installs them.
# DEPS=no leaves the machine as it is.
set -euo pipefail

# build: compiler, libraries, ACPI tables, man pages, modules
packages=(gcc libc6-dev liburcu-dev libpci-dev acpica-tools python3-docutils bc kmod libelf1)
packages+=(libxxhash-dev xz-utils)
# test: unit tests, what the lab's images are made of, what its guests run
packages+=(g++ libcmocka-dev busybox-static cpio zstd pciutils jq seabios z3 spin)
# `deps.sh lint`: more compilers and checkers; `deps.sh fuzz`: the compiler that has libFuzzer;
# `deps.sh bench`: who else does the same work, and what draws the pictures
case ${1-} in
fuzz) packages+=(clang libclang-rt-dev) ;;
lint) packages+=(clang libclang-rt-dev sparse shellcheck) ;;
bench) packages+=(qemu-system-x86 libunicorn-dev valgrind gnuplot-nox) ;;
esac

missing=()
for p in "${packages[@]}"; do
	dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${DEPS-yes}" = no ]; then
	echo "Debian packages that are missing, and not installed (DEPS=no): ${missing[*]}"
	exit 0
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: not root and no sudo: as root, run apt-get install ${missing[*]}" >&2
		exit 1
	fi
	sudo=(sudo)
fi
echo "Installing Debian packages: ${missing[*]} (DEPS=no skips this)"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Progress is a line a package; all else matters only when it fails.
apt() {
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o DPkg::Lock::Timeout=600 "$@" 2>&1 | tee -a "$log" |
		sed -un 's/^Get:[0-9]* .* amd64 \([^ ]*\) amd64 .* \(\[.*\]\)$/  fetching \1 \2/p'
}
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; }; then
	tail -n 20 "$log" >&2
	echo "deps: apt-get failed; install by hand: ${missing[*]}" >&2
	exit 1
fi
