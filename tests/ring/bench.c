// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the ring and the queue are between two processes that are awake, beside two that copy by
 * hand: the best of some interleaved repetitions. With `one RECORDS` a single process does both
 * sides' work for 64-byte records in batches of 64, so that instructions can be counted:
 *
 *	valgrind --tool=callgrind --toggle-collect=one_batch build/tests/ring/bench one 64000
 */
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#include <ivshmem/queue.h>
#include <ivshmem/ring.h>

#include "memory.h"

#define CAPACITY	(2 << 20)
#define LARGE		(64 << 10)
#define SMALL		64
#define REPETITIONS	31

static unsigned char buffer[LARGE] __attribute__((aligned(4096)));
static uint64_t rings;

static void count_ring(void *opaque, unsigned int number)
{
	(void)number;
	++*(uint64_t *)opaque;
}

static struct ivs_bell bell = { count_ring, &rings };

/* What both processes do: @count records of @len bytes, @batch at a time. */
struct job {
	const char *name;
	int (*produce)(const struct job *job, unsigned char *mem);
	int (*consume)(const struct job *job, unsigned char *mem);
	size_t len;
	uint64_t count;
	unsigned int batch;
};

static inline void pause_cpu(void)
{
	__builtin_ia32_pause();
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/*
 * By hand: slots of the record's size, a word a side.
 */

static int hand_produce(const struct job *job, unsigned char *mem)
{
	uint64_t *written = (uint64_t *)(mem + IVS_PRODUCER_OFFSET), *taken = (uint64_t *)mem;
	uint64_t slots = CAPACITY / job->len, n;

	for (n = 0; n < job->count; n++) {
		while (n - ivs_load(taken) >= slots)
			pause_cpu();
		memcpy(mem + IVS_DATA_OFFSET + n % slots * job->len, buffer, job->len);
		ivs_store(written, n + 1);
	}
	return 0;
}

static int hand_consume(const struct job *job, unsigned char *mem)
{
	uint64_t *written = (uint64_t *)(mem + IVS_PRODUCER_OFFSET), *taken = (uint64_t *)mem;
	uint64_t slots = CAPACITY / job->len, n;

	for (n = 0; n < job->count; n++) {
		while (ivs_load(written) == n)
			pause_cpu();
		memcpy(buffer, mem + IVS_DATA_OFFSET + n % slots * job->len, job->len);
		ivs_store(taken, n + 1);
	}
	return 0;
}

/*
 * The ring, copying or in place
 */

static int ring_put(const struct job *job, unsigned char *mem)
{
	struct ivs_ring r;
	uint64_t n = 0;
	int ret;

	if (ivs_ring_attach(&r, IVS_PRODUCER, IVS_RECORDS, mem, CAPACITY, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_ring_put(&r, buffer, job->len);
		if (!ret)
			n++;
		if (ret || n % job->batch == 0)
			ivs_ring_publish(&r);
		if (ivs_waits(ret))
			pause_cpu();
		else if (ret)
			return ret;
	}
	ivs_ring_publish(&r);
	return 0;
}

static int ring_get(const struct job *job, unsigned char *mem)
{
	struct ivs_ring r;
	uint64_t n = 0;
	size_t len;
	int ret;

	if (ivs_ring_attach(&r, IVS_CONSUMER, IVS_RECORDS, mem, CAPACITY, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_ring_get(&r, buffer, sizeof(buffer), &len);
		if (!ret)
			n++;
		if (ret || n % job->batch == 0)
			ivs_ring_publish(&r);
		if (ivs_waits(ret))
			pause_cpu();
		else if (ret)
			return ret;
	}
	ivs_ring_publish(&r);
	return 0;
}

/* As if made, and used, where it is: its first and last words are. */
static int ring_reserve(const struct job *job, unsigned char *mem)
{
	struct ivs_ring r;
	uint64_t n = 0;
	void *to;
	int ret;

	if (ivs_ring_attach(&r, IVS_PRODUCER, IVS_RECORDS, mem, CAPACITY, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_ring_reserve(&r, job->len, &to);
		if (!ret) {
			memset(to, (int)n, job->len);
			n++;
		}
		if (ret || n % job->batch == 0)
			ivs_ring_publish(&r);
		if (ivs_waits(ret))
			pause_cpu();
		else if (ret)
			return ret;
	}
	ivs_ring_publish(&r);
	return 0;
}

static int ring_next(const struct job *job, unsigned char *mem)
{
	uint64_t n = 0, sum = 0;
	const void *from;
	struct ivs_ring r;
	size_t len, i;
	int ret;

	if (ivs_ring_attach(&r, IVS_CONSUMER, IVS_RECORDS, mem, CAPACITY, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_ring_next(&r, &from, &len);
		if (!ret) {
			for (i = 0; i < len / 8; i++)
				sum += ((const uint64_t *)from)[i];
			n++;
		}
		if (ret || n % job->batch == 0)
			ivs_ring_publish(&r);
		if (ivs_waits(ret))
			pause_cpu();
		else if (ret)
			return ret;
	}
	ivs_ring_publish(&r);
	return sum == 1;
}

/*
 * The queue, of one producer here
 */

static int queue_put(const struct job *job, unsigned char *mem)
{
	struct ivs_queue_producer p;
	uint64_t n = 0;
	int ret;

	if (ivs_queue_producer_attach(&p, mem, CAPACITY, 128, 1, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_queue_put(&p, buffer, job->len);
		n += !ret;
		if (ivs_waits(ret))
			pause_cpu();
		else if (ret)
			return ret;
	}
	return 0;
}

static int queue_get(const struct job *job, unsigned char *mem)
{
	struct ivs_queue_consumer c;
	const void *from;
	uint64_t n = 0;
	uint32_t owner;
	size_t len;
	int ret;

	if (ivs_queue_consumer_attach(&c, mem, CAPACITY, 128, bell))
		return -EINVAL;
	while (n < job->count) {
		ret = ivs_queue_next(&c, &from, &len, &owner);
		if (!ret) {
			memcpy(buffer, from, len);
			n++;
		}
		if (ret || n % job->batch == 0)
			ivs_queue_publish(&c);
		if (ret == -EAGAIN)
			pause_cpu();
		else if (ret)
			return ret;
	}
	ivs_queue_publish(&c);
	return 0;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds that the consumer took; both have touched all pages before. */
static double job_run(const struct job *job, unsigned char *mem)
{
	double start;
	int status;
	pid_t pid;

	memset(mem, 0, ivs_bytes(CAPACITY));
	rings = 0;
	pid = fork();
	if (!pid) {
		on_cpu(1);
		_exit(job->produce(job, mem) ? 1 : 0);
	}
	on_cpu(0);
	start = seconds();
	if (job->consume(job, mem))
		exit(1);
	start = seconds() - start;
	if (waitpid(pid, &status, 0) != pid || status)
		exit(1);
	return start;
}

static const struct job jobs[] = {
	{ "64 KiB by hand", hand_produce, hand_consume, LARGE, 2000, 1 },
	{ "64 KiB, ring, copied", ring_put, ring_get, LARGE, 2000, 1 },
	{ "64 KiB, ring, in place", ring_reserve, ring_next, LARGE, 2000, 1 },
	{ "64 B by hand", hand_produce, hand_consume, SMALL, 400000, 1 },
	{ "64 B, ring, copied, batches of 64", ring_put, ring_get, SMALL, 1000000, 64 },
	{ "64 B, ring, in place, batches of 64", ring_reserve, ring_next, SMALL, 1000000, 64 },
	{ "64 B, ring, copied, one by one", ring_put, ring_get, SMALL, 400000, 1 },
	{ "64 B, queue", queue_put, queue_get, SMALL, 400000, 64 },
};

#define JOBS	(sizeof(jobs) / sizeof(jobs[0]))

static void run_all(void)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY));
	double best[JOBS] = { 0 }, t;
	size_t i;
	int n;

	for (n = 0; n < REPETITIONS; n++) {
		for (i = 0; i < JOBS; i++) {
			t = job_run(&jobs[i], mem);
			if (!n || t < best[i])
				best[i] = t;
		}
	}
	for (i = 0; i < JOBS; i++)
		printf("%-38s %8.2f million/s %8.2f GB/s\n", jobs[i].name,
		       (double)jobs[i].count / best[i] / 1e6,
		       (double)jobs[i].count * (double)jobs[i].len / best[i] / 1e9);
}

__attribute__((noinline)) void one_batch(struct ivs_ring *p, struct ivs_ring *c);

__attribute__((noinline)) void one_batch(struct ivs_ring *p, struct ivs_ring *c)
{
	size_t len;
	int i;

	for (i = 0; i < 64; i++)
		if (ivs_ring_put(p, buffer, SMALL))
			break;
	ivs_ring_publish(p);
	while (!ivs_ring_get(c, buffer, sizeof(buffer), &len))
		;
	ivs_ring_publish(c);
}

static void run_one(uint64_t records)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY));
	struct ivs_ring p, c;
	uint64_t n;
	int i;

	if (ivs_ring_attach(&p, IVS_PRODUCER, IVS_RECORDS, mem, CAPACITY, bell) ||
	    ivs_ring_attach(&c, IVS_CONSUMER, IVS_RECORDS, mem, CAPACITY, bell))
		exit(1);
	for (i = 0; i < 3; i++)
		one_batch(&p, &c);
	rings = 0;
	for (n = 0; n < records; n += 64)
		one_batch(&p, &c);
	printf("%llu records, %llu doorbells\n", (unsigned long long)n, (unsigned long long)rings);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "one"))
		run_one(strtoull(argv[2], NULL, 0));
	else
		run_all();
	return 0;
}
