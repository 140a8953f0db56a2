/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who does the work of payload.h: bare guests on /dev/kvm, or processes of this host; each on a CPU
 * of its own, and quiet while it has no job.
 */
#ifndef TESTS_BENCH_NATIVE_WORKER_H
#define TESTS_BENCH_NATIVE_WORKER_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../kvm/guest.h"
#include "../tool/histogram.h"
#include "hostmem/hostmem.h"
#include "payload.h"
#include "pci/pci.h"
#include "props.h"
#include "shared.h"

#define WORKER_PRIORITY	1	/* among those that run in real time */

struct worker;

struct worker_kind {
	const char *name;
	/* It looks for its job from now on; and no longer. */
	void (*wake)(struct worker *w);
	void (*rest)(struct worker *w);
	/* NULL, or why it will never answer. */
	const char *(*lost)(struct worker *w);
};

struct worker {
	const struct worker_kind *kind;
	struct job *job;		/* as this process sees it */
	struct histogram *histogram;	/* the same; of the last job */
};

/* A machine with one device, made by the VMM's library. */
struct guest_worker {
	struct worker w;
	struct guest g;
	struct memory_region own, pci;
	struct pci_bus *bus;
	struct hostmem hostmem;
	struct props object, device;
	const void *shared;		/* the device's memory in this process */
	struct probe bell;
	int bell_fd;			/* is raised when it is rung */
};

struct process_worker {
	struct worker w;
	struct process_box *box;	/* the job, and what wakes it */
	pid_t pid;
};

/* Machine code to be put at CODE_AT. */
extern const char payload_start[], payload_end[];

/* On @cpu; 0, or -errno with the reason printed. */
int guest_worker_create(struct guest_worker *w, const struct shared *shared, int cpu);
void guest_worker_destroy(struct guest_worker *w);

/* The same; before any thread is made. */
int process_worker_create(struct process_worker *w, const struct shared *shared, int cpu);
void process_worker_destroy(struct process_worker *w);

/**
 * workers_do() - have jobs done at the same time, one a worker
 * @workers: of them @nr
 * @jobs: what to do; comes back with what came out
 *
 * Return: 0, or -errno with the reason printed: then there is no use in going on.
 */
int workers_do(struct worker *const *workers, struct job *jobs, unsigned int nr);

/* How a thread ran before. */
struct worker_place {
	cpu_set_t cpus;
	int policy;
	struct sched_param param;
};

/*
 * The calling thread, and what it starts, has @cpu to itself as far as it may: what else is to run
 * on this machine waits.
 */
void worker_pin(int cpu, struct worker_place *before);
void worker_unpin(const struct worker_place *before);

/* The calling thread comes before any worker. */
void worker_direct(void);

#endif /* TESTS_BENCH_NATIVE_WORKER_H */
