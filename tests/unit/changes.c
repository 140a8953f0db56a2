// SPDX-License-Identifier: GPL-2.0-only
/* Changes of a world: each makes the same one in the model and for the painter. */
#include <errno.h>
#include <string.h>

#include "memory/dirty.h"
#include "memory/flatview.h"
#include "memory/iommu.h"
#include "scarce.h"
#include "unit.h"
#include "util.h"
#include "world.h"

static const struct memory_region_ops no_ops;

static struct iommu_entry translate_nothing(void *opaque, hwaddr addr, bool is_write)
{
	(void)opaque;
	(void)is_write;
	return (struct iommu_entry){ .iova = addr };
}

static const struct iommu_ops no_iommu = { .translate = translate_nothing };

/* --- regions --- */

struct creation {
	struct world *w;
	struct memory_region *mr;
	struct painter_node *n;
	int node;
	const char *name;
	uint64_t size;
	char *ram;
};

static int create_container(const struct creation *c)
{
	c->n->own = false;
	return memory_region_init(c->mr, c->w->mem, NULL, c->name, c->size);
}

static int create_io(const struct creation *c)
{
	return memory_region_init_io(c->mr, c->w->mem, NULL, &no_ops, c->w, c->name, c->size);
}

static int create_reservation(const struct creation *c)
{
	return memory_region_init_reservation(c->mr, c->w->mem, NULL, c->name, c->size);
}

static int create_iommu(const struct creation *c)
{
	return memory_region_init_iommu(c->mr, c->w->mem, NULL, &no_iommu, c->w, c->name, c->size);
}

static int create_alias(const struct creation *c)
{
	if (c->node == PAINTER_NODES - 1)
		return create_io(c);
	c->n->own = false;
	/* some often: what is shown twice may be shown side by side */
	c->n->alias = one_in(c->w, 2) ? c->node + 1 + (int)pick(c->w, PAINTER_NODES - c->node - 1)
				      : PAINTER_NODES - 1;
	c->n->alias_offset = one_in(c->w, 2) ? pick(c->w, 40) : 0;
	return memory_region_init_alias(c->mr, c->w->mem, NULL, c->name,
					&c->w->regions[c->n->alias],
					world_bytes(c->w, c->n->alias_offset), c->size);
}

static int create_ram(const struct creation *c)
{
	return memory_region_init_ram_ptr(c->mr, c->w->mem, NULL, c->name, c->size, c->ram);
}

static int create_ram_device(const struct creation *c)
{
	return memory_region_init_ram_device_ptr(c->mr, c->w->mem, NULL, c->name, c->size, c->ram);
}

static int create_rom(const struct creation *c)
{
	c->n->inherited = PAINTER_READONLY;
	return memory_region_init_rom(c->mr, c->w->mem, NULL, c->name, c->size);
}

static int create_rom_device(const struct creation *c)
{
	c->n->flags = PAINTER_ROMD;
	return memory_region_init_rom_device(c->mr, c->w->mem, NULL, &no_ops, c->w, c->name,
					     c->size);
}

static int create_resizeable(const struct creation *c)
{
	return memory_region_init_resizeable_ram(c->mr, c->w->mem, NULL, c->name, c->size,
						 world_bytes(c->w, PAINTER_CELLS), NULL, NULL);
}

/* Those from the first that needs RAM on are for worlds whose cells are small. */
static int (*const creations[])(const struct creation *c) = {
	create_container, create_container, create_alias, create_alias, create_alias, create_io,
	create_io, create_reservation, create_iommu,
	create_ram, create_ram, create_ram_device, create_rom, create_rom_device,
	create_resizeable,
};

#define CREATIONS_WITHOUT_RAM	9

static unsigned int nr_creations(const struct world *w)
{
	if (w->shift > 12)
		return CREATIONS_WITHOUT_RAM;
	/* RAM that is resized has whole pages */
	return ARRAY_SIZE(creations) - (w->shift < 12);
}

