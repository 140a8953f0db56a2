// SPDX-License-Identifier: GPL-2.0-only
/* The trees and the views for people, in the manner of QEMU's `info mtree`, and as JSON. */
#include <inttypes.h>
#include <stdlib.h>

#include "json.h"
#include "memory/flatview.h"
#include "memory/internal.h"
#include "memory/ramblock.h"

static const char *kind_of(const struct memory_region *mr, bool readonly)
{
	if (!mr->ram_block)
		return "i/o";
	return readonly || ram_block_readonly(mr->ram_block) ? "rom" : "ram";
}

static const char *json_kind_of(const struct memory_region *mr)
{
	if (mr->alias)
		return "alias";
	if (mr->ops)
		return "mmio";
	return mr->ram_block ? "ram" : "container";
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

static int by_address(const void *pa, const void *pb)
{
	const struct memory_region *a = *(struct memory_region *const *)pa;
	const struct memory_region *b = *(struct memory_region *const *)pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return a->sequence > b->sequence ? -1 : a->sequence < b->sequence;
}

/* The subregions of @mr by address. NULL: there are none, or no memory to sort them in. */
static struct memory_region **sorted_subregions(const struct memory_region *mr)
{
	struct memory_region **v = NULL;

	if (mr->nr_subregions)
		v = reallocarray(NULL, mr->nr_subregions, sizeof(*v));
	if (!v)
		return NULL;
	for (unsigned int i = 0; i < mr->nr_subregions; i++)
		v[i] = mr->subregions[i];
	qsort(v, mr->nr_subregions, sizeof(*v), by_address);
	return v;
}

struct printer {
	FILE *out;
	struct targets targets;
};

static void print_region(struct printer *p, struct memory_region *mr, hwaddr base,
			 unsigned int depth);

static void print_subregions(struct printer *p, struct memory_region *mr, hwaddr base,
			     unsigned int depth)
{
	struct memory_region **sorted = sorted_subregions(mr);

	for (unsigned int i = 0; i < mr->nr_subregions; i++)
		print_region(p, sorted ? sorted[i] : mr->subregions[i], base, depth);
	free(sorted);
}

static void print_region(struct printer *p, struct memory_region *mr, hwaddr base,
			 unsigned int depth)
{
	hwaddr first = base + mr->addr;
	const struct memory_region *what = mr->alias ? mr->alias : mr;

	fprintf(p->out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", 2 * depth, "", first,
		range_at(first, mr->last).last, mr->priority, kind_of(what, mr->readonly));
	if (mr->alias) {
		fprintf(p->out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, mr->name, what->name,
			mr->alias_offset, range_at(mr->alias_offset, mr->last).last);
		targets_add(&p->targets, mr->alias);
	} else {
		fputs(mr->name, p->out);
	}
	fprintf(p->out, "%s\n", mr->enabled ? "" : " [disabled]");
	print_subregions(p, mr, first, depth + 1);
}

static void print_trees(struct memory *mem, FILE *out)
{
	struct printer p = { .out = out };
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		fprintf(out, "address-space: %s\n", as->name);
		print_region(&p, as->root, 0, 1);
		fputc('\n', out);
	}
	for (size_t i = 0; i < p.targets.nr; i++) {
		struct memory_region *mr = p.targets.v[i];

		fprintf(out, "memory-region: %s\n", mr->name);
		print_region(&p, mr, 0, 1);
		fputc('\n', out);
	}
	free(p.targets.v);
}

static void print_view_spaces(struct memory *mem, const struct flatview *view, FILE *out)
{
	struct address_space *as;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (as->view == view)
			fprintf(out, " AS \"%s\", root: %s\n", as->name, as->root->name);
	}
	fprintf(out, " Root memory region: %s\n", view->root ? view->root->name : "(none)");
}

static void print_view(const struct flatview *view, FILE *out)
{
	for (size_t i = 0; i < view->nr; i++) {
		const struct flat_range *fr = &view->ranges[i];

		fprintf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s", fr->addr.first,
			fr->addr.last, fr->mr->priority, kind_of(fr->mr, fr->readonly),
			fr->mr->name);
		if (fr->offset)
			fprintf(out, " @%016" PRIx64, fr->offset);
		fputc('\n', out);
	}
	fputs(view->nr ? "\n" : "  No rendered FlatView\n\n", out);
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

static void print_views(struct memory *mem, FILE *out)
{
	struct address_space *as;
	unsigned int n = 0;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (is_printed(as))
			continue;
		fprintf(out, "FlatView #%u\n", n++);
		print_view_spaces(mem, as->view, out);
		print_view(as->view, out);
	}
}

static void json_region(FILE *out, const struct memory_region *mr, hwaddr base)
{
	hwaddr first = base + mr->addr;

	fputs("{\"name\": ", out);
	json_string(out, mr->name);
	fprintf(out, ", \"kind\": \"%s\", \"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
		"\", \"priority\": %d, \"enabled\": %s, \"readonly\": %s", json_kind_of(mr), first,
		range_at(first, mr->last).last, mr->priority, mr->enabled ? "true" : "false",
		mr->readonly ? "true" : "false");
	if (mr->alias) {
		fputs(", \"target\": ", out);
		json_string(out, mr->alias->name);
		fprintf(out, ", \"offset\": \"0x%" PRIx64 "\"", mr->alias_offset);
	}
	fputs(", \"subregions\": [", out);
	for (unsigned int i = 0; i < mr->nr_subregions; i++) {
		fputs(i ? ", " : "", out);
		json_region(out, mr->subregions[i], first);
	}
	fputs("]}", out);
}

static void json_view(const struct flatview *view, FILE *out)
{
	fputs("\"ranges\": [", out);
	for (size_t i = 0; i < view->nr; i++) {
		const struct flat_range *fr = &view->ranges[i];

		fprintf(out, "%s{\"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
			"\", \"offset\": \"0x%" PRIx64 "\", \"kind\": \"%s\", \"readonly\": %s, "
			"\"name\": ", i ? ", " : "", fr->addr.first, fr->addr.last, fr->offset,
			json_kind_of(fr->mr), fr->readonly ? "true" : "false");
		json_string(out, fr->mr->name);
		fputc('}', out);
	}
	fputc(']', out);
}

static void json_spaces(struct memory *mem, FILE *out, bool flat)
{
	struct address_space *as;
	const char *comma = "";

	fputc('[', out);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		fprintf(out, "%s{\"address_space\": ", comma);
		json_string(out, as->name);
		fputs(", \"root\": ", out);
		if (flat) {
			json_string(out, as->root->name);
			fputs(", ", out);
			json_view(as->view, out);
		} else {
			json_region(out, as->root, 0);
		}
		fputc('}', out);
		comma = ", ";
	}
	fputs("]\n", out);
}

void mtree_info(struct memory *mem, FILE *out, unsigned int flags)
{
	memory_transaction_begin(mem);
	if (flags & MTREE_JSON)
		json_spaces(mem, out, flags & MTREE_FLAT);
	else if (flags & MTREE_FLAT)
		print_views(mem, out);
	else
		print_trees(mem, out);
	memory_transaction_commit(mem);
}
