// SPDX-License-Identifier: GPL-2.0-only
/* Address spaces: which root each shows, and how a new view takes the place of the old one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-memb.h>

#include "memory/bounce.h"
#include "memory/change.h"
#include "memory/internal.h"

int address_space_init(struct address_space *as, struct memory *mem, struct memory_region *root,
		       const char *name)
{
	memset(as, 0, sizeof(*as));
	as->name = strdup(name);
	if (!as->name || change_create(as)) {
		free(as->name);
		return -ENOMEM;
	}
	as->mem = mem;
	as->root = root;
	memory_transaction_begin(mem);
	as->view = mem->empty;
	TAILQ_INSERT_TAIL(&mem->spaces, as, link);
	mem->dirty = true;
	return memory_transaction_commit(mem);
}

/* --- view roots --- */

/* Of @mr, which some address space is going to look like. -ENOMEM. */
static int view_root_get(struct memory_region *mr, struct view_root **out)
{
	struct view_root *vr = mr->view_root;

	if (!vr) {
		vr = calloc(1, sizeof(*vr));
		if (!vr || damage_init(&vr->damage)) {
			free(vr);
			return -ENOMEM;
		}
		vr->mr = mr;
		mr->view_root = vr;
		TAILQ_INSERT_TAIL(&mr->mem->view_roots, vr, link);
	}
	*out = vr;
	return 0;
}

static void view_root_destroy(struct memory *mem, struct view_root *vr)
{
	if (vr->view)
		flatview_retire(mem, vr->view, NULL);
	vr->mr->view_root = NULL;
	TAILQ_REMOVE(&mem->view_roots, vr, link);
	damage_fini(&vr->damage);
	free(vr);
}

static void view_roots_drop_unused(struct memory *mem)
{
	struct view_root *vr = TAILQ_FIRST(&mem->view_roots), *next;

	for (; vr; vr = next) {
		next = TAILQ_NEXT(vr, link);
		if (!vr->spaces)
			view_root_destroy(mem, vr);
	}
}

/* @vr's next view, which is the one it has if nothing in it was damaged. */
static int view_root_render(struct memory *mem, struct view_root *vr)
{
	const struct flatview *old = vr->view ? vr->view : mem->empty;

	if (mem->damaged_all || !vr->view)
		damage_add_all(&vr->damage);
	vr->next = vr->view;
	if (!vr->damage.nr)
		return 0;
	if (mem->any_unmergeable)
		damage_widen(&vr->damage, old);
	damage_settle(&vr->damage, old->nr);
	return flatview_render(&mem->renderer, vr->mr, old, &vr->damage, mem->generation,
			       &vr->next);
}

static void view_root_forget(struct memory *mem, struct view_root *vr)
{
	if (vr->next && vr->next != vr->view)
		flatview_discard(vr->next, vr->view ? vr->view : mem->empty);
	vr->next = NULL;
}

static void view_root_publish(struct memory *mem, struct view_root *vr)
{
	if (vr->view && vr->view != vr->next)
		flatview_retire(mem, vr->view, vr->next);
	vr->view = vr->next;
	vr->next = NULL;
	damage_clear(&vr->damage);
}

/* --- a commit --- */

/* Which region @as looks like now; each of those counts its spaces anew. */
static int choose_roots(struct memory *mem)
{
	struct address_space *as;
	struct view_root *vr;
	int ret = 0;

	TAILQ_FOREACH(vr, &mem->view_roots, link)
		vr->spaces = 0;
	TAILQ_FOREACH(as, &mem->spaces, link) {
		struct memory_region *root = flatview_root(as->root);

		as->change->view_root = NULL;
		if (root && !ret)
			ret = view_root_get(root, &as->change->view_root);
		if (as->change->view_root)
			as->change->view_root->spaces++;
	}
	return ret;
}

static int render_roots(struct memory *mem)
{
	struct view_root *vr;
	int ret = 0;

	TAILQ_FOREACH(vr, &mem->view_roots, link) {
		if (!ret && vr->spaces)
			ret = view_root_render(mem, vr);
	}
	return ret;
}