static void node_relog(struct world *w, int node)
{
	struct painter_node *n = &w->nodes[node];

	n->log = w->follow[node];
	if (w->following && memory_region_is_ram(&w->regions[node]) &&
	    !memory_region_is_ram_device(&w->regions[node]) &&
	    !(n->inherited & PAINTER_READONLY))
		n->log |= 1u << DIRTY_MIGRATION;
}

/* More small ones than large ones. */
static int any_size(struct world *w)
{
	return 1 + pick(w, 1u << pick(w, 9));
}

void node_create(struct world *w, int node)
{
	bool root = node < WORLD_ROOTS;
	int size = root ? PAINTER_CELLS : any_size(w);
	char name[8];
	struct creation c = {
		.w = w, .mr = &w->regions[node], .n = &w->nodes[node], .node = node, .name = name,
		.size = world_bytes(w, size), .ram = w->ram + (node * PAINTER_CELLS << 12),
	};

	snprintf(name, sizeof(name), "n%d", node);
	*c.n = (struct painter_node){
		.own = true, .enabled = true, .container = PAINTER_NOBODY,
		.alias = PAINTER_NOBODY, .size = size,
	};
	w->follow[node] = 0;
	MUST(w, !(root && !one_in(w, 8) ? create_container(&c)
					: creations[pick(w, nr_creations(w))](&c)));
	node_relog(w, node);
}

static void take_out(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int container = n->container;

	if (container == PAINTER_NOBODY)
		return;
	n->container = PAINTER_NOBODY;
	world_call(w);
	world_returned(w, memory_region_del_subregion(&w->regions[container], &w->regions[i]));
}

/* Mostly within what it is in. */
static int somewhere_in(struct world *w, int container)
{
	return pick(w, one_in(w, 8) ? PAINTER_CELLS : w->nodes[container].size);
}

static void put_in(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int container = pick(w, !one_in(w, 4) && i > WORLD_ROOTS ? WORLD_ROOTS : i);

	/* what is in an alias is not seen: rarely */
	if (w->nodes[container].alias != PAINTER_NOBODY && !one_in(w, 16))
		return;
	n->container = container;
	n->addr = somewhere_in(w, container);
	n->priority = (int)pick(w, 4) - 1;
	n->sequence = ++w->sequence;
	world_call(w);
	world_returned(w, memory_region_add_subregion_overlap(&w->regions[container],
							      world_bytes(w, n->addr),
							      &w->regions[i], n->priority));
}

static void move(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int addr;

	if (n->container == PAINTER_NOBODY) {
		put_in(w, i);
		return;
	}
	addr = one_in(w, 8) ? n->addr : somewhere_in(w, n->container);
	if (n->addr != addr)
		n->sequence = ++w->sequence;
	n->addr = addr;
	world_call(w);
	world_returned(w, memory_region_set_address(&w->regions[i], world_bytes(w, addr)));
}

static void enable(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	n->enabled = !n->enabled || !one_in(w, 4);
	world_call(w);
	world_returned(w, memory_region_set_enabled(&w->regions[i], n->enabled));
}

static void set_readonly(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	n->inherited ^= PAINTER_READONLY;
	node_relog(w, i);
	world_call(w);
	world_returned(w, memory_region_set_readonly(&w->regions[i],
						     n->inherited & PAINTER_READONLY));
}

static void set_nonvolatile(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	n->inherited ^= PAINTER_NONVOLATILE;
	world_call(w);
	world_returned(w, memory_region_set_nonvolatile(&w->regions[i],
							n->inherited & PAINTER_NONVOLATILE));
}

static void set_unmergeable(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	n->flags ^= PAINTER_UNMERGEABLE;
	world_call(w);
	world_returned(w, memory_region_set_unmergeable(&w->regions[i],
							n->flags & PAINTER_UNMERGEABLE));
}

