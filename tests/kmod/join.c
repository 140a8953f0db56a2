// SPDX-License-Identifier: GPL-2.0-only
/* Joining a region: who gets which id, when it is free again, and who is listed. */
#include "member.h"

static int ids_go_round(void)
{
	int region = region_limited("round", 4, 0, 0, 0600), fds[4], again;
	uint32_t id, i;

	EXPECT(region >= 0);
	for (i = 0; i < 3; i++) {
		fds[i] = member_join_any(region, &id);
		EXPECT(fds[i] >= 0 && id == i);
	}
	close(fds[1]);
	fds[3] = member_join_any(region, &id);
	EXPECT(fds[3] >= 0 && id == 3);
	again = member_join_any(region, &id);
	EXPECT(again >= 0 && id == 1);
	EXPECT(member_count(region) == 4);
	close(again);
	close(fds[0]);
	close(fds[2]);
	again = member_join_any(region, &id);
	EXPECT(again >= 0 && id == 2);
	close(again);
	close(fds[3]);
	EXPECT(member_count(region) == 0);
	close(region);
	EXPECT(host_destroy("round") == 0);
	return 0;
}

static int wanted_ids(void)
{
	int region = region_limited("wanted", 100, 0, 0, 0600), fd, other;
	uint32_t id;

	fd = member_join(region, 99, 0);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(member_join(region, 99, 0), EBUSY);
	EXPECT_ERRNO(member_join(region, 100, 0), EINVAL);
	close(fd);
	fd = member_join(region, 99, 0);
	EXPECT(fd >= 0);
	close(fd);
	fd = member_join(region, 42, 0);
	other = member_join_any(region, &id);
	EXPECT(fd >= 0 && other >= 0 && id == 43);
	close(fd);
	close(other);
	close(region);
	EXPECT(host_destroy("wanted") == 0);
	return 0;
}

static int full_region(void)
{
	int region = region_limited("full", 2, 0, 0, 0600), a, b, c;
	uint32_t id;

	a = member_join(region, 0, 0);
	b = member_join(region, 1, 0);
	EXPECT(a >= 0 && b >= 0);
	member_drain(a);
	EXPECT_ERRNO(member_join_any(region, &id), ENOSPC);
	EXPECT_ERRNO(member_join(region, 1, 0), EBUSY);
	EXPECT(!member_readable(a, 0));
	c = member_observe(region);
	EXPECT(c >= 0);
	close(c);
	close(b);
	EXPECT(member_hears(a, IVSHMEM_EVENT_LEFT, 1));
	b = member_join_any(region, &id);
	EXPECT(b >= 0 && id == 1);
	close(a);
	close(b);
	close(region);
	EXPECT(host_destroy("full") == 0);
	return 0;
}

/* Somebody remembers the one that left: nobody else is given its id before that was read. */
static int remembered_ids(void)
{
	int region = region_limited("remembered", 4, 0, 0, 0600), watch, fd, next, last;
	uint32_t id;

	watch = member_observe(region);
	EXPECT(watch >= 0 && member_synced(watch));
	fd = member_join(region, 0, 0);
	EXPECT(fd >= 0);
	close(fd);
	EXPECT(member_count(region) == 0);
	EXPECT_ERRNO(member_next(region, 0, &(struct ivshmem_peer_info){}), ENOENT);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 0));
	fd = member_join(region, 2, 0);
	next = member_join_any(region, &id);
	EXPECT(fd >= 0 && next >= 0 && id == 3);
	last = member_join_any(region, &id);
	EXPECT(last >= 0 && id == 1);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 0));
	close(fd);
	fd = member_join_any(region, &id);
	EXPECT(fd >= 0 && id == 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 2));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 3));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 1));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 2));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 0));
	close(fd);
	close(next);
	close(last);
	close(watch);
	close(region);
	EXPECT(host_destroy("remembered") == 0);
	return 0;
}

/* The list, with one peer of this id, and another serial than @than. */
static bool told_anew(int fd, uint32_t peer, uint64_t than)
{
	struct ivshmem_event event;

	return member_hears(fd, IVSHMEM_EVENT_RESYNC, 0) && member_event(fd, &event) &&
	       event.type == IVSHMEM_EVENT_JOINED && event.peer == peer && event.serial > than &&
	       member_hears(fd, IVSHMEM_EVENT_SYNCED, 0) && !member_readable(fd, 0);
}

