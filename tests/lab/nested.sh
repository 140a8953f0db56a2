# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots a nested host with the machine's root read-only in it, has one command run there, and ends
# it.

NESTED_BOOT_S=120
NESTED_LOST_MAX=2
NESTED_PLAIN=(64M 16M 8M)
# id:vectors, peers of each other; more vectors than two processors have are to be lived without
NESTED_DOORBELLS=(7:4 8:1 300:64 9:2048)
EXIT_NO_BOOT=120
EXIT_DIED=121
EXIT_TOO_MANY_LOST=122

# qemu_wrapper NAME COMPONENT: a QEMU runs from where it was unpacked, with its own libraries;
# nobody else sees those.
qemu_wrapper()
{
	local wrapper=$LAB_DIR/bin/$1

	mkdir -p "$LAB_DIR/bin"
	cat >"$wrapper.$$" <<-EOF
		#!/bin/sh
		root=\$(dirname "\$(readlink -f "\$0")")/../root-$2
	EOF
	cat >>"$wrapper.$$" <<-'EOF'
		LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
		QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu
		export LD_LIBRARY_PATH QEMU_MODULE_DIR
		exec "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" \
			-L "$root/usr/share/seabios" -L "$root/usr/lib/ipxe/qemu" "$@"
	EOF
	chmod 755 "$wrapper.$$"
	mv "$wrapper.$$" "$wrapper"
}

# KVM where this machine can nest, emulation otherwise; LAB_ACCEL says it by hand.
nested_accel()
{
	local flags module

	if [[ -n ${LAB_ACCEL:-} ]]; then
		printf '%s\n' "$LAB_ACCEL"
		return
	fi
	flags=$(grep -m1 '^flags' /proc/cpuinfo)
	case " $flags " in
	*' svm '*) module=kvm_amd ;;
	*' vmx '*) module=kvm_intel ;;
	*) module=none ;;
	esac
	if [[ -w /dev/kvm ]] && grep -qsE '^(Y|1)' "/sys/module/$module/parameters/nested"; then
		echo kvm
	else
		echo tcg
	fi
}

nested_accel_options()
{
	case $(nested_accel) in
	kvm) printf '%s\n' -accel kvm -cpu host ;;
	tcg) printf '%s\n' -accel tcg,thread=multi -cpu max,-la57,-pku ;;
	*) die "LAB_ACCEL=$LAB_ACCEL is neither kvm nor tcg" ;;
	esac
}

# An emulator works off `rep movsb` and `rep stosb` byte by byte: a kernel that believes them to be
# fast takes two to three times as long to copy or clear a page.
nested_command_line()
{
	local version

	version=$(kernel_version "$nested_kernel")
	printf '%s ' console=ttyS0 panic=-1 mitigations=off tsc=reliable printk.time=1 \
		"lab.repo=$LAB_REPO" "lab.out=$nested_out" \
		"lab.modules=$LAB_DIR/root-$nested_kernel/lib/modules/$version"
	[[ $(nested_accel) == tcg ]] && printf 'no_timer_check clearcpuid=erms,fsrm '
	return 0
}

# nested_devices: QEMU's ivshmem devices, if they were asked for. Its firmware finds a place for
# them above 4 GiB only where there is RAM as well, and declares all below it uncached.
nested_devices()
{
	local size doorbell

	((nested_ivshmem)) || return 0
	printf '%s\n' -machine pc,max-ram-below-4g=1G
	for size in "${NESTED_PLAIN[@]}"; do
		printf '%s\n' -object "memory-backend-ram,id=m$size,size=$size,share=on" \
			-device "ivshmem-plain,memdev=m$size"
	done
	for doorbell in "${NESTED_DOORBELLS[@]}"; do
		printf '%s\n' -chardev "socket,id=peer${doorbell%:*},path=server" \
			-device "ivshmem-doorbell,chardev=peer${doorbell%:*},vectors=${doorbell#*:}"
	done
}

# nested_server: the server of those with interrupts; ends with the emulator.
nested_server()
{
	((nested_ivshmem)) || return 0
	program_build server
	rm -f "$nested_dir/server"
	(
		cd "$nested_dir" &&
			exec setsid setpriv --pdeathsig KILL "$LAB_DIR/bin/server" server \
				"${NESTED_DOORBELLS[@]}"
	) </dev/null >"$nested_out/nested-server.log" 2>&1 &
	until [[ -S $nested_dir/server ]]; do
		kill -0 $! 2>/dev/null ||
			die "the server ended: $(<"$nested_out/nested-server.log")"
		sleep 0.02
	done
}

