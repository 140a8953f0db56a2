// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots as data: a treap by address, hulls, and KVM's numbers. Tells KVM nothing. */
#include <errno.h>
#include <stdlib.h>

#include "kvm/slots_internal.h"

/* --- hulls and numbers --- */

void slot_table_init(struct kvm_slots *s)
{
	for (unsigned int i = 0; i < SLOT_STATES; i++)
		TAILQ_INIT(&s->lists[i]);
	TAILQ_INIT(&s->flips);
	s->free_number = NUMBER_NONE;
}

void slot_table_fini(struct kvm_slots *s)
{
	for (unsigned int i = 0; i < SLOT_STATES; i++) {
		struct kvm_slot *slot;

		while ((slot = TAILQ_FIRST(&s->lists[i]))) {
			TAILQ_REMOVE(&s->lists[i], slot, link);
			slot_log_fini(slot);
			free(slot);
		}
	}
	free(s->numbers);
}

/* A hull's rank stays with it: any that are well mixed will do. */
static uint64_t mix(uint64_t n)
{
	n = (n ^ (n >> 31)) * 0x9e3779b97f4a7c15ull;
	return n ^ (n >> 29);
}

static int hull_add(struct kvm_slots *s)
{
	struct kvm_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->rank = mix(++s->nr_hulls);
	TAILQ_INSERT_TAIL(&s->lists[SLOT_FREE], slot, link);
	s->counts[SLOT_FREE]++;
	return 0;
}

static int numbers_reserve(struct kvm_slots *s, unsigned int wanted)
{
	unsigned int max = s->max_numbers ? s->max_numbers : 16;
	struct slot_number *numbers;

	if (wanted <= s->max_numbers)
		return 0;
	while (max < wanted)
		max *= 2;
	numbers = realloc(s->numbers, max * sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	s->numbers = numbers;
	s->max_numbers = max;
	return 0;
}

int slot_table_reserve(struct kvm_slots *s, unsigned int n)
{
	while (s->counts[SLOT_FREE] < n) {
		if (hull_add(s))
			return -ENOMEM;
	}
	return numbers_reserve(s, s->nr + s->counts[SLOT_ARRIVING] + n);
}

void slot_set_state(struct kvm_slots *s, struct kvm_slot *slot, enum kvm_slot_state state)
{
	TAILQ_REMOVE(&s->lists[slot->state], slot, link);
	s->counts[slot->state]--;
	s->counts[state]++;
	slot->state = state;
	if (state == SLOT_FREE)
		TAILQ_INSERT_HEAD(&s->lists[state], slot, link);
	else
		TAILQ_INSERT_TAIL(&s->lists[state], slot, link);
}

int slot_number_get(struct kvm_slots *s, struct kvm_slot *slot)
{
	unsigned int number = s->free_number;

	if (number != NUMBER_NONE) {
		s->free_number = s->numbers[number].next_free;
	} else {
		if (s->nr_numbers == s->kvm->max_slots || s->nr_numbers == s->max_numbers)
			return -ENOSPC;
		number = s->nr_numbers++;
		s->numbers[number].changes = 0;
	}
	s->numbers[number].slot = slot;
	slot->number = number;
	return 0;
}

void slot_number_put(struct kvm_slots *s, struct kvm_slot *slot)
{
	s->numbers[slot->number].slot = NULL;
	s->numbers[slot->number].next_free = s->free_number;
	s->free_number = slot->number;
}

unsigned int slot_number(const struct kvm_slots *s, const struct kvm_slot *slot)
{
	return s->space << KVM_SLOT_SPACE_SHIFT | slot->number;
}

/* --- the tree --- */

struct kvm_slot *slot_tree_seek(const struct kvm_slots *s, hwaddr gpa)
{
	struct kvm_slot *found = NULL;

	for (struct kvm_slot *slot = s->tree; slot;) {
		if (slot_last(slot) < gpa) {
			slot = slot->right;
		} else {
			found = slot;
			slot = slot->left;
		}
	}
	return found;
}

struct kvm_slot *slot_tree_at(const struct kvm_slots *s, hwaddr gpa)
{
	struct kvm_slot *slot = slot_tree_seek(s, gpa);

	return slot && slot->gpa == gpa ? slot : NULL;
}

/* Cuts the tree @at in two: what begins before @gpa, and the rest. */
static void tree_split(struct kvm_slot *at, hwaddr gpa, struct kvm_slot **before,
		       struct kvm_slot **rest)
{
	while (at) {
		if (at->gpa < gpa) {
			*before = at;
			before = &at->right;
			at = at->right;
		} else {
			*rest = at;
			rest = &at->left;
			at = at->left;
		}
	}
	*before = *rest = NULL;
}

/* All of @a begins before all of @b. */
static struct kvm_slot *tree_join(struct kvm_slot *a, struct kvm_slot *b)
{
	struct kvm_slot *root, **to = &root;

	while (a && b) {
		if (a->rank > b->rank) {
			*to = a;
			to = &a->right;
			a = a->right;
		} else {
			*to = b;
			to = &b->left;
			b = b->left;
		}
	}
	*to = a ? a : b;
	return root;
}

void slot_tree_add(struct kvm_slots *s, struct kvm_slot *slot)
{
	struct kvm_slot **to = &s->tree;

	while (*to && (*to)->rank > slot->rank)
		to = (*to)->gpa < slot->gpa ? &(*to)->right : &(*to)->left;
	tree_split(*to, slot->gpa, &slot->left, &slot->right);
	*to = slot;
	s->nr++;
}

void slot_tree_del(struct kvm_slots *s, struct kvm_slot *slot)
{
	struct kvm_slot **to = &s->tree;

	while (*to != slot)
		to = (*to)->gpa < slot->gpa ? &(*to)->right : &(*to)->left;
	*to = tree_join(slot->left, slot->right);
	s->nr--;
}
