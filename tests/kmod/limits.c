// SPDX-License-Identifier: GPL-2.0-only
/* How much of a region one user gets: peers, vectors, kernel memory, descriptors. */
#include <sys/resource.h>

#include "member.h"

#define ALICE	1234
#define BOB	2345
#define FDS_MAX	4096
#define ROOM	64		/* eventfds that cost more than a membership */

/* Joins until it is refused; how many there are, and with which errno it ended. */
static int join_until_refused(int region, uint32_t vectors, const int *fds, int *error)
{
	int n;

	for (n = 0; n < FDS_MAX; n++)
		if (member_join_with(region, IVSHMEM_PEER_ANY, fds, vectors) < 0)
			break;
	*error = n < FDS_MAX ? errno : 0;
	return n;
}

static int descriptors_allowed(rlim_t n)
{
	struct rlimit limit = { n, n };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int of_region(void)
{
	struct ivshmem_region_info info;
	int region = region_limited("limited", 7, 3, 999, 0600), fd;

	EXPECT(host_info(region, &info) == 0);
	EXPECT(info.max_peers == 7 && info.max_vectors == 3 && info.max_user_kb == 999);
	EXPECT_ERRNO(member_join(region, 0, 4), EINVAL);
	EXPECT_ERRNO(member_join(region, 7, 0), EINVAL);
	fd = member_join(region, 6, 3);
	EXPECT(fd >= 0);
	close(fd);
	close(region);
	EXPECT(host_find("limited", &info) && info.max_peers == 7);
	EXPECT(host_destroy("limited") == 0);
	return 0;
}

static int of_module(void)
{
	struct ivshmem_region_info info;
	int region = region_limited("default", 0, 0, 0, 0600);

	EXPECT(host_info(region, &info) == 0);
	EXPECT(info.max_peers == IVSHMEM_PEERS_MAX && info.max_vectors == IVSHMEM_VECTORS_MAX);
	EXPECT(info.max_user_kb == 16384);
	close(region);
	EXPECT(host_destroy("default") == 0);
	return 0;
}

static int beyond_what_can_be(void)
{
	EXPECT_ERRNO(region_limited("beyond", IVSHMEM_PEERS_MAX + 1, 0, 0, 0600), EINVAL);
	EXPECT_ERRNO(region_limited("beyond", 0, IVSHMEM_VECTORS_MAX + 1, 0, 0600), EINVAL);
	EXPECT_ERRNO(region_limited("beyond", UINT32_MAX, 0, 0, 0600), EINVAL);
	EXPECT(!host_node_exists("beyond"));
	EXPECT(close(region_limited("beyond", IVSHMEM_PEERS_MAX, IVSHMEM_VECTORS_MAX, UINT32_MAX,
				    0600)) == 0);
	EXPECT(host_destroy("beyond") == 0);
	return 0;
}

/* All ids of the largest region, and not one more. */
static int all_ids(void)
{
	int region = region_limited("all", 1000, 0, 0, 0600), error;

	EXPECT(descriptors_allowed(FDS_MAX) == 0);
	EXPECT(join_until_refused(region, 0, NULL, &error) == 1000 && error == ENOSPC);
	EXPECT(member_count(region) == 1000);
	EXPECT(close_range(region + 1, ~0u, 0) == 0);
	EXPECT(member_count(region) == 0);
	close(region);
	EXPECT(host_destroy("all") == 0);
	return 0;
}

static int as_alice(void)
{
	int region = host_open("shared", O_RDWR), error, first, fd, bell = eventfd_new();

	EXPECT(region >= 0 && descriptors_allowed(FDS_MAX) == 0);
	first = member_join(region, 9999, 500);
	EXPECT(first >= 0);
	EXPECT(join_until_refused(region, 0, NULL, &error) > 5);
	EXPECT(error == EMFILE);
	EXPECT_ERRNO(member_observe(region), EMFILE);
	/* What is left is less than a membership; eventfds use it up. */
	for (fd = 0; fd < 500; fd++)
		if (member_set_vector(first, fd, bell))
			break;
	EXPECT(fd < ROOM);
	EXPECT_ERRNO(member_set_vector(first, fd, bell), EMFILE);
	EXPECT(member_set_vector(first, 0, -1) == 0);
	EXPECT(member_set_vector(first, fd, bell) == 0);
	EXPECT_ERRNO(member_set_vector(first, 0, bell), EMFILE);
	EXPECT(member_set_vector(first, fd, bell) == 0);	/* in its own place */
	EXPECT(member_ring(first, 9999, fd) == 0 && eventfd_count(bell) == 1);
	return 0;
}

static int as_bob(void)
{
	int region = host_open("shared", O_RDWR), error, stays = member_observe(region), fd, i;

	EXPECT(region >= 0 && stays >= 0 && descriptors_allowed(FDS_MAX) == 0);
	for (i = 0; i < 100; i++) {	/* what each held comes back when it leaves */
		fd = member_join(region, IVSHMEM_PEER_ANY, 100);
		EXPECT(fd >= 0 && close(fd) == 0);
	}
	EXPECT(join_until_refused(region, 0, NULL, &error) > 5 && error == EMFILE);
	return 0;
}

/* A child as Alice, who holds all that she may until told, or until there is nobody to tell. */
static pid_t hold_as_alice(const int go[2])
{
	pid_t pid;
	char c;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int region = host_open("shared", O_RDWR), error;

		close(go[1]);
		if (setgid(ALICE) || setuid(ALICE) || descriptors_allowed(FDS_MAX))
			_exit(1);
		join_until_refused(region, 0, NULL, &error);
		_exit(error != EMFILE || read(go[0], &c, 1) != 1);
	}
	return pid;
}

