# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes the initial RAM disks of nested hosts and of guests, and the agent that goes into them. Each
# is kept under a name that is the digest of all that is in it, made again only when that changes,
# and dropped when unused for a day: a nested host that runs may still want it.

INITRD_DIR=$LAB_DIR/initrd
GUEST_MODULES=(uio_pci_generic)
NESTED_MODULES=(virtio_pci virtio_console 9pnet_virtio 9p overlay kvm-amd kvm-intel)

# program_build NAME: a static program of the lab's own, of all that is in the folder of its name.
program_build()
{
	local out=$LAB_DIR/bin/$1

	[[ -e $out && -z $(find "$LAB_SRC/$1" -newer "$out" -name '*.[ch]') ]] && return 0
	mkdir -p "$LAB_DIR/bin"
	"${CC:-gcc}" -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -O2 -static -o "$out.$$" \
		"$LAB_SRC/$1"/*.c
	mv "$out.$$" "$out"
}

# initrd_base ROOT INIT: what every RAM disk has: busybox under all its names, the agent, /init.
initrd_base()
{
	local root=$1 busybox=$LAB_DIR/root-busybox/bin/busybox name

	mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,root,lib/modules,lib64,mnt,modules}
	cp "$busybox" "$LAB_DIR/bin/agent" "$root/bin/"
	cp "$2" "$root/init"
	chmod 755 "$root/init"
	while read -r name; do
		[[ -e $root/bin/$name ]] || ln -s busybox "$root/bin/$name"
	done < <("$busybox" --list)
}

# initrd_module FOLDER FILE: a module of a kernel's, compressed or not.
initrd_module()
{
	local to

	to=$1/$(basename "$2" .xz)
	case $2 in
	*.xz) "$LAB_DIR/root-busybox/bin/busybox" xzcat "$2" >"$to" ;;
	*) cp "$2" "$to" ;;
	esac
}

# initrd_modules ROOT FILE…: the modules, and the order to load them in.
initrd_modules()
{
	local root=$1 file

	shift
	for file in "$@"; do
		initrd_module "$root/modules" "$file"
		basename "$file" .xz
	done >"$root/modules/order"
}

# initrd_program ROOT FILE: a program of this machine with the libraries it is linked to.
initrd_program()
{
	local root=$1 file=$2 library

	cp -L "$file" "$root/bin/"
	while read -r library; do
		mkdir -p "$root/$(dirname "$library")"
		cp -L "$library" "$root/$library"
	done < <(ldd "$file" 2>/dev/null | grep -oE '/[^ ]+')
}

# initrd_pack NAME MAKER INPUT…: prints the RAM disk's file; calls MAKER with an empty folder if the
# inputs, or the lab itself, are not what they were.
initrd_pack()
{
	local name=$1 maker=$2 digest out root

	shift 2
	digest=$(cat "$LAB_SRC"/initrd.sh "$LAB_SRC"/*-init "$LAB_DIR/bin/agent" "$@" | sha256sum)
	out=$INITRD_DIR/$name-${digest:0:16}.cpio
	if [[ ! -e $out ]]; then
		mkdir -p "$INITRD_DIR"
		root=$(mktemp -d "$INITRD_DIR/$name.XXXXXX")
		"$maker" "$root" "$@"
		(cd "$root" &&
			find . | LC_ALL=C sort |
				"$LAB_DIR/root-busybox/bin/busybox" cpio -o -H newc) \
			>"$out.$$" 2>/dev/null
		rm -rf "$root"
		mv "$out.$$" "$out"
	fi
	touch "$out"
	find "$INITRD_DIR" -name "$name-*.cpio" -mmin +1440 -delete
	printf '%s\n' "$out"
}

nested_initrd_make()
{
	initrd_base "$1" "$LAB_SRC/nested-init"
	cp "$2" "$1/"
	cp "$3" "$1/bin/"
	initrd_modules "$1" "${@:4}"
}

nested_initrd()
{
	local modules

	mapfile -t modules < <(kernel_modules "$1" "${NESTED_MODULES[@]}")
	program_build agent
	program_build keeper
	initrd_pack "nested-$1" nested_initrd_make "$LAB_SRC/nested-main" "$LAB_DIR/bin/keeper" \
		"${modules[@]}"
}

# What is built goes in: the guest driver for this kernel, ivshmemctl, and pciutils of this machine;
# and the driver that users of a device without one take.
guest_initrd_inputs()
{
	local file

	for file in "$LAB_REPO/build/kmod/$(kernel_version "$1")/ivshmem.ko" \
		"$LAB_REPO/build/vmm/ivshmemctl" \
		"$(PATH=$PATH:/sbin:/usr/sbin command -v setpci)" "$(command -v lspci)"; do
		[[ -e $file ]] && printf '%s\n' "$file"
	done
	kernel_modules "$1" "${GUEST_MODULES[@]}"
}

guest_initrd_make()
{
	local root=$1 file

	shift
	initrd_base "$root" "$LAB_SRC/guest-init"
	for file in "$@"; do
		case $file in
		*/ivshmem.ko) strip --strip-debug -o "$root/lib/modules/ivshmem.ko" "$file" ;;
		*.ko | *.ko.xz) initrd_module "$root/lib/modules" "$file" ;;
		*) initrd_program "$root" "$file" ;;
		esac
	done
}

# guest_initrd VERSION: makes it on the machine, before the nested host starts, which finds it
# through the link that this leaves.
guest_initrd()
{
	local inputs out

	command -v lspci >/dev/null || die "lspci is missing: install pciutils"
	mapfile -t inputs < <(guest_initrd_inputs "$1")
	program_build agent
	out=$(initrd_pack "guest-$1" guest_initrd_make "${inputs[@]}")
	ln -sfn "$(basename "$out")" "$INITRD_DIR/guest-$1"
	printf '%s\n' "$out"
}
