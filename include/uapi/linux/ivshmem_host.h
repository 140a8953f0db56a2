/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ivshmem_host.ko and its users: named regions of shared pages.
 *
 * /dev/ivshmem/control takes CREATE, DESTROY and NEXT; /dev/ivshmem/NAME is a region, with the file
 * operations of a file of its size, and takes INFO. Every structure is of fixed size, the same for
 * 32-bit callers; reserved words must be zero.
 */
#ifndef _UAPI_LINUX_IVSHMEM_HOST_H
#define _UAPI_LINUX_IVSHMEM_HOST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Grows when a structure or an ioctl gets a meaning that it did not have. */
#define IVSHMEM_HOST_ABI	1

/* Bytes of a name with its terminating NUL: [A-Za-z0-9._-]{1,63}, no leading dot, not "control". */
#define IVSHMEM_NAME_SIZE	64

/* Bytes of the smallest region; every size is a power of two, as a PCI BAR needs. */
#define IVSHMEM_SIZE_MIN	4096

/* As uid or gid of a new region: that of the caller. */
#define IVSHMEM_ID_CALLER	((__u32)-1)

/**
 * struct ivshmem_region_create - what IVSHMEM_REGION_CREATE makes
 * @name: NUL-terminated; what follows the NUL must be zero
 * @size: bytes, a power of two from IVSHMEM_SIZE_MIN
 * @uid: owner of the device node, or IVSHMEM_ID_CALLER
 * @gid: its group, or IVSHMEM_ID_CALLER
 * @mode: its permission bits, of 0777
 * @flags: must be 0
 * @reserved: must be 0
 */
struct ivshmem_region_create {
	char  name[IVSHMEM_NAME_SIZE];
	__u64 size;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 flags;
	__u64 reserved[4];
};

/**
 * struct ivshmem_region_destroy - what IVSHMEM_REGION_DESTROY unnames
 * @name: NUL-terminated; what follows the NUL must be zero
 * @reserved: must be 0
 */
struct ivshmem_region_destroy {
	char  name[IVSHMEM_NAME_SIZE];
	__u64 reserved[4];
};

/**
 * struct ivshmem_region_info - a region as it is now
 * @id: unique among all regions since the module was loaded, growing; for NEXT, in: the id to go on
 *	from, 0 at first; out: that of the region found
 * @size: bytes
 * @huge: bytes of it that are in huge pages
 * @allocated: bytes of it that have a page
 * @users: open files of the region
 * @abi: IVSHMEM_HOST_ABI of the module
 * @uid: owner at creation, in the caller's user namespace
 * @gid: group at creation
 * @mode: permission bits at creation
 * @flags: 0; must be 0 on the way in
 * @name: NUL-terminated, padded with zeros
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_region_info {
	__u64 id;
	__u64 size;
	__u64 huge;
	__u64 allocated;
	__u32 users;
	__u32 abi;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 flags;
	char  name[IVSHMEM_NAME_SIZE];
	__u64 reserved[4];
};

/* ioctl-number.rst gives this letter to nobody; the guest driver's numbers follow from 0x40. */
#define IVSHMEM_HOST_IOC	0xC5

/*
 * On /dev/ivshmem/control:
 *
 * CREATE	EPERM a control device opened for reading only; EINVAL a bad name, size, owner,
 *		group, mode, flag or reserved word (the kernel log says which); EPERM an owner or
 *		group that the caller may not give; EEXIST the name is taken; ENOSPC a size beyond
 *		what the kernel can hold, or no device number left; ENOMEM
 * DESTROY	EPERM opened for reading only; EINVAL a name without NUL or with more than zeros
 *		behind it, a reserved word; ENOENT no such region; EPERM the caller is not the owner
 *		at creation and has no CAP_FOWNER
 * NEXT		the region with the smallest id above @id; EINVAL a reserved word; ENOENT behind the
 *		last one
 *
 * All: EFAULT a bad pointer. Any other command on the control device or a region: ENOTTY.
 */
#define IVSHMEM_REGION_CREATE	_IOW(IVSHMEM_HOST_IOC, 0x00, struct ivshmem_region_create)
#define IVSHMEM_REGION_DESTROY	_IOW(IVSHMEM_HOST_IOC, 0x01, struct ivshmem_region_destroy)
#define IVSHMEM_REGION_NEXT	_IOWR(IVSHMEM_HOST_IOC, 0x02, struct ivshmem_region_info)

/* On /dev/ivshmem/NAME: the region itself; EINVAL unless @id and the reserved words are 0. */
#define IVSHMEM_REGION_INFO	_IOWR(IVSHMEM_HOST_IOC, 0x03, struct ivshmem_region_info)

#endif /* _UAPI_LINUX_IVSHMEM_HOST_H */