/* Who wants a certain id gets it. Only those are told anew who remember the one that had it. */
static int remembered_and_wanted(void)
{
	int region = region_limited("back", 10, 0, 0, 0600), asleep, awake, fd;
	struct ivshmem_event joined;

	asleep = member_observe(region);
	awake = member_observe(region);
	EXPECT(member_synced(asleep) && member_synced(awake));
	fd = member_join(region, 5, 0);
	EXPECT_ERRNO(member_join(region, 5, 0), EBUSY);
	EXPECT(member_event(asleep, &joined) && joined.type == IVSHMEM_EVENT_JOINED);
	close(fd);
	EXPECT(member_hears(awake, IVSHMEM_EVENT_JOINED, 5));
	EXPECT(member_hears(awake, IVSHMEM_EVENT_LEFT, 5));
	close(member_join(region, 6, 0));
	fd = member_join(region, 5, 0);
	EXPECT(fd >= 0);
	EXPECT(told_anew(asleep, 5, joined.serial));
	EXPECT(member_hears(awake, IVSHMEM_EVENT_JOINED, 6));
	EXPECT(member_hears(awake, IVSHMEM_EVENT_LEFT, 6));
	EXPECT(member_hears(awake, IVSHMEM_EVENT_JOINED, 5));
	EXPECT(!member_readable(awake, 0));
	close(fd);
	close(awake);
	close(asleep);
	close(region);
	EXPECT(host_destroy("back") == 0);
	return 0;
}

/* With the one that remembers, its memory goes. */
static int forgotten_with_the_reader(void)
{
	int region = region_limited("forgotten", 3, 0, 0, 0600), watch, fd;

	watch = member_observe(region);
	EXPECT(member_synced(watch));
	fd = member_join(region, 0, 0);
	close(fd);
	close(watch);
	fd = member_join(region, 0, 0);
	EXPECT(fd >= 0);
	close(fd);
	close(region);
	EXPECT(host_destroy("forgotten") == 0);
	return 0;
}

/* Who never reads keeps nobody out: it is told all anew. */
static int sleeper_keeps_nobody_out(void)
{
	int region = region_limited("sleeper", 2, 0, 0, 0600), watch, fd, i;
	uint32_t id;

	watch = member_observe(region);
	EXPECT(member_synced(watch));
	for (i = 0; i < 20; i++) {
		fd = member_join_any(region, &id);
		EXPECT(fd >= 0 && id < 2);
		close(fd);
	}
	fd = member_join(region, id ^ 1, 0);
	EXPECT(fd >= 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, id ^ 1));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_SYNCED, 0));
	EXPECT(!member_readable(watch, 0));
	close(fd);
	close(watch);
	close(region);
	EXPECT(host_destroy("sleeper") == 0);
	return 0;
}

static int serials_grow(void)
{
	int region = region_limited("serials", 0, 0, 0, 0600), i, fd;
	uint64_t last = 0;

	for (i = 0; i < 10; i++) {
		struct ivshmem_join join = {
			.flags = i % 2 ? IVSHMEM_JOIN_OBSERVE : 0, .peer = IVSHMEM_PEER_ANY,
		};

		fd = ioctl(region, IVSHMEM_JOIN, &join);
		EXPECT(fd >= 0 && join.serial > last);
		EXPECT((join.peer == IVSHMEM_PEER_ANY) == i % 2);
		EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
		last = join.serial;
		close(fd);
	}
	close(region);
	EXPECT(host_destroy("serials") == 0);
	return 0;
}

