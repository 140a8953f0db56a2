// SPDX-License-Identifier: GPL-2.0-only
/* Bars over a ruler of pages. */
#include <inttypes.h>

#include "memory/flatview.h"
#include "memory/mtree.h"
#include "ruler.h"
#include "unit.h"

#define CELL		7		/* columns of a page */
#define PAGES_MAX	10
#define NAMES		20		/* columns before the priority */
#define BARS		(NAMES + 6)	/* and before the bars */

struct row {
	unsigned int pages;
	char text[BARS + PAGES_MAX * CELL + 2];
};

static struct row row_start(unsigned int pages)
{
	struct row row = { .pages = pages };

	assert_in_range(pages, 1, PAGES_MAX);
	memset(row.text, ' ', sizeof(row.text) - 1);
	return row;
}

/* @text from @column on, which ends before column @end. */
static void row_put(struct row *row, size_t column, size_t end, const char *text)
{
	size_t len = strlen(text);

	assert_true(len <= end - column);
	memcpy(row->text + column, text, len);
}

static void row_finish(struct row *row, FILE *out)
{
	size_t len = strlen(row->text);

	while (len && row->text[len - 1] == ' ')
		len--;
	fprintf(out, "%.*s\n", (int)len, row->text);
}

static void row_bar(struct row *row, struct range at, char fill, const char *label)
{
	uint64_t page = at.first / RULER_PAGE, last = at.last / RULER_PAGE;
	char *start = row->text + BARS + page * CELL;
	size_t len;

	if (page >= row->pages)
		return;
	len = ((last < row->pages ? last + 1 : row->pages) - page) * CELL;
	memset(start, fill, len);
	start[0] = '|';
	start[len] = last < row->pages ? '|' : '>';
	row_put(row, start + 1 - row->text, start + len - row->text, label);
}

void ruler_head(FILE *out, unsigned int pages)
{
	struct row row = row_start(pages);
	char number[12];

	row_put(&row, 0, NAMES, "region");
	row_put(&row, NAMES, BARS, "prio");
	for (unsigned int i = 0; i < row.pages; i++) {
		snprintf(number, sizeof(number), "%u", i);
		row_put(&row, BARS + i * CELL, BARS + (i + 1) * CELL, number);
	}
	row_finish(&row, out);
}

static void put_name(struct row *row, const struct memory_region *mr, unsigned int depth)
{
	char name[80];
	int len = snprintf(name, sizeof(name), "%*s%s", 2 * depth, "", mr->name);

	if (mr->alias)
		len += snprintf(name + len, sizeof(name) - len, " = %s@%" PRIu64, mr->alias->name,
				mr->alias_offset / RULER_PAGE);
	snprintf(name + len, sizeof(name) - len, "%s%s", mr->readonly ? " (ro)" : "",
		 mr->enabled ? "" : " (off)");
	row_put(row, 0, NAMES, name);
}

static char fill_of(const struct memory_region *mr)
{
	return mr->kind == MEMORY_CONTAINER ? '.' : mr->kind == MEMORY_ALIAS ? '=' : '-';
}

/* @at: of @mr's first byte. */
static void draw_tree(FILE *out, unsigned int pages, const struct memory_region *mr, hwaddr at,
		      unsigned int depth)
{
	struct memory_region **subs = mtree_subregions(mr);
	struct row row = row_start(pages);
	char priority[12];

	put_name(&row, mr, depth);
	snprintf(priority, sizeof(priority), "%4d", mr->priority);
	row_put(&row, NAMES, BARS, priority);
	row_bar(&row, range_at(at, mr->last), fill_of(mr), "");
	row_finish(&row, out);
	for (unsigned int i = 0; subs && i < mr->nr_subregions; i++)
		draw_tree(out, pages, subs[i], at + subs[i]->addr, depth + 1);
	free(subs);
}

void ruler_tree(FILE *out, unsigned int pages, const struct memory_region *mr)
{
	draw_tree(out, pages, mr, 0, 0);
}

void ruler_view(FILE *out, unsigned int pages, const struct address_space *as)
{
	struct row row = row_start(pages);
	const struct flat_range *fr;
	struct flat_cursor c;
	char label[80], from[24];

	row_put(&row, 0, NAMES, "seen");
	flatview_for_each_from(fr, c, as->view, 0) {
		snprintf(from, sizeof(from), "@%" PRIu64, fr->offset / RULER_PAGE);
		snprintf(label, sizeof(label), "%s%s%s", fr->mr->name, fr->offset ? from : "",
			 fr->flags & FLAT_READONLY ? "!" : "");
		row_bar(&row, fr->addr, '-', label);
	}
	row_finish(&row, out);
}
