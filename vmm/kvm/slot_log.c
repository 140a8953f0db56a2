// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logs of memory slots: from KVM's bitmaps or rings into the model's.
 *
 * With manual protection KVM goes on to report a page until it is told to forget it, which is when
 * somebody took its bit from the model: that stores to the page are to be seen anew, nobody needs
 * to know before that. What is forgotten is what was read, never more: a bit that KVM set since
 * stays.
 */
#include <stdlib.h>
#include <string.h>

#include "kvm/dirty_ring.h"
#include "kvm/slots_internal.h"
#include "memory/dirty.h"
#include "util.h"

#define WORD_PAGES	64u
#define CLEAR_WORDS	64u		/* with one call, so that KVM's lock is not held long */

static uint64_t slot_pages(const struct kvm_slot *slot)
{
	return slot->size / KVM_PAGE;
}

/* Nothing is to be followed where stores leave the guest. */
void slot_log_init(const struct kvm_slots *s, struct kvm_slot *slot)
{
	slot->logging = slot->log_mask && !slot->readonly;
	if (slot->logging && !slot->bitmap && !s->kvm->rings)
		slot->bitmap = calloc((slot_pages(slot) + WORD_PAGES - 1) / WORD_PAGES,
				      sizeof(*slot->bitmap));
}

void slot_log_fini(struct kvm_slot *slot)
{
	slot->logging = false;
	slot->log_mask = 0;
	free(slot->bitmap);
	slot->bitmap = NULL;
}

/* Who does not follow it any more still gets what was stored to until now. */
int slot_set_log(struct kvm_slots *s, struct kvm_slot *slot)
{
	bool was = slot->logging;

	if (slot->log_mask & ~slot->log_wanted)
		slot_sync(s, slot);
	if (!slot->log_wanted)
		slot_log_fini(slot);
	slot->log_mask = slot->log_wanted;
	slot_log_init(s, slot);
	return slot->logging == was ? 0 : slot_tell(s, slot, slot->size);
}

/* Without a bitmap, or KVM's word, anything may have been stored to. */
void slot_sync(struct kvm_slots *s, struct kvm_slot *slot)
{
	if (!slot->logging)
		return;
	if (s->kvm->rings)
		dirty_rings_reap(s->kvm->rings);
	else if (!slot->bitmap || kvm_get_dirty_log(s->kvm, slot_number(s, slot), slot->bitmap))
		memory_region_set_dirty(slot->mr, slot->offset, slot->size);
	else
		memory_region_set_dirty_bitmap(slot->mr, slot->offset, slot->bitmap,
					       slot_pages(slot), slot->log_mask);
}

/* --- the listener's part --- */

static hwaddr section_last(const struct memory_region_section *sec)
{
	return sec->offset_within_address_space + (sec->size - 1);
}

/* Arriving slots know it from their section. */
static void slots_want_log(struct kvm_slots *s, const struct memory_region_section *sec,
			   unsigned int clients)
{
	struct kvm_slot *slot;

	slot_tree_for_each(slot, s, sec->offset_within_address_space, section_last(sec)) {
		if (slot->state == SLOT_LIVE && slot->mr == sec->mr)
			slot_wants_log(s, slot, clients);
	}
}

void slots_log_start(struct memory_listener *l, const struct memory_region_section *sec,
		     unsigned int old, unsigned int new)
{
	(void)old;
	slots_want_log(container_of(l, struct kvm_slots, listener), sec, new);
}

void slots_log_stop(struct memory_listener *l, const struct memory_region_section *sec,
		    unsigned int old, unsigned int new)
{
	(void)old;
	slots_want_log(container_of(l, struct kvm_slots, listener), sec, new);
}

void slots_log_sync(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	struct kvm_slot *slot;

	slot_tree_for_each(slot, s, sec->offset_within_address_space, section_last(sec))
		slot_sync(s, slot);
}

/*
 * Words @from to @to of the bitmap, at most CLEAR_WORDS. KVM wants whole ones but for the last; a
 * page too many, whose bit the model has still, costs no more than being followed anew.
 */
static void slot_clear_words(struct kvm_slots *s, struct kvm_slot *slot, uint64_t from, uint64_t to)
{
	uint64_t pages = (to - from + 1) * WORD_PAGES, any = 0;
	uint64_t left = slot_pages(slot) - from * WORD_PAGES;
	struct kvm_clear_dirty_log log = {
		.slot = slot_number(s, slot),
		.first_page = from * WORD_PAGES,
		.num_pages = pages < left ? pages : left,
		.dirty_bitmap = slot->bitmap + from,
	};

	for (uint64_t i = from; i <= to; i++)
		any |= slot->bitmap[i];
	if (any && !kvm_clear_dirty_log(s->kvm, &log))
		memset(slot->bitmap + from, 0, (to - from + 1) * sizeof(*slot->bitmap));
}

static void slot_clear(struct kvm_slots *s, struct kvm_slot *slot, uint64_t first, uint64_t last)
{
	uint64_t end = last / WORD_PAGES;

	for (uint64_t from = first / WORD_PAGES; from <= end; from += CLEAR_WORDS) {
		uint64_t to = from + (CLEAR_WORDS - 1);

		slot_clear_words(s, slot, from, to < end ? to : end);
	}
}

void slots_log_clear(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	hwaddr first = sec->offset_within_address_space, last = section_last(sec);
	struct kvm_slot *slot;

	if (!s->kvm->manual_protect)
		return;
	slot_tree_for_each(slot, s, first, last) {
		if (!slot->logging || !slot->bitmap)
			continue;
		slot_clear(s, slot, first > slot->gpa ? (first - slot->gpa) / KVM_PAGE : 0,
			   last < slot_last(slot) ? (last - slot->gpa) / KVM_PAGE :
			   slot_pages(slot) - 1);
	}
}

/* --- rings --- */

/* Processors keep a few pages to themselves until they leave the guest. */
void slots_ring_sync_global(struct memory_listener *l, bool last_stage)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);

	(void)last_stage;
	kvm_guard_hold(&s->kvm->guard);
	dirty_rings_reap(s->kvm->rings);
	kvm_guard_release(&s->kvm->guard);
}

/* What is told of a slot that is gone was taken before it went. */
void slots_ring_dirty(void *opaque, unsigned int number, uint64_t page)
{
	static const uint64_t one = 1;
	struct kvm_slots *s = opaque;
	struct kvm_slot *slot = number < s->nr_numbers ? s->numbers[number].slot : NULL;

	if (slot && page < slot_pages(slot))
		memory_region_set_dirty_bitmap(slot->mr, slot->offset + page * KVM_PAGE, &one, 1,
					       slot->log_mask);
}
