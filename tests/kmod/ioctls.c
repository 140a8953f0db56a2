// SPDX-License-Identifier: GPL-2.0-only
/* Bad ioctls, each wrong in one way, and the errno that the uapi header documents for it. */
#include "host.h"

static int control_rw, control_ro, region;

/* A valid request of each kind, to be spoiled in one place. */
static const struct ivshmem_region_create good_create = {
	.name = "bad", .size = PAGE, .mode = 0600,
	.uid = IVSHMEM_ID_CALLER, .gid = IVSHMEM_ID_CALLER,
};
static const struct ivshmem_region_destroy good_destroy = { .name = "exists" };
static const struct ivshmem_region_info good_info = {};

static unsigned int asked;	/* requests of this run */

static int refused(int fd, unsigned long request, void *arg, int want, const char *what)
{
	int ret;

	asked++;
	errno = 0;
	ret = ioctl(fd, request, arg);
	if (ret == -1 && errno == want)
		return 0;
	return ktap_fail("%s: %d (%s), expected %s", what, ret, strerror(errno), strerror(want));
}

static int create_refused(struct ivshmem_region_create req, int want, const char *what)
{
	return refused(control_rw, IVSHMEM_REGION_CREATE, &req, want, what);
}

static int bad_sizes(void)
{
	static const uint64_t sizes[] = {
		0, 1, 2, 4095, 4097, 6144, 12288, 3 * MIB, 4096 + 1, MIB - 1, MIB + 4096, 2048,
		1024, (1ULL << 40) + 4096, UINT64_MAX, UINT64_MAX - 4095, (1ULL << 63) + 4096,
		0x8000000000000001,
	};
	struct ivshmem_region_create req = good_create;
	char what[64];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		req.size = sizes[i];
		snprintf(what, sizeof(what), "size %#llx", (unsigned long long)req.size);
		EXPECT_PASS(create_refused(req, EINVAL, what));
	}
	req.size = 1ULL << 63;
	EXPECT_PASS(create_refused(req, ENOSPC, "size 2^63"));
	req.size = 1ULL << 62;
	EXPECT_PASS(create_refused(req, ENOSPC, "size 2^62"));
	return 0;
}

static int bad_names(void)
{
	static const char *const names[] = {
		"", ".", "..", ".hidden", "control", "a/b", "/", "a b", "a\tb", "a\nb", "a:b",
		"a,b", "a!b", "\x7f", "\xc3\xa4", "a\xff", "a*", "a?", "a\\b", "a\"b", "a'b",
		"a@b", "a+b", "a=b", "%s",
	};
	struct ivshmem_region_create req;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		req = good_create;
		memset(req.name, 0, sizeof(req.name));
		strcpy(req.name, names[i]);
		EXPECT_PASS(create_refused(req, EINVAL, names[i]));
	}
	return 0;
}

static int bad_name_padding(void)
{
	struct ivshmem_region_create req = good_create;
	struct ivshmem_region_destroy gone = good_destroy;

	memset(req.name, 'a', sizeof(req.name));
	EXPECT_PASS(create_refused(req, EINVAL, "a name without NUL"));
	req = good_create;
	req.name[10] = 'x';
	EXPECT_PASS(create_refused(req, EINVAL, "a byte behind the name"));
	req = good_create;
	req.name[sizeof(req.name) - 1] = 'x';
	EXPECT_PASS(create_refused(req, EINVAL, "a last byte behind the name"));
	memset(gone.name, 'a', sizeof(gone.name));
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, &gone, EINVAL, "destroy: no NUL"));
	gone = good_destroy;
	gone.name[20] = 'x';
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, &gone, EINVAL, "destroy: padding"));
	return 0;
}

static int bad_words(void)
{
	struct ivshmem_region_create req;
	int bit;

	for (bit = 0; bit < 32; bit += 5) {
		req = good_create;
		req.flags = 1u << bit;
		EXPECT_PASS(create_refused(req, EINVAL, "a flag"));
	}
	for (bit = 9; bit < 32; bit += 4) {
		req = good_create;
		req.mode |= 1u << bit;
		EXPECT_PASS(create_refused(req, EINVAL, "a mode beyond 0777"));
	}
	return 0;
}

static int bad_reserved(void)
{
	struct ivshmem_region_create req;
	struct ivshmem_region_destroy gone;
	struct ivshmem_region_info info;
	int i;

	for (i = 0; i < 2; i++) {
		req = good_create;
		req.reserved[i] = 1ULL << (i * 21);
		EXPECT_PASS(create_refused(req, EINVAL, "create: reserved"));
		gone = good_destroy;
		gone.reserved[i] = 1ULL << (i * 21);
		EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, &gone, EINVAL,
				    "destroy: reserved"));
		info = good_info;
		info.reserved[i] = 1ULL << (i * 21);
		EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_NEXT, &info, EINVAL,
				    "next: reserved"));
		EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, &info, EINVAL, "info: reserved"));
	}
	info = good_info;
	info.flags = 1;
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_NEXT, &info, EINVAL, "next: flags"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, &info, EINVAL, "info: flags"));
	info = good_info;
	info.id = 1;
	EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, &info, EINVAL, "info: id"));
	return 0;
}

