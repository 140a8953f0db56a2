/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ivshmem_host.ko and its users: named regions of shared pages.
 *
 * /dev/ivshmem/control takes CREATE, DESTROY and NEXT; /dev/ivshmem/NAME is a region, with the file
 * operations of a file of its size, and takes INFO, FILE, JOIN and PEER_NEXT. JOIN gives a
 * descriptor of its own, the membership: who holds it is a peer, and leaves with its last close.
 * Every structure is of fixed size, the same for 32-bit callers; reserved words must be zero.
 */
#ifndef _UAPI_LINUX_IVSHMEM_HOST_H
#define _UAPI_LINUX_IVSHMEM_HOST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Grows when a structure or an ioctl gets a meaning that it did not have. */
#define IVSHMEM_HOST_ABI	2

/* Bytes of a name with its terminating NUL: [A-Za-z0-9._-]{1,63}, no leading dot, not "control". */
#define IVSHMEM_NAME_SIZE	64

/* Bytes of the smallest region; every size is a power of two, as a PCI BAR needs. */
#define IVSHMEM_SIZE_MIN	4096

/* What no region has more of: peers at a time (their ids are 16 bits), vectors of one peer. */
#define IVSHMEM_PEERS_MAX	65536
#define IVSHMEM_VECTORS_MAX	2048

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
 * @max_peers: living ones at a time, and one more than the largest id; at most IVSHMEM_PEERS_MAX;
 *	0: the module's default
 * @max_vectors: of one peer, at most IVSHMEM_VECTORS_MAX; 0: the module's default
 * @max_user_kb: kernel memory, in KiB, that the memberships of one user may hold; 0: the module's
 *	default
 * @pad: must be 0
 * @reserved: must be 0
 */
struct ivshmem_region_create {
	char  name[IVSHMEM_NAME_SIZE];
	__u64 size;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 flags;
	__u32 max_peers;
	__u32 max_vectors;
	__u32 max_user_kb;
	__u32 pad;
	__u64 reserved[2];
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
 * @peers: living ones
 * @max_peers: limit of them, and one more than the largest id
 * @max_vectors: limit of one peer's
 * @max_user_kb: limit of what one user's memberships hold of kernel memory, KiB
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
	__u32 peers;
	__u32 max_peers;
	__u32 max_vectors;
	__u32 max_user_kb;
	__u64 reserved[2];
};

/* As the peer that is wanted: any. As the peer that one is: none, an observer. */
#define IVSHMEM_PEER_ANY	((__u32)-1)

/* Be no peer, only hear of them: no id, no vectors, nothing to ring. */
#define IVSHMEM_JOIN_OBSERVE	(1u << 0)

/**
 * struct ivshmem_join - what IVSHMEM_JOIN makes
 * @flags: of IVSHMEM_JOIN_*
 * @peer: in: the id that is wanted, or IVSHMEM_PEER_ANY: the next free one after the last that was
 *	handed out; out: the own id, IVSHMEM_PEER_ANY for an observer
 * @vectors: how many one has, at most the region's max_vectors; 0 for an observer
 * @pad: must be 0
 * @fds: address of @vectors __s32: an eventfd for each vector, or -1 for one that SET_VECTOR gives
 *	later; 0: -1 for all, and all there is to say without vectors. Others hear of the peer when
 *	it has all of these.
 * @serial: out: unique among all memberships of the region, growing; 0 on the way in
 * @reserved: must be 0
 */
struct ivshmem_join {
	__u32 flags;
	__u32 peer;
	__u32 vectors;
	__u32 pad;
	__u64 fds;
	__u64 serial;
	__u64 reserved[2];
};

/**
 * struct ivshmem_vector - what IVSHMEM_SET_VECTOR changes
 * @vector: one of mine
 * @fd: an eventfd, or -1: this vector can't be rung any more
 * @reserved: must be 0
 */
struct ivshmem_vector {
	__u32 vector;
	__s32 fd;
	__u64 reserved;
};

/**
 * struct ivshmem_doorbell - which vector of whom, for IVSHMEM_GET_DOORBELL and IVSHMEM_PEER_RING
 * @peer: its id; oneself is allowed
 * @vector: one of its
 * @serial: of the membership that is meant, since ids come back; 0: whoever has the id now
 * @reserved: must be 0
 */
struct ivshmem_doorbell {
	__u32 peer;
	__u32 vector;
	__u64 serial;
	__u64 reserved;
};

/**
 * enum ivshmem_event_type - what happened
 * @IVSHMEM_EVENT_RESYNC: forget all peers: each living one follows as JOINED, then SYNCED. The
 *	first event of every membership, and what a reader gets who was too slow
 * @IVSHMEM_EVENT_SYNCED: the list is complete; from here on it is news
 * @IVSHMEM_EVENT_JOINED: a peer is there
 * @IVSHMEM_EVENT_VECTORS: some of its vectors have another eventfd, or none, or got one
 * @IVSHMEM_EVENT_LEFT: it is gone; its id is not given to another before this was read, or was
 *	replaced by a RESYNC
 */
