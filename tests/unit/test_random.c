// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random trees under random changes in random transactions against the painter: after each commit
 * the view, what a listener was told, and memory_region_find() must all show the painter's picture.
 */
#include "memory/flatview.h"
#include "painter.h"
#include "unit.h"
#include "util.h"

#define COMMITS	20000
#define SPACES	3

/* Listens to a space and keeps the picture that the events draw. */
struct viewer {
	struct memory_listener listener;
	struct world *world;
	struct painting seen;
};

/*
 * Cells are @shift bits wide: with 56, the last cell ends at 2^64. Nodes only contain, and stand
 * for, nodes behind them, so that nothing goes in a circle.
 */
struct world {
	struct rnd rnd;
	unsigned int shift;
	struct memory *mem;
	struct memory_region regions[PAINTER_NODES];
	struct painter_node nodes[PAINTER_NODES];
	struct address_space spaces[SPACES];
	struct viewer viewers[SPACES];
	unsigned int sequence;
	uint8_t ram[PAINTER_CELLS];
};

static const struct memory_region_ops no_ops;

static uint64_t bytes(const struct world *w, unsigned int cells)
{
	if (w->shift == 56 && cells == PAINTER_CELLS)
		return MEMORY_SIZE_ALL;
	return (uint64_t)cells << w->shift;
}

static struct painter_cell cell_of(struct world *w, const struct memory_region_section *sec,
				   unsigned int cell)
{
	hwaddr in = bytes(w, cell) - sec->offset_within_address_space;

	return (struct painter_cell){
		.node = sec->mr - w->regions,
		.offset = (sec->offset_within_region + in) >> w->shift,
		.readonly = sec->readonly,
	};
}

static bool cells_equal(struct painter_cell a, struct painter_cell b)
{
	if (a.node == PAINTER_NOBODY || b.node == PAINTER_NOBODY)
		return a.node == b.node;
	return a.node == b.node && a.offset == b.offset && a.readonly == b.readonly;
}

/* The cells of @sec must be what @before says (or all empty), and become @after. */
static void viewer_draw(struct memory_listener *l, const struct memory_region_section *sec,
			bool was_there, bool is_there)
{
	static const struct painter_cell nobody = { .node = PAINTER_NOBODY };
	struct viewer *v = container_of(l, struct viewer, listener);
	struct world *w = v->world;
	unsigned int first = sec->offset_within_address_space >> w->shift;
	unsigned int last = (sec->offset_within_address_space + (sec->size - 1)) >> w->shift;

	assert_ptr_equal(sec->as, l->as);
	for (unsigned int i = first; i <= last; i++) {
		struct painter_cell cell = cell_of(w, sec, i);

		assert_true(cells_equal(v->seen.cells[i], was_there ? cell : nobody));
		v->seen.cells[i] = is_there ? cell : nobody;
	}
}

static int viewer_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	viewer_draw(l, sec, false, true);
	return 0;
}

static void viewer_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	viewer_draw(l, sec, true, false);
}

static void viewer_nop(struct memory_listener *l, const struct memory_region_section *sec)
{
	viewer_draw(l, sec, true, true);
}

static void region_create(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	unsigned int kind = i ? rnd(&w->rnd, 8) : 0;
	struct memory_region *mr = &w->regions[i];
	char name[8];

	snprintf(name, sizeof(name), "n%d", i);
	*n = (struct painter_node){
		.enabled = true, .container = PAINTER_NOBODY, .alias = PAINTER_NOBODY,
		.size = i ? 1 + rnd(&w->rnd, rnd(&w->rnd, 4) ? 64 : PAINTER_CELLS) : PAINTER_CELLS,
	};
	if (kind <= 1) {
		assert_ok(memory_region_init(mr, w->mem, w, name, bytes(w, n->size)));
	} else if (kind <= 3 && i < PAINTER_NODES - 1) {
		n->alias = i + 1 + rnd(&w->rnd, PAINTER_NODES - i - 1);
		n->alias_offset = rnd(&w->rnd, 2) ? rnd(&w->rnd, 40) : 0;
		assert_ok(memory_region_init_alias(mr, w->mem, w, name, &w->regions[n->alias],
						   bytes(w, n->alias_offset), bytes(w, n->size)));
	} else if (kind <= 5 && !w->shift) {
		n->own = true;
		assert_ok(memory_region_init_ram_ptr(mr, w->mem, w, name, n->size, w->ram));
	} else {
		n->own = true;
		assert_ok(memory_region_init_io(mr, w->mem, w, &no_ops, w, name,
						bytes(w, n->size)));
	}
}

