/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's side: processes with many PCI devices, told over qtest to move the BAR of one. */
#ifndef TESTS_BENCH_QEMU_H
#define TESTS_BENCH_QEMU_H

#include <sys/types.h>
#include <time.h>

/* The most BARs it takes: at 4096 sections, its own included, a check in QEMU ends the process. */
#define QEMU_BARS_MAX	3600

/* The QEMU that is found in PATH. */
struct qemu_program {
	const char *accel;		/* kvm where that works: it renders fewer views than tcg */
	char name[96];			/* with version and accelerator */
};

struct qemu {
	unsigned int bars;		/* enabled ones of 4 KiB */
	unsigned int moves;		/* a measurement, even */
	pid_t pid;			/* 0: not running */
	int sock;
	clockid_t clock;		/* its CPU time */
};

/* NULL, or why there is none. */
const char *qemu_find(struct qemu_program *p);

/* Start one with @q->bars devices and let them decode. NULL, or why not. */
const char *qemu_start(struct qemu *q, const struct qemu_program *p);
void qemu_stop(struct qemu *q);

/* CPU time in microseconds of one BAR move, less that of a write to a port that does nothing. */
const char *qemu_bar_move(void *q, double *us);

#endif /* TESTS_BENCH_QEMU_H */
