# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An apt of the lab's own: its sources, lists, cache and package state live under build/lab/apt. The
# machine lends its mirror, its proxies, its credentials and its keyring, and is not changed.

APT_DIR=$LAB_DIR/apt
APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
APT_FALLBACK=http://deb.debian.org

# apt_machine_uri SUITE: where the machine itself gets SUITE from, empty when it does not.
apt_machine_uri()
{
	apt-get --print-uris update 2>/dev/null |
		sed -n "s|^'\(.*\)/dists/$1/InRelease' .*|\1|p" | sed -n 1p
}

# The machine's backports come from wherever its bookworm does, unless it says otherwise.
apt_write_sources()
{
	local main security backports suite uri

	main=$(apt_machine_uri bookworm)
	main=${LAB_MIRROR:-${main:-$APT_FALLBACK/debian}}
	security=$(apt_machine_uri bookworm-security)
	security=${security:-$APT_FALLBACK/debian-security}
	backports=$(apt_machine_uri bookworm-backports)
	backports=${LAB_MIRROR:-${backports:-$main}}
	for suite in "bookworm $main" "bookworm-updates $main" \
		"bookworm-security $security" "bookworm-backports $backports"; do
		uri=${suite#* }
		printf 'deb [signed-by=%s] %s %s main\n' "$APT_KEYRING" "$uri" "${suite%% *}"
	done >"$APT_DIR/sources.list"
}

# Only the emulator is taken from backports by itself; kernels are asked for by their suite.
apt_write_preferences()
{
	cat >"$APT_DIR/preferences" <<-EOF
		Package: qemu-system-x86 qemu-system-common qemu-system-data seabios
		Pin: release n=bookworm-backports
		Pin-Priority: 990
	EOF
}

# How the machine reaches its mirrors (proxies, certificates, retries) holds for the lab too; what
# would loosen the checks of signatures does not.
apt_write_config()
{
	{
		apt-config dump | grep '^Acquire::' |
			grep -vE '^Acquire::(Allow|IndexTargets|cdrom)'
		cat <<-EOF
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$APT_DIR/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "$APT_DIR/preferences";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::State "$APT_DIR/state";
			Dir::State::status "$APT_DIR/state/status";
			Dir::Cache "$APT_DIR/cache";
			APT::Architecture "amd64";
			APT::Architectures "amd64";
			APT::Install-Recommends "false";
			APT::Sandbox::User "root";
		EOF
	} >"$APT_DIR/apt.conf"
}

apt_setup()
{
	command -v apt-get >/dev/null ||
		die "apt-get is missing: the lab's parts are Debian packages"
	[[ -r $APT_KEYRING ]] || die "$APT_KEYRING is missing: install debian-archive-keyring"
	mkdir -p "$APT_DIR"/{state/lists/partial,cache/archives/partial,debs}
	: >"$APT_DIR/state/status"
	apt_write_config
	apt_write_sources
	apt_write_preferences
}

# apt COMMAND…: apt-get or apt-cache with the lab's configuration.
apt_lab()
{
	APT_CONFIG=$APT_DIR/apt.conf LC_ALL=C "$@"
}

# A list that is a day old is asked for again; without a network the one at hand has to do.
apt_update()
{
	local stamp=$APT_DIR/updated

	[[ -n $(find "$stamp" -mmin -1440 2>/dev/null) ]] && return 0
	say "reading the package lists of $(
		awk '{print $3}' "$APT_DIR/sources.list" | sort -u | paste -sd' '
	)"
	if apt_lab apt-get -q update >"$APT_DIR/update.log" 2>&1 &&
		! grep -qE '^(Err|E:|W: Failed)' "$APT_DIR/update.log"; then
		touch "$stamp"
	elif [[ -e $stamp ]]; then
		say "no mirror answers; going on with the lists of $(date -r "$stamp" +%F)"
	else
		tail -5 "$APT_DIR/update.log" >&2
		die "the package lists can't be read: check the network, or set LAB_MIRROR=URI"
	fi
}

# apt_plan PATTERN ARGUMENTS…: name=version of each package that `apt-get install ARGUMENTS` brings
# on an empty machine and whose name matches PATTERN.
apt_plan()
{
	local pattern=$1

	shift
	apt_lab apt-get -s install "$@" >"$APT_DIR/plan.log" 2>&1 || {
		tail -5 "$APT_DIR/plan.log" >&2
		die "apt finds no way to get $*: remove $APT_DIR/updated and try again"
	}
	sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' "$APT_DIR/plan.log" | grep -E "$pattern"
}

# apt_file NAME=VERSION: the file apt keeps that package in, if it has arrived.
apt_file()
{
	local version=${1#*=}

	find "$APT_DIR/debs" -name "${1%%=*}_${version//:/%3a}_*.deb" -size +0
}

# apt_download COMPONENT NAME=VERSION…: fetches the packages into $APT_DIR/debs, checked by apt, and
# tells each arrival.
apt_download()
{
	local component=$1 count=0 word name version size package

	shift
	while read -r word _ _ _ name _ version size; do
		[[ $word == Get:* ]] || continue
		count=$((count + 1))
		say "$component: package $count of $#, $name $version $size"
	done < <(cd "$APT_DIR/debs" && apt_lab apt-get -q download "$@" 2>"$APT_DIR/download.log")
	for package in "$@"; do
		[[ -n $(apt_file "$package") ]] && continue
		tail -5 "$APT_DIR/download.log" >&2
		die "$component: $package did not arrive: check the network, set" \
			"LAB_MIRROR=URI, or remove $APT_DIR/updated"
	done
}