static int space_compare(struct address_space *as)
{
	struct range everything = { 0, RANGE_MAX };
	const struct damage all = { .v = &everything, .nr = 1 };
	struct view_root *vr = as->change->view_root;

	as->change->view = vr ? vr->next : as->mem->empty;
	if (as->change->view == as->view || !listeners_any(as))
		return 0;
	return change_find(as, vr && vr == as->view_root ? &vr->damage : &all);
}

/* What comes next, without anybody noticing. */
static int prepare(struct memory *mem, bool force)
{
	struct address_space *as;
	int ret;

	mem->generation++;
	ret = choose_roots(mem);
	if (!ret)
		ret = render_roots(mem);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (!ret)
			ret = space_compare(as);
	}
	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (!ret && !force)
			ret = listeners_check(as);
	}
	return ret;
}

static void forget(struct memory *mem)
{
	struct address_space *as;
	struct view_root *vr;

	TAILQ_FOREACH(as, &mem->spaces, link)
		change_forget(as);
	TAILQ_FOREACH(vr, &mem->view_roots, link) {
		view_root_forget(mem, vr);
		vr->spaces = 0;
	}
	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (as->view_root)
			as->view_root->spaces++;
	}
	view_roots_drop_unused(mem);
}

static void tell_what_goes(struct memory *mem)
{
	struct address_space *as;

	listeners_begin(mem);
	TAILQ_FOREACH_REVERSE(as, &mem->spaces, spaces, link) {
		if (as->change->changed)
			listeners_detach(as);
	}
	TAILQ_FOREACH_REVERSE(as, &mem->spaces, spaces, link) {
		if (as->change->changed)
			listeners_del(as);
	}
}

static int tell_what_comes(struct memory *mem)
{
	struct address_space *as;
	int ret = 0, err;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		err = listeners_add(as);
		ret = ret ? ret : err;
	}
	TAILQ_FOREACH(as, &mem->spaces, link) {
		err = as->change->changed ? listeners_attach(as) : 0;
		ret = ret ? ret : err;
	}
	err = listeners_commit(mem);
	return ret ? ret : err;
}

/*
 * The new views go live between what the listeners take away and what they add: at each moment a
 * vCPU that leaves the guest finds here what its access would have found in there, or will find.
 */
static int publish(struct memory *mem)
{
	struct address_space *as;
	struct view_root *vr;
	int ret;

	tell_what_goes(mem);
	TAILQ_FOREACH(as, &mem->spaces, link)
		__atomic_store_n(&as->view, as->change->view, __ATOMIC_RELEASE);
	ret = tell_what_comes(mem);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		as->view_root = as->change->view_root;
		change_done(as);
	}
	TAILQ_FOREACH(vr, &mem->view_roots, link) {
		if (vr->spaces)
			view_root_publish(mem, vr);
	}
	view_roots_drop_unused(mem);
	return ret;
}

int address_spaces_update(struct memory *mem, bool force)
{
	int ret = prepare(mem, force);

	if (ret) {
		forget(mem);
		return ret;
	}
	mem->dirty = false;
	mem->damaged_all = false;
	return publish(mem);
}

/* Needs no memory. */
static void blank(struct address_space *as)
{
	listeners_blank(as);
	__atomic_store_n(&as->view, as->mem->empty, __ATOMIC_RELEASE);
	attached_fini(&as->change->attached);
	if (as->view_root)
		as->view_root->spaces--;
	as->view_root = NULL;
}

void address_spaces_blank(struct memory *mem)
{
	struct address_space *as;

	listeners_begin(mem);
	TAILQ_FOREACH(as, &mem->spaces, link)
		blank(as);
	view_roots_drop_unused(mem);
	listeners_commit(mem);
}

void address_space_fini(struct address_space *as)
{
	struct memory *mem = as->mem;

	if (!mem)
		return;
	memory_transaction_begin(mem);
	listeners_begin(mem);
	blank(as);
	listeners_commit(mem);
	TAILQ_REMOVE(&mem->spaces, as, link);
	view_roots_drop_unused(mem);
	memory_transaction_commit(mem);
	urcu_memb_synchronize_rcu();
	address_space_bounce_fini(as);
	change_destroy(as);
	free(as->name);
	memset(as, 0, sizeof(*as));
}
