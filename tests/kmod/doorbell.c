// SPDX-License-Identifier: GPL-2.0-only
/* Vectors: attached, looked up, raised; and by whom. */
#include <signal.h>

#include "member.h"

#define USER	1234

static int rings(void)
{
	int region = region_limited("rings", 0, 0, 0, 0600), a, b, fds[3], bell, i;

	for (i = 0; i < 3; i++)
		fds[i] = eventfd_new();
	a = member_join_with(region, 1, fds, 3);
	b = member_join(region, 2, 0);
	EXPECT(a >= 0 && b >= 0);
	for (i = 0; i < 3; i++) {
		EXPECT(member_ring(b, 1, i) == 0 && member_ring(b, 1, i) == 0);
		EXPECT(eventfd_count(fds[i]) == 2);
		bell = member_doorbell(b, 1, i);
		EXPECT(bell >= 0 && fcntl(bell, F_GETFD) == FD_CLOEXEC);
		EXPECT(eventfd_write(bell, 5) == 0);
		close(bell);
		EXPECT(eventfd_count(fds[i]) == 5);
	}
	EXPECT(member_ring(a, 1, 2) == 0 && eventfd_count(fds[2]) == 1);
	EXPECT(!eventfd_count(fds[0]) && !eventfd_count(fds[1]) && !eventfd_count(fds[2]));
	close(a);
	close(b);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	close(region);
	EXPECT(host_destroy("rings") == 0);
	return 0;
}

/* An eventfd that nobody empties takes no more; who rings does not wait for it. */
static int full_counter(void)
{
	int region = region_limited("counter", 0, 0, 0, 0600), bell = eventfd(0, EFD_CLOEXEC);
	int a = member_join_with(region, 1, &bell, 1);

	EXPECT(eventfd_write(bell, UINT64_MAX - 1) == 0);
	EXPECT(member_ring(a, 1, 0) == 0 && member_ring(a, 1, 0) == 0);
	close(a);
	close(bell);
	close(region);
	EXPECT(host_destroy("counter") == 0);
	return 0;
}

static int replaced(void)
{
	int region = region_limited("replaced", 0, 0, 0, 0600), old = eventfd_new();
	int new = eventfd_new(), a = member_join_with(region, 1, &old, 1);
	int b = member_join(region, 2, 0), bell = member_doorbell(b, 1, 0);
	struct ivshmem_peer_info info;

	EXPECT(bell >= 0);
	EXPECT(member_set_vector(a, 0, new) == 0);
	EXPECT(member_ring(b, 1, 0) == 0);
	EXPECT(eventfd_count(new) == 1 && eventfd_count(old) == 0);
	EXPECT(eventfd_write(bell, 1) == 0 && eventfd_count(old) == 1);
	EXPECT(member_set_vector(a, 0, -1) == 0);
	EXPECT_ERRNO(member_ring(b, 1, 0), ENXIO);
	EXPECT_ERRNO(member_doorbell(b, 1, 0), ENXIO);
	EXPECT(member_next(region, 1, &info) == 0 && info.attached == 0);
	EXPECT(member_set_vector(a, 0, old) == 0 && member_set_vector(a, 0, old) == 0);
	EXPECT(member_next(region, 1, &info) == 0 && info.attached == 1);
	close(old);			/* the kernel has its own */
	EXPECT(member_ring(b, 1, 0) == 0);
	EXPECT(eventfd_count(bell) == 1);
	close(a);
	EXPECT(eventfd_write(bell, 1) == 0);
	close(bell);
	close(new);
	close(b);
	close(region);
	EXPECT(host_destroy("replaced") == 0);
	return 0;
}

static int nobody_there(void)
{
	int region = region_limited("nobody", 0, 0, 0, 0600), bell = eventfd_new();
	int a = member_join_with(region, 1, &bell, 1), watch = member_observe(region), b;

	EXPECT_ERRNO(member_ring(a, 2, 0), ESRCH);
	EXPECT_ERRNO(member_ring(a, UINT32_MAX, 0), ESRCH);
	EXPECT_ERRNO(member_doorbell(a, 0, 0), ESRCH);
	EXPECT_ERRNO(member_ring(a, 1, 1), ENXIO);
	EXPECT_ERRNO(member_ring(a, 1, UINT32_MAX), ENXIO);
	EXPECT(member_synced(watch));
	EXPECT(member_ring(watch, 1, 0) == 0);	/* an observer may, too */
	b = member_join_with(region, 2, &bell, 1);
	EXPECT(member_ring(a, 2, 0) == 0);
	close(b);				/* remembered by watch, but not there */
	EXPECT_ERRNO(member_ring(a, 2, 0), ESRCH);
	EXPECT_ERRNO(member_doorbell(a, 2, 0), ESRCH);
	close(a);
	close(watch);
	close(bell);
	close(region);
	EXPECT(host_destroy("nobody") == 0);
	return 0;
}

