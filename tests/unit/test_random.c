// SPDX-License-Identifier: GPL-2.0-only
/*
 * A million random transactions against the painter (world.h), the seed of which is printed:
 * SEED=N repeats it, COMMITS=N makes it longer or shorter.
 */
#include <sys/random.h>

#include "unit.h"
#include "util.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COMMITS	30000
#else
#define COMMITS	1000000
#endif

#define VARIANTS 3

struct seeded {
	struct world_choices choices;
	uint64_t seed;
	struct rnd rnd;
};

static unsigned int seeded_pick(struct world_choices *c, unsigned int n)
{
	return rnd(&container_of(c, struct seeded, choices)->rnd, n);
}

static void seeded_broken(struct world *w, const char *what, const char *file, int line)
{
	const struct seeded *s = container_of(w->choices, struct seeded, choices);

	printf("# SEED=%llu shift=%u commit=%llu\n", (unsigned long long)s->seed, w->shift,
	       (unsigned long long)w->commits);
	_assert_true(0, what, file, line);
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *env = getenv(name);

	return env ? strtoull(env, NULL, 0) : otherwise;
}

static void run(struct seeded *s, unsigned int shift)
{
	uint64_t commits = number_from_environment("COMMITS", COMMITS) / VARIANTS;
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	s->rnd.state = s->seed * 2 + 1;
	world_create(w, &s->choices, shift, true);
	while (w->commits < commits)
		world_step(w);
	printf("# %llu commits, %llu vetoes, %llu without memory, %llu sections\n",
	       (unsigned long long)w->commits, (unsigned long long)w->vetoes,
	       (unsigned long long)w->shortages, (unsigned long long)w->sections);
	world_destroy(w);
	free(w);
}

static void cells_of_bytes(void **state)
{
	run(*state, 0);
}

static void cells_of_pages(void **state)
{
	run(*state, 12);
}

static void up_to_the_end_of_64_bits(void **state)
{
	run(*state, 56);
}

static int setup(void **state)
{
	static struct seeded s = {
		.choices = { .pick = seeded_pick, .broken = seeded_broken },
	};
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -1;
	s.seed = number_from_environment("SEED", seed);
	printf("# SEED=%llu\n", (unsigned long long)s.seed);
	fflush(stdout);
	*state = &s;
	memory_thread_register();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_thread_unregister();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_of_bytes),
		cmocka_unit_test(cells_of_pages),
		cmocka_unit_test(up_to_the_end_of_64_bits),
	};

	return cmocka_run_group_tests_name("random", tests, setup, teardown);
}
