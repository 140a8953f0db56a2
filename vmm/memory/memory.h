/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory model: a tree of regions, flattened into an immutable view for each address space;
 * listeners (listener.h) hear of each change as the difference of two views. Knows neither KVM nor
 * PCI.
 *
 * The words are QEMU's (docs/devel/memory.rst). Regions are embedded in their owners; the model
 * never allocates or frees one. Changes are made between memory_transaction_begin() and
 * memory_transaction_commit(), which nest and hold the model's lock; each function that changes the
 * tree does so by itself, so that a single change needs no transaction around it. Accesses
 * (access.h) take no lock: they look at the published view under RCU.
 */
#ifndef VMM_MEMORY_MEMORY_H
#define VMM_MEMORY_MEMORY_H

#include <stdio.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "memory/owner.h"
#include "memory/types.h"

enum memory_endian {
	MEMORY_LITTLE_ENDIAN,
	MEMORY_BIG_ENDIAN,
};

/**
 * struct memory_region_ops - what a device does with accesses to its registers
 * @read: fills the low @size bytes of @data; @addr is an offset in the region
 * @write: takes the low @size bytes of @data
 * @endianness: the byte order of its registers, as a little-endian CPU sees them
 * @valid: what a guest may do. Sizes in bytes, powers of two (0: 1 and 8); @unaligned: also at
 *	offsets that are no multiple of the size; @accepts (may be NULL) has the last word
 * @impl: what the two functions above can do; the size of the region is a multiple of @impl.min.
 *	Other valid accesses are made of these: wider and unaligned ones of the widest that fit,
 *	each register touched once; narrower ones cut out of a wider read (and a wider write gets
 *	the bytes that a guest did not write as 0)
 *
 * Either function may be NULL: nobody answers. An access that is not valid never gets here: it
 * reads all-ones and is ignored as a write. Both are called by any thread, without a lock of the
 * model but inside an RCU read-side section: they may change the tree, but not wait for the end of
 * a region (memory_region_fini(), address_space_fini()). Values are in the host's byte order.
 * A device whose function makes an access that comes back to a region of the same owner (or,
 * without one, of the same @opaque) is refused that: MEMTX_ERROR; see
 * memory_region_allow_reentrancy().
 */
struct memory_region_ops {
	enum memtx_result (*read)(void *opaque, hwaddr addr, uint64_t *data, unsigned int size);
	enum memtx_result (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned int size);
	enum memory_endian endianness;
	struct {
		unsigned int min, max;
		bool unaligned;
		bool (*accepts)(void *opaque, hwaddr addr, unsigned int size, bool is_write);
	} valid;
	struct {
		unsigned int min, max;
		bool unaligned;
	} impl;
};

enum memory_region_kind {
	MEMORY_CONTAINER,
	MEMORY_RAM,		/* ROM too: readonly tells */
	MEMORY_ROM_DEVICE,	/* reads from RAM in romd mode, everything else to ops */
	MEMORY_IO,
	MEMORY_ALIAS,
	MEMORY_RESERVATION,
	MEMORY_IOMMU,
};

/* What a region has beyond a place: eventfds and coalesced ranges. */
struct attachments;
struct iommu;

/*
 * Embedded by its owner. All fields are the model's; look through the functions below. What a
 * change of the tree looks at comes first.
 */
struct memory_region {
	struct memory *mem;
	struct memory_region *container;	/* NULL: not a subregion */
	hwaddr addr;				/* offset in the container */
	hwaddr last;				/* size - 1: 2^64 has no number of its own */
	uint64_t sequence;			/* of equals, the later addition hides the
						 * earlier */
	/* subregions.c: a node of the container's tree, and the root of its own */
	struct memory_region *left, *right;
	hwaddr subtree_end;			/* the last offset that an enabled one below
						 * covers */
	unsigned int subtree_enabled;		/* nodes below and itself */
	int priority;				/* the higher hides the lower */
	struct memory_region *subregions;