enum ivshmem_event_type {
	IVSHMEM_EVENT_RESYNC = 1,
	IVSHMEM_EVENT_SYNCED = 2,
	IVSHMEM_EVENT_JOINED = 3,
	IVSHMEM_EVENT_VECTORS = 4,
	IVSHMEM_EVENT_LEFT = 5,
};

/**
 * struct ivshmem_event - what read() of a membership gives, as many as fit
 * @type: of enum ivshmem_event_type; the rest is 0 for RESYNC and SYNCED. There may be more types
 *	in time: a reader skips those that it does not know
 * @peer: its id; never one's own
 * @serial: of its membership
 * @first: JOINED: 0; VECTORS: the first vector that changed
 * @count: JOINED: how many vectors it has; VECTORS: how many from @first on may have changed
 * @reserved: 0
 */
struct ivshmem_event {
	__u32 type;
	__u32 peer;
	__u64 serial;
	__u32 first;
	__u32 count;
	__u64 reserved;
};

/**
 * struct ivshmem_peer_info - a peer as it is now
 * @peer: in: the id to begin with; out: the id of the peer found
 * @flags: 0; must be 0 on the way in
 * @serial: of its membership
 * @vectors: how many it has
 * @attached: how many of them have an eventfd
 * @uid: who joined, in the caller's user namespace
 * @pid: process that joined, in the caller's pid namespace; 0: not to be seen there
 * @reserved: 0; must be 0 on the way in
 */
struct ivshmem_peer_info {
	__u32 peer;
	__u32 flags;
	__u64 serial;
	__u32 vectors;
	__u32 attached;
	__u32 uid;
	__u32 pid;
	__u64 reserved[4];
};

/* ioctl-number.rst gives this letter to nobody; the guest driver's numbers follow from 0x40. */
#define IVSHMEM_HOST_IOC	0xC5

/*
 * On /dev/ivshmem/control:
 *
 * CREATE	EPERM a control device opened for reading only; EINVAL a bad name, size, owner,
 *		group, mode, limit, flag or reserved word (the kernel log says which); EPERM an
 *		owner or group that the caller may not give; EEXIST the name is taken; ENOSPC a
 *		size beyond what the kernel can hold, or no device number left; ENOMEM
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

/*
 * On /dev/ivshmem/NAME:
 *
 * INFO		the region itself; EINVAL unless @id and the reserved words are 0
 * JOIN		returns the membership, a descriptor that is closed on exec. EINVAL an unknown flag,
 *		a wanted id or vectors beyond the region's limits, vectors or a wanted id of an
 *		observer, @fds without vectors, a descriptor that is no eventfd, a reserved word;
 *		EBUSY the wanted id is that of a peer that is living or about to be; ENOSPC the
 *		region has max_peers peers; EMFILE this user's memberships hold max_user_kb, or the
 *		process has no descriptor left; EBADF an entry of @fds that is not open; ENFILE;
 *		ENOMEM
 * PEER_NEXT	the living peer with the smallest id from @peer on; EINVAL a reserved word; ENOENT
 *		there is none
 * FILE		returns a descriptor of the pages as a plain file, closed on exec: for programs
 *		that ask fstat() for the size, which a device does not tell. Open for what the
 *		region is open for; its size is sealed. EINVAL the argument is not 0; EMFILE no
 *		descriptor left; ENFILE; ENOMEM
 */
#define IVSHMEM_REGION_INFO	_IOWR(IVSHMEM_HOST_IOC, 0x03, struct ivshmem_region_info)
#define IVSHMEM_JOIN		_IOWR(IVSHMEM_HOST_IOC, 0x04, struct ivshmem_join)
#define IVSHMEM_PEER_NEXT	_IOWR(IVSHMEM_HOST_IOC, 0x05, struct ivshmem_peer_info)
#define IVSHMEM_REGION_FILE	_IO(IVSHMEM_HOST_IOC, 0x09)

/*
 * On a membership, which can be read (struct ivshmem_event, EINVAL for a buffer of less than one,
 * EAGAIN with O_NONBLOCK and no news) and polled:
 *
 * SET_VECTOR	EINVAL no such vector of mine, a descriptor that is no eventfd, a reserved word;
 *		EBADF a descriptor that is not open; EMFILE this user's memberships hold max_user_kb
 * GET_DOORBELL	returns a descriptor of the peer's eventfd, closed on exec: to write to, or for KVM.
 *		EPERM the region was opened for reading only; EINVAL a reserved word; ESRCH no such
 *		peer, or not with that serial; ENXIO it has no such vector, or the vector no
 *		eventfd; EACCES a security module forbids it; EMFILE no descriptor left; ENFILE
 * PEER_RING	raises the peer's eventfd at once, and never blocks. EPERM the region was opened for
 *		reading only, and the peer is not oneself; EINVAL, ESRCH and ENXIO as GET_DOORBELL
 */
#define IVSHMEM_SET_VECTOR	_IOW(IVSHMEM_HOST_IOC, 0x06, struct ivshmem_vector)
#define IVSHMEM_GET_DOORBELL	_IOW(IVSHMEM_HOST_IOC, 0x07, struct ivshmem_doorbell)
#define IVSHMEM_PEER_RING	_IOW(IVSHMEM_HOST_IOC, 0x08, struct ivshmem_doorbell)

#endif /* _UAPI_LINUX_IVSHMEM_HOST_H */
