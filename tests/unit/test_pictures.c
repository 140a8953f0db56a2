// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pictures of Documentation/memory.rst: each is built with the model, drawn, and compared with
 * what the page shows. Run from the root of the source.
 */
#include <errno.h>
#include <inttypes.h>

#include "memory/dirty.h"
#include "memory/explain.h"
#include "memory/listener.h"
#include "ruler.h"
#include "unit.h"
#include "util.h"

#define PAGE_FILE	"Documentation/memory.rst"
#define MARK		".. picture: "
#define INDENT		"    "

/* --- scenes: a tree each, as a table --- */

#define STROKES_MAX	8

/* A region; its places are in pages. */
struct stroke {
	const char *name, *in;		/* NULL: in no container; the first is the root */
	enum memory_region_kind kind;
	unsigned int at, pages;		/* 0 pages: 2^64 bytes */
	int priority;
	const char *of;			/* an alias: of what… */
	unsigned int offset;		/* …and from where */
	bool off, readonly;
};

struct scene {
	struct memory *mem;
	struct address_space as;
	unsigned int nr;
	struct memory_region regions[STROKES_MAX];
};

static const struct memory_region_ops no_ops;

static struct memory_region *scene_region(struct scene *s, const char *name)
{
	for (unsigned int i = 0; i < s->nr; i++) {
		if (!strcmp(memory_region_name(&s->regions[i]), name))
			return &s->regions[i];
	}
	fail_msg("no region %s", name);
	return NULL;
}

static int region_init(struct scene *s, struct memory_region *mr, const struct stroke *stroke)
{
	uint64_t size = stroke->pages ? stroke->pages * RULER_PAGE : MEMORY_SIZE_ALL;

	if (stroke->kind == MEMORY_RAM)
		return memory_region_init_ram(mr, s->mem, NULL, stroke->name, size);
	if (stroke->kind == MEMORY_IO)
		return memory_region_init_io(mr, s->mem, NULL, &no_ops, NULL, stroke->name, size);
	if (stroke->kind == MEMORY_RESERVATION)
		return memory_region_init_reservation(mr, s->mem, NULL, stroke->name, size);
	if (stroke->kind == MEMORY_ALIAS)
		return memory_region_init_alias(mr, s->mem, NULL, stroke->name,
						scene_region(s, stroke->of),
						stroke->offset * RULER_PAGE, size);
	return memory_region_init(mr, s->mem, NULL, stroke->name, size);
}

static void scene_add(struct scene *s, const struct stroke *stroke)
{
	struct memory_region *mr = &s->regions[s->nr];

	assert_true(s->nr < STROKES_MAX);
	assert_ok(region_init(s, mr, stroke));
	s->nr++;
	assert_ok(memory_region_set_readonly(mr, stroke->readonly));
	assert_ok(memory_region_set_enabled(mr, !stroke->off));
	if (stroke->in)
		assert_ok(memory_region_add_subregion_overlap(scene_region(s, stroke->in),
							      stroke->at * RULER_PAGE, mr,
							      stroke->priority));
}

static void scene_init(struct scene *s, const struct stroke *strokes)
{
	memset(s, 0, sizeof(*s));
	assert_ok(memory_create(&s->mem));
	for (; strokes->name; strokes++)
		scene_add(s, strokes);
	assert_ok(address_space_init(&s->as, s->mem, &s->regions[0], "memory"));
}

/* Aliases are behind what they stand for. */
static void scene_fini(struct scene *s)
{
	address_space_fini(&s->as);
	while (s->nr)
		memory_region_fini(&s->regions[--s->nr]);
	memory_destroy(s->mem);
}

static void scene_draw(struct scene *s, unsigned int pages, FILE *out)
{
	ruler_head(out, pages);
	for (unsigned int i = 0; i < s->nr; i++) {
		if (!memory_region_is_mapped(&s->regions[i]))
			ruler_tree(out, pages, &s->regions[i]);
	}
	ruler_view(out, pages, &s->as);
}

/* --- the page --- */

