/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to an address space, as a CPU, a bus-mastering device or a loader makes them. None takes
 * a lock of the model; the calling thread is registered (memory_thread_register()).
 *
 * What crosses regions is split, but a device that is met first takes all that fits into it, hidden
 * or not. Where nobody answers a read gives all-ones and a write is ignored. Functions that return
 * enum memtx_result give MEMTX_OK or the first other result; the rest of the access was made all
 * the same.
 */
#ifndef VMM_MEMORY_ACCESS_H
#define VMM_MEMORY_ACCESS_H

#include "memory/memory.h"

/**
 * address_space_rw() - an access of any length
 * @buf: as the bytes lie in memory
 * @len: bytes; 1, 2, 4 and 8 aligned bytes within RAM are one load or one store
 */
enum memtx_result address_space_rw(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				   bool is_write);
enum memtx_result address_space_read(struct address_space *as, hwaddr addr, void *buf,
				     uint64_t len);
enum memtx_result address_space_write(struct address_space *as, hwaddr addr, const void *buf,
				      uint64_t len);

/* @len bytes of value @c. */
enum memtx_result address_space_set(struct address_space *as, hwaddr addr, uint8_t c, uint64_t len);

/* A loader's write: goes to RAM and ROM alike, and to nothing else. */
enum memtx_result address_space_write_rom(struct address_space *as, hwaddr addr, const void *buf,
					  uint64_t len);

/*
 * Whether a CPU may read (write) all of [@addr, @addr + @len): RAM, or a device that takes it so.
 */
bool address_space_access_valid(struct address_space *as, hwaddr addr, uint64_t len, bool is_write);

/*
 * One load of a fixed width and byte order; @res (may be NULL) gets the result. All-ones if it is
 * not MEMTX_OK.
 */
uint8_t address_space_ldub(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint16_t address_space_lduw_le(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint16_t address_space_lduw_be(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint32_t address_space_ldl_le(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint32_t address_space_ldl_be(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint64_t address_space_ldq_le(struct address_space *as, hwaddr addr, enum memtx_result *res);
uint64_t address_space_ldq_be(struct address_space *as, hwaddr addr, enum memtx_result *res);

/* One store of a fixed width and byte order. */
enum memtx_result address_space_stb(struct address_space *as, hwaddr addr, uint8_t v);
enum memtx_result address_space_stw_le(struct address_space *as, hwaddr addr, uint16_t v);
enum memtx_result address_space_stw_be(struct address_space *as, hwaddr addr, uint16_t v);
enum memtx_result address_space_stl_le(struct address_space *as, hwaddr addr, uint32_t v);
enum memtx_result address_space_stl_be(struct address_space *as, hwaddr addr, uint32_t v);
enum memtx_result address_space_stq_le(struct address_space *as, hwaddr addr, uint64_t v);
enum memtx_result address_space_stq_be(struct address_space *as, hwaddr addr, uint64_t v);

/* Bytes of bounce buffers that may be out at once for one address space; more: map fails. */
#define MEMORY_BOUNCE_MAX	(4096 * 1024)

/**
 * address_space_map() - a host pointer to guest memory, for a device that moves much
 * @len: in: bytes wanted; out: bytes had, from @addr on, 0 if none
 * @is_write: the device is going to store there
 *
 * RAM is given directly, its owner held until address_space_unmap(); anything else, and memory that
 * is in several regions, through a bounce buffer, which is read now if not @is_write and written at
 * the end if it is.
 *
 * Return: the pointer, or NULL: nothing is there, or the budget of bounce buffers is spent
 * (address_space_map_notify() tells when it is worth another try).
 */
void *address_space_map(struct address_space *as, hwaddr addr, uint64_t *len, bool is_write);

/* @len as given by address_space_map(); @used: how much of it was stored to. */
void address_space_unmap(struct address_space *as, void *ptr, uint64_t len, bool is_write,
			 uint64_t used);

/*
 * Who waits for bounce buffers: @retry is called once, when some came back, by who gave them back;
 * at once if there are some. It may ask for more calls, of which the next comes when more came back
 * since this one began; and may free @w.
 */
struct memory_map_waiter {
	void (*retry)(struct memory_map_waiter *w);
	TAILQ_ENTRY(memory_map_waiter) link;
	bool waiting;
};

/* 0 (also if @w waits already), or -ENOMEM. */
int address_space_map_notify(struct address_space *as, struct memory_map_waiter *w)
	MEMORY_MUST_CHECK;

/*
 * @retry is not called any more. If another thread is in it, this waits for its end: not to be
 * called with a lock that it takes.
 */
void address_space_map_forget(struct address_space *as, struct memory_map_waiter *w);

#endif /* VMM_MEMORY_ACCESS_H */
