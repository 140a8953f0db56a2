/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the memory slots share; for kvm/slot*.c only. All under the model's lock. */
#ifndef VMM_KVM_SLOTS_INTERNAL_H
#define VMM_KVM_SLOTS_INTERNAL_H

#include <sys/queue.h>

#include "io/log.h"
#include "kvm/slots.h"
#include "memory/listener.h"
#include "memory/memory.h"

/* Where a slot is in its life: in a list for each; in the tree from SLOT_LIVE on. */
enum kvm_slot_state {
	SLOT_FREE,			/* an empty hull */
	SLOT_ARRIVING,			/* KVM is told with the commit; no number till then */
	SLOT_LIVE,			/* KVM has it */
	SLOT_LEAVING,			/* KVM has it until the commit */
	SLOT_STATES
};

struct kvm_slot {
	hwaddr gpa;
	uint64_t size;			/* bytes, whole pages */
	struct memory_region *mr;
	hwaddr offset;			/* in @mr, of @gpa */
	bool readonly;
	uint8_t log_mask;		/* clients (1 << dirty_client) that its log is for… */
	uint8_t log_wanted;		/* …after the commit */
	bool logging;			/* KVM follows stores to it */
	uint64_t *bitmap;		/* what KVM said last and was not cleared there;
					 * NULL: no log, or no memory for one */
	unsigned int number;		/* without its space */

	enum kvm_slot_state state;
	bool held;			/* KVM is told while no vCPU is in the guest */
	bool flips;			/* is in the list of that name */
	TAILQ_ENTRY(kvm_slot) link;	/* in the list of its state */
	TAILQ_ENTRY(kvm_slot) flip_link;
	struct kvm_slot *left, *right;
	uint64_t rank;			/* in the tree: no child has a higher one */
};

TAILQ_HEAD(kvm_slot_list, kvm_slot);

/* A number of KVM's, whoever has it. */
struct slot_number {
	struct kvm_slot *slot;		/* NULL: nobody */
	uint64_t changes;		/* how often it was set or deleted */
	unsigned int next_free;
};

struct kvm_slots {
	struct kvm *kvm;
	struct memory *mem;
	struct memory_listener listener;
	struct log_limit limit;		/* of warnings that a guest provokes */
	unsigned int space;		/* KVM's, 0 or 1 */

	struct kvm_slot *tree;		/* by gpa; no two overlap */
	unsigned int nr;		/* in the tree */
	unsigned int nr_hulls;		/* all slots, whatever state */
	struct kvm_slot_list lists[SLOT_STATES];
	unsigned int counts[SLOT_STATES];
	struct kvm_slot_list flips;	/* that are to start or stop logging */

	struct slot_number *numbers;
	unsigned int nr_numbers, max_numbers;	/* ever given out; room for */
	unsigned int free_number;	/* the first of a chain; NUMBER_NONE: none */
};

#define NUMBER_NONE	UINT32_MAX

static inline hwaddr slot_last(const struct kvm_slot *slot)
{
	return slot->gpa + (slot->size - 1);
}

/* slot_table.c */

void slot_table_init(struct kvm_slots *s);
void slot_table_fini(struct kvm_slots *s);

/* Have @n free hulls, and room for their numbers. 0 or -ENOMEM. */
int slot_table_reserve(struct kvm_slots *s, unsigned int n);

/* Moves a slot to the list of @state. */
void slot_set_state(struct kvm_slots *s, struct kvm_slot *slot, enum kvm_slot_state state);

/* The first slot of the tree that ends at or behind @gpa, or NULL. */
struct kvm_slot *slot_tree_seek(const struct kvm_slots *s, hwaddr gpa);
/* That which begins at @gpa, or NULL. */
struct kvm_slot *slot_tree_at(const struct kvm_slots *s, hwaddr gpa);
void slot_tree_add(struct kvm_slots *s, struct kvm_slot *slot);
void slot_tree_del(struct kvm_slots *s, struct kvm_slot *slot);

/* Gives @slot a number: 0, or -ENOSPC. */
int slot_number_get(struct kvm_slots *s, struct kvm_slot *slot);
void slot_number_put(struct kvm_slots *s, struct kvm_slot *slot);
/* As KVM wants it. */
unsigned int slot_number(const struct kvm_slots *s, const struct kvm_slot *slot);

/* Go through the slots of the tree that have an address in [@first, @last]. */
#define slot_tree_for_each(slot, s, first, end) \
	for (slot = slot_tree_seek(s, first); slot && slot->gpa <= (end); \
	     slot = slot_last(slot) == UINT64_MAX ? NULL : slot_tree_seek(s, slot_last(slot) + 1))

/* slot_log.c */

/* Ready for what its log_mask asks for; KVM is still to be told. */
void slot_log_init(const struct kvm_slots *s, struct kvm_slot *slot);
void slot_log_fini(struct kvm_slot *slot);
/* Its log_mask becomes log_wanted, and KVM is told. 0 or -errno. */
int slot_set_log(struct kvm_slots *s, struct kvm_slot *slot);
/* All that was stored to goes to the model's bitmaps. */
void slot_sync(struct kvm_slots *s, struct kvm_slot *slot);
void slots_log_start(struct memory_listener *l, const struct memory_region_section *sec,
		     unsigned int old, unsigned int new);
void slots_log_stop(struct memory_listener *l, const struct memory_region_section *sec,
		    unsigned int old, unsigned int new);
void slots_log_sync(struct memory_listener *l, const struct memory_region_section *sec);
void slots_log_clear(struct memory_listener *l, const struct memory_region_section *sec);
/* The same by rings. */
void slots_ring_sync_global(struct memory_listener *l, bool last_stage);
void slots_ring_dirty(void *opaque, unsigned int number, uint64_t page);

/* slots.c */

/* The clients that are to follow it after the commit. */
void slot_wants_log(struct kvm_slots *s, struct kvm_slot *slot, unsigned int clients);
/* KVM_SET_USER_MEMORY_REGION: as @slot says, or with @size 0 away. 0 or -errno. */
int slot_tell(struct kvm_slots *s, struct kvm_slot *slot, uint64_t size);

#endif /* VMM_KVM_SLOTS_INTERNAL_H */
