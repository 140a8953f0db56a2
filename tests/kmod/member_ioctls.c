// SPDX-License-Identifier: GPL-2.0-only
/* Bad requests around memberships, each wrong in one way, and the errno that the header says. */
#include "member.h"

static int region, member, watch, bell, plain;

static const struct ivshmem_join good_join = { .peer = 9, .vectors = 1 };
static const struct ivshmem_vector good_vector = { .vector = 0, .fd = -1 };
static const struct ivshmem_doorbell good_doorbell = { .peer = 1, .vector = 0 };

static int refused(int fd, unsigned long request, void *arg, int want, const char *what)
{
	int ret;

	errno = 0;
	ret = ioctl(fd, request, arg);
	if (ret == -1 && errno == want)
		return 0;
	return ktap_fail("%s: %d (%s), expected %s", what, ret, strerror(errno), strerror(want));
}

static int join_refused(struct ivshmem_join join, int want, const char *what)
{
	return refused(region, IVSHMEM_JOIN, &join, want, what);
}

static int bad_joins(void)
{
	struct ivshmem_join join;
	int bit;

	for (bit = 1; bit < 32; bit += 5) {
		join = good_join;
		join.flags = 1u << bit;
		EXPECT_PASS(join_refused(join, EINVAL, "a flag"));
	}
	join = good_join;
	join.pad = 1;
	EXPECT_PASS(join_refused(join, EINVAL, "pad"));
	join = good_join;
	join.serial = 1;
	EXPECT_PASS(join_refused(join, EINVAL, "a serial"));
	for (bit = 0; bit < 2; bit++) {
		join = good_join;
		join.reserved[bit] = 1ULL << (bit * 40);
		EXPECT_PASS(join_refused(join, EINVAL, "a reserved word"));
	}
	join = good_join;
	join.peer = 65536;
	EXPECT_PASS(join_refused(join, EINVAL, "peer 65536"));
	join.peer = UINT32_MAX - 1;
	EXPECT_PASS(join_refused(join, EINVAL, "peer 2^32 - 2"));
	join = good_join;
	join.vectors = IVSHMEM_VECTORS_MAX + 1;
	EXPECT_PASS(join_refused(join, EINVAL, "2049 vectors"));
	join.vectors = UINT32_MAX;
	EXPECT_PASS(join_refused(join, EINVAL, "2^32 - 1 vectors"));
	join = good_join;
	join.vectors = 0;
	join.fds = (uintptr_t)&bell;
	return join_refused(join, EINVAL, "eventfds for no vectors");
}

static int bad_observers(void)
{
	struct ivshmem_join join = { .flags = IVSHMEM_JOIN_OBSERVE, .peer = IVSHMEM_PEER_ANY };

	join.vectors = 1;
	EXPECT_PASS(join_refused(join, EINVAL, "an observer with a vector"));
	join.vectors = 0;
	join.peer = 3;
	EXPECT_PASS(join_refused(join, EINVAL, "an observer with an id"));
	join.peer = 0;
	EXPECT_PASS(join_refused(join, EINVAL, "an observer with the id 0"));
	join.peer = IVSHMEM_PEER_ANY;
	join.fds = (uintptr_t)&bell;
	return join_refused(join, EINVAL, "an observer with eventfds");
}

static int join_with(int fd, int want, const char *what)
{
	int fds[3] = { bell, -1, fd };
	struct ivshmem_join join = { .peer = 9, .vectors = 3, .fds = (uintptr_t)fds };

	return join_refused(join, want, what);
}

static int bad_eventfds(void)
{
	EXPECT_PASS(join_with(plain, EINVAL, "a file as eventfd"));
	EXPECT_PASS(join_with(region, EINVAL, "a region as eventfd"));
	EXPECT_PASS(join_with(member, EINVAL, "a membership as eventfd"));
	EXPECT_PASS(join_with(9999, EBADF, "a closed descriptor"));
	EXPECT_PASS(join_with(-2, EBADF, "descriptor -2"));
	EXPECT_PASS(join_with(INT32_MIN, EBADF, "descriptor -2^31"));
	return 0;
}

static int vector_refused(uint32_t vector, int fd, uint64_t reserved, int want, const char *what)
{
	struct ivshmem_vector req = { vector, fd, reserved };

	return refused(member, IVSHMEM_SET_VECTOR, &req, want, what);
}