static FILE *page_open(void)
{
	FILE *page = fopen(PAGE_FILE, "re");

	if (!page)
		fail_msg("%s: %s", PAGE_FILE, strerror(errno));
	return page;
}

static bool page_seek(FILE *page, const char *name)
{
	char line[256];

	while (fgets(line, sizeof(line), page)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, MARK, strlen(MARK)) && !strcmp(line + strlen(MARK), name))
			return true;
	}
	return false;
}

/* The literal block that comes next, without its indentation. */
static void page_copy_block(FILE *page, FILE *out)
{
	bool inside = false;
	char line[256];

	while (fgets(line, sizeof(line), page)) {
		bool indented = !strncmp(line, INDENT, strlen(INDENT));

		if (inside && !indented)
			return;
		inside = indented;
		if (inside)
			fputs(line + strlen(INDENT), out);
	}
}

/* What the page shows as @name, to be freed. */
static char *page_picture(const char *name)
{
	FILE *page = page_open(), *out;
	char *text;
	size_t size;

	if (!page_seek(page, name))
		fail_msg("%s has no picture %s", PAGE_FILE, name);
	out = open_memstream(&text, &size);
	page_copy_block(page, out);
	fclose(out);
	fclose(page);
	return text;
}

/* --- what is drawn --- */

struct picture {
	const char *name;
	const struct stroke *strokes;	/* up to one without a name */
	unsigned int pages;		/* wide */
	void (*draw)(struct scene *s, const struct picture *p, FILE *out);
	const char *moves;		/* draw_moved(): a region that goes elsewhere and back */
	hwaddr explains;		/* draw_explained(): an address */
};

static void draw(struct scene *s, const struct picture *p, FILE *out)
{
	scene_draw(s, p->pages, out);
}

static void draw_moved(struct scene *s, const struct picture *p, FILE *out)
{
	struct memory_region *mr = scene_region(s, p->moves);
	hwaddr addr = mr->addr;

	assert_ok(memory_region_set_address(mr, addr + RULER_PAGE));
	assert_ok(memory_region_set_address(mr, addr));
	scene_draw(s, p->pages, out);
}

static void draw_explained(struct scene *s, const struct picture *p, FILE *out)
{
	assert_ok(explain_info(&s->as, p->explains, NULL, out, false));
}

/* --- the events of a commit --- */

/* A listener that prints what it hears, and when the new view is to be had. */
struct narrator {
	struct memory_listener listener;
	struct address_space *as;
	const struct flatview *view;	/* that accesses saw last */
	FILE *out;
};

static void narrate(struct memory_listener *l, const char *event,
		    const struct memory_region_section *sec)
{
	struct narrator *n = container_of(l, struct narrator, listener);

	if (n->view != n->as->view)
		fputs("-- accesses see the new view from here on --\n", n->out);
	n->view = n->as->view;
	fprintf(n->out, "%s", event);
	if (sec)
		fprintf(n->out, "%*s %" PRIu64 "-%" PRIu64, 24 - (int)strlen(event),
			memory_region_name(sec->mr), sec->offset_within_address_space / RULER_PAGE,
			(sec->offset_within_address_space + (sec->size - 1)) / RULER_PAGE);
	fputc('\n', n->out);
}

static int hear_check(struct memory_listener *l, const struct memory_change *change)
{
	(void)change;
	narrate(l, "check", NULL);
	return 0;
}

static void hear_begin(struct memory_listener *l)
{
	narrate(l, "begin", NULL);
}

static int hear_commit(struct memory_listener *l)
{
	narrate(l, "commit", NULL);
	return 0;
}

static int hear_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	narrate(l, "region_add", sec);
	return 0;
}

static void hear_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	narrate(l, "region_del", sec);
}

static void hear_nop(struct memory_listener *l, const struct memory_region_section *sec)
{
	narrate(l, "region_nop", sec);
}

static void hear_log_start(struct memory_listener *l, const struct memory_region_section *sec,
			   unsigned int old, unsigned int new)
{
	assert_int_not_equal(old, new);
	narrate(l, "log_start", sec);
}

