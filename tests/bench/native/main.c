// SPDX-License-Identifier: GPL-2.0-only
/*
 * native: two bare guests beside two processes, over the same pages. How fast they exchange data,
 * how long a word takes there and back, what huge pages are worth, how long a doorbell takes.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "util.h"

/* The machine code, as the linker made it. */
asm(
".pushsection .rodata\n"
".balign 64\n"
".globl payload_start, payload_end\n"
"payload_start:\n"
"	.incbin \"" PAYLOAD "\"\n"
"payload_end:\n"
".popsection\n");

static const char usage[] =
"Usage: native [--quick] FILE\n"
"       native --check\n"
"\n"
"Measures two bare guests on /dev/kvm beside two processes and writes FILE: figures as JSON.\n"
"\n"
"  --quick    fewer and shorter repetitions\n"
"  --check    measure nothing: send records from guest to guest and look at every byte\n"
"  --help     this text\n";

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

bool rig_interrupted(void)
{
	return interrupted;
}

int rig_do(struct rig *rig, enum team team, unsigned int nr)
{
	if (interrupted)
		return -EINTR;
	rig->round++;
	for (unsigned int i = 0; i < nr; i++)
		rig->jobs[i].round = rig->round;
	return workers_do(rig->teams[team], rig->jobs, nr);
}

static void progress(unsigned int percent, const char *text)
{
	fprintf(stderr, "progress %u %s\n", percent, text);
}

/* One each, as two of them would wait for each other else. */
static int choose_cpus(struct rig *rig)
{
	cpu_set_t set;
	int nr = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && nr < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			rig->cpus[nr++] = cpu;
	return nr == 2 ? 0 : -ENODEV;
}

static int start_workers(struct rig *rig)
{
	int ret = 0;

	for (unsigned int i = 0; i < 2 && !ret; i++) {
		ret = process_worker_create(&rig->processes[i], &rig->shared, rig->cpus[i]);
		rig->teams[TEAM_PROCESSES][i] = &rig->processes[i].w;
	}
	memory_thread_register();
	for (unsigned int i = 0; i < 2 && !ret; i++) {
		ret = guest_worker_create(&rig->guests[i], &rig->shared, rig->cpus[i]);
		rig->teams[TEAM_GUESTS][i] = &rig->guests[i].w;
	}
	return ret;
}

/* After a failure they end with this process. */
static void stop_workers(struct rig *rig)
{
	for (unsigned int i = 0; i < 2; i++) {
		process_worker_destroy(&rig->processes[i]);
		guest_worker_destroy(&rig->guests[i]);
	}
}

/* So that nobody takes for a fact what a machine did not give. */
static void count_huge_pages(struct rig *rig)
{
	const struct {
		const char *name;
		pid_t pid;
		const void *at;
	} maps[] = {
		{ "native_guest_huge_kib", getpid(), rig->guests[0].shared },
		{ "native_process_huge_kib", rig->processes[0].pid, (void *)REGION_AT },
		{ "native_process_4k_huge_kib", rig->processes[0].pid, (void *)REGION_SMALL_AT },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(maps); i++)
		figure_add(&rig->figures, maps[i].name, REGION_SIZE >> 10,
			   shared_huge_kib(maps[i].pid, maps[i].at));
}

static int measure_repetitions(struct rig *rig)
{
	int ret = 0;

	for (unsigned int i = 0; i < rig->repetitions && !ret; i++) {
		char text[64];

		snprintf(text, sizeof(text), "guests and processes, repetition %u of %u", i + 1,
			 rig->repetitions);
		progress(5 + 70 * i / rig->repetitions, text);
		ret = streams_measure(rig, i);
		ret = ret ? ret : pingpong_measure(rig, i);
		ret = ret ? ret : reads_measure(rig, i);
		ret = ret ? ret : clocks_measure(rig, i);
		ret = ret ? ret : stores_measure(rig);
	}
	return ret;
}

/* NULL, or why there are no figures. */
static const char *measure(struct rig *rig)
{
	const char *why = guest_unavailable();

	if (why)
		return why;
	if (choose_cpus(rig))
		return "two workers at once need two CPUs";
	if (shared_create(&rig->shared))
		return "no shared memory could be had";
	worker_direct();
	if (start_workers(rig))
		return "no guest or no process could be started; the program said why";
	progress(1, rig->shared.kind);
	if (clocks_compare(rig))
		return "a guest's clock could not be compared with the host's";
	if (streams_verify(rig))
		return "records did not arrive as they were sent";
	if (reads_begin(rig))
		return "a worker failed; the program said how";
	if (measure_repetitions(rig))
		return "a worker failed; the program said how";
	count_huge_pages(rig);
	stop_workers(rig);
	progress(75, "doorbells");
	if (doorbells_measure(rig))
		return "a doorbell was not answered";
	shared_destroy(&rig->shared);
	return NULL;
}

/* What has no numbers says why. */
static void explain(struct figures *all, const char *why)
{
	for (unsigned int i = 0; i < all->nr; i++)
		if (!all->list[i].own.nr)
			all->list[i].why = why ? why : "there was nothing of the kind";
}

static int run(struct rig *rig, const char *path)
{
	FILE *out = fopen(path, "we");
	const char *why;

	if (!out)
		goto failed;
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	why = measure(rig);
	if (interrupted)
		why = "interrupted";
	if (why)
		fprintf(stderr, "native: not all was measured: %s\n", why);
	streams_end(rig);
	pingpong_end(rig);
	reads_end(rig);
	clocks_end(rig);
	doorbells_end(rig);
	explain(&rig->figures, why);
	progress(100, "done");
	figures_write(&rig->figures, out);
	if (!fclose(out))
		return interrupted ? -EINTR : 0;

failed:
	fprintf(stderr, "native: can't write %s: %s\n", path, strerror(errno));
	return -EIO;
}

static int check(struct rig *rig)
{
	const char *why = guest_unavailable();

	if (why || choose_cpus(rig)) {
		printf("native: not checked: %s\n", why ? why : "it needs two CPUs");
		return 0;
	}
	worker_direct();
	if (shared_create(&rig->shared) || start_workers(rig))
		return -EIO;
	if (streams_verify(rig))
		return -EIO;
	stop_workers(rig);
	shared_destroy(&rig->shared);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "quick", no_argument, NULL, 'q' }, { "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	static struct rig rig = { .repetitions = 25, .seconds = 0.1 };
	bool checks = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'h')
			return fputs(usage, stdout) == EOF;
		if (c == '?')
			return 2;
		checks = checks || c == 'c';
		if (c == 'q') {
			rig.repetitions = 5;
			rig.seconds = 0.05;
		}
	}
	if (argc - optind != !checks) {
		fputs(usage, stderr);
		return 2;
	}
	return checks ? check(&rig) != 0 : run(&rig, argv[optind]) != 0;
}