/* Changes: each makes the same one in the tree and for the painter. */

static void toggle(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	if (rnd(&w->rnd, 3)) {
		n->enabled = !n->enabled;
		assert_ok(memory_region_set_enabled(&w->regions[i], n->enabled));
	} else {
		n->readonly = !n->readonly;
		assert_ok(memory_region_set_readonly(&w->regions[i], n->readonly));
	}
}

static void take_out(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	assert_ok(memory_region_del_subregion(&w->regions[n->container], &w->regions[i]));
	n->container = PAINTER_NOBODY;
}

static void put_in(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int container = rnd(&w->rnd, 3) ? rnd(&w->rnd, i) : 0;

	if (w->nodes[container].alias != PAINTER_NOBODY)
		return;
	n->container = container;
	n->addr = rnd(&w->rnd, rnd(&w->rnd, 2) ? 32 : PAINTER_CELLS);
	n->priority = (int)rnd(&w->rnd, 4) - 1;
	n->sequence = ++w->sequence;
	assert_ok(memory_region_add_subregion_overlap(&w->regions[container], bytes(w, n->addr),
						      &w->regions[i], n->priority));
}

static void move(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int addr = rnd(&w->rnd, PAINTER_CELLS);

	if (n->addr != addr)
		n->sequence = ++w->sequence;
	n->addr = addr;
	assert_ok(memory_region_set_address(&w->regions[i], bytes(w, n->addr)));
}

static void resize(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	if (memory_region_is_ram(&w->regions[i]))
		return;
	n->size = 1 + rnd(&w->rnd, PAINTER_CELLS);
	assert_ok(memory_region_set_size(&w->regions[i], bytes(w, n->size)));
}

static void slide(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	if (n->alias == PAINTER_NOBODY)
		return;
	n->alias_offset = rnd(&w->rnd, PAINTER_CELLS);
	assert_ok(memory_region_set_alias_offset(&w->regions[i], bytes(w, n->alias_offset)));
}

/* The end of a region, wherever it is and whatever it contains, and a new one in its place. */
static void replace(struct world *w, int i)
{
	if (w->regions[i].nr_aliases || i < SPACES)
		return;
	for (int k = 0; k < PAINTER_NODES; k++) {
		if (w->nodes[k].container == i)
			w->nodes[k].container = PAINTER_NOBODY;
	}
	memory_region_fini(&w->regions[i]);
	region_create(w, i);
}

static void change(struct world *w)
{
	int i = 1 + rnd(&w->rnd, PAINTER_NODES - 1);
	bool in = w->nodes[i].container != PAINTER_NOBODY;

	switch (rnd(&w->rnd, 10)) {
	case 0:
		toggle(w, i);
		break;
	case 1:
		slide(w, i);
		break;
	case 2:
		resize(w, i);
		break;
	case 3:
		replace(w, i);
		break;
	case 4:
		if (in)
			take_out(w, i);
		break;
	default:
		if (in)
			move(w, i);
		else
			put_in(w, i);
	}
}

static void check_view(struct world *w, struct address_space *as, const struct painting *expected)
{
	const struct flatview *view = as->view;
	struct painting shown;

	painter_clear(&shown);
	for (size_t i = 0; i < view->nr; i++) {
		const struct flat_range *fr = &view->ranges[i], *prev = fr - 1;

		for (unsigned int c = fr->addr.first >> w->shift;
		     c <= fr->addr.last >> w->shift; c++)
			shown.cells[c] = (struct painter_cell){
				.node = fr->mr - w->regions, .readonly = fr->readonly,
				.offset = (fr->offset + (bytes(w, c) - fr->addr.first)) >> w->shift,
			};
		if (!i)
			continue;
		assert_true(prev->addr.last < fr->addr.first);
		assert_false(range_adjoins(prev->addr, fr->addr) && prev->mr == fr->mr &&
			     prev->readonly == fr->readonly &&
			     prev->offset + range_extent(prev->addr) + 1 == fr->offset);
	}
	for (unsigned int c = 0; c < PAINTER_CELLS; c++)
		assert_true(cells_equal(shown.cells[c], expected->cells[c]));
}

