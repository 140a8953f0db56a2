/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of a few instructions that does as it is told: it polls a mailbox in its RAM and makes
 * the loads, stores and port accesses that a test asks for. One vCPU in 64-bit mode, in ring 0 or
 * 3, the first 4 GiB mapped one to one.
 */
#ifndef TESTS_KVM_GUEST_H
#define TESTS_KVM_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "kvm/coalesced.h"
#include "kvm/ioeventfd.h"
#include "kvm/kvm.h"
#include "kvm/slots.h"
#include "kvm/vcpu.h"
#include "memory/memory.h"
#include "pci/msi.h"

/* RAM at 0: tables, code and mailbox are in the first GUEST_OWN bytes. */
#define GUEST_RAM	0x200000
#define GUEST_OWN	0x10000

struct guest {
	struct memory *mem;
	struct memory_region root, io, ram;
	struct address_space as, as_io;
	struct kvm *kvm;
	struct kvm_slots *slots;
	struct kvm_ioeventfds *ioeventfds;
	struct kvm_coalesced *coalesced;
	struct msi_provider *msi;	/* with interrupts; its routes end before the guest */
	struct vcpus *vcpus;
	volatile struct mailbox *box;
	char failure[512];		/* the vCPU's last words */
	unsigned int failed;
};

/* Why no guest can run on this machine; NULL: one can. */
const char *guest_unavailable(void);

struct guest_options {
	unsigned int dirty_ring;	/* entries; 0: bitmaps */
	bool user;			/* in ring 3: at full speed where ring 0 is emulated */
	bool interrupts;		/* taken while it has nothing to do; in ring 0 alone */
};

/* A running guest without devices, or -errno with the reason printed. */
int guest_create(struct guest *g);
int guest_create_with(struct guest *g, const struct guest_options *opts);
void guest_destroy(struct guest *g);

/*
 * Runs a case with a guest of its own. That of a failed case is paused and left as it is, since its
 * tree may show what was the case's.
 */
int guest_case(int (*test)(struct guest *g));
int guest_case_with(int (*test)(struct guest *g), const struct guest_options *opts);

/* run_TEST() for the table of cases, with ktap.h included; options as in a struct's initialiser. */
#define GUEST_CASE(test, ...)								\
	static int run_##test(void)							\
	{										\
		static const struct guest_options opts = { __VA_ARGS__ };		\
		const char *why = guest_unavailable();					\
											\
		return why ? ktap_skip("%s", why) : guest_case_with(test, &opts);	\
	}

/*
 * What the guest does. When it does not answer within seconds, that is printed and the program
 * ends as failed: there is nothing left to test.
 */
uint64_t guest_load(struct guest *g, uint64_t addr, unsigned int size);
void guest_store(struct guest *g, uint64_t addr, uint64_t value, unsigned int size);
uint32_t guest_in(struct guest *g, uint16_t port, unsigned int size);
void guest_out(struct guest *g, uint16_t port, uint32_t value, unsigned int size);

/* String instructions: @count times @size bytes, GUEST_STRING at most, from or to its RAM. */
#define GUEST_STRING	0x1000
void guest_ins(struct guest *g, uint16_t port, unsigned int size, unsigned int count);
void guest_outs(struct guest *g, uint16_t port, unsigned int size, unsigned int count);

/*
 * From now on the guest loads 8 bytes from @addr all the time, until guest_watch_end(), and counts
 * the loads, and those that gave neither @value nor all-ones.
 */
void guest_watch(struct guest *g, uint64_t addr, uint64_t value);
void guest_watch_end(struct guest *g, uint64_t *loads, uint64_t *odd);
/* How many loads it has made so far. */
uint64_t guest_watched(struct guest *g);

/* How many of them gave all-ones. */
uint64_t guest_watched_ones(struct guest *g);

/*
 * From now on the guest adds 1 to the first 8 bytes of each of @pages pages from @addr on, over and
 * over, until guest_scribble_end(), which tells how often it did it to all of them.
 */
void guest_scribble(struct guest *g, uint64_t addr, uint64_t pages);
uint64_t guest_scribble_end(struct guest *g);
/* The same once, to the last page; and whether the guest has done what it was told. */
void guest_scribble_once(struct guest *g, uint64_t addr, uint64_t pages);
bool guest_is_done(struct guest *g);

/*
 * A guest with interrupts sleeps (hlt) until it is told something, or until one comes; it takes
 * none while it does as it was told. It counts them by their vector, and can answer each with a
 * store: so do two guests ring each other.
 */
#define GUEST_VECTOR_FIRST	0x20
#define GUEST_VECTOR_LAST	0xfe

/* What raises @vector, as an entry of an MSI-X table has it. */
struct msi_message guest_message(unsigned int vector);
/* How often it came so far. */
uint64_t guest_interrupts(struct guest *g, unsigned int vector);
/* Waits until it came @count times since the start; as above, it must happen within seconds. */
void guest_wait_interrupts(struct guest *g, unsigned int vector, uint64_t count);
/*
 * The next @times interrupts of @vector are each answered by a store of 4 bytes to @addr, before
 * they are counted. Not while one may come.
 */
void guest_answer(struct guest *g, unsigned int vector, uint64_t addr, uint32_t value,
		  uint64_t times);

/* What `info slots` or, for @json, `info slots -j` prints, to be freed. */
char *guest_slots_text(struct guest *g, bool json);

/*
 * The line of `info slots` for the slot that begins at @addr, without its newline; "" if none does.
 */
struct slot_line {
	char text[256];
};
struct slot_line guest_slot(struct guest *g, uint64_t addr);
unsigned int guest_slots(struct guest *g);

/* A device of 8 bytes a register: a load gives its address + seed, a store is remembered. */
struct probe {
	struct memory_region mr;
	uint64_t seed;
	uint64_t addr, data;		/* of the last store */
	unsigned int loads, stores, size;
};
int probe_init(struct probe *p, struct guest *g, const char *name, uint64_t size, uint64_t seed);

#endif /* TESTS_KVM_GUEST_H */
