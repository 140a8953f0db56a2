# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab's parts: emulator, the QEMU that Debian 12 has for its guests, kernels with their headers,
# busybox. Each is a component: packages downloaded once and unpacked under
# build/lab/root-COMPONENT, never installed.

FETCH_COMPONENTS=(busybox qemu qemu-7.2 6.1 6.12)

# QEMU's shared libraries come with it, the C library does not: that one belongs to the dynamic
# linker of the machine.
fetch_plan_qemu()
{
	apt_plan '^(qemu-system-|seabios=|lib|zlib1g=|ipxe-qemu=)' "$@" qemu-system-x86 |
		grep -vE '^(libc6|libpam[^=]*)='
}

fetch_plan()
{
	case $1 in
	busybox)
		apt_plan '^busybox-static=' busybox-static ;;
	qemu)
		fetch_plan_qemu ;;
	qemu-7.2)
		fetch_plan_qemu -o Dir::Etc::preferences=/dev/null ;;
	6.1)
		apt_plan '^linux-(image|headers|kbuild|compiler)-' linux-image-amd64 \
			linux-headers-amd64 ;;
	6.12)
		apt_plan '^linux-(image|headers|kbuild|compiler)-' -t bookworm-backports \
			linux-image-amd64 linux-headers-amd64 ;;
	*)
		die "fetch: '$1' is not one of ${FETCH_COMPONENTS[*]}" ;;
	esac
}

fetch_unpack()
{
	local root=$1 package

	shift
	rm -rf "$root"
	mkdir -p "$root"
	for package in "$@"; do
		dpkg-deb -x "$(apt_file "$package")" "$root"
	done
}

# Headers packages name each other by absolute paths of an installed system; here they must work
# from wherever they were unpacked, or moved to.
fetch_mend_headers()
{
	local root=$1 version=$2 headers=$1/usr/src/linux-headers-$2
	local here='$(dir $(abspath $(lastword $(MAKEFILE_LIST))))'

	sed -i "s|^include .*/usr/src/|include $here../|" "$headers/Makefile"
	grep -q "MAKEFILE_LIST" "$headers/Makefile" ||
		die "$headers/Makefile includes nothing of its own: the packaging has changed"
	ln -sfn "../../../usr/src/linux-headers-$version" "$root/lib/modules/$version/build"
	ln -sfn "../../../usr/src/linux-headers-${version%-amd64}-common" \
		"$root/lib/modules/$version/source"
}

# The image package leaves modules.dep to its installation. The binary form, which modprobe reads,
# comes of kmod only; what the lab itself loads is found in the text.
fetch_mend_kernel()
{
	local root=$1 version

	version=$(basename "$root"/lib/modules/*)
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$version" 2>/dev/null ||
		"$LAB_DIR/root-busybox/bin/busybox" depmod -b "$root" "$version"
	fetch_mend_headers "$root" "$version"
	printf '%s\n' "$version" >"$root/version"
}

fetch_component()
{
	local component=$1 root=$LAB_DIR/root-$1 plan

	[[ -e $LAB_DIR/$component.fetched ]] && return 0
	apt_setup
	apt_update
	mapfile -t plan < <(fetch_plan "$component")
	((${#plan[@]})) || die "fetch: no package found for $component"
	apt_download "$component" "${plan[@]}"
	say "$component: unpacking ${#plan[@]} packages"
	fetch_unpack "$root" "${plan[@]}"
	[[ $component == 6.* ]] && fetch_mend_kernel "$root"
	printf '%s\n' "${plan[@]}" >"$LAB_DIR/$component.fetched"
}

# fetch [COMPONENT…]: what is there already costs nothing, and no network.
fetch()
{
	local component

	mkdir -p "$LAB_DIR"
	exec 9>"$LAB_DIR/fetch.lock"
	flock 9
	for component in busybox "${@:-${FETCH_COMPONENTS[@]}}"; do
		fetch_component "$component"
	done
	exec 9>&-
}
