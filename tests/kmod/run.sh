#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kmod tier, inside a nested host: every program of it; KTAP on standard output.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

programs=build/tests/kmod
export KMOD_BEGIN="begin $$"
kmod_unload
KMOD_SHMEM_BEFORE=$(kmod_shmem)
export KMOD_SHMEM_BEFORE
kmod_mark "$KMOD_BEGIN"
kmod_load || {
	echo "Bail out! $KMOD_FILE does not load"
	exit 1
}

ktap_programs $programs/create $programs/file $programs/map $programs/lifetime \
	$programs/permission $programs/ioctls $programs/plainfile $programs/client \
	$programs/join $programs/member_ioctls $programs/events $programs/doorbell \
	$programs/limits $programs/leave $programs/joins \
	tests/kmod/params.sh tests/kmod/sysfs.sh tests/kmod/tools.sh \
	tests/kmod/ivshmemctl.sh tests/kmod/peers.sh tests/kmod/serve.sh tests/kmod/pci.sh \
	$programs/stress $programs/member_stress \
	tests/kmod/end.sh
