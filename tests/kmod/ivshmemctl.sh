#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ivshmemctl: what it does, what it says, and its exit status.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

ctl=$(command -v ivshmemctl)

# says STATUS TEXT ARGUMENTS…: the status, and one line of standard error with TEXT in it.
says()
{
	local want=$1 text=$2

	shift 2
	run "$ctl" "$@"
	expect "status of ivshmemctl $*" "$want" "$status" || return
	[[ $output == ivshmemctl:*"$text"* ]] ||
		fail "ivshmemctl $* says '$output', expected '$text'" || return
	expect "lines of ivshmemctl $*" 1 "$(wc -l <<<"$output")"
}

# As the user nobody, with the program copied to where that one finds it.
says_nobody()
{
	local ctl="setpriv --reuid=65534 --regid=65534 --clear-groups $ctl" want=$1 text=$2

	shift 2
	# shellcheck disable=SC2086 # words are what it is made of
	run $ctl "$@"
	expect "status of ivshmemctl $*" "$want" "$status" || return
	[[ $output == ivshmemctl:*"$text"* ]] ||
		fail "ivshmemctl $* says '$output', expected '$text'"
}

create_and_destroy()
{
	ivshmemctl create one 64M --mode 0640 --owner daemon --group 3 &&
		expect node "640 daemon:sys" "$(stat -c '%a %U:%G' /dev/ivshmem/one)" &&
		ivshmemctl create --mode=0 two 8192 &&
		expect mode 0 "$(stat -c %a /dev/ivshmem/two)" &&
		ivshmemctl destroy one two && expect nodes control "$(ls /dev/ivshmem)"
}

limits()
{
	ivshmemctl create few 4k --peers 3 --vectors 4 --user-kb 500 &&
		expect limits "3 4 500" \
			"$(cat $KMOD_SYSFS/few/{max_peers,max_vectors,max_user_kb} | xargs)" &&
		ivshmemctl destroy few &&
		says 2 "--peers 0 is not a number of 1 to 65536" create x 4k --peers 0 &&
		says 2 "--peers 65537 is not a number" create x 4k --peers 65537 &&
		says 2 "--vectors 2049 is not a number of 1 to 2048" create x 4k --vectors=2049 &&
		says 2 "--user-kb -1 is not a number" create x 4k --user-kb=-1 &&
		says 2 "--user-kb 4G is not a number" create x 4k --user-kb 4G
}

table()
{
	ivshmemctl create shown 64M --mode 0604 --owner daemon --group 54321 && run ivshmemctl list
	ivshmemctl destroy shown
	grep -qE '^REGION +SIZE +MODE' <<<"$output" &&
		grep -qE '^shown +64M +0604 +daemon +54321 +0 +0 +0' <<<"$output" || fail "$output"
}

json()
{
	ivshmemctl create shown 64M && run ivshmemctl list --json
	ivshmemctl destroy shown
	python3 - "$output" <<-'END'
		import json, sys
		listing = json.loads(sys.argv[1])
		region, = listing["regions"]
		assert region["name"] == "shown" and region["size"] == 64 << 20, region
		assert region["mode"] == "0600", region
		assert region["uid"] == 0 and region["owner"] == "root", region
		assert region["users"] == 0 and region["allocated"] == 0, region
		assert region["abi"] >= 1, region
		assert listing["pci"] == [], listing
	END
}

empty()
{
	run ivshmemctl list
	expect status 0 $status && [[ $output == *"has no region"*"create NAME SIZE"* ]] ||
		fail "$output"
}

pci_only()
{
	run ivshmemctl list --pci
	expect status 0 $status && [[ $output == *"no ivshmem PCI device (1af4:1110)"* ]] ||
		fail "$output"
}

helps()
{
	local command

	for command in "" create destroy list; do
		# shellcheck disable=SC2086 # none or one word
		run ivshmemctl $command --help
		expect "status of help" 0 $status && [[ $output == *"ivshmemctl $command"* ]] ||
			fail "$output" || return
	done
	run ivshmemctl --version
	expect status 0 $status && [[ $output =~ ^ivshmemctl\ [0-9]+\.[0-9]+ ]] || fail "$output"
}

# What does not reach its reader is no success.
full_output()
{
	local words

	for words in --version --help "list --help" list "list --json"; do
		# shellcheck disable=SC2086 # one word or two
		output=$("$ctl" $words 2>&1 >/dev/full)
		expect "status of $words, the disk being full" 1 $? &&
			[[ $output == "ivshmemctl: writing to standard output: No space"* ]] ||
			fail "$words: $output" || return
	done
}