static int bad_pointers(void)
{
	static const uintptr_t pointers[] = { 0, 8, 0x7ffffffff000, 0xffffffff80000000,
					      UINTPTR_MAX - 7 };
	unsigned char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	EXPECT(edge != MAP_FAILED && munmap(edge + PAGE, PAGE) == 0);
	for (i = 0; i < sizeof(pointers) / sizeof(*pointers); i++) {
		void *p = (void *)pointers[i];

		EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_CREATE, p, EFAULT,
				    "create: pointer"));
		EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, p, EFAULT,
				    "destroy: pointer"));
		EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_NEXT, p, EFAULT, "next: pointer"));
		EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, p, EFAULT, "info: pointer"));
	}
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_CREATE, edge + PAGE - 8, EFAULT,
			    "create: edge"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, edge + PAGE - 8, EFAULT, "info: edge"));
	EXPECT(mprotect(edge, PAGE, PROT_READ) == 0);
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_NEXT, edge, EFAULT,
			    "next: a read-only page"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_INFO, edge, EFAULT, "info: a read-only page"));
	munmap(edge, PAGE);
	return 0;
}

static int bad_commands(void)
{
	static const unsigned long requests[] = {
		0, 1, UINT32_MAX, _IO(IVSHMEM_HOST_IOC, 0), _IO(IVSHMEM_HOST_IOC, 4),
		_IO(IVSHMEM_HOST_IOC, 0x40),
		_IOR(IVSHMEM_HOST_IOC, 0, struct ivshmem_region_create),
		_IOW(IVSHMEM_HOST_IOC, 0, struct ivshmem_region_destroy),
		_IOW(IVSHMEM_HOST_IOC, 2, struct ivshmem_region_info),
		_IOWR(IVSHMEM_HOST_IOC, 2, struct ivshmem_region_create),
		_IOW(0xC4, 0, struct ivshmem_region_create), 0x5401,
		IVSHMEM_REGION_CREATE ^ (1 << 16),
	};
	char buf[512] = {};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		EXPECT_PASS(refused(control_rw, requests[i], buf, ENOTTY, "an unknown command"));
		EXPECT_PASS(refused(region, requests[i], buf, ENOTTY,
				    "an unknown command of a region"));
	}
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_INFO, buf, ENOTTY,
			    "info of the control device"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_CREATE, buf, ENOTTY, "create on a region"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_DESTROY, buf, ENOTTY, "destroy on a region"));
	EXPECT_PASS(refused(region, IVSHMEM_REGION_NEXT, buf, ENOTTY, "next on a region"));
	return 0;
}

static int wrong_state(void)
{
	struct ivshmem_region_create req = good_create;
	struct ivshmem_region_destroy gone = { .name = "nobody" };
	struct ivshmem_region_info info = good_info;

	strcpy(req.name, "exists");
	EXPECT_PASS(create_refused(req, EEXIST, "a name that is taken"));
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, &gone, ENOENT,
			    "destroy of nobody"));
	memset(gone.name, 0, sizeof(gone.name));
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_DESTROY, &gone, ENOENT,
			    "destroy of no name"));
	info.id = UINT64_MAX;
	EXPECT_PASS(refused(control_rw, IVSHMEM_REGION_NEXT, &info, ENOENT, "next of the last id"));
	req = good_create;
	EXPECT_PASS(refused(control_ro, IVSHMEM_REGION_CREATE, &req, EPERM,
			    "create, opened for reading"));
	gone = good_destroy;
	EXPECT_PASS(refused(control_ro, IVSHMEM_REGION_DESTROY, &gone, EPERM,
			    "destroy, for reading"));
	return 0;
}

static int callers_of_32_bits(void)
{
	struct ivshmem_region_info *info = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ret;

	EXPECT(info != MAP_FAILED);
	ret = ioctl_32(region, IVSHMEM_REGION_INFO, info);
	if (ret == -ENOSYS)
		return ktap_skip("this kernel runs no 32-bit programs");
	EXPECT(ret == 0 && info->size == PAGE && !strcmp(info->name, "exists"));
	EXPECT(ioctl_32(region, IVSHMEM_REGION_INFO, info) == -EINVAL);
	EXPECT(ioctl_32(control_rw, IVSHMEM_REGION_NEXT, info) == -ENOENT);
	EXPECT(ioctl_32(control_rw, _IO(IVSHMEM_HOST_IOC, 9), info) == -ENOTTY);
	munmap(info, PAGE);
	return 0;
}

static int hundred_asked(void)
{
	struct ivshmem_region_info info;

	EXPECT(asked >= 100);
	EXPECT(!host_find("bad", &info));
	EXPECT(host_find("exists", &info) && info.users == 1);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "sizes", bad_sizes },
	{ "names", bad_names },
	{ "what follows a name", bad_name_padding },
	{ "flags and modes", bad_words },
	{ "reserved words", bad_reserved },
	{ "pointers", bad_pointers },
	{ "commands", bad_commands },
	{ "valid requests in the wrong state", wrong_state },
	{ "callers of 32 bits get the same", callers_of_32_bits },
	{ "a hundred and more were asked, and nothing changed", hundred_asked },
};

int main(void)
{
	int status;

	region = host_create_open("exists", PAGE);
	control_rw = open(HOST_CONTROL, O_RDWR);
	control_ro = open(HOST_CONTROL, O_RDONLY);
	status = ktap_run(cases, sizeof(cases) / sizeof(*cases));
	close(region);
	host_destroy("exists");
	return status;
}
