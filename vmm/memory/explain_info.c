// SPDX-License-Identifier: GPL-2.0-only
/* Explanations for people and programs, and who else serves an address. */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "memory/explain.h"
#include "memory/internal.h"
#include "memory/mtree.h"
#include "util.h"

struct report {
	struct address_space *as;
	hwaddr addr;
	const struct flat_range *range;	/* of the view; NULL: nothing there */
	FILE *out;
	bool json;
	const char *comma;		/* of a list in JSON */
};

static const char *const why_names[EXPLAIN_WHYS] = {
	[EXPLAIN_SHOWN] = "shown",
	[EXPLAIN_PRIORITY] = "priority",
	[EXPLAIN_LATER] = "later-addition",
	[EXPLAIN_SUBREGION] = "subregion",
	[EXPLAIN_DISABLED] = "disabled",
	[EXPLAIN_CUT_OFF] = "cut-off",
	[EXPLAIN_WINDOW] = "behind-window",
};

static bool is_alias(const struct memory_region *mr)
{
	return mr->kind == MEMORY_ALIAS;
}

/* --- who serves it --- */

/*
 * Listening for a moment tells of all eventfds and coalesced ranges: what is there is replayed to
 * who comes.
 */
struct listening {
	struct memory_listener listener;
	struct report *r;
};

static bool covers(hwaddr first, uint64_t len, hwaddr addr)
{
	return range_at(first, len - 1).last >= addr && first <= addr;
}

static int hear_eventfd(struct memory_listener *l, const struct memory_region_section *sec,
			unsigned int size, bool match, uint64_t data, int fd)
{
	struct report *r = container_of(l, struct listening, listener)->r;
	hwaddr at = sec->offset_within_address_space;

	if (!covers(at, size ? size : 1, r->addr))
		return 0;
	if (r->json) {
		fprintf(r->out, "%s{\"address\": \"0x%" PRIx64 "\", \"size\": %u, \"fd\": %d",
			r->comma, at, size, fd);
		if (match)
			fprintf(r->out, ", \"data\": \"0x%" PRIx64 "\"", data);
		fputc('}', r->out);
		r->comma = ", ";
		return 0;
	}
	fprintf(r->out, "  eventfd %d takes stores at 0x%" PRIx64, fd, at);
	if (size)
		fprintf(r->out, " of %u bytes", size);
	if (match)
		fprintf(r->out, " of the value 0x%" PRIx64, data);
	fputc('\n', r->out);
	return 0;
}

static int hear_coalesced(struct memory_listener *l, const struct memory_region_section *sec,
			  hwaddr addr, uint64_t len)
{
	struct report *r = container_of(l, struct listening, listener)->r;

	(void)sec;
	if (!covers(addr, len, r->addr))
		return 0;
	if (r->json)
		fprintf(r->out, "%s{\"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64 "\"}",
			r->comma, addr, range_at(addr, len - 1).last);
	else
		fprintf(r->out, "  stores to 0x%" PRIx64 "-0x%" PRIx64 " are coalesced\n", addr,
			range_at(addr, len - 1).last);
	r->comma = ", ";
	return 0;
}

static int listen(struct report *r, struct memory_listener listener)
{
	struct listening l = { .listener = listener, .r = r };
	int ret;

	l.listener.name = "explain";
	ret = memory_listener_register(&l.listener, r->as);

	memory_listener_unregister(&l.listener);
	return ret;
}

static int report_listeners(struct report *r)
{
	struct memory_listener eventfds = { .eventfd_add = hear_eventfd };
	struct memory_listener coalesced = { .coalesced_io_add = hear_coalesced };
	int ret;

	if (r->json)
		fputs(", \"eventfds\": [", r->out);
	r->comma = "";
	ret = listen(r, eventfds);
	if (r->json)
		fputs("], \"coalesced\": [", r->out);
	r->comma = "";
	ret = ret ? ret : listen(r, coalesced);
	if (r->json)
		fputc(']', r->out);
	return ret;
}

static void report_server(struct report *r, const struct explain_server *server)
{
	if (r->json) {
		fputs(", ", r->out);
		json_string(r->out, server->name);
		fputs(": ", r->out);
	}
	server->print(server->opaque, r->as, r->addr, r->out, r->json);
}

/* --- for people --- */

static void print_way(const struct report *r, const struct explain_candidate *c)
{
	fputs("    on the way ", r->out);
	for (unsigned int i = 0; i < c->nr; i++)
		fprintf(r->out, "%s%s%s @0x%" PRIx64, i ? " > " : "",
			is_alias(c->way[i].mr) ? "alias " : "", c->way[i].mr->name,
			c->way[i].offset);
	fputc('\n', r->out);
}

static void print_end(const struct report *r, const char *what, const struct explain_candidate *c)
{
	const struct explain_step *end = explain_end(c);

	fprintf(r->out, "%s%s @0x%" PRIx64, what, end->mr->name, end->offset);
}

