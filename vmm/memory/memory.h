/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory model: a tree of regions, flattened into an immutable view for each address space;
 * listeners hear of each change as the difference of two views. Knows neither KVM nor PCI.
 *
 * The words are QEMU's (docs/devel/memory.rst). Regions are embedded in their owners; the model
 * never allocates or frees one. Changes are made between memory_transaction_begin() and
 * memory_transaction_commit(), which nest and hold the model's lock; each function that changes the
 * tree does so by itself, so that a single change needs no transaction around it. Accesses
 * (address_space_read() and so on) take no lock: they look at the published view under RCU.
 */
#ifndef VMM_MEMORY_MEMORY_H
#define VMM_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>
#include <sys/types.h>

typedef uint64_t hwaddr;	/* an address in an address space, or an offset in a region */
typedef uint64_t ram_addr_t;	/* an offset in the space of all RAM blocks */

struct memory;			/* the model: one a machine */
struct memory_region;
struct address_space;
struct ram_block;
struct flatview;

/* As the size of a region: 2^64 bytes, the whole of an address space. */
#define MEMORY_SIZE_ALL		UINT64_MAX

#define MEMORY_MUST_CHECK	__attribute__((warn_unused_result))

enum memtx_result {
	MEMTX_OK,
	MEMTX_ERROR,		/* the device refused, or a write to what is read-only */
	MEMTX_DECODE_ERROR,	/* nobody answers there, or not an access of this size */
};

/**
 * struct memory_region_ops - what a device does with accesses to its registers
 * @read: fills the low @size bytes of @data; @addr is an offset in the region
 * @write: takes the low @size bytes of @data
 * @valid_min: smallest access in bytes that a guest may make (0: 1)
 * @valid_max: largest access in bytes that a guest may make (0: 8)
 * @valid_unaligned: also at offsets that are not a multiple of the access's size
 *
 * Either function may be NULL: nobody answers. An access that is not valid never gets here: it
 * reads all-ones and is ignored as a write. Both are called by any thread, without a lock of the
 * model but inside an RCU read-side section: they may change the tree, but not wait for the end of
 * a region (memory_region_fini(), address_space_fini()). Values are in the host's byte order,
 * memory is little-endian.
 */
struct memory_region_ops {
	enum memtx_result (*read)(void *opaque, hwaddr addr, uint64_t *data, unsigned int size);
	enum memtx_result (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned int size);
	unsigned int valid_min, valid_max;
	bool valid_unaligned;
};

/* Embedded by its owner. All fields are the model's; look through the functions below. */
struct memory_region {
	struct memory *mem;
	void *owner;
	char *name;
	const struct memory_region_ops *ops;	/* MMIO */
	void *opaque;				/* its device */
	struct ram_block *ram_block;		/* RAM and ROM */
	struct memory_region *alias;		/* an alias: of what */
	hwaddr alias_offset;			/* and from which offset in it */
	hwaddr last;				/* size - 1: 2^64 has no number of its own */
	bool enabled;
	bool readonly;				/* and so is all below */

	struct memory_region *container;	/* NULL: not a subregion */
	hwaddr addr;				/* offset in the container */
	int priority;				/* the higher hides the lower */
	uint64_t sequence;			/* of equals, the later addition hides the
						 * earlier */

	struct memory_region **subregions;	/* by (priority, sequence), ascending */
	unsigned int nr_subregions, max_subregions;
	unsigned int nr_aliases;		/* that stand for this one */

	struct flatview *view;			/* with this one as root, if of this generation */
	uint64_t view_generation;
};

/* Embedded by its owner. All fields are the model's. */
struct address_space {
	struct memory *mem;
	char *name;
	struct memory_region *root;
	struct flatview *view;			/* published by RCU, replaced under the lock */
	struct flatview *next_view;		/* within a commit: what comes after it */
	TAILQ_ENTRY(address_space) link;
};

/**
 * struct memory_region_section - a part of a region where an address space shows it
 * @mr: RAM, ROM or MMIO, never a container or an alias
 * @as: the address space
 * @offset_within_region: where in @mr it starts
 * @offset_within_address_space: where in @as it starts
 * @size: bytes; 2^64 is held as 0, so that `start + (size - 1)` is always the last byte
 * @readonly: a guest's writes do not reach it
 */
