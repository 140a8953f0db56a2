// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl ring: raises a doorbell of a peer, from a host or in a guest. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "ctl/device.h"
#include "ctl/option.h"
#include "hostmem/membership.h"
#include "hostmem/region.h"

#define VECTOR_MOST	65535

enum { RING_COUNT = CTL_LONG_OPTION };

static const struct option ring_options[] = {
	{ "count", required_argument, NULL, RING_COUNT },
	{}
};

/* Who is to be rung, and how often. */
struct ring {
	const char *where;		/* a region or a device */
	uint32_t peer, vector, count;
};

static enum ctl_status ring_explain(const struct ring *r, int code, struct error *err)
{
	switch (code) {
	case -ESRCH:
	case -ENOENT:
		error_set(err, code, "there is no peer %u of '%s': `ivshmemctl peers %s` shows who "
			  "is", r->peer, r->where, r->where);
		break;
	case -ENXIO:
		error_set(err, code, "peer %u of '%s' has no vector %u, or nothing waits for it: "
			  "`ivshmemctl peers %s` shows how many there are", r->peer, r->where,
			  r->vector, r->where);
		break;
	case -EPERM:
		error_set(err, code, "the region '%s' may only be read by you, and who only reads "
			  "rings nobody: its owner or root can grant more with chmod or chgrp",
			  r->where);
		break;
	default:
		error_set(err, code, "ringing peer %u of '%s', vector %u: %s", r->peer, r->where,
			  r->vector, strerror(-code));
	}
	return CTL_FAILED;
}

/* All for the one who has the id now. */
static int ring_member(const struct ring *r, const struct membership *m, int region_fd)
{
	struct ivshmem_peer_info info = { .peer = r->peer };
	int ret = membership_next_peer(region_fd, &info);
	uint32_t i;

	if (!ret && info.peer != r->peer)
		ret = -ENOENT;
	for (i = 0; i < r->count && !ret; i++)
		ret = membership_ring(m, r->peer, info.serial, r->vector);
	return ret;
}

static enum ctl_status ring_region(const struct ring *r, struct error *err)
{
	struct membership_request req = { .flags = IVSHMEM_JOIN_OBSERVE, .peer = IVSHMEM_PEER_ANY };
	struct membership m;
	struct region region;
	int ret;

	if (region_open(&region, r->where, false, err))
		return CTL_FAILED;
	ret = membership_join(&m, region.fd, r->where, &req, err);
	if (ret) {
		region_close(&region);
		return CTL_FAILED;
	}
	ret = ring_member(r, &m, region.fd);
	membership_leave(&m);
	region_close(&region);
	return ret ? ring_explain(r, ret, err) : CTL_OK;
}

/* A device that does not know its peers takes any. */
static bool ring_is_nobody(const struct ring *r, const struct device *d)
{
	struct ivshmem_peers peers = { .next = r->peer };
	int ret = device_peer(d, &peers);

	return ret == -ENOENT || (!ret && peers.next != r->peer);
}

static enum ctl_status ring_device(const struct ring *r, struct error *err)
{
	struct device d;
	uint32_t i;
	int ret;

	if (device_open(&d, r->where, true, err))
		return CTL_FAILED;
	if (ring_is_nobody(r, &d)) {
		device_close(&d);
		return ring_explain(r, -ESRCH, err);
	}
	ret = 0;
	for (i = 0; i < r->count && !ret; i++)
		ret = device_ring(&d, r->peer, r->vector, err);
	device_close(&d);
	return ret ? CTL_FAILED : CTL_OK;
}

static enum ctl_status ring_operands(int argc, char **argv, struct ring *r, struct error *err)
{
	enum ctl_status status;

	if (argc - optind != 3) {
		error_set(err, 0, "ring: the NAME of a region or a device, a PEER and a VECTOR are "
			  "wanted, such as `ivshmemctl ring alpha 1 0`");
		return CTL_USAGE;
	}
	r->where = argv[optind];
	status = option_number(argv[0], "PEER", argv[optind + 1], 0, IVSHMEM_PEERS_MAX - 1,
			       &r->peer, err);
	if (!status)
		status = option_number(argv[0], "VECTOR", argv[optind + 2], 0, VECTOR_MOST,
				       &r->vector, err);
	if (!status && !device_is_path(r->where) && region_name_check(r->where, err))
		status = CTL_USAGE;
	return status;
}

static enum ctl_status ring_run(int argc, char **argv, struct error *err)
{
	struct ring ring = { .count = 1 };
	enum ctl_status status;
	int option;

	while ((option = getopt_long(argc, argv, ":", ring_options, NULL)) != -1) {
		status = option == RING_COUNT ? option_number(argv[0], "--count", optarg, 1,
							      UINT32_MAX - 1, &ring.count, err) :
						ctl_bad_option(option, argv, err);
		if (status)
			return status;
	}
	status = ring_operands(argc, argv, &ring, err);
	if (status)
		return status;
	return device_is_path(ring.where) ? ring_device(&ring, err) : ring_region(&ring, err);
}

const struct ctl_command ctl_ring = {
	.name = "ring",
	.synopsis = "NAME|DEVICE PEER VECTOR [--count N]",
	.summary = "raises a doorbell of a peer",
	.help =
	"On a host of the region NAME; in a guest by the DEVICE, such as /dev/ivshmem0.\n\n"
	"  --count N  so many times (1); doorbells that nobody took yet are added up\n",
	.run = ring_run,
};