# nested_start: starts the emulator in the background; its end of the control port is
# nested_dir/control.
nested_start()
{
	local accel devices initrd

	mapfile -t accel < <(nested_accel_options)
	mapfile -t devices < <(nested_devices)
	nested_server
	initrd=$(nested_initrd "$nested_kernel")
	rm -f "$nested_dir/control"
	cd "$nested_dir" || return
	setsid setpriv --pdeathsig KILL "$LAB_DIR/bin/qemu-system-x86_64" \
		-name lab -nodefaults -no-user-config -display none \
		-no-reboot -d cpu_reset "${accel[@]}" -m "$nested_mem" -smp "$nested_smp" \
		-kernel "$(kernel_image "$nested_kernel")" -initrd "$initrd" \
		-append "$(nested_command_line)" \
		-serial "file:$nested_out/nested-console.log" \
		-chardev socket,id=control,path=control,server=on,wait=off \
		-device virtio-serial-pci -device virtserialport,chardev=control,name=lab \
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		-fsdev "local,id=out,path=$nested_out,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=out,mount_tag=out "${devices[@]}" \
		</dev/null >"$nested_out/nested-qemu.log" 2>&1 &
	nested_pid=$!
	cd "$LAB_REPO" || return
}

nested_alive()
{
	[[ -n ${nested_pid:-} ]] && kill -0 "$nested_pid" 2>/dev/null
}

nested_stop()
{
	if nested_alive; then
		kill -KILL "$nested_pid"
	fi
	if [[ -n ${nested_pid:-} ]]; then
		wait "$nested_pid" 2>/dev/null || true
	fi
	nested_pid=
}

nested_cleanup()
{
	nested_stop
	rm -rf "$nested_dir"
	rmdir "$nested_out" 2>/dev/null || true
}

nested_saw_init()
{
	grep -aqs 'lab: init' "$nested_out/nested-console.log"
}

# Waits for the agent in slices, so that a dead emulator is noticed at once.
nested_wait_up()
{
	local end=$((SECONDS + NESTED_BOOT_S))

	while ((SECONDS < end)) && nested_alive; do
		[[ -S $nested_dir/control ]] && nested_exec 5 true 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}

nested_exec()
{
	(cd "$nested_dir" && "$LAB_DIR/bin/agent" exec control "$@")
}

nested_count_lost()
{
	echo "nested host, kernel $nested_kernel: $*" >>"$nested_out/lost"
	say "the emulator lost the nested host before its init; starting it once more"
}

nested_boot()
{
	local began=$EPOCHREALTIME

	progress "booting the nested host (Linux $(kernel_version "$nested_kernel")," \
		"$(nested_accel))"
	nested_start
	if ! nested_wait_up && ! nested_saw_init; then
		nested_stop
		nested_count_lost "no init within ${NESTED_BOOT_S}s"
		nested_start
		nested_wait_up || true
	fi
	if ! nested_alive || ! nested_exec 60 true 2>/dev/null; then
		say "the nested host did not come up; the end of $nested_out/nested-console.log:"
		tail -n 20 "$nested_out"/nested-qemu.log "$nested_out"/nested-console.log >&2
		return $EXIT_NO_BOOT
	fi
	progress "nested host is up after" \
		"$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }") s"
}

# A word for a POSIX shell.
quote()
{
	printf "'%s' " "${1//\'/\'\\\'\'}"
}

# nested_command WORD…: the shell command that runs WORD… as the tests expect to be run.
nested_command()
{
	local word path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

	printf 'cd %s && exec env ' "$(quote "$LAB_REPO")"
	for word in "LAB=1" "LAB_OUT=$nested_out" "LAB_KERNEL=$nested_kernel" \
		"LAB_ACCEL=$(nested_accel)" "HOME=/root" \
		"TERM=${TERM:-dumb}" \
		"PATH=$LAB_REPO/build/vmm:$LAB_DIR/bin:$path" \
		"$@"; do
		quote "$word"
	done
}