	enum memory_region_kind kind;
	bool enabled;
	bool readonly;				/* and so is all below */
	bool nonvolatile;			/* and so is all below */
	bool unmergeable;			/* its sections are never made one */
	bool romd;				/* a ROM device: reads are direct */
	bool ram_device;			/* RAM that is registers: no copying, no map
						 * without bounce */
	bool flush_coalesced;			/* an access sees all stores made before */
	bool reentrant;
	bool rings_itself;			/* its device does what a missed eventfd would */
	struct view_root *view_root;		/* if an address space looks like this one */
	TAILQ_HEAD(, memory_region) aliases;	/* that stand for this one */

	struct memory_region *alias;		/* an alias: of what */
	hwaddr alias_offset;			/* and from which offset in it */
	TAILQ_ENTRY(memory_region) alias_link;	/* in alias->aliases */

	struct memory_owner *owner;		/* NULL: lives as long as the model */
	char *name;
	const struct memory_region_ops *ops;
	void *opaque;				/* the device of ops or iommu */
	struct ram_block *ram_block;
	struct iommu *iommu;
	struct attachments *attachments;
	unsigned int nr_subregions;
	uint8_t log_counts[DIRTY_CLIENTS];	/* who follows stores, how often asked */
};

/* Embedded by its owner. All fields are the model's. */
struct address_space {
	struct memory *mem;
	char *name;
	struct memory_region *root;
	struct view_root *view_root;		/* whose view it shows; NULL: an empty one */
	struct flatview *view;			/* published by RCU, replaced under the lock */
	struct space_change *change;		/* listener.c: what it tells of a commit */
	struct as_bounce *bounce;		/* what is out, and who waits */
	TAILQ_ENTRY(address_space) link;
};

/**
 * struct memory_region_section - a part of a region where an address space shows it
 * @mr: never a container or an alias
 * @as: the address space
 * @offset_within_region: where in @mr it starts
 * @offset_within_address_space: where in @as it starts
 * @size: bytes; 2^64 is held as 0, so that `start + (size - 1)` is always the last byte
 * @readonly: a guest's writes do not reach it
 * @nonvolatile: it keeps its contents without power
 * @unmergeable: it must stay a section of its own
 * @romd: a ROM device whose reads are direct now
 * @log_mask: the clients (1 << enum dirty_client) that follow stores to it
 */
struct memory_region_section {
	struct memory_region *mr;
	struct address_space *as;
	hwaddr offset_within_region;
	hwaddr offset_within_address_space;
	uint64_t size;
	bool readonly;
	bool nonvolatile;
	bool unmergeable;
	bool romd;
	uint8_t log_mask;
};

/**
 * memory_create() - make an empty model
 *
 * Return: 0 or -ENOMEM.
 */
int memory_create(struct memory **out) MEMORY_MUST_CHECK;

/* All its regions and address spaces must be gone; not from within an access. */
void memory_destroy(struct memory *mem);

/**
 * memory_thread_register() - a thread is about to access address spaces
 *
 * Each thread that reads or writes an address space does this first (a vCPU thread as it starts,
 * the main thread too) and memory_thread_unregister() before it ends.
 */
void memory_thread_register(void);
void memory_thread_unregister(void);

/**
 * memory_transaction_begin() - take the model's lock, to make several changes one
 *
 * Nests. The order of locks is: a device's own, then this one.
 */
void memory_transaction_begin(struct memory *mem);

/**
 * memory_transaction_commit() - end a transaction
 *
 * The outermost one renders anew what was touched, tells the listeners and publishes.
 *
 * Return: 0, or the first -errno of a listener (all the others were told all the same), or with the
 * views as they were: -ENOMEM, -ELOOP (aliases in a circle), or what a listener's check() returned.
 * In that last case the tree stays as it was changed, and each later commit tries again: who gets
 * an error takes back what it did.
 */
int memory_transaction_commit(struct memory *mem);

/*
 * Regions. @size is in bytes, not 0, MEMORY_SIZE_ALL for 2^64; @owner is who embeds @mr, NULL if
 * that lives as long as the model; @name is copied. All return 0, -EINVAL for a size of 0, -ENOMEM,
 * or what is said with each. A region is enabled from the start and seen by nobody until it is
 * added to a container or made a root.
 */

