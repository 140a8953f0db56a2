// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subregions of a container: a search tree by (offset, sequence) that is balanced by chance (a
 * treap: each node outweighs those below it), where each node knows how far the enabled ones below
 * it reach. So all that covers a place is found in O(log N) a piece.
 */
#include "memory/internal.h"

/* As good as random, and the same in each run. */
static uint32_t weight(const struct memory_region *mr)
{
	return (mr->sequence * 0x9e3779b97f4a7c15ull) >> 32;
}

static bool before(const struct memory_region *a, const struct memory_region *b)
{
	if (a->addr != b->addr)
		return a->addr < b->addr;
	return a->sequence < b->sequence;
}

/* @sub is below @t now, too. */
static void cover(struct memory_region *t, const struct memory_region *sub)
{
	if (!sub || !sub->subtree_enabled)
		return;
	t->subtree_enabled += sub->subtree_enabled;
	if (t->subtree_end < sub->subtree_end)
		t->subtree_end = sub->subtree_end;
}

/* What @t knows of itself alone. */
static void cover_self(struct memory_region *t)
{
	t->subtree_enabled = t->enabled;
	t->subtree_end = t->enabled ? subregion_range(t).last : 0;
}

static void cover_again(struct memory_region *t)
{
	cover_self(t);
	cover(t, t->left);
	cover(t, t->right);
}

/* Part @t into what comes before @at and what comes behind. */
static void split(struct memory_region *t, const struct memory_region *at,
		  struct memory_region **left, struct memory_region **right)
{
	if (!t) {
		*left = *right = NULL;
	} else if (before(t, at)) {
		split(t->right, at, &t->right, right);
		*left = t;
		cover_again(t);
	} else {
		split(t->left, at, left, &t->left);
		*right = t;
		cover_again(t);
	}
}

/* The opposite of split(). */
static struct memory_region *join(struct memory_region *left, struct memory_region *right)
{
	if (!left || !right)
		return left ? left : right;
	if (weight(left) > weight(right)) {
		left->right = join(left->right, right);
		cover_again(left);
		return left;
	}
	right->left = join(left, right->left);
	cover_again(right);
	return right;
}

void subregions_add(struct memory_region *container, struct memory_region *sub)
{
	struct memory_region **link = &container->subregions, *t;
	uint32_t heavy;

	sub->sequence = ++container->mem->sequence;
	sub->container = container;
	heavy = weight(sub);
	cover_self(sub);
	while ((t = *link) && weight(t) > heavy) {
		cover(t, sub);
		link = before(sub, t) ? &t->left : &t->right;
	}
	split(*link, sub, &sub->left, &sub->right);
	cover_again(sub);
	*link = sub;
	container->nr_subregions++;
}

static struct memory_region *del(struct memory_region *t, const struct memory_region *sub)
{
	if (t == sub)
		return join(t->left, t->right);
	if (before(sub, t))
		t->left = del(t->left, sub);
	else
		t->right = del(t->right, sub);
	cover_again(t);
	return t;
}

void subregions_del(struct memory_region *container, struct memory_region *sub)
{
	container->subregions = del(container->subregions, sub);
	container->nr_subregions--;
	sub->container = NULL;
}

static void update(struct memory_region *t, const struct memory_region *sub)
{
	if (t != sub)
		update(before(sub, t) ? t->left : t->right, sub);
	cover_again(t);
}

void subregions_update(struct memory_region *container, struct memory_region *sub)
{
	update(container->subregions, sub);
}

/* Whether one of the enabled nodes at or below @t may cover @first or what is behind it. */
static bool reaches(const struct memory_region *t, hwaddr first)
{
	return t && t->subtree_enabled && t->subtree_end >= first;
}

static int query(struct memory_region *t, struct range r,
		 int (*fn)(void *opaque, struct memory_region *sub), void *opaque)
{
	int ret;

	for (; reaches(t, r.first); t = t->right) {
		if (reaches(t->left, r.first)) {
			ret = query(t->left, r, fn, opaque);
			if (ret)
				return ret;
		}
		if (t->addr > r.last)
			break;
		if (t->enabled && subregion_range(t).last >= r.first) {
			ret = fn(opaque, t);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int subregions_query(const struct memory_region *container, struct range r,
		     int (*fn)(void *opaque, struct memory_region *sub), void *opaque)
{
	return query(container->subregions, r, fn, opaque);
}

static int for_each(struct memory_region *t, int (*fn)(void *opaque, struct memory_region *sub),
		    void *opaque)
{
	int ret = 0;

	for (; !ret && t; t = t->right) {
		ret = for_each(t->left, fn, opaque);
		if (!ret)
			ret = fn(opaque, t);
	}
	return ret;
}

int subregions_for_each(const struct memory_region *container,
			int (*fn)(void *opaque, struct memory_region *sub), void *opaque)
{
	return for_each(container->subregions, fn, opaque);
}