struct memory_region_section {
	struct memory_region *mr;
	struct address_space *as;
	hwaddr offset_within_region;
	hwaddr offset_within_address_space;
	uint64_t size;
	bool readonly;
};

/**
 * struct memory_listener - who wants to know what an address space looks like
 * @name: for people
 * @priority: the lower hears of additions first, and of deletions last
 * @begin: a commit starts
 * @region_del: was there, is no more; in descending order of addresses, before all additions
 * @region_add: was not there, is now; in ascending order of addresses
 * @region_nop: is there as it was; among the additions, in order
 * @commit: all has been said
 *
 * Each function may be NULL. They are called under the model's lock and must not change the tree.
 * A -errno of @region_add or @commit goes to whoever made the change, and stops nothing: what could
 * not be added is then served by the model itself, access by access. @region_del and @region_nop
 * are also called for a section whose @region_add failed.
 */
struct memory_listener {
	const char *name;
	unsigned int priority;
	void (*begin)(struct memory_listener *l);
	void (*region_del)(struct memory_listener *l, const struct memory_region_section *sec);
	int (*region_add)(struct memory_listener *l, const struct memory_region_section *sec);
	void (*region_nop)(struct memory_listener *l, const struct memory_region_section *sec);
	int (*commit)(struct memory_listener *l);

