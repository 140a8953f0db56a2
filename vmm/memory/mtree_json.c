// SPDX-License-Identifier: GPL-2.0-only
/* The trees and the flat views for programs, as JSON. */
#include <inttypes.h>
#include <stdlib.h>

#include "json.h"
#include "memory/internal.h"
#include "memory/mtree.h"

static const char *truth(bool b)
{
	return b ? "true" : "false";
}

static void json_owner(FILE *out, const struct memory_region *mr)
{
	if (mr->owner)
		fprintf(out, ", \"owner\": \"%p\"", (void *)mr->owner);
	else
		fputs(", \"owner\": null", out);
}

static void json_fields(FILE *out, const struct memory_region *mr, hwaddr first,
			unsigned int flags)
{
	fputs("{\"name\": ", out);
	json_string(out, mr->name);
	fprintf(out, ", \"kind\": \"%s\", \"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
		"\", \"priority\": %d, \"enabled\": %s, \"readonly\": %s, \"nonvolatile\": %s",
		mtree_kind(mr), first, range_at(first, mr->last).last, mr->priority,
		truth(mr->enabled), truth(mr->readonly), truth(mr->nonvolatile));
	if (flags & MTREE_OWNERS)
		json_owner(out, mr);
	if (!mr->alias)
		return;
	fputs(", \"target\": ", out);
	json_string(out, mr->alias->name);
	fprintf(out, ", \"offset\": \"0x%" PRIx64 "\"", mr->alias_offset);
}

static void json_region(FILE *out, const struct memory_region *mr, hwaddr base,
			unsigned int flags)
{
	struct memory_region **subs = mtree_subregions(mr);

	json_fields(out, mr, base + mr->addr, flags);
	fputs(", \"subregions\": [", out);
	for (unsigned int i = 0; subs && i < mr->nr_subregions; i++) {
		fputs(i ? ", " : "", out);
		json_region(out, subs[i], base + mr->addr, flags);
	}
	fputs("]}", out);
	free(subs);
}

static void json_range(FILE *out, const struct flat_range *fr, unsigned int flags)
{
	fprintf(out, "{\"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
		"\", \"offset\": \"0x%" PRIx64 "\", \"kind\": \"%s\", \"readonly\": %s, "
		"\"nonvolatile\": %s, \"romd\": %s, \"name\": ", fr->addr.first, fr->addr.last,
		fr->offset, mtree_kind(fr->mr), truth(fr->flags & FLAT_READONLY),
		truth(fr->flags & FLAT_NONVOLATILE), truth(fr->flags & FLAT_ROMD));
	json_string(out, fr->mr->name);
	if (flags & MTREE_OWNERS)
		json_owner(out, fr->mr);
	if (flags & MTREE_DISPATCH)
		fprintf(out, ", \"sub_page\": %s", truth(mtree_is_subpage(fr)));
	fputc('}', out);
}

static void json_view(FILE *out, const struct flatview *view, unsigned int flags)
{
	const struct flat_range *fr;
	struct flat_cursor c;
	const char *comma = "";

	fputs("\"ranges\": [", out);
	flatview_for_each_from(fr, c, view, 0) {
		fputs(comma, out);
		json_range(out, fr, flags);
		comma = ", ";
	}
	fputc(']', out);
}

static void json_space(FILE *out, const struct address_space *as, unsigned int flags)
{
	fputs("{\"address_space\": ", out);
	json_string(out, as->name);
	fputs(", \"root\": ", out);
	if (flags & (MTREE_FLAT | MTREE_DISPATCH)) {
		json_string(out, as->root->name);
		fputs(", ", out);
		json_view(out, as->view, flags);
	} else {
		json_region(out, as->root, 0, flags);
	}
	fputc('}', out);
}

void mtree_json(struct memory *mem, FILE *out, unsigned int flags)
{
	const struct address_space *as;
	const char *comma = "";

	fputc('[', out);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		fputs(comma, out);
		json_space(out, as, flags);
		comma = ", ";
	}
	fputs("]\n", out);
}
