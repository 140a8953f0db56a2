// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time-stamp counters of host and guests; and how much of the time something else has a
 * worker's CPU, the host's timer above all: a guest pays for each interrupt with an exit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "rig.h"

#define COMPARE_NS	400000000u
#define COMPARE_PERCENT	10u		/* that they may differ: it takes a while to look */

static const char *const lost_names[TEAMS] = {
	"native_guest_lost_percent", "native_process_lost_percent",
};

static const char *const interruption_names[TEAMS] = {
	"native_guest_interruption_us", "native_process_interruption_us",
};

static int tick(struct rig *rig, enum team team, double ns)
{
	rig->jobs[0] = (struct job){ .work = WORK_TICK, .count = ns * rig->ticks_per_ns };
	return rig_do(rig, team, 1);
}

/* How fast the counter goes; a guest's as well, or no time that it took can be told. */
int clocks_compare(struct rig *rig)
{
	uint64_t from = rig_now_ns(), first = __builtin_ia32_rdtsc(), took;
	int ret;

	while (rig_now_ns() - from < COMPARE_NS)
		;
	rig->ticks_per_ns = (double)(__builtin_ia32_rdtsc() - first) / (rig_now_ns() - from);
	from = rig_now_ns();
	ret = tick(rig, TEAM_GUESTS, COMPARE_NS);
	took = rig_now_ns() - from;
	if (ret || (took >= COMPARE_NS && took < COMPARE_NS / 100ull * (100 + COMPARE_PERCENT)))
		return ret;
	fprintf(stderr, "native: what a guest takes for %u ns is %" PRIu64 " ns; run it again when "
		"this machine does nothing else\n", COMPARE_NS, took);
	return -ETIME;
}

int clocks_measure(struct rig *rig, unsigned int repetition)
{
	for (unsigned int turn = 0; turn < TEAMS; turn++) {
		enum team team = rig_turn(repetition, turn);
		const struct histogram *h = rig->teams[team][0]->histogram;
		int ret = tick(rig, team, rig->seconds * 1e9);

		if (ret)
			return ret;
		figure_add(&rig->figures, lost_names[team], 0,
			   100.0 * rig->jobs[0].lost / rig->jobs[0].ticks);
		if (h->samples)
			figure_add(&rig->figures, interruption_names[team], 0,
				   histogram_value(h, 500) / rig->ticks_per_ns / 1e3);
	}
	return 0;
}

void clocks_end(struct rig *rig)
{
	struct figures *all = &rig->figures;

	figure_set_peer(figure_of(all, lost_names[TEAM_GUESTS], 0), PROCESS,
			figure_of(all, lost_names[TEAM_PROCESSES], 0));
	figure_set_peer(figure_of(all, interruption_names[TEAM_GUESTS], 0), PROCESS,
			figure_of(all, interruption_names[TEAM_PROCESSES], 0));
}