static int bad_vectors(void)
{
	struct ivshmem_vector req = good_vector;

	EXPECT_PASS(vector_refused(2, bell, 0, EINVAL, "vector 2 of 2"));
	EXPECT_PASS(vector_refused(UINT32_MAX, bell, 0, EINVAL, "vector 2^32 - 1"));
	EXPECT_PASS(vector_refused(0, bell, 1, EINVAL, "a reserved word"));
	EXPECT_PASS(vector_refused(0, plain, 0, EINVAL, "a file"));
	EXPECT_PASS(vector_refused(0, 9999, 0, EBADF, "a closed descriptor"));
	EXPECT_PASS(vector_refused(0, -2, 0, EBADF, "descriptor -2"));
	return refused(watch, IVSHMEM_SET_VECTOR, &req, EINVAL, "a vector of an observer");
}

static int doorbell_refused(struct ivshmem_doorbell req, int want, const char *what)
{
	EXPECT_PASS(refused(member, IVSHMEM_GET_DOORBELL, &req, want, what));
	return refused(member, IVSHMEM_PEER_RING, &req, want, what);
}

static int bad_doorbells(void)
{
	struct ivshmem_doorbell req = good_doorbell;

	req.reserved = 1ULL << 50;
	EXPECT_PASS(doorbell_refused(req, EINVAL, "a reserved word"));
	req = good_doorbell;
	req.peer = 2;
	EXPECT_PASS(doorbell_refused(req, ESRCH, "nobody"));
	req = good_doorbell;
	req.serial = UINT64_MAX;
	EXPECT_PASS(doorbell_refused(req, ESRCH, "another serial"));
	req = good_doorbell;
	req.vector = 1;
	EXPECT_PASS(doorbell_refused(req, ENXIO, "a vector with no eventfd"));
	req.vector = 2;
	return doorbell_refused(req, ENXIO, "no such vector");
}

static int bad_listings(void)
{
	struct ivshmem_peer_info info;
	int i;

	for (i = 0; i < 4; i++) {
		info = (struct ivshmem_peer_info){};
		info.reserved[i] = 1ULL << (9 * i);
		EXPECT_PASS(refused(region, IVSHMEM_PEER_NEXT, &info, EINVAL, "a reserved word"));
	}
	info = (struct ivshmem_peer_info){ .flags = 1 };
	return refused(region, IVSHMEM_PEER_NEXT, &info, EINVAL, "a flag");
}

static int bad_pointers(void)
{
	unsigned char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ivshmem_join join = good_join;
	void *bad;

	EXPECT(edge != MAP_FAILED && munmap(edge + PAGE, PAGE) == 0);
	bad = edge + PAGE - 8;
	EXPECT_PASS(refused(region, IVSHMEM_JOIN, bad, EFAULT, "join"));
	EXPECT_PASS(refused(region, IVSHMEM_PEER_NEXT, bad, EFAULT, "next"));
	EXPECT_PASS(refused(member, IVSHMEM_SET_VECTOR, bad, EFAULT, "vector"));
	EXPECT_PASS(refused(member, IVSHMEM_GET_DOORBELL, bad, EFAULT, "doorbell"));
	EXPECT_PASS(refused(member, IVSHMEM_PEER_RING, bad, EFAULT, "ring"));
	join.vectors = 2;
	*(int *)(edge + PAGE - 4) = -1;
	join.fds = (uintptr_t)edge + PAGE - 4;
	EXPECT_PASS(join_refused(join, EFAULT, "the second eventfd"));
	join.fds = 8;
	EXPECT_PASS(join_refused(join, EFAULT, "eventfds at 8"));
	/* The answer can't be given: nobody has joined. */
	memcpy(edge, &good_join, sizeof(good_join));
	EXPECT(mprotect(edge, PAGE, PROT_READ) == 0);
	EXPECT_PASS(refused(region, IVSHMEM_JOIN, edge, EFAULT, "join, read-only"));
	munmap(edge, PAGE);
	return 0;
}

