// SPDX-License-Identifier: GPL-2.0-only
/* What the model takes besides time: memory, and instructions. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "measures.h"

#define COUNTED_MOVES	2000u

static size_t allocated(void)
{
	struct mallinfo2 m;

	urcu_memb_barrier();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* To show so many pages: the view, hints, and what is kept for the next change. */
const char *measure_memory(void *arg, double *bytes)
{
	unsigned int nr = *(unsigned int *)arg;
	struct sparse_tree t = { 0 };
	int ret = sparse_tree_init(&t, nr);
	size_t before;

	if (ret)
		return ret ? strerror(-ret) : NULL;
	before = allocated();
	ret = sparse_tree_add(&t);
	*bytes = allocated() - before;
	sparse_tree_fini(&t);
	return ret ? strerror(-ret) : NULL;
}

/* Callgrind counts from when this is entered until it is left. */
int counted_moves(struct machine_tree *t, unsigned int moves) __attribute__((noinline));
int counted_moves(struct machine_tree *t, unsigned int moves)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < moves; i++)
		ret = machine_tree_move(t);
	return ret;
}

const char *measure_instructions(void *arg, double *count)
{
	const char *why = "no valgrind that counts: apt-get install valgrind";
	unsigned int n = *(unsigned int *)arg;
	unsigned long long collected;
	char *cmd = NULL, line[256];
	FILE *f = NULL;

	if (asprintf(&cmd, "valgrind --tool=callgrind --callgrind-out-file=/dev/null "
			   "--toggle-collect=counted_moves /proc/%d/exe --moves %u 2>&1",
		     getpid(), n) > 0)
		f = popen(cmd, "re");
	free(cmd);
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "==%*d== Collected : %llu", &collected) != 1)
			continue;
		*count = (double)collected / COUNTED_MOVES;
		why = NULL;
	}
	if (f)
		pclose(f);
	return why;
}

int count_moves(unsigned int n)
{
	struct machine_tree *t = calloc(1, sizeof(*t));
	double us;

	if (!t || machine_tree_init(t, n, true, false) || measure_move(t, &us))
		return EXIT_FAILURE;
	return counted_moves(t, COUNTED_MOVES) ? EXIT_FAILURE : EXIT_SUCCESS;
}