static void set_romd(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	if (!memory_region_is_rom_device(&w->regions[i])) {
		MUST(w, memory_region_rom_device_set_romd(&w->regions[i], true) == -EINVAL);
		return;
	}
	n->flags ^= PAINTER_ROMD;
	world_call(w);
	world_returned(w, memory_region_rom_device_set_romd(&w->regions[i],
							    n->flags & PAINTER_ROMD));
}

/* Most RAM can't be resized. */
static void set_size(struct world *w, int i)
{
	int size = i < WORLD_ROOTS ? 1 + (int)pick(w, PAINTER_CELLS) : any_size(w);
	struct memory_region *mr = &w->regions[i];
	int ret;

	world_call(w);
	memory_transaction_begin(w->mem);
	ret = mr->ram_block ? memory_region_ram_resize(mr, world_bytes(w, size))
			    : memory_region_set_size(mr, world_bytes(w, size));
	MUST(w, !ret || (ret == -EINVAL && mr->ram_block));
	if (!ret)
		w->nodes[i].size = size;
	world_returned(w, memory_transaction_commit(w->mem));
}

static void slide(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];

	if (n->alias == PAINTER_NOBODY)
		return;
	n->alias_offset = somewhere_in(w, n->alias);
	world_call(w);
	world_returned(w, memory_region_set_alias_offset(&w->regions[i],
							 world_bytes(w, n->alias_offset)));
}

/* An alias of what @i is one of too, in the same container, with room behind it. */
static const struct painter_node *other_alias(struct world *w, int i)
{
	const struct painter_node *n = &w->nodes[i];
	int start = pick(w, PAINTER_NODES);

	for (int k = 0; k < PAINTER_NODES; k++) {
		const struct painter_node *o = &w->nodes[(start + k) % PAINTER_NODES];

		if (o != n && o->alias == n->alias && o->container == n->container &&
		    o->addr + o->size < PAINTER_CELLS && o->alias_offset + o->size < PAINTER_CELLS)
			return o;
	}
	return NULL;
}

/* To where another alias of the same ends, and on from there: what the two show is in one piece. */
static void adjoin(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	struct memory_region *mr = &w->regions[i];
	const struct painter_node *o;

	if (n->alias == PAINTER_NOBODY || n->container == PAINTER_NOBODY)
		return;
	o = other_alias(w, i);
	if (!o)
		return;
	if (n->addr != o->addr + o->size)
		n->sequence = ++w->sequence;
	n->addr = o->addr + o->size;
	n->alias_offset = o->alias_offset + o->size;
	world_call(w);
	memory_transaction_begin(w->mem);
	MUST(w, !memory_region_set_address(mr, world_bytes(w, n->addr)));
	MUST(w, !memory_region_set_alias_offset(mr, world_bytes(w, n->alias_offset)));
	world_returned(w, memory_transaction_commit(w->mem));
}

static void follow(struct world *w, int i)
{
	enum dirty_client client = one_in(w, 2) ? DIRTY_VGA : DIRTY_CODE;
	bool on = !(w->follow[i] & 1u << client);

	if (!memory_region_is_ram(&w->regions[i]) || memory_region_is_ram_device(&w->regions[i])) {
		MUST(w, memory_region_set_log(&w->regions[i], on, client) == -EINVAL);
		return;
	}
	w->follow[i] ^= 1u << client;
	node_relog(w, i);
	world_call(w);
	world_returned(w, memory_region_set_log(&w->regions[i], on, client));
}

/* --- attachments --- */

/* A place in node @i; where cells are larger than an eventfd, at the start or the end of one. */
static bool eventfd_place(struct world *w, int i, struct painter_attached *a,
			  struct world_eventfd *e)
{
	static const unsigned int sizes[] = { 0, 1, 2, 4, 8 };
	hwaddr last;