static void hear_log_stop(struct memory_listener *l, const struct memory_region_section *sec,
			  unsigned int old, unsigned int new)
{
	assert_int_not_equal(old, new);
	narrate(l, "log_stop", sec);
}

static int hear_eventfd_add(struct memory_listener *l, const struct memory_region_section *sec,
			    unsigned int size, bool match, uint64_t data, int fd)
{
	assert_true(size == 4 && !match && !data && !fd);
	narrate(l, "eventfd_add", sec);
	return 0;
}

static void hear_eventfd_del(struct memory_listener *l, const struct memory_region_section *sec,
			     unsigned int size, bool match, uint64_t data, int fd)
{
	assert_true(size == 4 && !match && !data && !fd);
	narrate(l, "eventfd_del", sec);
}

static int hear_coalesced_add(struct memory_listener *l, const struct memory_region_section *sec,
			      hwaddr addr, uint64_t len)
{
	assert_true(addr == sec->offset_within_address_space && len == 8);
	narrate(l, "coalesced_io_add", sec);
	return 0;
}

static void hear_coalesced_del(struct memory_listener *l, const struct memory_region_section *sec,
			       hwaddr addr, uint64_t len)
{
	assert_true(addr == sec->offset_within_address_space && len == 8);
	narrate(l, "coalesced_io_del", sec);
}

static const struct memory_listener narrator_listener = {
	.name = "narrator", .check = hear_check, .begin = hear_begin, .commit = hear_commit,
	.region_add = hear_add, .region_del = hear_del, .region_nop = hear_nop,
	.log_start = hear_log_start, .log_stop = hear_log_stop,
	.eventfd_add = hear_eventfd_add, .eventfd_del = hear_eventfd_del,
	.coalesced_io_add = hear_coalesced_add, .coalesced_io_del = hear_coalesced_del,
};

/* A BAR with a doorbell and a coalesced register moves; at once somebody looks at other RAM. */
static void change_much(struct scene *s)
{
	assert_ok(memory_region_set_address(scene_region(s, "bar"), 4 * RULER_PAGE));
	assert_ok(memory_region_set_log(scene_region(s, "old"), false, DIRTY_VGA));
	assert_ok(memory_region_set_log(scene_region(s, "new"), true, DIRTY_VGA));
}

static void draw_events(struct scene *s, const struct picture *p, FILE *out)
{
	struct narrator n = { .listener = narrator_listener, .as = &s->as, .out = out };
	struct memory_region *bar = scene_region(s, "bar");
	FILE *nowhere = fopen("/dev/null", "we");

	(void)p;
	assert_non_null(nowhere);
	assert_ok(memory_region_add_eventfd(bar, 0, 4, false, 0, 0));
	assert_ok(memory_region_add_coalescing(bar, 8, 8));
	assert_ok(memory_region_set_log(scene_region(s, "old"), true, DIRTY_VGA));
	n.out = nowhere;
	assert_ok(memory_listener_register(&n.listener, &s->as));
	n.out = out;
	n.view = s->as.view;
	memory_transaction_begin(s->mem);
	change_much(s);
	assert_ok(memory_transaction_commit(s->mem));
	n.out = nowhere;
	memory_listener_unregister(&n.listener);
	fclose(nowhere);
}

/* --- the pictures --- */

#define SYSTEM	{ .name = "system" }
#define END	{ .name = NULL }

static const struct stroke overlap[] = {
	SYSTEM,
	{ "ram", "system", .kind = MEMORY_RAM, 0, 6 },
	{ "vga", "system", .kind = MEMORY_IO, 2, 2, .priority = 1 },
	{ "flash", "system", .kind = MEMORY_RAM, 5, 3, .priority = -1, .readonly = true },
	END
};

static const struct stroke equals[] = {
	SYSTEM,
	{ "one", "system", .kind = MEMORY_IO, 0, 4 },
	{ "two", "system", .kind = MEMORY_IO, 2, 4 },
	{ "three", "system", .kind = MEMORY_IO, 5, 2 },
	END
};

