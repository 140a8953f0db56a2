/* SPDX-License-Identifier: GPL-2.0-only */
/* The two sides: who measures, and who answers. */
#ifndef TESTS_BENCH_TOOL_SIDES_H
#define TESTS_BENCH_TOOL_SIDES_H

#include "error.h"
#include "options.h"
#include "watch.h"

/* Measures, and prints the figures; @command has asked for that. 0, or -errno with @err filled. */
int lead(const struct options *o, struct watch *watch, const char *command, struct error *err);

/* Answers until a signal comes, or with --once the first leading side leaves. As above. */
int answer(const struct options *o, struct watch *watch, struct error *err);

#endif /* TESTS_BENCH_TOOL_SIDES_H */