	e->size = sizes[pick(w, ARRAY_SIZE(sizes))];
	a->first = pick(w, w->nodes[i].size);
	e->addr = world_bytes(w, a->first);
	if (w->shift && one_in(w, 2))
		e->addr += world_bytes(w, 1) - 4;
	last = e->addr + (e->size ? e->size - 1 : 0);
	if (last < e->addr || last > w->regions[i].last)
		return false;
	a->last = last >> w->shift;
	a->whole = true;
	return true;
}

static void eventfd_add(struct world *w, int i, int k)
{
	struct painter_attached a = { .id = ++w->id };
	struct world_eventfd e;

	if (!eventfd_place(w, i, &a, &e))
		return;
	e.match = one_in(w, 2);
	for (int j = 0; j < PAINTER_ATTACHED; j++)
		e.match |= w->nodes[i].attached[j].id && w->eventfds[i][j].addr == e.addr;
	w->nodes[i].attached[k] = a;
	w->eventfds[i][k] = e;
	world_call(w);
	world_returned(w, memory_region_add_eventfd(&w->regions[i], e.addr, e.size, e.match,
						    e.match ? a.id : 0, a.id));
}

static void eventfd_del(struct world *w, int i, int k)
{
	struct painter_attached *a = &w->nodes[i].attached[k];
	const struct world_eventfd *e = &w->eventfds[i][k];
	unsigned int id = a->id;

	a->id = 0;
	world_call(w);
	world_returned(w, memory_region_del_eventfd(&w->regions[i], e->addr, e->size, e->match,
						    e->match ? id : 0, id));
}

static void eventfd(struct world *w, int i)
{
	int k = pick(w, PAINTER_ATTACHED);

	if (!w->nodes[i].attached[k].id)
		eventfd_add(w, i, k);
	else if (w->nodes[i].attached[k].whole)
		eventfd_del(w, i, k);
}

static void coalesce(struct world *w, int i)
{
	struct painter_node *n = &w->nodes[i];
	int k = pick(w, PAINTER_ATTACHED), first = pick(w, n->size), len = 1 + pick(w, 20);

	if (n->attached[k].id || len > n->size - first)
		return;
	for (int j = 0; j < PAINTER_ATTACHED; j++) {
		const struct painter_attached *a = &n->attached[j];

		if (a->id && !a->whole && a->first == first && a->last == first + len - 1)
			return;
	}
	n->attached[k] = (struct painter_attached){
		.first = first, .last = first + len - 1,
		.id = world_coalesced_id(w, &w->regions[i]),
	};
	w->eventfds[i][k].addr = UINT64_MAX;
	world_call(w);
	world_returned(w, memory_region_add_coalescing(&w->regions[i], world_bytes(w, first),
						       world_bytes(w, len)));
}

static void coalesce_none(struct world *w, int i)
{
	for (int k = 0; k < PAINTER_ATTACHED; k++) {
		if (!w->nodes[i].attached[k].whole)
			w->nodes[i].attached[k].id = 0;
	}
	world_call(w);
	world_returned(w, memory_region_clear_coalescing(&w->regions[i]));
}

/* --- beginnings and ends --- */

static bool nothing_is_shown(const struct world *w)
{
	for (int s = 0; s < WORLD_SPACES; s++) {
		if (w->roots[s] != PAINTER_NOBODY && w->spaces[s].view->nr)
			return false;
	}
	return true;
}

/*
 * Nobody may be against the end of a region, and without memory for new views there are none, until
 * the next commit.
 */
static void node_end(struct world *w, int i)
{
	bool scarce = w->shortage && one_in(w, 4);
	unsigned int failed = 0;

	world_call(w);
	w->veto = false;
	w->refuse = false;
	w->forced = !scarce;
	w->bulk = scarce;
	if (scarce)
		scarce_begin(pick(w, 8), 1 + pick(w, 3));
	memory_region_fini(&w->regions[i]);
	if (scarce)
		failed = scarce_end();
	w->forced = false;
	w->bulk = false;
	if (!failed || !nothing_is_shown(w)) {
		world_published(w);
		return;
	}
	for (int s = 0; s < WORLD_SPACES; s++)
		picture_clear(&w->expected[s]);
	w->stale = true;
	w->shortages++;
}

