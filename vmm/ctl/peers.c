// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl peers: who is a peer, on a host and in a guest. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/device.h"
#include "ctl/names.h"
#include "ctl/watch.h"
#include "hostmem/membership.h"
#include "hostmem/region.h"
#include "json.h"

enum { PEERS_JSON = CTL_LONG_OPTION, PEERS_WATCH };

static const struct option peers_options[] = {
	{ "json", no_argument, NULL, PEERS_JSON },
	{ "watch", no_argument, NULL, PEERS_WATCH },
	{}
};

static void member_print(const struct ivshmem_peer_info *info)
{
	struct name_text command = name_of_process(info->pid);

	printf("%5" PRIu32 " %7" PRIu32 " %8" PRIu32 "  %-10s %8" PRIu32 "  %s\n", info->peer,
	       info->vectors, info->attached, name_of_user(info->uid).text, info->pid,
	       *command.text ? command.text : "-");
}

static void member_json(const struct ivshmem_peer_info *info)
{
	struct name_text command = name_of_process(info->pid);

	printf("{\"peer\": %" PRIu32 ", \"serial\": %" PRIu64 ", \"vectors\": %" PRIu32
	       ", \"attached\": %" PRIu32 ", \"uid\": %" PRIu32 ", \"user\": ", info->peer,
	       (uint64_t)info->serial, info->vectors, info->attached, info->uid);
	json_string(stdout, name_of_user(info->uid).text);
	printf(", \"pid\": %" PRIu32 ", \"command\": ", info->pid);
	json_string(stdout, *command.text ? command.text : NULL);
	putchar('}');
}

static int members_print(int region_fd, bool json)
{
	struct ivshmem_peer_info info = {};
	const char *separator = "\n\t";
	int ret;

	while (!(ret = membership_next_peer(region_fd, &info))) {
		if (json) {
			fputs(separator, stdout);
			member_json(&info);
		} else {
			member_print(&info);
		}
		separator = ",\n\t";
		info = (struct ivshmem_peer_info){ .peer = info.peer + 1 };
	}
	return ret == -ENOENT ? 0 : ret;
}

static enum ctl_status list_members(const char *name, bool json, struct error *err)
{
	struct region region;
	int ret;

	if (region_open(&region, name, true, err))
		return CTL_FAILED;
	if (json)
		printf("{\"region\": \"%s\", \"max_peers\": %" PRIu32 ", \"peers\": [", name,
		       region.info.max_peers);
	else
		printf("%5s %7s %8s  %-10s %8s  %s\n", "PEER", "VECTORS", "ATTACHED", "USER", "PID",
		       "COMMAND");
	ret = members_print(region.fd, json);
	if (json)
		puts("]}");
	region_close(&region);
	if (!ret)
		return CTL_OK;
	error_set(err, ret, "the peers of the region '%s': %s", name, ret == -ENOTTY ?
		  REGION_MODULE_OLD : strerror(-ret));
	return CTL_FAILED;
}

static void device_print(const struct device *d, const struct device_peers *peers)
{
	size_t i;

	printf("%5s %10s  %s\n", "PEER", "GENERATION", "WHO");
	for (i = 0; i < peers->count; i++)
		printf("%5" PRIu32 " %10" PRIu32 "  %s\n", peers->list[i].peer,
		       peers->list[i].generation,
		       peers->list[i].peer == d->info.position ? "oneself" : "another");
}

static void device_json(const struct device *d, const struct device_peers *peers)
{
	size_t i;

	fputs("{\"region\": ", stdout);
	json_string(stdout, peers->region);
	printf(", \"max_peers\": %" PRIu32 ", \"position\": %" PRIu32 ", \"peers\": [",
	       d->info.max_peers, d->info.position);
	for (i = 0; i < peers->count; i++)
		printf("%s\n\t{\"peer\": %" PRIu32 ", \"generation\": %" PRIu32 "}", i ? "," : "",
		       peers->list[i].peer, peers->list[i].generation);
	puts("]}");
}

static enum ctl_status list_device(const char *path, bool json, struct error *err)
{
	enum ctl_status status = CTL_FAILED;
	struct device_peers peers;
	struct device d;

	if (device_open(&d, path, false, err))
		return CTL_FAILED;
	if (!device_peers_read(&peers, &d, err)) {
		if (peers.known) {
			(json ? device_json : device_print)(&d, &peers);
			status = CTL_OK;
		} else {
			error_set(err, -EOPNOTSUPP, DEVICE_UNKNOWING, path);
		}
		device_peers_free(&peers);
	}
	device_close(&d);
	return status;
}

static enum ctl_status peers_options_parse(int argc, char **argv, bool *json, bool *watch,
					   struct error *err)
{
	int option;

	while ((option = getopt_long(argc, argv, ":", peers_options, NULL)) != -1) {
		if (option < CTL_LONG_OPTION)
			return ctl_bad_option(option, argv, err);
		*json |= option == PEERS_JSON;
		*watch |= option == PEERS_WATCH;
	}
	if (argc - optind != 1) {
		error_set(err, 0, "peers: the NAME of a region or a device is wanted, such as "
			  "`ivshmemctl peers alpha`");
		return CTL_USAGE;
	}
	if (device_is_path(argv[optind]) || !region_name_check(argv[optind], err))
		return CTL_OK;
	return CTL_USAGE;
}

static enum ctl_status peers_run(int argc, char **argv, struct error *err)
{
	bool json = false, watch = false;
	enum ctl_status status = peers_options_parse(argc, argv, &json, &watch, err);
	const char *where = argv[optind];

	if (status)
		return status;
	if (device_is_path(where))
		return (watch ? watch_device : list_device)(where, json, err);
	return (watch ? watch_region : list_members)(where, json, err);
}

const struct ctl_command ctl_peers = {
	.name = "peers",
	.synopsis = "NAME|DEVICE [--watch] [--json]",
	.summary = "shows who is a peer",
	.help =
	"On a host of the region NAME; in a guest by the DEVICE, such as /dev/ivshmem0.\n\n"
	"  --watch  go on, with a line for each that comes, goes or changes, until Ctrl-C\n"
	"  --json   for programs: an object; with --watch, one a line\n",
	.run = peers_run,
};
