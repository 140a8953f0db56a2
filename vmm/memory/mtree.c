// SPDX-License-Identifier: GPL-2.0-only
/* The trees of regions for people, in the manner of QEMU's `info mtree`. */
#include <inttypes.h>
#include <stdlib.h>

#include "memory/internal.h"
#include "memory/mtree.h"
#include "memory/ramblock.h"

static const char *ram_word(const struct memory_region *mr, bool readonly)
{
	if (mr->ram_device)
		return "ramd";
	return readonly || ram_block_readonly(mr->ram_block) ? "rom" : "ram";
}

const char *mtree_word(const struct memory_region *mr, bool readonly)
{
	while (mr->alias)
		mr = mr->alias;
	switch (mr->kind) {
	case MEMORY_RAM:
		return ram_word(mr, readonly);
	case MEMORY_ROM_DEVICE:
		return mr->romd ? "romd" : "i/o";
	case MEMORY_RESERVATION:
		return "reservation";
	case MEMORY_IOMMU:
		return "iommu";
	default:
		return "i/o";
	}
}

const char *mtree_kind(const struct memory_region *mr)
{
	static const char *const kinds[] = {
		[MEMORY_CONTAINER] = "container",
		[MEMORY_RAM] = "ram",
		[MEMORY_ROM_DEVICE] = "rom-device",
		[MEMORY_IO] = "mmio",
		[MEMORY_ALIAS] = "alias",
		[MEMORY_RESERVATION] = "reservation",
		[MEMORY_IOMMU] = "iommu",
	};

	return kinds[mr->kind];
}

static int by_address(const void *pa, const void *pb)
{
	const struct memory_region *a = *(struct memory_region *const *)pa;
	const struct memory_region *b = *(struct memory_region *const *)pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return subregion_hides(a, b) ? -1 : 1;
}

struct region_list {
	struct memory_region **v;
	unsigned int nr;
};

static int region_list_add(void *opaque, struct memory_region *sub)
{
	struct region_list *list = opaque;

	list->v[list->nr++] = sub;
	return 0;
}

struct memory_region **mtree_subregions(const struct memory_region *mr)
{
	struct region_list list = { 0 };

	if (mr->nr_subregions)
		list.v = reallocarray(NULL, mr->nr_subregions, sizeof(*list.v));
	if (!list.v)
		return NULL;
	subregions_for_each(mr, region_list_add, &list);
	qsort(list.v, list.nr, sizeof(*list.v), by_address);
	return list.v;
}

/* The targets of aliases, each of which gets a tree of its own below those of the spaces. */
struct targets {
	struct memory_region **v;
	size_t nr, max;
};

/* Without memory for it, a target goes without a tree of its own. */
static void targets_add(struct targets *targets, struct memory_region *mr)
{
	for (size_t i = 0; i < targets->nr; i++) {
		if (targets->v[i] == mr)
			return;
	}
	if (targets->nr == targets->max) {
		size_t max = targets->max ? 2 * targets->max : 16;
		struct memory_region **v = reallocarray(targets->v, max, sizeof(*v));

		if (!v)
			return;
		targets->v = v;
		targets->max = max;
	}
	targets->v[targets->nr++] = mr;
}

struct printer {
	FILE *out;
	unsigned int flags;
	struct targets targets;
};

/* What one line says, without its newline. */
static void print_line(struct printer *p, const struct memory_region *mr, hwaddr first,
		       unsigned int depth)
{
	fprintf(p->out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s%s): ", 2 * depth, "", first,
		range_at(first, mr->last).last, mr->priority, mr->nonvolatile ? "nv-" : "",
		mtree_word(mr, mr->readonly));
	if (mr->alias)
		fprintf(p->out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, mr->name,
			mr->alias->name, mr->alias_offset,
			range_at(mr->alias_offset, mr->last).last);
	else
		fputs(mr->name, p->out);
	if (!mr->enabled)
		fputs(" [disabled]", p->out);
	if ((p->flags & MTREE_OWNERS) && mr->owner)
		fprintf(p->out, " owner:{%p, %u holds}", (void *)mr->owner,
			__atomic_load_n(&mr->owner->refs, __ATOMIC_RELAXED));
	else if (p->flags & MTREE_OWNERS)
		fputs(" owner:{machine}", p->out);
}

/* A disabled region is left out with all that is below it: nobody sees any of it. */
static void print_region(struct printer *p, struct memory_region *mr, hwaddr base,
			 unsigned int depth)
{
	struct memory_region **subs;

	if (!mr->enabled && !(p->flags & MTREE_DISABLED))
		return;
	print_line(p, mr, base + mr->addr, depth);
	fputc('\n', p->out);
	if (mr->alias)
		targets_add(&p->targets, mr->alias);
	subs = mtree_subregions(mr);
	for (unsigned int i = 0; subs && i < mr->nr_subregions; i++)
		print_region(p, subs[i], base + mr->addr, depth + 1);
	free(subs);
}

static void print_tree(struct printer *p, const char *title, const char *name,
		       struct memory_region *root)
{
	fprintf(p->out, "%s: %s\n", title, name);
	/* offsets in a target are its own, wherever it is mapped */
	print_region(p, root, -root->addr, 1);
	fputc('\n', p->out);
}

static void print_trees(struct memory *mem, FILE *out, unsigned int flags)
{
	struct printer p = { .out = out, .flags = flags };
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link)
		print_tree(&p, "address-space", as->name, as->root);
	for (size_t i = 0; i < p.targets.nr; i++)
		print_tree(&p, "memory-region", p.targets.v[i]->name, p.targets.v[i]);
	free(p.targets.v);
}

void mtree_info(struct memory *mem, FILE *out, unsigned int flags)
{
	memory_transaction_begin(mem);
	if (flags & MTREE_JSON)
		mtree_json(mem, out, flags);
	else if (flags & (MTREE_FLAT | MTREE_DISPATCH))
		mtree_print_views(mem, out, flags);
	else
		print_trees(mem, out, flags);
	memory_transaction_commit(mem);
}
