// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ties the model in range.smt2 to the C code: what vmm/memory/range.h computes, compiled, for
 * boundary values in all combinations and for random ones, as claims about the model's functions. A
 * scope a function: all its claims, negated as one, so that "unsat" says that all of them hold.
 * `range_vectors SEED` prints them behind the model, for z3.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../random.h"
#include "memory/range.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RANDOM_VECTORS	1000

static const uint64_t boundaries[] = {
	0, 1, 2, 0xfff, 0x1000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000,
	0xfffffffffffffffe, 0xffffffffffffffff,
};

struct args {
	struct range a, b;
	uint64_t by;
};

/* A claim that function @name of @n words @arg has the value that is printed next. */
static void claim(const char *name, const uint64_t *arg, int n)
{
	printf("(= (%s", name);
	for (int i = 0; i < n; i++)
		printf(" #x%016" PRIx64, arg[i]);
	printf(") ");
}

static void claim_word(const char *name, const uint64_t *arg, int n, uint64_t value)
{
	claim(name, arg, n);
	printf("#x%016" PRIx64 ")\n", value);
}

static void claim_bool(const char *name, const uint64_t *arg, int n, bool value)
{
	claim(name, arg, n);
	printf("%s)\n", value ? "true" : "false");
}

static void extent(const struct args *v)
{
	claim_word("extent", (uint64_t[]){ v->a.first, v->a.last }, 2, range_extent(v->a));
}

static void at(const struct args *v)
{
	uint64_t arg[] = { v->a.first, v->by };
	struct range out = range_at(v->a.first, v->by);

	claim_word("at-first", arg, 2, out.first);
	claim_word("at-last", arg, 2, out.last);
}

static void intersect(const struct args *v)
{
	uint64_t arg[] = { v->a.first, v->a.last, v->b.first, v->b.last };
	struct range out;

	claim_bool("intersect", arg, 4, range_intersect(v->a, v->b, &out));
	claim_word("intersect-first", arg, 4, out.first);
	claim_word("intersect-last", arg, 4, out.last);
}

static void adjoins(const struct args *v)
{
	uint64_t arg[] = { v->a.first, v->a.last, v->b.first, v->b.last };

	claim_bool("adjoins", arg, 4, range_adjoins(v->a, v->b));
}

static void up(const struct args *v)
{
	uint64_t arg[] = { v->a.first, v->a.last, v->by };
	struct range out;
	bool some = range_up(v->a, v->by, &out);

	claim_bool("up", arg, 3, some);
	if (some) {
		claim_word("up-first", arg, 3, out.first);
		claim_word("up-last", arg, 3, out.last);
	}
}

static void down(const struct args *v)
{
	uint64_t arg[] = { v->a.first, v->a.last, v->by };
	struct range out;
	bool some = range_down(v->a, v->by, &out);

	claim_bool("down", arg, 3, some);
	if (some) {
		claim_word("down-first", arg, 3, out.first);
		claim_word("down-last", arg, 3, out.last);
	}
}

/* Functions of one range and a word, or of two ranges. */
static const struct {
	const char *name;
	void (*print)(const struct args *v);
	bool two;
} functions[] = {
	{ "range_extent", extent, false },
	{ "range_at", at, false },
	{ "range_intersect", intersect, true },
	{ "range_adjoins", adjoins, true },
	{ "range_up", up, false },
	{ "range_down", down, false },
};

/* Small, large or in between: each number of bits as often as any other. */
static uint64_t rnd_word(uint64_t *state)
{
	uint64_t bits = random_next(state) >> (random_next(state) >> 8) % 64;

	return random_next(state) & 0x100 ? bits : ~bits;
}

static struct range ordered(uint64_t a, uint64_t b)
{
	return a < b ? (struct range){ a, b } : (struct range){ b, a };
}

/* @i-th of all ranges between two boundaries; false: there is no such. */
static bool boundary_range(size_t i, struct range *r)
{
	*r = (struct range){ boundaries[i / ARRAY_SIZE(boundaries)],
			     boundaries[i % ARRAY_SIZE(boundaries)] };
	return r->first <= r->last;
}

static void print_boundaries(size_t f)
{
	size_t words = ARRAY_SIZE(boundaries), ranges = words * words;
	size_t nr_second = functions[f].two ? ranges : words;
	struct args v = { 0 };

	for (size_t i = 0; i < ranges; i++) {
		if (!boundary_range(i, &v.a))
			continue;
		for (size_t k = 0; k < nr_second; k++) {
			v.by = boundaries[k % words];
			if (!functions[f].two || boundary_range(k, &v.b))
				functions[f].print(&v);
		}
	}
}

static void print_random(size_t f, uint64_t *state)
{
	for (int i = 0; i < RANDOM_VECTORS; i++) {
		struct args v = {
			.a = ordered(rnd_word(state), rnd_word(state)),
			.b = ordered(rnd_word(state), rnd_word(state)),
			.by = rnd_word(state),
		};

		/* neighbours are rare by chance */
		if (i % 4 == 0)
			v.b = ordered(v.a.last + 1, rnd_word(state));
		functions[f].print(&v);
	}
}

int main(int argc, char **argv)
{
	uint64_t state = argc > 1 ? strtoull(argv[1], NULL, 0) * 2 + 1 : 1;

	for (size_t f = 0; f < ARRAY_SIZE(functions); f++) {
		printf("(push)\n(echo \"%s: the model computes what the C code does\")\n"
		       "(check-sat)\n(assert (not (and true\n", functions[f].name);
		print_boundaries(f);
		print_random(f, &state);
		printf(")))\n(check-sat)\n(pop)\n");
	}
	return 0;
}