	/* the model's */
	struct address_space *as;
	TAILQ_ENTRY(memory_listener) link;
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
 * The outermost one renders the views anew if anything changed, tells the listeners and publishes.
 *
 * Return: 0, or the first -errno of a listener (all the others were told all the same), or -ENOMEM
 * or -ELOOP (aliases in a circle) with the views as they were; the next commit tries again.
 */
int memory_transaction_commit(struct memory *mem);

/*
 * Regions. @size is in bytes, not 0, MEMORY_SIZE_ALL for 2^64; @owner is who embeds @mr; @name is
 * copied. All return 0, -EINVAL for a size of 0, -ENOMEM, or what is said with each. A region is
 * enabled from the start and seen by nobody until it is added to a container or made a root.
 */

/* A container: nothing by itself, only its subregions. */
int memory_region_init(struct memory_region *mr, struct memory *mem, void *owner, const char *name,
		       uint64_t size) MEMORY_MUST_CHECK;

/* MMIO or port I/O; @opaque is passed to @ops, which must live as long as @mr. */
int memory_region_init_io(struct memory_region *mr, struct memory *mem, void *owner,
			  const struct memory_region_ops *ops, void *opaque, const char *name,
			  uint64_t size) MEMORY_MUST_CHECK;

/* Anonymous private memory, zero; aligned so that huge pages fit. -errno of mmap. */
int memory_region_init_ram(struct memory_region *mr, struct memory *mem, void *owner,
			   const char *name, uint64_t size) MEMORY_MUST_CHECK;

/* The same, read-only for a guest; filled by address_space_write_rom() or the pointer. */
int memory_region_init_rom(struct memory_region *mr, struct memory *mem, void *owner,
			   const char *name, uint64_t size) MEMORY_MUST_CHECK;

/* The caller's own mapping of @size bytes at @ptr, which stays the caller's. */
int memory_region_init_ram_ptr(struct memory_region *mr, struct memory *mem, void *owner,
			       const char *name, uint64_t size, void *ptr) MEMORY_MUST_CHECK;

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
int memory_region_init_ram_fd(struct memory_region *mr, struct memory *mem, void *owner,
			      const char *name, uint64_t size, int fd, off_t offset,
			      unsigned int flags) MEMORY_MUST_CHECK;

/* @orig, or the part of it from @offset on, shown a second time; @orig outlives @mr. */
int memory_region_init_alias(struct memory_region *mr, struct memory *mem, void *owner,
			     const char *name, struct memory_region *orig, hwaddr offset,
			     uint64_t size) MEMORY_MUST_CHECK;

/**
 * memory_region_fini() - the end of a region
 *
 * It must be no root and the target of no alias. It is taken out of its container and its
 * subregions out of it, if that is still to be done. Waits until no access is in it any more; so
 * not to be called from within an access. A region that is all zero (never initialised) is left
 * alone.
 */
void memory_region_fini(struct memory_region *mr);

/**
 * memory_region_add_subregion() - show @sub in @container from @offset on, with priority 0
 *
 * What does not fit into the container is cut off. Of equal priorities the later addition hides the
 * earlier; being moved counts as an addition.
 *
 * Return: 0, -EBUSY if @sub is in a container already, -ENOMEM, or what
 * memory_transaction_commit() returns: then it was added all the same. Whatever it was,
 * memory_region_del_subregion() and memory_region_fini() are safe after it.
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
int memory_region_set_address(struct memory_region *mr, hwaddr addr);
/* -EINVAL for 0, and for RAM or ROM, whose size is fixed. */
int memory_region_set_size(struct memory_region *mr, uint64_t size);
/* -EINVAL if @mr is not an alias. */
int memory_region_set_alias_offset(struct memory_region *mr, hwaddr offset);

const char *memory_region_name(const struct memory_region *mr);
uint64_t memory_region_size(const struct memory_region *mr);	/* MEMORY_SIZE_ALL: 2^64 */
bool memory_region_is_ram(const struct memory_region *mr);	/* or ROM */
bool memory_region_is_mapped(const struct memory_region *mr);	/* in a container */
/* The host's address of the first byte of RAM or ROM; NULL for other regions. */
void *memory_region_get_ram_ptr(const struct memory_region *mr);

/**
 * memory_region_find() - what is in the address space below @mr, at @addr to @addr + @size - 1
 * @mr: a root, or a region somewhere below one
 * @addr: an offset in @mr
 * @size: bytes, not 0
 * @sec: filled with the first section in there, cut to the range
 *
 * Return: whether there is one. The section's region is only sure to live as long as its owner
 * leaves it where it is.
 */
bool memory_region_find(struct memory_region *mr, hwaddr addr, uint64_t size,
			struct memory_region_section *sec);

/**
 * address_space_init() - make an address space of all that is below @root
 *
 * Return: 0, -ENOMEM, or what memory_transaction_commit() returns.
 */
int address_space_init(struct address_space *as, struct memory *mem, struct memory_region *root,
		       const char *name) MEMORY_MUST_CHECK;

/* Its listeners must be gone; not from within an access. An @as that is all zero is left alone. */
void address_space_fini(struct address_space *as);

/**
 * address_space_rw() - an access, as a vCPU makes it
 * @buf: little-endian
 * @len: bytes; any number. 1, 2, 4 and 8 bytes within RAM are one load or one store
 *
 * What crosses regions is split, but a device that is met first takes all that fits into it, hidden
 * or not. Where nobody answers, a read gives all-ones and a write is ignored.
 * The calling thread is registered (memory_thread_register()) and takes no lock.
 *
 * Return: MEMTX_OK, or the first other result (that part reads as all-ones); the rest of the access
 * was made all the same.
 */
enum memtx_result address_space_rw(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				   bool is_write);
enum memtx_result address_space_read(struct address_space *as, hwaddr addr, void *buf,
				     uint64_t len);
enum memtx_result address_space_write(struct address_space *as, hwaddr addr, const void *buf,
				      uint64_t len);

/* A loader's write: goes to RAM and ROM alike, and to nothing else. */
enum memtx_result address_space_write_rom(struct address_space *as, hwaddr addr, const void *buf,
					  uint64_t len);

/**
 * memory_listener_register() - from now on, tell @l about @as
 *
 * All that is there now is told at once: begin, region_add for each section, commit.
 *
 * Return: 0, or the first -errno of @l; it is registered even so, as it is after a failed commit.
 */
int memory_listener_register(struct memory_listener *l, struct address_space *as)
	MEMORY_MUST_CHECK;

/* Takes it all back: begin, region_del for each section from the last to the first, commit. */
void memory_listener_unregister(struct memory_listener *l);

/* Flags of mtree_info() and ramblock_info(). */
#define MTREE_FLAT	(1u << 0)	/* the views instead of the trees */
#define MTREE_JSON	(1u << 1)	/* for programs: one JSON value and a newline */

/* Print all address spaces, in the manner of QEMU's `info mtree`. */
void mtree_info(struct memory *mem, FILE *out, unsigned int flags);

/* Print all RAM blocks, in the manner of QEMU's `info ramblock`. */
void ramblock_info(struct memory *mem, FILE *out, unsigned int flags);

#endif /* VMM_MEMORY_MEMORY_H */