/* What an attribute of the region says, -1 for none. */
static int attribute(const char *region, const char *name)
{
	char path[128];
	int value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/ivshmem_region/%s/%s", region, name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%d", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

static int counted_in_sysfs(void)
{
	int region = region_limited("sysfs", 30, 20, 1000, 0600), fds[3], a, b;

	EXPECT(attribute("sysfs", "max_peers") == 30 && attribute("sysfs", "max_vectors") == 20);
	EXPECT(attribute("sysfs", "max_user_kb") == 1000);
	fds[0] = fds[2] = eventfd_new();
	fds[1] = -1;
	a = member_join_with(region, 1, fds, 3);
	b = member_join_with(region, 2, fds, 1);
	EXPECT(attribute("sysfs", "peers") == 2 && attribute("sysfs", "vectors") == 3);
	EXPECT(member_set_vector(a, 0, -1) == 0);
	EXPECT(attribute("sysfs", "vectors") == 2);
	close(a);
	EXPECT(attribute("sysfs", "peers") == 1 && attribute("sysfs", "vectors") == 1);
	close(b);
	EXPECT(attribute("sysfs", "peers") == 0 && attribute("sysfs", "vectors") == 0);
	close(fds[0]);
	close(region);
	EXPECT(host_destroy("sysfs") == 0);
	return 0;
}

static int listing(void)
{
	int region = region_limited("listing", 0, 0, 0, 0600), peers[3], fds[2], watch, i;
	struct ivshmem_peer_info info;

	fds[0] = eventfd_new();
	fds[1] = -1;
	watch = member_observe(region);
	for (i = 0; i < 3; i++)
		peers[i] = member_join_with(region, 100 * i + 7, fds, 2);
	for (i = 0; i < 3; i++) {
		EXPECT(member_next(region, i ? info.peer + 1 : 0, &info) == 0);
		EXPECT(info.peer == 100u * i + 7 && info.vectors == 2 && info.attached == 1);
		EXPECT(info.uid == geteuid() && info.pid == (uint32_t)getpid() && info.serial);
	}
	EXPECT_ERRNO(member_next(region, info.peer + 1, &info), ENOENT);
	EXPECT_ERRNO(member_next(region, UINT32_MAX, &info), ENOENT);
	EXPECT(member_count(region) == 3);
	for (i = 0; i < 3; i++)
		close(peers[i]);
	EXPECT_ERRNO(member_next(region, 0, &info), ENOENT);
	close(watch);
	close(fds[0]);
	close(region);
	EXPECT(host_destroy("listing") == 0);
	return 0;
}

/* The process that joined is gone, its descriptor is not: its number may be another's now. */
static int gone_process_has_no_pid(void)
{
	int region = region_limited("orphan", 0, 0, 0, 0600), to_child[2], told[2], status;
	struct ivshmem_peer_info info;
	pid_t joiner, holder = 0;
	char c;

	EXPECT(pipe(to_child) == 0 && pipe(told) == 0);
	fflush(stdout);
	joiner = fork();
	if (!joiner) {
		int fd = member_join(region, 0, 0);

		if (fd < 0)
			_exit(1);
		holder = fork();
		if (holder)
			_exit(holder < 0);
		close(to_child[1]);
		_exit(write(told[1], "r", 1) != 1 || read(to_child[0], &c, 1) != 0);
	}
	EXPECT(waitpid(joiner, &status, 0) == joiner && status == 0);
	EXPECT(read(told[0], &c, 1) == 1);
	EXPECT(member_next(region, 0, &info) == 0 && info.pid == 0);
	close(to_child[0]);
	close(to_child[1]);
	close(told[1]);
	EXPECT(read(told[0], &c, 1) == 0);
	EXPECT(member_count(region) == 0);
	close(told[0]);
	close(region);
	EXPECT(host_destroy("orphan") == 0);
	return 0;
}

/* A region that lost its name goes on for those who have it open. */
static int destroyed_region(void)
{
	int region = region_limited("nameless", 0, 0, 0, 0600), a, b, bell = eventfd_new();

	a = member_join_with(region, 1, &bell, 1);
	EXPECT(a >= 0 && member_synced(a));
	EXPECT(host_destroy("nameless") == 0);
	b = member_join(region, 2, 0);
	EXPECT(b >= 0);
	close(region);
	EXPECT(member_hears(a, IVSHMEM_EVENT_JOINED, 2));
	EXPECT(member_ring(b, 1, 0) == 0 && eventfd_count(bell) == 1);
	close(b);
	EXPECT(member_hears(a, IVSHMEM_EVENT_LEFT, 2));
	close(a);
	close(bell);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "ids are handed out in turn, as process ids are", ids_go_round },
	{ "a wanted id, free, taken, and beyond the limit", wanted_ids },
	{ "a full region takes nobody in, and those in it don't notice", full_region },
	{ "an id is not given again while somebody has to hear of its end", remembered_ids },
	{ "unless it is wanted: who has to hear of that is told anew", remembered_and_wanted },
	{ "who remembered and left keeps no id", forgotten_with_the_reader },
	{ "a reader that never reads keeps nobody out", sleeper_keeps_nobody_out },
	{ "serials grow; observers have no id; exec closes", serials_grow },
	{ "the living are listed", listing },
	{ "and counted in sysfs", counted_in_sysfs },
	{ "a process that is gone has no pid", gone_process_has_no_pid },
	{ "a membership outlives the region's name", destroyed_region },
};

KTAP_MAIN(cases)
