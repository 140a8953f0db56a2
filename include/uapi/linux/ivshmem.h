/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ivshmem.ko and its users: /dev/ivshmemN in a guest, a file as large as the shared memory.
 *
 * read, write, llseek and mmap are those of a file; INFO tells what the device is. Every structure
 * is of fixed size, the same for 32-bit callers; reserved words must be zero.
 */
#ifndef _UAPI_LINUX_IVSHMEM_H
#define _UAPI_LINUX_IVSHMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Grows when a structure or an ioctl gets a meaning that it did not have. */
#define IVSHMEM_ABI	1

/**
 * struct ivshmem_info - what IVSHMEM_INFO tells
 * @abi: IVSHMEM_ABI of the driver
 * @flags: 0; must be 0 on the way in
 * @size: bytes of shared memory, mapped from offset 0
 * @revision: of the PCI device
 * @vectors: MSI-X vectors that the device has, 0 on a plain one
 * @position: own peer id (the register IVPosition), 0 on a plain device
 * @pad: 0; must be 0 on the way in
 * @pci: where the device sits, as "0000:00:02.0", NUL-terminated
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_info {
	__u32 abi;
	__u32 flags;
	__u64 size;
	__u32 revision;
	__u32 vectors;
	__u32 position;
	__u32 pad;
	char  pci[16];
	__u64 reserved[6];
};

/* The letter of ivshmem_host.h; that one's numbers end below 0x40. */
#define IVSHMEM_IOC	0xC5

/* EINVAL a reserved word that is not zero, EFAULT a bad pointer, ENODEV the device is gone. */
#define IVSHMEM_INFO	_IOWR(IVSHMEM_IOC, 0x40, struct ivshmem_info)

#endif /* _UAPI_LINUX_IVSHMEM_H */
