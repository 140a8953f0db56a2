// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots kept in step with a flat view: news are collected, and carried out by the commit. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/dirty_ring.h"
#include "kvm/slots_internal.h"
#include "util.h"

/* --- sections as slots --- */

/* What is left of a section to become slots. */
struct pieces {
	const struct memory_region_section *sec;
	hwaddr gpa;
	uint64_t size;			/* bytes, whole pages; 0: nothing is left */
	uint64_t max;			/* of a slot */
};

static bool section_has_slots(const struct memory_region_section *sec)
{
	return memory_region_is_ram(sec->mr) || (memory_region_is_rom_device(sec->mr) && sec->romd);
}

/* The whole pages within @sec. */
static struct pieces pieces_of(const struct kvm_slots *s, const struct memory_region_section *sec)
{
	uint64_t skip = -sec->offset_within_address_space & (KVM_PAGE - 1);
	struct pieces p = { .sec = sec, .max = s->kvm->max_slot_size };

	if (!section_has_slots(sec) || sec->size - 1 < skip)
		return p;
	p.gpa = sec->offset_within_address_space + skip;
	p.size = (sec->size - skip) & ~(KVM_PAGE - 1);
	return p;
}

static bool pieces_next(struct pieces *p, struct kvm_slot *slot)
{
	const struct memory_region_section *sec = p->sec;

	if (!p->size)
		return false;
	*slot = (struct kvm_slot){
		.gpa = p->gpa,
		.size = p->size < p->max ? p->size : p->max,
		.mr = sec->mr,
		.offset = sec->offset_within_region + (p->gpa - sec->offset_within_address_space),
		.readonly = sec->readonly || memory_region_is_rom_device(sec->mr),
		.log_wanted = sec->log_mask,
	};
	p->gpa += slot->size;
	p->size -= slot->size;
	return true;
}

static uint64_t pieces_count(const struct pieces *p)
{
	return p->size / p->max + !!(p->size % p->max);
}

/* The slot that KVM has for @piece, if it has one. */
static struct kvm_slot *slot_like(const struct kvm_slots *s, const struct kvm_slot *piece)
{
	struct kvm_slot *slot = slot_tree_at(s, piece->gpa);

	return slot && slot->size == piece->size && slot->mr == piece->mr &&
	       slot->offset == piece->offset && slot->readonly == piece->readonly ? slot : NULL;
}

/* --- a change, before it is told --- */

static unsigned int count_going(const struct kvm_slots *s, const struct memory_change *change)
{
	struct kvm_slot piece;
	unsigned int n = 0;

	for (size_t i = 0; i < change->nr_del; i++) {
		struct memory_region_section sec = memory_change_del(change, i);
		struct pieces p = pieces_of(s, &sec);

		while (pieces_next(&p, &piece))
			n += slot_like(s, &piece) != NULL;
	}
	return n;
}

/* How many come; @first is the section with which they are more than @room, if one is. */
static uint64_t count_coming(const struct kvm_slots *s, const struct memory_change *change,
			     unsigned int room, struct memory_region_section *first)
{
	uint64_t n = 0;

	for (size_t i = 0; i < change->nr_add; i++) {
		struct memory_region_section sec = memory_change_add(change, i);
		struct pieces p = pieces_of(s, &sec);
		bool fits = n <= room;

		n += pieces_count(&p);
		if (fits && n > room)
			*first = sec;
	}
	return n;
}

static int slots_check(struct memory_listener *l, const struct memory_change *change)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	unsigned int staying = s->nr - count_going(s, change);
	unsigned int room = staying < s->kvm->max_slots ? s->kvm->max_slots - staying : 0;
	struct memory_region_section first = { 0 };
	uint64_t coming = count_coming(s, change, room, &first);

	if (coming <= room)
		return slot_table_reserve(s, coming);
	log_warn(&s->limit, "no memory slot is left for '%s' at %#" PRIx64 ": %" PRIu64 " are "
		 "needed, KVM has %u: fewer devices fit in here", memory_region_name(first.mr),
		 first.offset_within_address_space, staying + coming, s->kvm->max_slots);
	return -ENOSPC;
}