static void print_reason(const struct report *r, const struct explain_candidate *c)
{
	const char *by = c->by->name;

	switch (c->why) {
	case EXPLAIN_PRIORITY:
		fprintf(r->out, ": priority %d of %s is above %d of %s\n", c->by->priority, by,
			c->loser->priority, c->loser->name);
		break;
	case EXPLAIN_LATER:
		fprintf(r->out, ": %s was added later than %s, both with priority %d\n", by,
			c->loser->name, c->by->priority);
		break;
	case EXPLAIN_SUBREGION:
		fprintf(r->out, ": %s is its subregion\n", by);
		break;
	case EXPLAIN_DISABLED:
		fprintf(r->out, ": %s is disabled\n", by);
		break;
	default:
		fprintf(r->out, ": %s %s ends after 0x%" PRIx64 "\n",
			is_alias(c->by) ? "the window of alias" : "container", by, c->by->last);
	}
}

static void print_answer(const struct report *r, const struct explanation *e)
{
	fprintf(r->out, "0x%" PRIx64 " in %s: ", r->addr, r->as->name);
	if (!explain_answered(e)) {
		fputs("nobody answers\n", r->out);
		return;
	}
	print_end(r, "", &e->v[0]);
	if (r->range)
		fprintf(r->out, " (%s%s), a part of 0x%" PRIx64 "-0x%" PRIx64,
			r->range->flags & FLAT_NONVOLATILE ? "nv-" : "",
			mtree_word(r->range->mr, r->range->flags & FLAT_READONLY),
			r->range->addr.first, r->range->addr.last);
	fputc('\n', r->out);
	print_way(r, &e->v[0]);
}

static void print_candidates(const struct report *r, const struct explanation *e)
{
	for (unsigned int i = explain_answered(e); i < e->nr; i++) {
		const struct explain_candidate *c = &e->v[i];

		print_end(r, c->why < EXPLAIN_DISABLED ? "  hides " : "  not there: ", c);
		print_reason(r, c);
		print_way(r, c);
	}
	if (!e->complete)
		fputs("  and more: there are too many ways to this address\n", r->out);
}

/* --- for programs --- */

static void json_candidate(const struct report *r, const struct explain_candidate *c)
{
	const struct explain_step *end = explain_end(c);

	fputs("{\"region\": ", r->out);
	json_string(r->out, end->mr->name);
	fprintf(r->out, ", \"kind\": \"%s\", \"offset\": \"0x%" PRIx64 "\", \"why\": \"%s\", "
		"\"by\": ", mtree_kind(end->mr), end->offset, why_names[c->why]);
	json_string(r->out, c->by ? c->by->name : NULL);
	fputs(", \"way\": [", r->out);
	for (unsigned int i = 0; i < c->nr; i++) {
		fputs(i ? ", {\"name\": " : "{\"name\": ", r->out);
		json_string(r->out, c->way[i].mr->name);
		fprintf(r->out, ", \"kind\": \"%s\", \"offset\": \"0x%" PRIx64
			"\", \"priority\": %d}", mtree_kind(c->way[i].mr), c->way[i].offset,
			c->way[i].mr->priority);
	}
	fputs("]}", r->out);
}

static void json_explanation(const struct report *r, const struct explanation *e)
{
	fputs("{\"address_space\": ", r->out);
	json_string(r->out, r->as->name);
	fprintf(r->out, ", \"address\": \"0x%" PRIx64 "\", \"answered\": %s, \"complete\": %s",
		r->addr, explain_answered(e) ? "true" : "false", e->complete ? "true" : "false");
	if (r->range)
		fprintf(r->out, ", \"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
			"\", \"readonly\": %s", r->range->addr.first, r->range->addr.last,
			r->range->flags & FLAT_READONLY ? "true" : "false");
	fputs(", \"candidates\": [", r->out);
	for (unsigned int i = 0; i < e->nr; i++) {
		fputs(i ? ", " : "", r->out);
		json_candidate(r, &e->v[i]);
	}
	fputc(']', r->out);
}

/* --- both --- */

/* After a change that failed, the tree is ahead of what a guest sees. */
static bool view_disagrees(const struct report *r, const struct explanation *e)
{
	const struct explain_step *end;

	if (!explain_answered(e) || !r->range)
		return explain_answered(e) != !!r->range;
	end = explain_end(&e->v[0]);
	return end->mr != r->range->mr ||
	       end->offset != r->range->offset + (r->addr - r->range->addr.first);
}

static int report(struct report *r, const struct explanation *e,
		  const struct explain_server *server)
{
	int ret;

	if (r->json) {
		json_explanation(r, e);
	} else {
		print_answer(r, e);
		if (view_disagrees(r, e))
			fputs("  not yet: a change could not be made, what was there before still "
			      "is\n", r->out);
	}
	ret = report_listeners(r);
	if (server)
		report_server(r, server);
	if (r->json)
		fprintf(r->out, ", \"view_agrees\": %s}\n",
			view_disagrees(r, e) ? "false" : "true");
	else
		print_candidates(r, e);
	return ret;
}

int explain_info(struct address_space *as, hwaddr addr, const struct explain_server *server,
		 FILE *out, bool json)
{
	struct report r = { .as = as, .addr = addr, .out = out, .json = json };
	struct explanation e;
	int ret;

	memory_transaction_begin(as->mem);
	ret = explain(as, addr, &e);
	if (!ret) {
		r.range = flatview_lookup(as->view, addr);
		ret = report(&r, &e, server);
		explain_fini(&e);
	}
	memory_transaction_commit(as->mem);
	return ret;
}

struct address_space *address_space_find(struct memory *mem, const char *name)
{
	struct address_space *as;

	memory_transaction_begin(mem);
	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (!strcmp(as->name, name))
			break;
	}
	memory_transaction_commit(mem);
	return as;
}