static const struct stroke siblings[] = {
	SYSTEM,
	{ "ram", "system", .kind = MEMORY_RAM, 0, 4 },
	{ "pci", "system", .priority = -1 },
	{ "bar", "pci", .kind = MEMORY_IO, 2, 4, .priority = 100 },
	{ "rom", "pci", .kind = MEMORY_RAM, 5, 2, .readonly = true },
	END
};

static const struct stroke aliases[] = {
	SYSTEM,
	{ "ram", NULL, .kind = MEMORY_RAM, 0, 6 },
	{ "low", "system", .kind = MEMORY_ALIAS, 0, 4, .of = "ram" },
	{ "high", "system", .kind = MEMORY_ALIAS, 6, 2, .of = "ram", .offset = 4 },
	{ "rom", NULL, .kind = MEMORY_RAM, 0, 2, .readonly = true },
	{ "isa-rom", "system", .kind = MEMORY_ALIAS, 2, 1, .priority = 1, .of = "rom",
	  .offset = 1 },
	{ "boot", "system", .kind = MEMORY_ALIAS, 8, 1, .of = "isa-rom" },
	END
};

static const struct stroke cut[] = {
	SYSTEM,
	{ "ram", "system", .kind = MEMORY_RAM, 0, 8 },
	{ "bridge", "system", .at = 1, .pages = 4, .priority = 1 },
	{ "bar0", "bridge", .kind = MEMORY_IO, 1, 1 },
	{ "bar1", "bridge", .kind = MEMORY_IO, 3, 3 },
	{ "smram", "system", .kind = MEMORY_IO, 6, 2, .priority = 2, .off = true },
	{ "vfio", "system", .kind = MEMORY_RESERVATION, 7, 1, .priority = 1 },
	END
};

static const struct stroke busy[] = {
	SYSTEM,
	{ "ram", "system", .kind = MEMORY_RAM, 0, 5 },
	{ "bar", "system", .kind = MEMORY_IO, 1, 1, .priority = 1 },
	{ "old", "system", .kind = MEMORY_RAM, 5, 1 },
	{ "new", "system", .kind = MEMORY_RAM, 6, 2 },
	END
};

static const struct picture pictures[] = {
	{ "overlap", overlap, .pages = 8, .draw = draw },
	{ "equals", equals, .pages = 8, .draw = draw },
	{ "equals-moved", equals, .pages = 8, .draw = draw_moved, .moves = "one" },
	{ "siblings", siblings, .pages = 8, .draw = draw },
	{ "explained", siblings, .draw = draw_explained, .explains = 2 * RULER_PAGE + 0x10 },
	{ "aliases", aliases, .pages = 9, .draw = draw },
	{ "cut", cut, .pages = 8, .draw = draw },
	{ "before", busy, .pages = 8, .draw = draw },
	{ "told", busy, .draw = draw_events },
};

static char *picture_drawn(const struct picture *p)
{
	struct scene *s = malloc(sizeof(*s));
	char *text;
	size_t size;
	FILE *out;

	assert_non_null(s);
	scene_init(s, p->strokes);
	out = open_memstream(&text, &size);
	p->draw(s, p, out);
	fclose(out);
	scene_fini(s);
	free(s);
	return text;
}

static void the_page_shows_what_is(void **state)
{
	const struct picture *p = *state;
	char *drawn = picture_drawn(p), *shown = page_picture(p->name);

	assert_string_equal(drawn, shown);
	free(shown);
	free(drawn);
}

/* All pictures of the page are drawn here. */
static void none_is_made_up(void **state)
{
	FILE *page = page_open();
	unsigned int n = 0;
	char line[256];

	(void)state;
	while (fgets(line, sizeof(line), page))
		n += !strncmp(line, MARK, strlen(MARK));
	fclose(page);
	assert_int_equal(n, ARRAY_SIZE(pictures));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(pictures) + 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pictures); i++)
		tests[i] = (struct CMUnitTest){
			.name = pictures[i].name,
			.test_func = the_page_shows_what_is,
			.initial_state = (void *)&pictures[i],
		};
	tests[i] = (struct CMUnitTest)cmocka_unit_test(none_is_made_up);
	return cmocka_run_group_tests_name("pictures", tests, NULL, NULL);
}