# nested_verdict STATUS: the run's status, which the emulator's losses may spoil; says what was
# lost.
nested_verdict()
{
	local lost=0

	[[ -s $nested_out/lost ]] && lost=$(wc -l <"$nested_out/lost")
	if ((lost)); then
		say "$lost lost by the emulator and started once more:"
		sed 's/^/lab:   /' "$nested_out/lost" >&2
	fi
	if (($1 == 0 && lost > NESTED_LOST_MAX)); then
		say "more than $NESTED_LOST_MAX were lost: this run proves nothing"
		return $EXIT_TOO_MANY_LOST
	fi
	return "$1"
}

# nested_cause: how the emulator came to end, as far as its own log tells; that has the registers of
# each processor at each reset, the first ones included.
nested_cause()
{
	if nested_alive; then
		echo "its emulator runs, but nothing answers"
	elif grep -qs '^Triple fault' "$nested_out/nested-qemu.log"; then
		echo "triple fault, see $nested_out/nested-qemu.log"
	else
		echo "without a triple fault"
	fi
}

# nested_died: tells a lost nested host from a command that ends with the agent's own statuses.
nested_died()
{
	sleep 0.2
	nested_alive && nested_exec 60 true 2>/dev/null && return 1
	say "the nested host died ($(nested_cause)); the end of $nested_out/nested-console.log:"
	tail -n 30 "$nested_out/nested-console.log" >&2
}

# nested_settle: the variables of a run, and what is left of it at its end.
nested_settle()
{
	nested_out=$(realpath -m "${nested_out:-$LAB_DIR/log/run-$$}")
	mkdir -p "$nested_out" "$LAB_DIR/run"
	rm -f "$nested_out/lost"
	find "$LAB_DIR/log" -mindepth 1 -maxdepth 1 -name 'run-*' -mtime +1 -exec rm -rf {} + \
		2>/dev/null || true
	nested_dir=$(mktemp -d "$LAB_DIR/run/XXXXXX")
	trap nested_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	fetch qemu "$nested_kernel"
	qemu_wrapper qemu-system-x86_64 qemu
	qemu_wrapper qemu-7.2 qemu-7.2
}

# Emulated CPUs now and then run an instruction of a kernel that another of them has patched since,
# and a kernel that starts and ends guests patches itself often: a nested host with guests has one.
nested_default_smp()
{
	[[ $(nested_accel) == kvm ]] && echo 2 || echo 1
}

nested_options()
{
	nested_kernel=6.12 nested_mem=3G nested_smp='' nested_timeout=600 nested_out=
	nested_ivshmem=0
	verbose=$([[ -t 2 ]] && echo 1 || echo 0)
	nested_words=0
	while (($#)); do
		case $1 in
		--kernel) nested_kernel=$2 ;;
		--mem) nested_mem=$2 ;;
		--smp) nested_smp=$2 ;;
		--timeout) nested_timeout=$2 ;;
		--out) nested_out=$2 ;;
		--ivshmem) nested_ivshmem=1; shift; nested_words=$((nested_words + 1)); continue ;;
		--verbose) verbose=1; shift; nested_words=$((nested_words + 1)); continue ;;
		--) nested_words=$((nested_words + 1)); break ;;
		-*) die "'$1' is not an option: see lab --help" ;;
		*) break ;;
		esac
		(($# > 1)) || die "$1 wants a value"
		shift 2
		nested_words=$((nested_words + 2))
	done
	need_kernel "$nested_kernel"
	nested_smp=${nested_smp:-$(nested_default_smp)}
}

progress()
{
	((verbose)) || return 0
	say "$@"
}

nested_run()
{
	local status=0

	nested_options "$@"
	shift "$nested_words"
	(($#)) || die "run: no command given"
	nested_settle
	nested_boot || return $EXIT_NO_BOOT
	# in the background, since a signal interrupts only the waiting for it
	nested_exec "$nested_timeout" "$(nested_command "$@")" &
	wait $! || status=$?
	if ((status == 124)); then
		say "not done in $nested_timeout s: $*"
	fi
	if ((status == 125 || status == 124)) && nested_died; then
		return $EXIT_DIED
	fi
	nested_verdict "$status"
}

nested_shell()
{
	local status=0

	nested_options "$@"
	[[ -t 0 ]] || die "shell: standard input is not a terminal"
	verbose=1
	nested_settle
	nested_boot || return $EXIT_NO_BOOT
	(cd "$nested_dir" && "$LAB_DIR/bin/agent" shell control \
		"$(nested_command bash --rcfile "$LAB_SRC/shell.rc" -i)") || status=$?
	return "$status"
}
