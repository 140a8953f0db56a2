// SPDX-License-Identifier: GPL-2.0-only
/* The flat views for people, in the manner of QEMU's `info mtree -f`, and how lookups see them. */
#include <inttypes.h>

#include "memory/internal.h"
#include "memory/mtree.h"

#define PAGE	4096u

bool mtree_is_subpage(const struct flat_range *fr)
{
	return fr->addr.first % PAGE || fr->addr.last % PAGE != PAGE - 1;
}

static void print_spaces(struct memory *mem, const struct flatview *view, FILE *out)
{
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (as->view == view)
			fprintf(out, " AS \"%s\", root: %s\n", as->name, as->root->name);
	}
	fprintf(out, " Root memory region: %s\n", view->root ? view->root->name : "(none)");
}

static void print_range(const struct flat_range *fr, FILE *out, bool owners)
{
	fprintf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s%s): %s", fr->addr.first,
		fr->addr.last, fr->mr->priority, fr->flags & FLAT_NONVOLATILE ? "nv-" : "",
		mtree_word(fr->mr, fr->flags & FLAT_READONLY), fr->mr->name);
	if (fr->offset)
		fprintf(out, " @%016" PRIx64, fr->offset);
	if (owners && fr->mr->owner)
		fprintf(out, " owner:{%p}", (void *)fr->mr->owner);
	else if (owners)
		fputs(" owner:{machine}", out);
	fputc('\n', out);
}

static void print_ranges(const struct flatview *view, FILE *out, unsigned int flags)
{
	const struct flat_range *fr;
	struct flat_cursor c;

	flatview_for_each_from(fr, c, view, 0)
		print_range(fr, out, flags & MTREE_OWNERS);
	fputs(view->nr ? "\n" : "  No rendered FlatView\n\n", out);
}

/* All sections by number. What lies between two is nobody's. */
static void print_sections(const struct flatview *view, FILE *out)
{
	const struct flat_range *fr;
	struct flat_cursor c;
	size_t n = 0;

	flatview_for_each_from(fr, c, view, 0) {
		fprintf(out, "      #%zu @%016" PRIx64 "..%016" PRIx64 " %s", n++, fr->addr.first,
			fr->addr.last, fr->mr->name);
		fprintf(out, "%s%s\n", fr->flags & FLAT_ROMD ? " [romd]" : "",
			mtree_is_subpage(fr) ? " [sub-page]" : "");
	}
}

/* A lookup searches the leaves, then one of them. */
static void print_dispatch(const struct flatview *view, FILE *out)
{
	size_t n = 0;

	fputs("  Dispatch\n    Physical sections\n", out);
	print_sections(view, out);
	fprintf(out, "    Leaves (up to %d sections each)\n", FLAT_LEAF_MAX);
	for (unsigned int i = 0; i < view->nr_leaves; n += view->leaves[i++]->nr)
		fprintf(out, "      [%u] @%016" PRIx64 " #%zu..#%zu\n", i, view->firsts[i], n,
			n + view->leaves[i]->nr - 1);
	fputc('\n', out);
}

/* Whether an address space before @as shows the same view: it was printed then. */
static bool is_printed(const struct address_space *as)
{
	const struct address_space *other;

	TAILQ_FOREACH(other, &as->mem->spaces, link) {
		if (other == as)
			return false;
		if (other->view == as->view)
			return true;
	}
	return false;
}

void mtree_print_views(struct memory *mem, FILE *out, unsigned int flags)
{
	struct address_space *as;
	unsigned int n = 0;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (is_printed(as))
			continue;
		fprintf(out, "FlatView #%u\n", n++);
		print_spaces(mem, as->view, out);
		print_ranges(as->view, out, flags);
		if (flags & MTREE_DISPATCH)
			print_dispatch(as->view, out);
	}
}