/* A region ends, wherever it is and whatever it contains, and a new one takes its place. */
static void replace(struct world *w, int i)
{
	if (!TAILQ_EMPTY(&w->regions[i].aliases) || i < WORLD_ROOTS)
		return;
	for (int k = 0; k < PAINTER_NODES; k++) {
		if (w->nodes[k].container == i)
			w->nodes[k].container = PAINTER_NOBODY;
	}
	w->nodes[i].container = PAINTER_NOBODY;
	node_end(w, i);
	memory_transaction_begin(w->mem);
	node_create(w, i);
	world_call(w);
	world_returned(w, memory_transaction_commit(w->mem));
}

/* What comes or goes as a whole is not refused, and brings up to date what was. */
static void bulk_begin(struct world *w)
{
	w->veto = false;
	w->refuse = false;
	world_call(w);
	w->bulk = true;
}

static void bulk_end(struct world *w)
{
	w->bulk = false;
	if (!w->depth)
		world_returned(w, 0);
}

void space_create(struct world *w, int s)
{
	w->roots[s] = pick(w, WORLD_ROOTS);
	picture_clear(&w->expected[s]);
	world_call(w);
	world_returned(w, address_space_init(&w->spaces[s], w->mem, &w->regions[w->roots[s]],
					     "space"));
	bulk_begin(w);
	MUST(w, !viewer_start(w, &w->viewers[s], &w->spaces[s]));
	bulk_end(w);
}

void space_destroy(struct world *w, int s)
{
	bulk_begin(w);
	viewer_stop(&w->viewers[s]);
	bulk_end(w);
	bulk_begin(w);
	address_space_fini(&w->spaces[s]);
	w->roots[s] = PAINTER_NOBODY;
	picture_clear(&w->expected[s]);
	bulk_end(w);
}

static void space(struct world *w, int i)
{
	int s = i % WORLD_SPACES;

	if (w->roots[s] == PAINTER_NOBODY)
		space_create(w, s);
	else
		space_destroy(w, s);
}

static void listener(struct world *w, int i)
{
	struct viewer *v = &w->viewers[i % (WORLD_SPACES + 1)];
	struct address_space *as = v->listener.as;

	if (!v->world)
		return;
	bulk_begin(w);
	viewer_stop(v);
	bulk_end(w);
	bulk_begin(w);
	MUST(w, !viewer_start(w, v, as));
	bulk_end(w);
}

static void follow_all(struct world *w, int i)
{
	int ret = 0;

	(void)i;
	if (w->depth || w->stale)
		return;
	w->veto = false;
	world_call(w);
	if (w->following)
		memory_global_dirty_log_stop(w->mem);
	else
		ret = memory_global_dirty_log_start(w->mem);
	MUST(w, ret == (w->refused ? -EBUSY : 0));
	w->following ^= !ret;
	w->refused = false;
	for (int k = 0; k < PAINTER_NODES; k++)
		node_relog(w, k);
	world_returned(w, 0);
}

/* How often each change is made. */
static const struct {
	unsigned int weight;
	void (*change)(struct world *w, int node);
} changes[] = {
	{ 240, move }, { 20, take_out }, { 30, enable }, { 20, set_readonly },
	{ 8, set_nonvolatile }, { 16, set_unmergeable }, { 16, set_romd }, { 40, set_size },
	{ 40, slide }, { 30, adjoin }, { 16, follow }, { 40, eventfd }, { 16, coalesce },
	{ 8, coalesce_none }, { 4, replace }, { 2, space }, { 2, listener }, { 2, follow_all },
};

void world_change(struct world *w)
{
	int node = 1 + pick(w, PAINTER_NODES - 1), at = pick(w, 550);

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		at -= changes[i].weight;
		if (at < 0) {
			changes[i].change(w, node);
			return;
		}
	}
}