static int bad_commands(void)
{
	static const unsigned long requests[] = {
		0, UINT32_MAX, 0x5401, IVSHMEM_REGION_INFO, IVSHMEM_JOIN, IVSHMEM_PEER_NEXT,
		IVSHMEM_REGION_CREATE, _IO(IVSHMEM_HOST_IOC, 6),
		_IOWR(IVSHMEM_HOST_IOC, 6, struct ivshmem_vector), IVSHMEM_SET_VECTOR ^ (1 << 16),
	};
	static const unsigned long of_members[] = {
		IVSHMEM_SET_VECTOR, IVSHMEM_GET_DOORBELL, IVSHMEM_PEER_RING,
	};
	char buf[256] = {};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		EXPECT_PASS(refused(member, requests[i], buf, ENOTTY, "a command"));
	for (i = 0; i < sizeof(of_members) / sizeof(*of_members); i++)
		EXPECT_PASS(refused(region, of_members[i], buf, ENOTTY, "on a region"));
	return 0;
}

/* Those who read heard nothing of all that. */
static int nothing_happened(void)
{
	struct ivshmem_peer_info info;
	int fd;

	EXPECT(!member_readable(watch, 0) && !member_readable(member, 0));
	EXPECT(member_count(region) == 1);
	EXPECT(member_next(region, 0, &info) == 0 && info.peer == 1 && info.attached == 1);
	fd = member_join(region, 9, 0);	/* the id that was asked for so often */
	EXPECT(fd >= 0);
	close(fd);
	member_drain(watch);
	member_drain(member);
	return 0;
}

static int callers_of_32_bits(void)
{
	struct {
		struct ivshmem_join join;
		struct ivshmem_vector vector;
		struct ivshmem_doorbell doorbell;
		struct ivshmem_peer_info info;
		int fds[2];
	} *arg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		      -1, 0);
	int fd, door;

	EXPECT(arg != MAP_FAILED);
	arg->fds[0] = bell;
	arg->fds[1] = -1;
	arg->join = (struct ivshmem_join){ .peer = 77, .vectors = 2,
					   .fds = (uintptr_t)arg->fds };
	fd = ioctl_32(region, IVSHMEM_JOIN, &arg->join);
	if (fd == -ENOSYS)
		return ktap_skip("this kernel runs no 32-bit programs");
	EXPECT(fd >= 0 && arg->join.peer == 77 && arg->join.serial);
	arg->info.peer = 2;
	EXPECT(ioctl_32(region, IVSHMEM_PEER_NEXT, &arg->info) == 0);
	EXPECT(arg->info.peer == 77 && arg->info.attached == 1);
	arg->vector = (struct ivshmem_vector){ .vector = 1, .fd = bell };
	EXPECT(ioctl_32(fd, IVSHMEM_SET_VECTOR, &arg->vector) == 0);
	arg->doorbell = (struct ivshmem_doorbell){ .peer = 77, .vector = 1 };
	EXPECT(ioctl_32(fd, IVSHMEM_PEER_RING, &arg->doorbell) == 0);
	EXPECT(eventfd_count(bell) == 1);
	door = ioctl_32(fd, IVSHMEM_GET_DOORBELL, &arg->doorbell);
	EXPECT(door >= 0 && close(door) == 0);
	arg->doorbell.serial = 1;
	EXPECT(ioctl_32(fd, IVSHMEM_PEER_RING, &arg->doorbell) == -ESRCH);
	close(fd);
	munmap(arg, PAGE);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "joins", bad_joins },
	{ "observers", bad_observers },
	{ "eventfds", bad_eventfds },
	{ "vectors", bad_vectors },
	{ "doorbells", bad_doorbells },
	{ "listings", bad_listings },
	{ "pointers", bad_pointers },
	{ "commands", bad_commands },
	{ "none of these did anything", nothing_happened },
	{ "callers of 32 bits get the same", callers_of_32_bits },
};

int main(void)
{
	int bells[2] = { bell = eventfd_new(), -1 }, failed;

	plain = open("/dev/null", O_RDWR);
	region = region_limited("bad", 0, 0, 0, 0600);
	member = member_join_with(region, 1, bells, 2);
	watch = member_observe(region);
	if (watch < 0 || member < 0 || !member_synced(watch) || !member_synced(member))
		printf("# no membership to begin with\n");
	failed = ktap_run(cases, sizeof(cases) / sizeof(*cases));
	close(member);
	close(region);
	return failed | (host_destroy("bad") != 0);
}
