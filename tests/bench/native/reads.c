// SPDX-License-Identifier: GPL-2.0-only
/* Reads all over 64 MiB, each from where the one before said: what huge pages are worth. */
#include "../../random.h"
#include "rig.h"

#define LINE_WORDS	8u	/* a cache line is visited once in a walk over all */
#define LINES		(CHAIN_SIZE / 8 / LINE_WORDS)

enum size {
	SIZE_2M,
	SIZE_4K,
	SIZES
};

static const uint64_t mappings[SIZES] = { REGION_AT, REGION_SMALL_AT };

static const char *const read_names[TEAMS][SIZES] = {
	{ "native_guest_random_read_2m_ns", "native_guest_random_read_4k_ns" },
	{ "native_process_random_read_2m_ns", "native_process_random_read_4k_ns" },
};

/* One circle through all lines (Sattolo's algorithm); a line's first word says which is next. */
static void chain_make(struct rig *rig)
{
	uint64_t *chain = (uint64_t *)((char *)rig->shared.mem + CHAIN_OFFSET);
	uint64_t state = random_begin(random_seed());

	for (uint64_t i = 0; i < LINES; i++)
		chain[i * LINE_WORDS] = i * LINE_WORDS;
	for (uint64_t i = LINES - 1; i; i--) {
		uint64_t *one = &chain[i * LINE_WORDS];
		uint64_t *other = &chain[random_below(&state, i) * LINE_WORDS];
		uint64_t line = *one;

		*one = *other;
		*other = line;
	}
}

/* All the way round: less of it would be as many lines fewer that a cache has to hold. */
static int chase(struct rig *rig, enum team team, enum size size)
{
	rig->jobs[0] = (struct job){ .work = WORK_CHASE, .at = mappings[size], .count = LINES };
	return rig_do(rig, team, 1);
}

/* Everybody has been everywhere before a time is taken: pages are mapped at their first use. */
int reads_begin(struct rig *rig)
{
	int ret = 0;

	chain_make(rig);
	for (unsigned int size = 0; size < SIZES; size++)
		for (unsigned int team = 0; team < TEAMS && !ret; team++)
			ret = chase(rig, team, size);
	return ret;
}

static int measure(struct rig *rig, enum team team, enum size size)
{
	int ret = chase(rig, team, size);

	if (!ret)
		figure_add(&rig->figures, read_names[team][size], 0,
			   rig->jobs[0].ticks / rig->ticks_per_ns / LINES);
	return ret;
}

int reads_measure(struct rig *rig, unsigned int repetition)
{
	int ret = 0;

	for (unsigned int size = 0; size < SIZES; size++)
		for (unsigned int turn = 0; turn < TEAMS && !ret; turn++)
			ret = measure(rig, rig_turn(repetition, turn), size);
	return ret;
}

/* Of rates: the process's time is divided by the guest's, so that more is better. */
void reads_end(struct rig *rig)
{
	struct figures *all = &rig->figures;

	for (unsigned int size = 0; size < SIZES; size++)
		figure_set_peer(figure_of(all, read_names[TEAM_GUESTS][size], 0), PROCESS,
				figure_of(all, read_names[TEAM_PROCESSES][size], 0));
	figure_add_ratio(all, &(struct figure_ratio){
		.name = "native_random_read_ratio",
		.above = figure_of(all, read_names[TEAM_PROCESSES][SIZE_2M], 0),
		.below = figure_of(all, read_names[TEAM_GUESTS][SIZE_2M], 0),
		.peer_name = PROCESS, .goal = GOAL_LEAST, .bound = 0.95,
	});
}
