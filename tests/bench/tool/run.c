// SPDX-License-Identifier: GPL-2.0-only
/* What all modes' loops share. */
#include "run.h"

#define LOOK_LEAST_NS	250000
#define LOOK_MOST_NS	1000000
#define EVERY_MOST	(1u << 20)

void run_part_begin(struct run *run, uint64_t ns)
{
	run->looked = clock_ns();
	run->until = run->looked + ns;
	run->every = 1;
	/* one step is done, however late it is by then */
	run->left = 2;
}

int run_look(struct run *run)
{
	uint64_t now = clock_ns(), passed = now - run->looked;

	if (passed < LOOK_LEAST_NS && run->every < EVERY_MOST)
		run->every *= 2;
	else if (passed > LOOK_MOST_NS && run->every > 1)
		run->every /= 2;
	run->left = run->every;
	run->looked = now;
	if (run->progress)
		progress_show(run->progress, now);
	return now >= run->until ? 1 : watch_over(run->watch);
}

int run_idle_look(const struct run *run, unsigned int spins)
{
	int ret = watch_over(run->watch);

	if (!ret && run->meeting && meeting_given_up(run->meeting))
		ret = -ECANCELED;
	if (ret)
		return ret;
	if (run->job.bells && spins >= RUN_SPINS_SLEEP)
		return 1;
	sched_yield();
	return 0;
}

int run_sleep(struct run *run)
{
	int ret = bell_hear(&run->place->bell);

	return ret && ret != -ETIMEDOUT && ret != -EINTR ? ret : watch_over(run->watch);
}

static void bell_of_run(void *opaque, unsigned int number)
{
	struct run *run = opaque;

	/* a producer of a queue is number 1: the others are nobody */
	if (run->job.bells && number <= 1)
		bell_ring(&run->place->bell);
}

struct ivs_bell run_bell(struct run *run)
{
	return (struct ivs_bell){ bell_of_run, run };
}

void run_count_begin(struct run *run)
{
	run->own.rings = run->place->bell.rings;
	run->own.cpu_ns = clock_cpu_ns();
}

void run_count_end(struct run *run)
{
	run->own.cpu_ns = clock_cpu_ns() - run->own.cpu_ns;
	run->own.rings = run->place->bell.rings - run->own.rings;
}

int run_wrong(struct run *run, uint64_t number, uint64_t byte)
{
	run->own.wrong_message = number;
	run->own.wrong_byte = byte;
	return -EBADMSG;
}
