// SPDX-License-Identifier: GPL-2.0-only
/* How long a cache line takes to the other worker and back. */
#include "rig.h"
#include "util.h"

#define ROUND_NS	250	/* about; how many there are follows from it */

static const struct {
	unsigned int permille;
	const char *names[TEAMS];
} quantiles[] = {
	{ 500, { "native_guest_pingpong_p50_ns", "native_process_pingpong_p50_ns" } },
	{ 900, { "native_guest_pingpong_p90_ns", "native_process_pingpong_p90_ns" } },
	{ 990, { "native_guest_pingpong_p99_ns", "native_process_pingpong_p99_ns" } },
	{ 999, { "native_guest_pingpong_p999_ns", "native_process_pingpong_p999_ns" } },
	{ 1000, { "native_guest_pingpong_max_ns", "native_process_pingpong_max_ns" } },
};

int pingpong_measure(struct rig *rig, unsigned int repetition)
{
	uint64_t count = rig->seconds * 1e9 / ROUND_NS;

	for (unsigned int turn = 0; turn < TEAMS; turn++) {
		enum team team = rig_turn(repetition, turn);
		const struct histogram *h = rig->teams[team][0]->histogram;
		int ret;

		for (unsigned int i = 0; i < 2; i++)
			rig->jobs[i] = (struct job){
				.work = i ? WORK_PONG : WORK_PING, .at = REGION_AT, .count = count,
			};
		ret = rig_do(rig, team, 2);
		if (ret)
			return ret;
		for (unsigned int i = 0; i < ARRAY_SIZE(quantiles); i++)
			figure_add(&rig->figures, quantiles[i].names[team], 0,
				   histogram_value(h, quantiles[i].permille) / rig->ticks_per_ns);
	}
	return 0;
}

void pingpong_end(struct rig *rig)
{
	struct figures *all = &rig->figures;

	for (unsigned int i = 0; i < ARRAY_SIZE(quantiles); i++)
		figure_set_peer(figure_of(all, quantiles[i].names[TEAM_GUESTS], 0), PROCESSES,
				figure_of(all, quantiles[i].names[TEAM_PROCESSES], 0));
	figure_add_ratio(all, &(struct figure_ratio){
		.name = "native_pingpong_ratio",
		.above = figure_of(all, quantiles[0].names[TEAM_GUESTS], 0),
		.below = figure_of(all, quantiles[0].names[TEAM_PROCESSES], 0),
		.peer_name = PROCESSES, .goal = GOAL_MOST, .bound = 1.05,
	});
}
