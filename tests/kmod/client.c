// SPDX-License-Identifier: GPL-2.0-only
/*
 * How ivmm opens a region: only what is one, for reading where more is not allowed, with clear
 * words.
 */
#include "host.h"

#include "hostmem/hostmem.h"
#include "hostmem/region.h"

static struct error err;

static int says(int ret, int want, const char *text)
{
	if (ret == want && (!ret || strstr(err.text, text)))
		return 0;
	return ktap_fail("%d with '%s', expected %d with '%s'", ret, ret ? err.text : "", want,
			 text);
}

static int opens(void)
{
	struct region r;

	EXPECT(host_create("client", MIB) == 0);
	EXPECT_PASS(says(region_open(&r, "client", false, &err), 0, ""));
	EXPECT(!r.readonly && r.info.size == MIB && !strcmp(r.info.name, "client"));
	EXPECT(pwrite(r.fd, "x", 1, 0) == 1);
	region_close(&r);
	EXPECT_PASS(says(region_open(&r, "client", true, &err), 0, ""));
	EXPECT(r.readonly);
	EXPECT_ERRNO(pwrite(r.fd, "x", 1, 0), EBADF);
	region_close(&r);
	EXPECT(host_destroy("client") == 0);
	return 0;
}

static int as_reader(void)
{
	struct region r;

	EXPECT_PASS(says(region_open(&r, "readable", false, &err), 0, ""));
	EXPECT(r.readonly);
	region_close(&r);
	return says(region_open(&r, "closed", false, &err), -EACCES, "no permission to open");
}

static int falls_back_to_reading(void)
{
	EXPECT(host_create_as("readable", PAGE, 0, 0, 0644) == 0);
	EXPECT(host_create_as("closed", PAGE, 0, 0, 0600) == 0);
	EXPECT_PASS(host_as_user(65534, 65534, as_reader));
	EXPECT(host_destroy("readable") == 0 && host_destroy("closed") == 0);
	return 0;
}

static int missing(void)
{
	struct region r;

	EXPECT_PASS(says(region_open(&r, "nobody", false, &err), -ENOENT,
			 "ivshmemctl create nobody SIZE"));
	EXPECT_PASS(says(region_open(&r, "control", false, &err), -EINVAL, "can't name a region"));
	return says(region_open(&r, "../null", false, &err), -EINVAL, "can't name a region");
}

/* Makes something at the path of a region, has it opened, and removes it. */
static int impostor(const char *make, const char *text)
{
	struct region r;
	int ret;

	EXPECT(system(make) == 0);
	ret = says(region_open(&r, "impostor", false, &err), -EINVAL, text);
	EXPECT(system("rm -r " HOST_DIR "impostor") == 0);
	return ret;
}

static int impostors(void)
{
	EXPECT_PASS(
		impostor("truncate -s 1M " HOST_DIR "impostor", "is a plain file, not a region"));
	EXPECT_PASS(impostor("mkdir " HOST_DIR "impostor", "is not a region"));
	EXPECT_PASS(impostor("mkfifo " HOST_DIR "impostor", "is not a region"));
	EXPECT_PASS(impostor("mknod " HOST_DIR "impostor c 1 5", "is not a region"));
	EXPECT_PASS(impostor("mknod " HOST_DIR "impostor c 61 77", "is not a region"));
	return impostor("ln -s control " HOST_DIR "impostor", "is not a region");
}

/* What becomes of -object @object. */
static int adds(const char *object, int want, const char *text)
{
	struct hostmem h = {};
	struct memory *mem;
	struct props o = {};
	int ret;

	EXPECT(memory_create(&mem) == 0);
	hostmem_init(&h, mem);
	ret = props_parse(&o, "-object", object, &err);
	ret = says(ret ? ret : hostmem_add(&h, &o, &err), want, text);
	props_fini(&o);
	hostmem_fini(&h);
	memory_destroy(mem);
	return ret;
}

#define OBJECT_FILE	"memory-backend-file,id=m,size=1M,mem-path="

/* However its path is written. */
static int plain_file_among_regions(void)
{
	static const char said[] = "a plain file in a region's place";
	int ret;

	EXPECT(system("truncate -s 1M " HOST_DIR "plain /tmp/plain") == 0);
	EXPECT(symlink(HOST_DIR "plain", "/tmp/link") == 0);
	ret = adds(OBJECT_FILE "/dev//ivshmem/plain", -EINVAL, said) ||
	      adds(OBJECT_FILE "/dev/./ivshmem/plain", -EINVAL, said) ||
	      adds(OBJECT_FILE "/tmp/../dev/ivshmem/plain", -EINVAL, said) ||
	      adds(OBJECT_FILE "/tmp/link", -EINVAL, said) ||
	      adds(OBJECT_FILE "/tmp/./plain", 0, "");
	EXPECT(system("rm " HOST_DIR "plain /tmp/plain /tmp/link") == 0);
	return ret;
}

#define OBJECT_REGION	"memory-backend-ivshmem,id=m,size=1M,shm=client"

static int creates_to_write_only(void)
{
	EXPECT_PASS(adds(OBJECT_REGION ",readonly=on", -ENOENT, "ivshmemctl create client SIZE"));
	EXPECT(!host_node_exists("client"));
	EXPECT_PASS(adds(OBJECT_REGION, 0, ""));
	EXPECT(host_node_exists("client"));
	EXPECT_PASS(adds(OBJECT_REGION ",readonly=on", 0, ""));
	EXPECT(host_destroy("client") == 0);
	return 0;
}

static int without_module(void)
{
	struct region r;
	int ret;

	EXPECT(system("rmmod ivshmem_host") == 0);
	ret = says(region_open(&r, "any", false, &err), -EINVAL, "modprobe ivshmem_host");
	if (!ret && !mkdir("/dev/ivshmem", 0755))
		ret = impostor("truncate -s 1M " HOST_DIR "impostor",
			       "is a plain file, not a region");
	EXPECT(rmdir("/dev/ivshmem") == 0);
	EXPECT(system("insmod build/kmod/$(uname -r)/ivshmem_host.ko") == 0);
	return ret;
}

static const struct ktap_case cases[] = {
	{ "a region, for writing and for reading", opens },
	{ "for reading, where writing is not allowed", falls_back_to_reading },
	{ "no such region, no such name", missing },
	{ "other things in a region's place", impostors },
	{ "a plain file among the regions, by other paths", plain_file_among_regions },
	{ "a backend creates its region, unless it only reads", creates_to_write_only },
	{ "without the module, and with a file where a region was", without_module },
};

KTAP_MAIN(cases)