/* --- the news --- */

void slot_wants_log(struct kvm_slots *s, struct kvm_slot *slot, unsigned int clients)
{
	slot->log_wanted = clients;
	if (slot->flips || slot->log_wanted == slot->log_mask)
		return;
	slot->flips = true;
	TAILQ_INSERT_TAIL(&s->flips, slot, flip_link);
}

static void slots_region_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	struct pieces p = pieces_of(s, sec);
	struct kvm_slot piece, *slot;

	while (pieces_next(&p, &piece)) {
		slot = slot_like(s, &piece);
		if (slot)
			slot_set_state(s, slot, SLOT_LEAVING);
	}
}

static int slot_arrive(struct kvm_slots *s, const struct kvm_slot *piece)
{
	struct kvm_slot *slot;
	int ret = slot_table_reserve(s, 1);

	if (ret)
		return ret;
	slot = TAILQ_FIRST(&s->lists[SLOT_FREE]);
	slot->gpa = piece->gpa;
	slot->size = piece->size;
	slot->mr = piece->mr;
	slot->offset = piece->offset;
	slot->readonly = piece->readonly;
	slot->log_wanted = piece->log_wanted;
	slot_set_state(s, slot, SLOT_ARRIVING);
	return 0;
}

/* What goes and comes back within a commit, as if only seen in another way, is not touched. */
static int slots_region_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	struct pieces p = pieces_of(s, sec);
	struct kvm_slot piece, *slot;
	int ret = 0, err;

	while (pieces_next(&p, &piece)) {
		slot = slot_like(s, &piece);
		if (slot) {
			slot_set_state(s, slot, SLOT_LIVE);
			slot_wants_log(s, slot, sec->log_mask);
			continue;
		}
		err = slot_arrive(s, &piece);
		ret = ret ? ret : err;
	}
	return ret;
}

/* --- the commit --- */

int slot_tell(struct kvm_slots *s, struct kvm_slot *slot, uint64_t size)
{
	char *host = memory_region_get_ram_ptr(slot->mr);
	struct kvm_userspace_memory_region region = {
		.slot = slot_number(s, slot),
		.flags = (slot->readonly && size ? KVM_MEM_READONLY : 0) |
			 (slot->logging && size ? KVM_MEM_LOG_DIRTY_PAGES : 0),
		.guest_phys_addr = slot->gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)(host + slot->offset),
	};

	s->numbers[slot->number].changes++;
	return kvm_set_slot(s->kvm, &region);
}

static bool slot_stops_log(const struct kvm_slot *slot)
{
	return slot->logging && (slot->state == SLOT_LEAVING || !slot->log_wanted);
}

/* RAM that goes where other comes, or the same comes back, in parts. */
static bool slot_find_covered(struct kvm_slots *s, struct kvm_slot *coming)
{
	struct kvm_slot *slot;

	coming->held = false;
	slot_tree_for_each(slot, s, coming->gpa, slot_last(coming))
		slot->held = coming->held = true;
	return coming->held;
}

/* Which slots KVM is told of while no vCPU is in the guest; whether there are any. */
static bool slots_plan(struct kvm_slots *s)
{
	struct kvm_slot *slot;
	bool any = false;

	TAILQ_FOREACH(slot, &s->lists[SLOT_LEAVING], link)
		any |= slot->held = slot_stops_log(slot);
	TAILQ_FOREACH(slot, &s->lists[SLOT_ARRIVING], link)
		any |= slot_find_covered(s, slot);
	TAILQ_FOREACH(slot, &s->flips, flip_link)
		any |= slot_stops_log(slot);
	return any;
}

static void slot_remove(struct kvm_slots *s, struct kvm_slot *slot)
{
	slot_sync(s, slot);
	slot_tell(s, slot, 0);
	slot_log_fini(slot);
	slot_tree_del(s, slot);
	slot_number_put(s, slot);
	slot_set_state(s, slot, SLOT_FREE);
}

static void slots_remove(struct kvm_slots *s, bool held)
{
	struct kvm_slot *slot, *next;

	for (slot = TAILQ_FIRST(&s->lists[SLOT_LEAVING]); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->held == held)
			slot_remove(s, slot);
	}
}

