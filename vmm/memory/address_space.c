// SPDX-License-Identifier: GPL-2.0-only
/* Address spaces: which root each shows, and how a new view takes the place of the old one. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/flatview.h"
#include "memory/internal.h"

int address_space_init(struct address_space *as, struct memory *mem, struct memory_region *root,
		       const char *name)
{
	memset(as, 0, sizeof(*as));
	as->name = strdup(name);
	if (!as->name)
		return -ENOMEM;
	as->mem = mem;
	as->root = root;
	memory_transaction_begin(mem);
	as->view = flatview_get(mem->empty);
	TAILQ_INSERT_TAIL(&mem->spaces, as, link);
	mem->dirty = true;
	return memory_transaction_commit(mem);
}

void address_space_fini(struct address_space *as)
{
	struct memory *mem = as->mem;

	if (!mem)
		return;
	memory_transaction_begin(mem);
	TAILQ_REMOVE(&mem->spaces, as, link);
	flatview_put(as->view);
	memory_transaction_commit(mem);
	urcu_memb_synchronize_rcu();
	free(as->name);
	memset(as, 0, sizeof(*as));
}

/* The view of @as of this generation: that of another space with the same look, or a new one. */
static int space_render(struct address_space *as)
{
	struct memory_region *root = flatview_root(as->root);
	uint64_t generation = as->mem->generation;
	int ret;

	if (!root) {
		as->next_view = flatview_get(as->mem->empty);
		return 0;
	}
	if (root->view_generation == generation) {
		as->next_view = flatview_get(root->view);
		return 0;
	}
	ret = flatview_render(root, &as->next_view);
	if (ret)
		return ret;
	root->view = as->next_view;
	root->view_generation = generation;
	return 0;
}

static void spaces_forget(struct memory *mem)
{
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (as->next_view)
			flatview_put(as->next_view);
		as->next_view = NULL;
	}
}

int address_spaces_render(struct memory *mem)
{
	struct address_space *as;
	int ret;

	mem->generation++;
	TAILQ_FOREACH(as, &mem->spaces, link) {
		ret = space_render(as);
		if (ret) {
			spaces_forget(mem);
			return ret;
		}
	}
	return 0;
}

void address_spaces_blank(struct memory *mem)
{
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link)
		as->next_view = flatview_get(mem->empty);
}

/*
 * The new view goes live between what the listeners take away and what they add: at each moment a
 * vCPU that leaves the guest finds here what its access would have found in there, or will find.
 */
static int space_publish(struct address_space *as)
{
	struct flatview *old = as->view, *new = as->next_view;
	int ret;

	listeners_del(as, old, new);
	as->next_view = NULL;
	__atomic_store_n(&as->view, new, __ATOMIC_RELEASE);
	ret = listeners_add(as, old, new);
	flatview_put(old);
	return ret;
}

int address_spaces_publish(struct memory *mem)
{
	struct address_space *as;
	int ret = 0, err;

	listeners_begin(mem);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		err = space_publish(as);
		ret = ret ? ret : err;
	}
	err = listeners_commit(mem);
	return ret ? ret : err;
}

struct memory_region_section section_of(struct address_space *as, const struct flat_range *fr)
{
	return (struct memory_region_section){
		.mr = fr->mr,
		.as = as,
		.offset_within_region = fr->offset,
		.offset_within_address_space = fr->addr.first,
		.size = range_extent(fr->addr) + 1,
		.readonly = fr->readonly,
	};
}

/* The address space that shows @mr, and where in it @offset of @mr is. NULL: none, nowhere. */
static struct address_space *space_of(struct memory_region *mr, hwaddr *offset)
{
	struct address_space *as;

	for (; mr->container; mr = mr->container) {
		if (*offset > mr->last || *offset > RANGE_MAX - mr->addr)
			return NULL;
		*offset += mr->addr;
	}
	TAILQ_FOREACH(as, &mr->mem->spaces, link) {
		if (as->root == mr)
			return as;
	}
	return NULL;
}

static bool find_in(struct address_space *as, struct range wanted,
		    struct memory_region_section *sec)
{
	size_t i = flatview_search(as->view, wanted.first);
	struct flat_range found;
	struct range common;

	if (i == as->view->nr)
		return false;
	found = as->view->ranges[i];
	if (!range_intersect(found.addr, wanted, &common))
		return false;
	found.offset += common.first - found.addr.first;
	found.addr = common;
	*sec = section_of(as, &found);
	return true;
}

bool memory_region_find(struct memory_region *mr, hwaddr addr, uint64_t size,
			struct memory_region_section *sec)
{
	struct memory *mem = mr->mem;
	struct address_space *as;
	bool found;

	memory_transaction_begin(mem);
	as = space_of(mr, &addr);
	found = as && find_in(as, range_at(addr, size - 1), sec);
	memory_transaction_commit(mem);
	return found;
}