/* A container: nothing by itself, only its subregions. */
int memory_region_init(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
		       const char *name, uint64_t size) MEMORY_MUST_CHECK;

/* MMIO or port I/O; @opaque is passed to @ops, which must live as long as @mr. */
int memory_region_init_io(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
			  const struct memory_region_ops *ops, void *opaque, const char *name,
			  uint64_t size) MEMORY_MUST_CHECK;

/* Anonymous private memory, zero; aligned so that huge pages fit. -errno of mmap. */
int memory_region_init_ram(struct memory_region *mr, struct memory *mem,
			   struct memory_owner *owner, const char *name, uint64_t size)
	MEMORY_MUST_CHECK;

/* The same, read-only for a guest; filled by address_space_write_rom() or the pointer. */
int memory_region_init_rom(struct memory_region *mr, struct memory *mem,
			   struct memory_owner *owner, const char *name, uint64_t size)
	MEMORY_MUST_CHECK;

/* The caller's own mapping of @size bytes at @ptr, which stays the caller's. */
int memory_region_init_ram_ptr(struct memory_region *mr, struct memory *mem,
			       struct memory_owner *owner, const char *name, uint64_t size,
			       void *ptr) MEMORY_MUST_CHECK;

/*
 * The same for registers of a device (vfio): accesses are single loads and stores of their width.
 */
int memory_region_init_ram_device_ptr(struct memory_region *mr, struct memory *mem,
				      struct memory_owner *owner, const char *name, uint64_t size,
				      void *ptr) MEMORY_MUST_CHECK;

/* Flags of memory_region_init_ram_fd(). */
#define RAM_SHARED	(1u << 0)	/* stores reach the file */
#define RAM_READONLY	(1u << 1)	/* mapped read-only; read-only for a guest, whatever else
					 * is said */

/**
 * memory_region_init_ram_fd() - RAM that is a part of a file
 * @fd: mapped and not needed any more when this returns
 * @offset: in the file, a multiple of the page size
 * @flags: RAM_*
 *
 * Return: 0, -EINVAL (size, offset), or -errno of mmap.
 */
int memory_region_init_ram_fd(struct memory_region *mr, struct memory *mem,
			      struct memory_owner *owner, const char *name, uint64_t size, int fd,
			      off_t offset, unsigned int flags) MEMORY_MUST_CHECK;

/**
 * memory_region_init_resizeable_ram() - RAM that may grow and shrink between 1 byte and @max
 * @resized: told after each change of size, under the model's lock (may be NULL)
 */
int memory_region_init_resizeable_ram(struct memory_region *mr, struct memory *mem,
				      struct memory_owner *owner, const char *name, uint64_t size,
				      uint64_t max,
				      void (*resized)(void *opaque, uint64_t size, void *host),
				      void *opaque) MEMORY_MUST_CHECK;

/* 0, -EINVAL for 0, more than the maximum, or a region that is not resizeable; or of the commit. */
int memory_region_ram_resize(struct memory_region *mr, uint64_t size);

/* RAM that a guest reads directly while in romd mode (as at first); else, and for stores, @ops. */
int memory_region_init_rom_device(struct memory_region *mr, struct memory *mem,
				  struct memory_owner *owner, const struct memory_region_ops *ops,
				  void *opaque, const char *name, uint64_t size) MEMORY_MUST_CHECK;

/* @orig, or the part of it from @offset on, shown a second time; @orig outlives @mr. */
int memory_region_init_alias(struct memory_region *mr, struct memory *mem,
			     struct memory_owner *owner, const char *name,
			     struct memory_region *orig, hwaddr offset, uint64_t size)
	MEMORY_MUST_CHECK;

/* Claims its place, hides what is below, and answers nothing: somebody outside the model does. */
int memory_region_init_reservation(struct memory_region *mr, struct memory *mem,
				   struct memory_owner *owner, const char *name, uint64_t size)
	MEMORY_MUST_CHECK;