/* Who has the id now need not be who was meant. */
static int serials_tell(void)
{
	int region = region_limited("serial", 0, 0, 0, 0600), bell = eventfd_new();
	struct ivshmem_doorbell req = { .peer = 1 };
	struct ivshmem_peer_info info;
	int a = member_join_with(region, 1, &bell, 1), b = member_observe(region);

	EXPECT(member_next(region, 1, &info) == 0);
	req.serial = info.serial;
	EXPECT(ioctl(b, IVSHMEM_PEER_RING, &req) == 0);
	close(a);
	a = member_join_with(region, 1, &bell, 1);
	EXPECT(a >= 0);
	EXPECT_ERRNO(ioctl(b, IVSHMEM_PEER_RING, &req), ESRCH);
	EXPECT_ERRNO(ioctl(b, IVSHMEM_GET_DOORBELL, &req), ESRCH);
	req.serial = 0;
	EXPECT(ioctl(b, IVSHMEM_PEER_RING, &req) == 0);
	EXPECT(eventfd_count(bell) == 2);
	close(a);
	close(b);
	close(bell);
	close(region);
	EXPECT(host_destroy("serial") == 0);
	return 0;
}

/* A member that may only read the region is a peer, but rings nobody else. */
static int as_reader(void)
{
	int region = host_open("readers", O_RDONLY), bell = eventfd_new(), fd, watch;
	struct ivshmem_doorbell bad = { .peer = 7, .reserved = 1 };
	struct ivshmem_doorbell older = { .peer = 7, .serial = 1 };
	struct ivshmem_event event;

	EXPECT(region >= 0);
	EXPECT_ERRNO(host_open("readers", O_RDWR), EACCES);
	fd = member_join_with(region, 7, &bell, 1);
	EXPECT(fd >= 0);
	EXPECT(member_event(fd, &event));
	EXPECT_ERRNO(member_ring(fd, 1, 0), EPERM);
	EXPECT_ERRNO(member_doorbell(fd, 1, 0), EPERM);
	EXPECT_ERRNO(member_ring(fd, 99, 0), EPERM);
	EXPECT_ERRNO(member_doorbell(fd, 7, 0), EPERM);
	EXPECT(member_ring(fd, 7, 0) == 0 && eventfd_count(bell) == 1);
	EXPECT_ERRNO(member_ring(fd, 7, 1), ENXIO);
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_PEER_RING, &bad), EINVAL);
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_PEER_RING, &older), ESRCH);
	watch = member_observe(region);
	EXPECT(watch >= 0);
	EXPECT_ERRNO(member_ring(watch, 7, 0), EPERM);
	EXPECT_ERRNO(member_ring(watch, IVSHMEM_PEER_ANY, 0), EPERM);
	EXPECT(member_set_vector(fd, 0, -1) == 0 && member_set_vector(fd, 0, bell) == 0);
	return 0;
}

static int as_writer(void)
{
	int region = host_open("writers", O_RDWR), fd = member_observe(region);

	EXPECT(fd >= 0);
	EXPECT(member_ring(fd, 1, 0) == 0);
	return 0;
}

static int permission(void)
{
	int readers = region_limited("readers", 0, 0, 0, 0604), bell = eventfd_new();
	int writers = region_limited("writers", 0, 0, 0, 0606), a, b;

	a = member_join_with(readers, 1, &bell, 1);
	b = member_join_with(writers, 1, &bell, 1);
	EXPECT(a >= 0 && b >= 0);
	EXPECT_PASS(host_as_user(USER, USER, as_reader));
	EXPECT(eventfd_count(bell) == 0);
	EXPECT_PASS(host_as_user(USER, USER, as_writer));
	EXPECT(eventfd_count(bell) == 1);
	close(a);
	close(b);
	close(bell);
	close(readers);
	close(writers);
	EXPECT(host_destroy("readers") == 0 && host_destroy("writers") == 0);
	return 0;
}

/* Each of the region's vectors, of the most that there can be. */
static int many_vectors(void)
{
	int region = region_limited("many", 0, 0, 0, 0600), fds[IVSHMEM_VECTORS_MAX], a, i;
	struct ivshmem_region_info info;
	int bell = eventfd_new();

	for (i = 0; i < IVSHMEM_VECTORS_MAX; i++)
		fds[i] = bell;
	a = member_join_with(region, 1, fds, IVSHMEM_VECTORS_MAX);
	EXPECT(a >= 0);
	EXPECT(host_info(region, &info) == 0 && info.max_vectors == IVSHMEM_VECTORS_MAX);
	for (i = 0; i < IVSHMEM_VECTORS_MAX; i++)
		EXPECT(member_ring(a, 1, i) == 0);
	EXPECT(eventfd_count(bell) == IVSHMEM_VECTORS_MAX);
	EXPECT_ERRNO(member_join(region, 2, IVSHMEM_VECTORS_MAX + 1), EINVAL);
	close(a);
	close(bell);
	close(region);
	EXPECT(host_destroy("many") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "each vector is its own, and rung by write and by ioctl", rings },
	{ "a full counter stops nobody", full_counter },
	{ "a vector with another eventfd, with none", replaced },
	{ "no such peer, no such vector", nobody_there },
	{ "a serial names the membership, not the id", serials_tell },
	{ "only who may write the region rings others", permission },
	{ "2048 vectors", many_vectors },
};

KTAP_MAIN(cases)
