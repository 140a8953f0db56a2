// SPDX-License-Identifier: GPL-2.0-only
/*
 * A leading side that asks for what can't be, and writes all over the memory: test_hostile FILE,
 * where somebody answers. That one says no, or is left; whether it lives is for test.sh to see.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <ivshmem/words.h>

#include "meeting.h"
#include "random.h"

#define SIZE		(16u << 20)
#define JOBS		40
#define WAIT_MS		5000
#define SCRIBBLES	2000

static unsigned char *mem;
static struct meeting_side *answerer, *own;

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
	ivs_store(&own->beat, own->beat + 1);
}

/* Small, of the right size, huge, or at an edge. */
static uint64_t any_word(uint64_t *state)
{
	static const uint64_t some[] = {
		0, 1, 2, 8, 64, 4096, 65536, 1 << 20, 64 << 20, (64 << 20) + 8, SIZE, 1ull << 31,
		1ull << 32, 1ull << 62, 1ull << 63, UINT64_MAX, UINT64_MAX - 7,
	};

	return random_below(state, 4) ? some[random_below(state, sizeof(some) / sizeof(some[0]))] :
					random_next(state);
}

/* Half of them are sane enough to begin. */
static void job_any(uint64_t *state)
{
	struct job job = { .mode = JOB_RING + random_below(state, 5), .block = 64, .batch = 4 };
	uint64_t *words = (uint64_t *)&job;
	size_t i;

	for (i = random_below(state, 2) ? random_below(state, JOB_WORDS) : JOB_WORDS;
	     i < JOB_WORDS; i += 1 + random_below(state, 4))
		words[i] = any_word(state);
	memcpy(own->words, &job, sizeof(job));
}

static void scribble(uint64_t *state)
{
	int i;

	for (i = 0; i < SCRIBBLES; i++)
		*(uint64_t *)(mem + MEETING_SIDE_BYTES +
			      random_below(state, (SIZE - MEETING_SIDE_BYTES) / 8) * 8) =
			any_word(state);
	for (i = 0; i < 64; i++)
		*(uint64_t *)(mem + PLACE_DATA + random_below(state, 1100) * 8) = any_word(state);
}

/* Waits for the answer to job @step: 0 unless there is none. */
static int answered(uint64_t step)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (ivs_load(&answerer->meant) == own->life &&
		    ivs_load(&answerer->step) == step && ivs_load(&answerer->state))
			return 0;
		nap();
	}
	fprintf(stderr, "no answer to a job within %d ms\n", WAIT_MS);
	return 1;
}

/* A life that asks once, does harm, and leaves. */
static int lead_once(uint64_t *state)
{
	int i;

	memset(own, 0, sizeof(*own));
	own->magic = MEETING_MAGIC;
	own->meant = ivs_load(&answerer->life);
	own->peer = any_word(state);
	job_any(state);
	own->step = 1;
	ivs_store_ordered(&own->life, random_next(state) | 1);
	if (answered(1))
		return 1;
	for (i = 0; i < 5; i++) {
		scribble(state);
		nap();
		own->magic = MEETING_MAGIC;
	}
	ivs_store(&own->life, 0);
	/* it is left when it has seen that */
	for (i = 0; i < WAIT_MS && ivs_load(&answerer->meant); i++)
		nap();
	return i == WAIT_MS;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1, i, ret = 0;
	uint64_t state = random_begin(random_seed());

	if (fd < 0 || ftruncate(fd, SIZE))
		return 2;
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return 2;
	answerer = (struct meeting_side *)(void *)mem;
	own = (struct meeting_side *)(void *)(mem + MEETING_SIDE_BYTES);
	for (i = 0; i < WAIT_MS && !ivs_load(&answerer->life); i++)
		nap();
	for (i = 0; i < JOBS && !ret; i++)
		ret = lead_once(&state);
	return ret;
}