/**
 * memory_region_fini() - the end of a region
 *
 * It must be no root and the target of no alias. It is taken out of its container and its
 * subregions out of it, if that is still to be done. Waits until no access is in it any more; so
 * not to be called from within an access, nor inside a transaction, whose end an access may wait
 * for. A region that is all zero (never initialised) is left alone.
 */
void memory_region_fini(struct memory_region *mr);

/**
 * memory_region_add_subregion() - show @sub in @container from @offset on, with priority 0
 *
 * What does not fit into the container is cut off. Of equal priorities the later addition hides the
 * earlier; being moved counts as an addition.
 *
 * Return: 0, -EBUSY if @sub is in a container already, or what memory_transaction_commit() returns:
 * then it was added all the same. Whatever it was, memory_region_del_subregion() and
 * memory_region_fini() are safe after it.
 */
int memory_region_add_subregion(struct memory_region *container, hwaddr offset,
				struct memory_region *sub) MEMORY_MUST_CHECK;
int memory_region_add_subregion_overlap(struct memory_region *container, hwaddr offset,
					struct memory_region *sub, int priority) MEMORY_MUST_CHECK;

/* Return: 0, -ENOENT if @sub is not in @container, or what memory_transaction_commit() returns. */
int memory_region_del_subregion(struct memory_region *container, struct memory_region *sub);

/*
 * Changes at any time; each returns what memory_transaction_commit() returns, and 0 if there was
 * nothing to change.
 */
int memory_region_set_enabled(struct memory_region *mr, bool enabled);
int memory_region_set_readonly(struct memory_region *mr, bool readonly);
int memory_region_set_nonvolatile(struct memory_region *mr, bool nonvolatile);
int memory_region_set_unmergeable(struct memory_region *mr, bool unmergeable);
int memory_region_set_address(struct memory_region *mr, hwaddr addr);
/* -EINVAL for 0, and for RAM or ROM, whose size is fixed or set by memory_region_ram_resize(). */
int memory_region_set_size(struct memory_region *mr, uint64_t size);
/* -EINVAL if @mr is not an alias. */
int memory_region_set_alias_offset(struct memory_region *mr, hwaddr offset);
/* -EINVAL if @mr is not a ROM device. */
int memory_region_rom_device_set_romd(struct memory_region *mr, bool romd);

/* Accesses of its device that come back to @mr are let through. Before anybody sees @mr. */
void memory_region_allow_reentrancy(struct memory_region *mr);

/**
 * struct memory_eventfd - a store that is to raise an eventfd instead of reaching the device
 *
 * Where the kernel does not do it we write to it: it must not block, unless
 * memory_region_ring_by_device().
 *
 * @addr: offset in the region
 * @size: 1, 2, 4 or 8 bytes, or 0: any, at @addr
 * @match: only a store of @data
 * @data: 0 if not @match
 * @fd: stays the caller's; open until it is deleted again, the outermost transaction around that
 *	has ended with 0, and so have all accesses that began before: they may still raise it
 *	(memory_close_fds() waits for those)
 */
struct memory_eventfd {
	hwaddr addr;
	unsigned int size;
	bool match;
	uint64_t data;
	int fd;
};

/**
 * memory_region_add_eventfds() - attach eventfds to stores, all of @v or none
 *
 * Many at once cost little more than one.
 *
 * Return: 0, -EINVAL (a size, or not all within @mr), -EEXIST for the same place, size and data,
 * -ENOMEM, or what memory_transaction_commit() returns: then they were added all the same.
 */
int memory_region_add_eventfds(struct memory_region *mr, const struct memory_eventfd *v,
			       unsigned int nr) MEMORY_MUST_CHECK;
/* -ENOENT if one of them is not there; -ENOMEM: all stay; or the commit's: all are gone. */
int memory_region_del_eventfds(struct memory_region *mr, const struct memory_eventfd *v,
			       unsigned int nr);
/* The same with one. */
int memory_region_add_eventfd(struct memory_region *mr, hwaddr addr, unsigned int size, bool match,
			      uint64_t data, int fd) MEMORY_MUST_CHECK;
int memory_region_del_eventfd(struct memory_region *mr, hwaddr addr, unsigned int size, bool match,
			      uint64_t data, int fd);

