// SPDX-License-Identifier: GPL-2.0-only
/* Handing out jobs, and waiting for them without being in the way. */
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ANSWER_SECONDS	30

/* Who may not just takes turns with others. */
static void set_priority(int priority)
{
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = priority });
}

void worker_pin(int cpu, struct worker_place *before)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(before->cpus), &before->cpus);
	before->policy = sched_getscheduler(0);
	sched_getparam(0, &before->param);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	set_priority(WORKER_PRIORITY);
}

void worker_unpin(const struct worker_place *before)
{
	sched_setscheduler(0, before->policy, &before->param);
	sched_setaffinity(0, sizeof(before->cpus), &before->cpus);
}

void worker_direct(void)
{
	set_priority(WORKER_PRIORITY + 1);
}

/* Its own counts go on; the host's goes up last. */
static void job_begin(struct worker *w, const struct job *job)
{
	size_t head = offsetof(struct job, work);

	memcpy((char *)w->job + head, (const char *)job + head, sizeof(*job) - head);
	histogram_init(w->histogram);
	__atomic_store_n(&w->job->go, w->job->go + 1, __ATOMIC_RELEASE);
	w->kind->wake(w);
}

static int job_wait(struct worker *w)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	time_t end = time(NULL) + ANSWER_SECONDS;

	while (__atomic_load_n(&w->job->done, __ATOMIC_ACQUIRE) != w->job->go) {
		const char *why = w->kind->lost(w);

		if (why || time(NULL) > end) {
			fprintf(stderr, "native: a %s does not answer: %s\n", w->kind->name,
				why ? why : "it is still at work");
			return -EIO;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

int workers_do(struct worker *const *workers, struct job *jobs, unsigned int nr)
{
	int ret = 0;

	for (unsigned int i = 0; i < nr; i++)
		job_begin(workers[i], &jobs[i]);
	for (unsigned int i = 0; i < nr && !ret; i++) {
		ret = job_wait(workers[i]);
		workers[i]->kind->rest(workers[i]);
		jobs[i] = *workers[i]->job;
		if (!ret && (jobs[i].status || jobs[i].wrong)) {
			fprintf(stderr, "native: a %s's work went wrong: %s, %lu times wrong\n",
				workers[i]->kind->name, strerror(-(int)jobs[i].status),
				jobs[i].wrong);
			ret = -EIO;
		}
	}
	return ret;
}