static int memory_of_a_user(void)
{
	int region = region_limited("shared", 0, 0, 256, 0666), error, go[2], status;
	pid_t pid;

	EXPECT(region >= 0 && pipe(go) == 0);
	EXPECT_PASS(host_as_user(ALICE, ALICE, as_alice));
	EXPECT(member_count(region) == 0);
	EXPECT_PASS(host_as_user(ALICE, ALICE, as_alice));	/* all of it came back */
	pid = hold_as_alice(go);
	EXPECT(pid > 0);
	EXPECT_PASS(host_as_user(BOB, BOB, as_bob));
	EXPECT(write(go[1], "g", 1) == 1);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	/* CAP_SYS_RESOURCE goes beyond. */
	EXPECT(join_until_refused(region, 0, NULL, &error) > 500 && error == EMFILE);
	EXPECT(close_range(go[1] + 1, ~0u, 0) == 0);
	close(go[0]);
	close(go[1]);
	close(region);
	EXPECT(host_destroy("shared") == 0);
	return 0;
}

/* Vectors alone, before any eventfd, cost as well. */
static int as_one_with_vectors(void)
{
	int region = host_open("vectors", O_RDWR), bell = eventfd_new(), fds[40], i, error;

	for (i = 0; i < 40; i++)
		fds[i] = bell;
	EXPECT_ERRNO(member_join(region, 0, 2048), EMFILE);
	EXPECT_ERRNO(member_join_with(region, 0, fds, 40), EMFILE);
	EXPECT(join_until_refused(region, 0, NULL, &error) == 1 && error == EMFILE);
	return 0;
}

static int vectors_cost(void)
{
	int region = region_limited("vectors", 0, 0, 24, 0666);

	EXPECT_PASS(host_as_user(ALICE, ALICE, as_one_with_vectors));
	EXPECT(member_count(region) == 0);
	close(region);
	EXPECT(host_destroy("vectors") == 0);
	return 0;
}

static int no_descriptors_left(void)
{
	int region = region_limited("descriptors", 4, 0, 0, 0600), bell = eventfd_new(), fd, spare;
	int watch = member_observe(region);
	struct rlimit old;

	fd = member_join_with(region, 0, &bell, 1);
	EXPECT(fd >= 0 && member_synced(watch));
	spare = dup(0);
	EXPECT(getrlimit(RLIMIT_NOFILE, &old) == 0);
	EXPECT(close(spare) == 0);
	EXPECT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ spare, old.rlim_max }) == 0);
	EXPECT_ERRNO(member_join(region, 1, 0), EMFILE);
	EXPECT_ERRNO(member_doorbell(fd, 0, 0), EMFILE);
	EXPECT(member_ring(fd, 0, 0) == 0);
	EXPECT(setrlimit(RLIMIT_NOFILE, &old) == 0);
	EXPECT(!member_readable(watch, 0));	/* nobody heard of those */
	EXPECT(member_count(region) == 1);
	spare = member_join(region, 1, 0);	/* the id was not lost */
	EXPECT(spare >= 0);
	close(spare);
	close(fd);
	close(watch);
	close(bell);
	close(region);
	EXPECT(host_destroy("descriptors") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a region's own limits", of_region },
	{ "the module's, where it has none", of_module },
	{ "limits beyond what can be", beyond_what_can_be },
	{ "1000 peers and not one more", all_ids },
	{ "a user's memory: not one's neighbour's, and all of it comes back", memory_of_a_user },
	{ "vectors and eventfds are counted", vectors_cost },
	{ "no descriptor left: nothing has happened", no_descriptors_left },
};

KTAP_MAIN(cases)
