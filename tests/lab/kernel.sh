# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The unpacked kernels: their names, images, headers and modules.

# kernel_version 6.1|6.12: what `uname -r` says in it.
kernel_version()
{
	cat "$LAB_DIR/root-$1/version"
}

kernel_image()
{
	printf '%s\n' "$LAB_DIR/root-$1/boot/vmlinuz-$(kernel_version "$1")"
}

kernel_headers()
{
	printf '%s\n' "$LAB_DIR/root-$1/usr/src/linux-headers-$(kernel_version "$1")"
}

# kernel_modules VERSION NAME…: the files of the modules and of all they need, in the order in which
# they load. A name that is built into this kernel has no file.
kernel_modules()
{
	local base name

	base=$LAB_DIR/root-$1/lib/modules/$(kernel_version "$1")
	shift
	for name in "$@"; do
		sed -nE "s|^(([^:]*/)?${name//_/[-_]}\.ko(\.xz)?):(.*)|\1 \4|p" \
			"$base/modules.dep" | tr ' ' '\n' | sed '/^$/d' | tac
	done | awk -v base="$base" '!seen[$0]++ { print base "/" $0 }'
}
