/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ivshmem.ko and its users: /dev/ivshmemN in a guest, a file as large as the shared memory.
 *
 * read, write, llseek and mmap are those of a file; INFO tells what the device is, RING,
 * SET_EVENTFD and WAIT are its doorbells, PEERS tells who else is there. Every structure is of
 * fixed size, the same for 32-bit callers; reserved words must be zero.
 */
#ifndef _UAPI_LINUX_IVSHMEM_H
#define _UAPI_LINUX_IVSHMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Grows when a structure or an ioctl gets a meaning that it did not have. */
#define IVSHMEM_ABI	2

/**
 * struct ivshmem_info - what IVSHMEM_INFO tells
 * @abi: IVSHMEM_ABI of the driver
 * @flags: 0; must be 0 on the way in
 * @size: bytes of shared memory, mapped from offset 0
 * @revision: of the PCI device
 * @vectors: MSI-X vectors that the device has, 0 on a plain one
 * @position: own peer id (the register IVPosition), 0 on a plain device
 * @interrupts: how many of @vectors the driver has interrupts for: all of them, or 0
 * @pci: where the device sits, as "0000:00:02.0", NUL-terminated
 * @regs_offset: for mmap(), where the page of the registers (BAR 0) begins
 * @regs_size: bytes that can be mapped there, 0: none
 * @peers_offset: for mmap(), where the peers' page begins: read-only, a word a possible peer, as
 *	IVSHMEM_PEER_* of ivshmem_regs.h
 * @peers_size: bytes that can be mapped there, 0: the device does not know its peers
 * @max_peers: words of the peers' page; ids are below it; 0: the device does not know them
 * @changes: of the peers' page, since the device was made
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_info {
	__u32 abi;
	__u32 flags;
	__u64 size;
	__u32 revision;
	__u32 vectors;
	__u32 position;
	__u32 interrupts;
	char  pci[16];
	__u64 regs_offset;
	__u64 regs_size;
	__u64 peers_offset;
	__u64 peers_size;
	__u32 max_peers;
	__u32 changes;
	__u64 reserved[1];
};

/**
 * struct ivshmem_ring - a doorbell, for IVSHMEM_RING
 * @peer: 0 to 65535; nobody of that id, or no such vector: ignored, as the device does
 * @vector: 0 to 65535
 * @reserved: must be 0
 */
struct ivshmem_ring {
	__u32 peer;
	__u32 vector;
	__u64 reserved;
};

/* Eventfds that a vector raises, of all open files: one interrupt raises them all. */
#define IVSHMEM_EVENTFDS_MAX	256

/**
 * struct ivshmem_eventfd - for IVSHMEM_SET_EVENTFD
 * @vector: below INFO's interrupts
 * @fd: an eventfd that this open file has raised with each interrupt of @vector, in place of the
 *	one before; -1: none
 * @reserved: must be 0
 *
 * One a vector and open file, IVSHMEM_EVENTFDS_MAX a vector; it ends with the file.
 */
struct ivshmem_eventfd {
	__u32 vector;
	__s32 fd;
	__u64 reserved;
};

/* As the vector of WAIT: any. As its time-out: none. */
#define IVSHMEM_VECTOR_ANY	((__u32)-1)
#define IVSHMEM_WAIT_FOREVER	((__s64)-1)

/**
 * struct ivshmem_wait - for IVSHMEM_WAIT
 * @vector: in: below INFO's interrupts, or IVSHMEM_VECTOR_ANY; out: the one that fired, the lowest
 *	of several
 * @flags: must be 0
 * @timeout_ns: nanoseconds, 0 to ask only, IVSHMEM_WAIT_FOREVER
 * @count: out: interrupts of @vector that this open file has not been told of; 1 or more. From the
 *	file's open() on: none is lost, none told twice to one file, and each file is told of all
 * @total: out: interrupts of @vector since the driver was bound
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_wait {
	__u32 vector;
	__u32 flags;
	__s64 timeout_ns;
	__u64 count;
	__u64 total;
	__u64 reserved[2];
};

/* Bytes of a region's name with its terminating NUL. */
#define IVSHMEM_REGION_SIZE	64

/**
 * struct ivshmem_peers - for IVSHMEM_PEERS: what the device knows of its region and peers
 * @region: the region's name on its host, NUL-terminated, padded with zeros
 * @changes: in: any; out: of the peers' page up to now; poll() tells EPOLLPRI when there were more
 *	than this open file was told here, or than there were when it was opened. Whoever walks the
 *	peers begins again when it is another one at the end
 * @next: in: the id to begin with; out: the smallest id of a living peer from there on, oneself too
 * @generation: out: how many had the id of @next so far, itself too
 * @pad: 0; must be 0 on the way in
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_peers {
	char  region[IVSHMEM_REGION_SIZE];
	__u32 changes;
	__u32 next;
	__u32 generation;
	__u32 pad;
	__u64 reserved[2];
};

/* The letter of ivshmem_host.h; that one's numbers end below 0x40. */
#define IVSHMEM_IOC	0xC5

/*
 * poll(): EPOLLIN when a vector fired that this open file was not told of by WAIT, EPOLLPRI when
 * peers came or went since its last PEERS, EPOLLERR and EPOLLHUP when the device is gone; reading
 * and writing memory never has to wait. Where the device knows its peers, it raises its last vector
 * when they change: that one's interrupts are not all doorbells.
 *
 * mmap(): EINVAL a private mapping, or one that is not within the memory, the registers or the
 * peers' page; EACCES registers through a file that is not open for writing, peers' page to be
 * written.
 *
 * INFO		EINVAL an unknown flag, a reserved word
 * RING		EPERM opened for reading only; EINVAL a number beyond 65535, a reserved word
 * SET_EVENTFD	EINVAL no such vector, a descriptor that is no eventfd, a reserved word; EBADF a
 *		descriptor that is not open; ENOSPC the vector has IVSHMEM_EVENTFDS_MAX; ENOMEM
 * WAIT		EINVAL no such vector, or any of none, an unknown flag, a negative time-out, a
 *		reserved word; ETIMEDOUT; EINTR a signal was handled, and @timeout_ns is what was
 *		left
 * PEERS	EINVAL a reserved word; EOPNOTSUPP the device does not know its peers; ENOENT none
 *		from @next on (@region and @changes are filled in)
 *
 * All: EFAULT a bad pointer, ENODEV the device is gone. Any other command: ENOTTY.
 */
#define IVSHMEM_INFO		_IOWR(IVSHMEM_IOC, 0x40, struct ivshmem_info)
#define IVSHMEM_RING		_IOW(IVSHMEM_IOC, 0x41, struct ivshmem_ring)
#define IVSHMEM_SET_EVENTFD	_IOW(IVSHMEM_IOC, 0x42, struct ivshmem_eventfd)
#define IVSHMEM_WAIT		_IOWR(IVSHMEM_IOC, 0x43, struct ivshmem_wait)
#define IVSHMEM_PEERS		_IOWR(IVSHMEM_IOC, 0x44, struct ivshmem_peers)

#endif /* _UAPI_LINUX_IVSHMEM_H */