usage_errors()
{
	says 2 "the command is missing" && says 2 "'frob' is not a command" frob &&
		says 2 "a NAME and a SIZE are wanted" create x &&
		says 2 "a NAME and a SIZE" create x 4k y &&
		says 2 "'64Q' is not a size" create x 64Q &&
		says 2 "3M can't be the size" create x 3M &&
		says 2 "can't be the size" create x 0 && says 2 "can't be the size" create x 2k &&
		says 2 "'x/y' can't name a region" create x/y 4k &&
		says 2 "can't name" create .x 4k &&
		says 2 "can't name" create control 4k && says 2 "can't name" create "" 4k &&
		says 2 "can't name" create "$(printf 'n%.0s' {1..64})" 4k &&
		says 2 "--mode 999 is not of" create x 4k --mode 999 &&
		says 2 "--mode 1777 is not of" create x 4k --mode 1777 &&
		says 2 "there is no such user" create x 4k --owner no-such-user &&
		says 2 "there is no such group" create x 4k --group -1 &&
		says 2 "--foo is not known" create x 4k --foo &&
		says 2 "--mode wants a value" create x 4k --mode &&
		says 2 "the NAME of a region is wanted" destroy &&
		says 2 "can't name" destroy a/b &&
		says 2 "--foo is not known" destroy --foo && says 2 "one word too many" list x &&
		says 2 "-x is not known" list -x && says 2 "-x is not known" list -xyz &&
		says 2 "-x is not known" list --json -xyz &&
		says 2 "-m is not known" create x 4k -m 600 &&
		says 2 "--json takes no value; leave '=foo' out" list --json=foo &&
		says 2 "--foo=bar is not known" list --foo=bar
}

system_errors()
{
	ivshmemctl create there 4k &&
		says 1 "the region 'there' exists already: take another name, or free this one" \
			create there 4k &&
		says 1 "there is no region 'missing'" destroy missing &&
		says 1 "can hold" create x 4096T &&
		says_nobody 1 "no permission to write /dev/ivshmem/control: be root" create x 4k &&
		says_nobody 1 "no permission to write" destroy there && ivshmemctl destroy there
}

others_regions()
{
	chmod 0666 /dev/ivshmem/control && ivshmemctl create roots 4k &&
		says_nobody 1 "the region 'roots' is somebody else's" destroy roots &&
		says_nobody 1 "can't be given to user 0" create gift 4k --owner root &&
		ivshmemctl destroy roots
	local ret=$?
	chmod 0644 /dev/ivshmem/control
	return $ret
}

partly()
{
	ivshmemctl create a 4k && ivshmemctl create c 4k && run ivshmemctl destroy a b c
	expect status 1 "$status" && [[ $output == *"no region 'b'"* ]] &&
		expect nodes control "$(ls /dev/ivshmem)"
}

no_module()
{
	kmod_unload &&
		says 1 "the module ivshmem_host is not loaded" create x 4k &&
		[[ $output == *"modprobe ivshmem_host"* ]] &&
		says 1 "the module ivshmem_host is not loaded" destroy x &&
		says 1 "nothing to list" list &&
		run ivshmemctl list --json && expect status 0 "$status" &&
		[[ $output == *'"regions": null'* ]] &&
		kmod_load
}

# QEMU makes a plain file at such a path when the module is not loaded.
plain_file_in_the_way()
{
	kmod_unload && mkdir -p /dev/ivshmem && : >/dev/ivshmem/control || return
	says 1 "the module ivshmem_host is not loaded" create x 4k
	local ret=$?
	rm -r /dev/ivshmem
	kmod_load && return $ret
}

plain_file_in_a_regions_place()
{
	: >/dev/ivshmem/plain && says 1 "/dev/ivshmem/plain is in the way" create plain 4k
	local ret=$?
	rm /dev/ivshmem/plain
	[[ ! -e $KMOD_SYSFS/plain ]] && return $ret
}

completion()
{
	# shellcheck source=vmm/ctl/ivshmemctl.bash-completion
	. vmm/ctl/ivshmemctl.bash-completion
	ivshmemctl create completed 4k || return
	COMP_WORDS=(ivshmemctl destroy com) COMP_CWORD=2
	_ivshmemctl
	ivshmemctl destroy completed
	expect "completion of destroy" completed "${COMPREPLY[*]}" || return
	COMP_WORDS=(ivshmemctl cr) COMP_CWORD=1
	_ivshmemctl
	expect "completion of cr" create "${COMPREPLY[*]}"
}

ktap_main create_and_destroy "create with mode, owner and group; destroy" \
	limits "create with limits of its memberships" table "list for people" \
	json "list for programs" empty "list of no region" pci_only "list --pci" \
	helps "help and version" \
	full_output "output that can't be written" \
	usage_errors "a wrong command line: one line and status 2" \
	system_errors "a refusal: one line with the fix and status 1" \
	others_regions "somebody else's regions" partly "destroy of several goes on" \
	no_module "without the module" \
	plain_file_in_the_way "a plain file in the control device's place" \
	plain_file_in_a_regions_place "a plain file in a region's place" \
	completion "completion in bash"
