// SPDX-License-Identifier: GPL-2.0-only
/* Opens memory of any kind: what is there is asked by ioctls, not by names. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ivshmem.h>
#include <linux/ivshmem_host.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "size.h"

bool place_is_socket(const char *path)
{
	return !strncmp(path, "tcp:", 4) || !strncmp(path, "vsock:", 6) ||
	       !strncmp(path, "unix:", 5);
}

static int place_open_file(struct place *p, struct error *err)
{
	p->writable = true;
	p->fd = open(p->path, O_RDWR | O_CLOEXEC);
	if (p->fd < 0 && (errno == EACCES || errno == EROFS)) {
		p->writable = false;
		p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
	}
	if (p->fd >= 0)
		return 0;
	if (errno == ENOENT)
		return error_arg(err, -ENOENT, "%s is not there: a device such as /dev/ivshmem0, a "
				 "region such as /dev/ivshmem/NAME, a BAR's file or another file "
				 "is wanted (`truncate -s 64M /dev/shm/x` makes one)", p->path);
	return error_arg(err, -errno, "%s: %s", p->path, strerror(errno));
}

static int place_map(struct place *p, struct error *err)
{
	int prot = PROT_READ | (p->writable ? PROT_WRITE : 0);

	if (p->size < PLACE_LEAST)
		return error_arg(err, -EINVAL, "%s has %s bytes, but a measurement takes %s at "
				 "least", p->path, size_text(p->size).text,
				 size_text(PLACE_LEAST).text);
	p->mem = mmap(NULL, p->size, prot, MAP_SHARED, p->fd, 0);
	if (p->mem == MAP_FAILED)
		return error_arg(err, -errno, "mapping %s, %s: %s", p->path,
				 size_text(p->size).text, strerror(errno));
	return 0;
}

/* Size and doorbells by what the file answers to. */
static int place_identify(struct place *p, bool join, struct error *err)
{
	struct ivshmem_region_info region = { 0 };
	struct ivshmem_info device = { 0 };
	struct stat st;

	p->bell = (struct bell){ .membership.fd = -1 };
	if (!ioctl(p->fd, IVSHMEM_INFO, &device)) {
		p->size = device.size;
		return join && p->writable ? bell_init_device(&p->bell, p->fd, &device, err) : 0;
	}
	if (!ioctl(p->fd, IVSHMEM_REGION_INFO, &region)) {
		p->size = region.size;
		return join && p->writable ? bell_init_region(&p->bell, p->fd, region.name, err) :
					     0;
	}
	if (fstat(p->fd, &st))
		return error_set(err, -errno, "%s: %s", p->path, strerror(errno));
	p->size = (uint64_t)st.st_size;
	return 0;
}

int place_open(struct place *p, const char *path, bool join, struct error *err)
{
	int ret;

	*p = (struct place){ .path = path, .fd = -1 };
	if (place_is_socket(path))
		return 0;
	ret = place_open_file(p, err);
	if (ret)
		return ret;
	ret = place_identify(p, join, err);
	if (ret)
		goto close_file;
	ret = place_map(p, err);
	if (ret)
		goto leave;
	return 0;

leave:
	bell_fini(&p->bell);
close_file:
	close(p->fd);
	return ret;
}

void place_close(struct place *p)
{
	if (p->fd < 0)
		return;
	munmap(p->mem, p->size);
	bell_fini(&p->bell);
	close(p->fd);
}
