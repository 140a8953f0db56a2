// SPDX-License-Identifier: GPL-2.0-only
/* The drivers of -device, their properties, and the memory that these name. */
#include <errno.h>
#include <string.h>

#include "hostmem/region.h"
#include "hw/ivshmem_options.h"
#include "pci/msix.h"
#include "size.h"
#include "util.h"

#define MIB	(1024ull * 1024)

struct ivshmem_driver {
	const char *name;
	const char *keys[8];		/* ends with NULL */
	const char *needs[3];		/* which of them can't be left out; ends with NULL */
	unsigned int vectors_min, vectors;	/* at least, and if not said; both 0: never any */
	const char *example;
};

static const struct ivshmem_driver drivers[] = {
	{ "ivshmem", { "shm", "size", "vectors", "peer", "id" }, { "shm", "size" }, 0, 0,
	  "ivshmem,shm=NAME,size=64M" },
	{ "ivshmem-plain", { "memdev", "id" }, { "memdev" }, 0, 0, "ivshmem-plain,memdev=ID" },
	{ "ivshmem-doorbell", { "shm", "size", "memdev", "vectors", "peer", "id" },
	  { "shm", "size" }, 1, 1, "ivshmem-doorbell,shm=NAME,size=64M,vectors=4" },
};

static const struct ivshmem_driver *driver_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(drivers[i].name, name))
			return &drivers[i];
	return NULL;
}

static bool driver_has(const struct ivshmem_driver *driver, const char *key)
{
	for (const char *const *known = driver->keys; *known; known++)
		if (!strcmp(*known, key))
			return true;
	return false;
}

static int driver_needs(const struct ivshmem_driver *driver, const struct props *o,
			struct error *err)
{
	for (const char *const *key = driver->needs; *key; key++) {
		const char *value = props_get(o, *key);

		if (!value || !*value)
			return error_arg(err, -EINVAL,
					 "-device %s: %s= is missing; write -device %s", o->text,
					 *key, driver->example);
	}
	return 0;
}

/* QEMU's words for what is done in another way here. */
static int driver_check_qemu(const struct props *o, struct error *err)
{
	const char *chardev = props_get(o, "chardev");

	if (!chardev)
		return 0;
	return error_arg(err, -EINVAL, "-device %s: chardev=%s: no server is needed: the module "
			 "ivshmem_host knows the peers of each region; write shm=NAME,size=SIZE",
			 o->driver, chardev);
}

static int driver_check(const struct ivshmem_driver *driver, const struct props *o,
			struct error *err)
{
	int ret = driver_check_qemu(o, err);

	if (!ret)
		ret = props_check(o, driver->keys, err);
	if (ret || !props_get(o, "memdev") || !driver_has(driver, "shm"))
		return ret ? ret : driver_needs(driver, o, err);
	if (!props_get(o, "shm") && !props_get(o, "size"))
		return 0;
	return error_arg(err, -EINVAL, "-device %s: memdev= and shm= or size= exclude each other; "
			 "write -device %s", o->text, driver->example);
}

/* PCI knows no other sizes. */
static int size_check(const char *driver, uint64_t size, const char *text, struct error *err)
{
	if (size & (size - 1))
		return error_arg(err, -EINVAL, "-device %s: size %s is not a power of two", driver,
				 text);
	if (size < IVSHMEM_SIZE_MIN)
		return error_arg(err, -EINVAL,
				 "-device %s: size %s is less than the %u bytes of a page", driver,
				 text, IVSHMEM_SIZE_MIN);
	return 0;
}

static int shm_parse(struct ivshmem_options *opts, const struct props *o, struct error *err)
{
	struct error why;
	int ret;

	if (region_name_check(opts->shm, &why))
		return error_arg(err, -EINVAL, "-device %s: %s", opts->driver, why.text);
	ret = props_size(o, "size", MIB, &opts->size, err);
	if (!ret)
		ret = size_check(opts->driver, opts->size, props_get(o, "size"), err);
	return ret;
}

/* Who is a peer has vectors. */
static int vectors_parse(struct ivshmem_options *opts, const struct ivshmem_driver *driver,
			 const struct props *o, struct error *err)
{
	int ret;

	opts->vectors = driver->vectors;
	opts->peer = IVSHMEM_PEER_ANY;
	ret = props_number(o, "vectors", driver->vectors_min, PCI_MSIX_VECTORS_MAX,
			   &opts->vectors, err);
	if (!ret)
		ret = props_number(o, "peer", 0, IVSHMEM_PEERS_MAX - 1, &opts->peer, err);
	if (!ret && opts->peer != IVSHMEM_PEER_ANY && !opts->vectors)
		ret = error_arg(err, -EINVAL, "-device %s: peer=%u is for a device with "
				"interrupts; add vectors=N", opts->driver, opts->peer);
	return ret;
}

int ivshmem_options_parse(struct ivshmem_options *opts, const struct props *o,
			  struct error *err)
{
	const struct ivshmem_driver *driver = driver_find(o->driver);
	int ret;

	if (!driver)
		return error_arg(err, -EINVAL, "-device %s: unknown; there are %s, %s, %s",
				 o->driver, drivers[0].name, drivers[1].name, drivers[2].name);
	ret = driver_check(driver, o, err);
	if (ret)
		return ret;
	*opts = (struct ivshmem_options){
		.driver = o->driver,
		.id = props_get(o, "id"),
		.memdev = props_get(o, "memdev"),
		.shm = props_get(o, "shm"),
	};
	ret = vectors_parse(opts, driver, o, err);
	return ret || !opts->shm ? ret : shm_parse(opts, o, err);
}

int ivshmem_check(const struct props *o, struct error *err)
{
	struct ivshmem_options opts;

	return ivshmem_options_parse(&opts, o, err);
}

static int memdev_get(const struct ivshmem_options *opts, struct hostmem *hostmem,
		      struct hostmem_backend **out, struct error *err)
{
	uint64_t size;
	int ret;

	ret = hostmem_get(hostmem, opts->memdev, opts->driver, out, err);
	if (ret)
		return ret;
	size = memory_region_size(&(*out)->mr);
	ret = size_check(opts->driver, size, size_text(size).text, err);
	if (!ret && opts->vectors && (*out)->region_fd < 0)
		ret = error_arg(err, -EINVAL, "-device %s: memdev=%s is no region of the module "
				"ivshmem_host, which alone knows peers: name one (shm=NAME), or "
				"take -device ivshmem-plain", opts->driver, opts->memdev);
	if (ret)
		hostmem_put(hostmem, *out);
	return ret;
}

int ivshmem_backend_get(const struct ivshmem_options *opts, struct hostmem *hostmem,
			struct hostmem_backend **out, struct error *err)
{
	if (opts->memdev)
		return memdev_get(opts, hostmem, out, err);
	return hostmem_get_region(hostmem, opts->shm, opts->size, opts->driver, out, err);
}