/*
 * A store that the kernel did not take for its eventfd (it refused it, or has it not yet) comes to
 * the device, and nobody writes to the eventfd: one that others have, too, could be full and make
 * a vCPU wait. Before anybody sees @mr.
 */
void memory_region_ring_by_device(struct memory_region *mr);

/*
 * Close descriptors as soon as all accesses that began before this have ended. Not from within an
 * access, nor inside a transaction.
 */
void memory_close_fds(const int *fds, unsigned int nr);

/*
 * Stores to the range may come late and many at once, in order. -EINVAL, -EEXIST for the same
 * range, -ENOMEM, or the commit's.
 */
int memory_region_add_coalescing(struct memory_region *mr, hwaddr offset, uint64_t size)
	MEMORY_MUST_CHECK;
/*
 * No range of @mr is coalesced any more; what was stored before the call arrives first. Not inside
 * a transaction: who delivers it may wait for that to end.
 */
int memory_region_clear_coalescing(struct memory_region *mr);

/* Whether each access to @mr first lets all coalesced stores arrive. */
void memory_region_set_flush_coalesced(struct memory_region *mr, bool flush);

/* Who has coalesced stores that the model does not know yet: @flush delivers them. Any thread. */
void memory_set_coalesced_source(struct memory *mem, void (*flush)(void *opaque), void *opaque);

const char *memory_region_name(const struct memory_region *mr);
uint64_t memory_region_size(const struct memory_region *mr);	/* MEMORY_SIZE_ALL: 2^64 */
bool memory_region_is_ram(const struct memory_region *mr);	/* or ROM, not a ROM device */
bool memory_region_is_rom_device(const struct memory_region *mr);
bool memory_region_is_ram_device(const struct memory_region *mr);
bool memory_region_is_mapped(const struct memory_region *mr);	/* in a container */
/* The host's address of the first byte of RAM, ROM or a ROM device; NULL for other regions. */
void *memory_region_get_ram_ptr(const struct memory_region *mr);

/**
 * memory_region_find() - what is in the address space below @mr, at @addr to @addr + @size - 1
 * @mr: a root, or a region somewhere below one
 * @addr: an offset in @mr
 * @size: bytes, not 0
 * @sec: filled with the first section in there, cut to the range
 *
 * Return: whether there is one; its region's owner is held until memory_section_put(), which may
 * be the end of it: not inside a transaction.
 */
bool memory_region_find(struct memory_region *mr, hwaddr addr, uint64_t size,
			struct memory_region_section *sec);
void memory_section_put(struct memory_region_section *sec);

/*
 * Whether something answers for offset @addr of @container, however far below. Not inside a
 * transaction.
 */
bool memory_region_present(struct memory_region *container, hwaddr addr);

/**
 * address_space_init() - make an address space of all that is below @root
 *
 * Return: 0, -ENOMEM, or what memory_transaction_commit() returns.
 */
int address_space_init(struct address_space *as, struct memory *mem, struct memory_region *root,
		       const char *name) MEMORY_MUST_CHECK;

/*
 * Its own listeners must be gone; those of all spaces hear it go. Not from within an access. An @as
 * that is all zero is left alone.
 */
void address_space_fini(struct address_space *as);

/* Flags of mtree_info() and ramblock_info(). */
#define MTREE_FLAT	(1u << 0)	/* the views instead of the trees */
#define MTREE_JSON	(1u << 1)	/* for programs: one JSON value and a newline */
#define MTREE_DISPATCH	(1u << 2)	/* the views, and how a lookup finds its way in them */
#define MTREE_OWNERS	(1u << 3)	/* whose each region is */
#define MTREE_DISABLED	(1u << 4)	/* regions that are disabled, and all below them, too */

/* Print all address spaces, in the manner of QEMU's `info mtree`. */
void mtree_info(struct memory *mem, FILE *out, unsigned int flags);

/* Print all RAM blocks, in the manner of QEMU's `info ramblock`. */
void ramblock_info(struct memory *mem, FILE *out, unsigned int flags);

#endif /* VMM_MEMORY_MEMORY_H */
