// SPDX-License-Identifier: GPL-2.0-only
/* A process of this host that runs the payload where a guest would have it. */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.h"

/*
 * Shared by it and the parent; in the child the job is at JOB_AT, and the histogram follows where
 * it is to be.
 */
struct process_box {
	struct job job;
	uint32_t call;			/* a futex: counts the jobs that were handed out */
};

#define BOX_SIZE	HUGE

static int map_at(uint64_t addr, uint64_t size, int flags, int fd)
{
	void *at = mmap((void *)addr, size, PROT_READ | PROT_WRITE | PROT_EXEC,
			flags | MAP_FIXED, fd, 0);

	return at == MAP_FAILED ? -errno : 0;
}

static int process_map(const struct shared *shared, int box_fd)
{
	int ret = map_at(OWN_AT, OWN_SIZE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (ret)
		return ret;
	madvise((void *)OWN_AT, OWN_SIZE, MADV_HUGEPAGE);
	ret = map_at(JOB_AT, BOX_SIZE, MAP_SHARED, box_fd);
	ret = ret ? ret : map_at(REGION_AT, REGION_SIZE, MAP_SHARED, shared->fd);
	ret = ret ? ret : map_at(REGION_SMALL_AT, REGION_SIZE, MAP_SHARED, shared->fd);
	if (ret)
		return ret;
	madvise((void *)REGION_AT, REGION_SIZE, MADV_HUGEPAGE);
	madvise((void *)REGION_SMALL_AT, REGION_SIZE, MADV_NOHUGEPAGE);
	madvise((void *)REGION_AT, REGION_SIZE, MADV_POPULATE_WRITE);
	madvise((void *)REGION_SMALL_AT, REGION_SIZE, MADV_POPULATE_WRITE);
	memset((void *)BUFFER_AT, 1, BLOCK_MAX);
	memcpy((void *)CODE_AT, payload_start, payload_end - payload_start);
	return 0;
}

static _Noreturn void process_run(const struct shared *shared, int box_fd, int cpu)
{
	struct process_box *box = (struct process_box *)JOB_AT;
	void (*run)(struct job *job) = (void (*)(struct job *))CODE_AT;
	struct worker_place before;

	/* who interrupts means the parent, and we end with that */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	worker_pin(cpu, &before);
	if (process_map(shared, box_fd))
		_exit(1);
	for (uint32_t call = 0; ; call++) {
		while (__atomic_load_n(&box->call, __ATOMIC_ACQUIRE) == call)
			syscall(SYS_futex, &box->call, FUTEX_WAIT, call, NULL, NULL, 0);
		run(&box->job);
	}
}

static void process_wake(struct worker *w)
{
	struct process_worker *p = (struct process_worker *)w;

	__atomic_add_fetch(&p->box->call, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &p->box->call, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* It sleeps when it is done. */
static void process_rest(struct worker *w)
{
	(void)w;
}

static const char *process_lost(struct worker *w)
{
	struct process_worker *p = (struct process_worker *)w;

	return waitpid(p->pid, NULL, WNOHANG) == p->pid ? "it died" : NULL;
}

static const struct worker_kind process_kind = {
	.name = "process", .wake = process_wake, .rest = process_rest, .lost = process_lost,
};

int process_worker_create(struct process_worker *w, const struct shared *shared, int cpu)
{
	int fd = memfd_create("job", MFD_CLOEXEC), ret;

	if (fd < 0 || ftruncate(fd, BOX_SIZE) < 0)
		goto failed;
	w->box = mmap(NULL, BOX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (w->box == MAP_FAILED)
		goto failed;
	w->w = (struct worker){
		.kind = &process_kind, .job = &w->box->job,
		.histogram = (struct histogram *)((char *)w->box + HISTOGRAM_OFFSET),
	};
	w->pid = fork();
	if (!w->pid)
		process_run(shared, fd, cpu);
	if (w->pid < 0)
		goto failed;
	close(fd);
	return 0;

failed:
	ret = -errno;
	fprintf(stderr, "native: no process to compare with: %s\n", strerror(-ret));
	return ret;
}

void process_worker_destroy(struct process_worker *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	munmap(w->box, BOX_SIZE);
}
