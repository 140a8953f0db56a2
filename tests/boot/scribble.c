// SPDX-License-Identifier: GPL-2.0-only
// In a guest: stores to so many pages, pauses, stores to the next ones, round and round, and checks
// after each round that all of them are as they were left. Its output is one line that is always
// written anew: how many steps it has made, and how many pages were wrong.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

struct scribbler {
	volatile uint64_t *at;
	size_t pages, step;	/* in all, and of one step */
	long pause_ms;
	uint64_t steps, wrong;
};

static volatile uint64_t *word(const struct scribbler *s, size_t page)
{
	return s->at + page * (PAGE / sizeof(*s->at)) + page % (PAGE / sizeof(*s->at));
}

static void tell(const struct scribbler *s)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%020llu %llu\n", (unsigned long long)s->steps,
			   (unsigned long long)s->wrong);

	if (pwrite(STDOUT_FILENO, line, len, 0) != len)
		exit(1);
}

static void check_round(struct scribbler *s, uint64_t round)
{
	for (size_t page = 0; page < s->pages; page++)
		s->wrong += *word(s, page) != round * s->pages + page;
}

static void run(struct scribbler *s)
{
	const struct timespec pause = { .tv_nsec = s->pause_ms * 1000000 };
	size_t page = 0;

	for (uint64_t round = 1;; s->steps++) {
		for (size_t i = 0; i < s->step; i++, page++)
			*word(s, page) = round * s->pages + page;
		if (page == s->pages) {
			check_round(s, round++);
			page = 0;
		}
		tell(s);
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	struct scribbler s = { 0 };

	if (argc != 4) {
		fprintf(stderr, "usage: scribble PAGES-A-STEP STEPS-A-ROUND PAUSE-MS\n");
		return 2;
	}
	s.step = atoi(argv[1]);
	s.pages = s.step * atoi(argv[2]);
	s.pause_ms = atoi(argv[3]);
	s.at = mmap(NULL, s.pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (s.at == MAP_FAILED || !s.step || !s.pages)
		return 1;
	run(&s);
}