static void check_find(struct world *w, int root, const struct painting *expected)
{
	unsigned int c = rnd(&w->rnd, PAINTER_CELLS);
	struct memory_region_section sec;
	bool found = memory_region_find(&w->regions[root], bytes(w, c), 1, &sec);

	if (w->nodes[root].container != PAINTER_NOBODY)
		return;
	assert_int_equal(found, expected->cells[c].node != PAINTER_NOBODY);
	if (found) {
		assert_int_equal(sec.size, 1);
		assert_true(cells_equal(cell_of(w, &sec, c), expected->cells[c]));
	}
}

static void check_all(struct world *w)
{
	struct painting expected;

	for (int s = 0; s < SPACES; s++) {
		painter_paint(&expected, w->nodes, s);
		check_view(w, &w->spaces[s], &expected);
		for (unsigned int c = 0; c < PAINTER_CELLS; c++)
			assert_true(cells_equal(w->viewers[s].seen.cells[c], expected.cells[c]));
		check_find(w, s, &expected);
	}
}

/* Nobody sees anything of a transaction before its end, unless a region ends in it. */
static void transaction(struct world *w)
{
	unsigned int depth = rnd(&w->rnd, 4), changes = depth ? 1 + rnd(&w->rnd, 6) : 1;

	for (unsigned int i = 0; i < depth; i++)
		memory_transaction_begin(w->mem);
	for (unsigned int i = 0; i < changes; i++) {
		change(w);
		if (depth > 1 && rnd(&w->rnd, 2)) {
			assert_ok(memory_transaction_commit(w->mem));
			depth--;
		}
	}
	while (depth--)
		assert_ok(memory_transaction_commit(w->mem));
}

static void viewer_start(struct world *w, int s)
{
	struct viewer *v = &w->viewers[s];

	*v = (struct viewer){
		.listener = {
			.name = "viewer", .priority = s, .region_add = viewer_add,
			.region_del = viewer_del, .region_nop = viewer_nop,
		},
		.world = w,
	};
	painter_clear(&v->seen);
	assert_ok(memory_listener_register(&v->listener, &w->spaces[s]));
}

static void viewer_stop(struct world *w, int s)
{
	memory_listener_unregister(&w->viewers[s].listener);
	for (unsigned int c = 0; c < PAINTER_CELLS; c++)
		assert_int_equal(w->viewers[s].seen.cells[c].node, PAINTER_NOBODY);
}

static void world_create(struct world *w, unsigned int shift)
{
	*w = (struct world){ .rnd = rnd_start(), .shift = shift };
	assert_ok(memory_create(&w->mem));
	for (int i = PAINTER_NODES - 1; i >= 0; i--)
		region_create(w, i);
	for (int s = 0; s < SPACES; s++) {
		assert_ok(address_space_init(&w->spaces[s], w->mem, &w->regions[s], "space"));
		viewer_start(w, s);
	}
}

static void world_destroy(struct world *w)
{
	for (int s = 0; s < SPACES; s++) {
		viewer_stop(w, s);
		address_space_fini(&w->spaces[s]);
	}
	for (int i = 0; i < PAINTER_NODES; i++)
		memory_region_fini(&w->regions[i]);
	memory_destroy(w->mem);
}

static void run(unsigned int shift)
{
	static struct world w;

	world_create(&w, shift);
	for (unsigned int i = 0; i < COMMITS; i++) {
		int s = rnd(&w.rnd, SPACES);

		transaction(&w);
		if (!rnd(&w.rnd, 50)) {
			viewer_stop(&w, s);
			viewer_start(&w, s);
		}
		check_all(&w);
	}
	world_destroy(&w);
}

static void bytes_of_ram_and_mmio(void **state)
{
	(void)state;
	run(0);
}

static void up_to_the_end_of_64_bits(void **state)
{
	(void)state;
	run(56);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_ram_and_mmio),
		cmocka_unit_test(up_to_the_end_of_64_bits),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