static int slot_install(struct kvm_slots *s, struct kvm_slot *slot)
{
	int ret = slot_number_get(s, slot);

	if (!ret) {
		slot->log_mask = slot->log_wanted;
		slot_log_init(s, slot);
		ret = slot_tell(s, slot, slot->size);
		if (ret) {
			slot_log_fini(slot);
			slot_number_put(s, slot);
		}
	}
	if (ret) {
		slot_set_state(s, slot, SLOT_FREE);
		log_warn(&s->limit, "KVM refuses '%s' at %#" PRIx64 ", %#" PRIx64 " bytes: %s",
			 memory_region_name(slot->mr), slot->gpa, slot->size, strerror(-ret));
		return ret;
	}
	slot_tree_add(s, slot);
	slot_set_state(s, slot, SLOT_LIVE);
	return 0;
}

static int slots_install(struct kvm_slots *s, bool held)
{
	struct kvm_slot *slot, *next;
	int ret = 0, err;

	for (slot = TAILQ_FIRST(&s->lists[SLOT_ARRIVING]); slot; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (slot->held != held)
			continue;
		err = slot_install(s, slot);
		ret = ret ? ret : err;
	}
	return ret;
}

static int slots_flip(struct kvm_slots *s)
{
	struct kvm_slot *slot;
	int ret = 0, err;

	while ((slot = TAILQ_FIRST(&s->flips))) {
		TAILQ_REMOVE(&s->flips, slot, flip_link);
		slot->flips = false;
		err = slot->state == SLOT_LIVE ? slot_set_log(s, slot) : 0;
		ret = ret ? ret : err;
	}
	return ret;
}

static int slots_commit(struct memory_listener *l)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	bool hold = slots_plan(s);
	int flipped, covered, others;

	slots_remove(s, false);
	if (hold)
		kvm_guard_hold(&s->kvm->guard);
	slots_remove(s, true);
	covered = slots_install(s, true);
	flipped = slots_flip(s);
	if (hold)
		kvm_guard_release(&s->kvm->guard);
	others = slots_install(s, false);
	return covered ? covered : flipped ? flipped : others;
}

/* --- beginning and end --- */

static const struct memory_listener slots_listener = {
	.name = "kvm",
	.check = slots_check,
	.region_del = slots_region_del,
	.region_add = slots_region_add,
	.log_start = slots_log_start,
	.log_stop = slots_log_stop,
	.commit = slots_commit,
	.log_sync = slots_log_sync,
	.log_clear = slots_log_clear,
};

static const struct memory_listener slots_ring_listener = {
	.name = "kvm",
	.check = slots_check,
	.region_del = slots_region_del,
	.region_add = slots_region_add,
	.log_start = slots_log_start,
	.log_stop = slots_log_stop,
	.commit = slots_commit,
	.log_sync_global = slots_ring_sync_global,
};

int kvm_slots_create(struct kvm_slots **out, struct kvm *kvm, struct address_space *as,
		     unsigned int space, struct error *err)
{
	struct kvm_slots *s;
	int ret;

	if (space >= kvm->spaces)
		return error_set(err, -ENOTSUP, "KVM has %u address spaces: no number %u",
				 kvm->spaces, space);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, -ENOMEM, "no memory for the table of memory slots");
	s->kvm = kvm;
	s->mem = as->mem;
	s->space = space;
	s->listener = kvm->rings ? slots_ring_listener : slots_listener;
	slot_table_init(s);
	if (kvm->rings)
		dirty_rings_set_sink(kvm->rings, space, slots_ring_dirty, s);
	ret = memory_listener_register(&s->listener, as);
	if (ret) {
		kvm_slots_destroy(s);
		return error_set(err, ret, "KVM can't be given the guest's memory: %s",
				 strerror(-ret));
	}
	*out = s;
	return 0;
}

void kvm_slots_destroy(struct kvm_slots *s)
{
	memory_listener_unregister(&s->listener);
	if (s->kvm->rings)
		dirty_rings_set_sink(s->kvm->rings, s->space, NULL, NULL);
	slot_table_fini(s);
	free(s);
}
