// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's view of the world (tests/unit/world.h): bytes are choices, of what the tree is made
 * and how it changes; a broken promise is a crash.
 */
#include <stdio.h>
#include <stdlib.h>

#include "memory/memory.h"
#include "util.h"
#include "world.h"

#define STEPS_MAX	200

struct bytes {
	struct world_choices choices;
	const uint8_t *data;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A byte a choice, two where that is not enough; 0 when there are no more. */
static unsigned int bytes_pick(struct world_choices *c, unsigned int n)
{
	struct bytes *b = container_of(c, struct bytes, choices);
	unsigned int value = 0;

	for (unsigned int bytes = n > 256 ? 2 : 1; n > 1 && bytes && b->left; bytes--) {
		value = value << 8 | *b->data++;
		b->left--;
	}
	return value % n;
}

static void bytes_broken(struct world *w, const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: commit %llu: not true: %s\n", file, line,
		(unsigned long long)w->commits, what);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	memory_thread_register();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int shifts[] = { 0, 12, 56 };
	struct bytes b = {
		.choices = { .pick = bytes_pick, .broken = bytes_broken },
		.data = data, .left = size,
	};
	struct world *w = malloc(sizeof(*w));
	unsigned int shift;

	if (!w)
		return 0;
	shift = shifts[bytes_pick(&b.choices, ARRAY_SIZE(shifts))];
	world_create(w, &b.choices, shift, true);
	while (b.left && w->commits < STEPS_MAX)
		world_step(w);
	world_destroy(w);
	free(w);
	return 0;
}
