/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP from C: a test program is a table of cases. A case returns 0 if it passes; ktap_fail() and
 * ktap_skip() say why it does not, and give what to return. EXPECT() is for the usual check.
 */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KTAP_FAILED	1
#define KTAP_SKIPPED	77

struct ktap_case {
	const char *name;
	int (*run)(void);
};

/* The reason of the case that is left out. */
static char ktap_reason[256];

__attribute__((format(printf, 1, 2))) static inline int ktap_fail(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return KTAP_FAILED;
}

__attribute__((format(printf, 1, 2))) static inline int ktap_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ktap_reason, sizeof(ktap_reason), fmt, args);
	va_end(args);
	return KTAP_SKIPPED;
}

static inline int ktap_less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Shows a measurement: median, least and greatest of @values, which get sorted, taken with the
 * problem size @n, 0 if it has none. check.sh makes figures.json of such lines.
 */
static inline void ktap_figure(const char *name, unsigned long n, double *values, size_t count)
{
	qsort(values, count, sizeof(*values), ktap_less);
	printf("# figure %s %.10g %.10g %.10g %zu", name, values[count / 2], values[0],
	       values[count - 1], count);
	if (n)
		printf(" %lu", n);
	putchar('\n');
}

/* Ends the case as failed unless @cond, which may set errno, holds. */
#define EXPECT(cond)									\
	do {										\
		errno = 0;								\
		if (!(cond))								\
			return ktap_fail("%s:%d: expected %s; errno: %s", __FILE__, __LINE__,	\
					 #cond, strerror(errno));			\
	} while (0)

/* Ends the case as failed unless @call gives -1 with errno @error. */
#define EXPECT_ERRNO(call, error)							\
	do {										\
		errno = 0;								\
		long ktap_ret = (long)(call);						\
		if (ktap_ret != -1 || errno != (error))					\
			return ktap_fail("%s:%d: %s gives %ld (%s), expected %s", __FILE__,	\
					 __LINE__, #call, ktap_ret, strerror(errno),	\
					 strerror(error));				\
	} while (0)

/* Ends the case as that one call ended, unless it passed. */
#define EXPECT_PASS(call)								\
	do {										\
		int ktap_ret = (call);							\
		if (ktap_ret)								\
			return ktap_ret;						\
	} while (0)

/* Runs all cases, and gives the exit status. */
static inline int ktap_run(const struct ktap_case *cases, size_t count)
{
	int failed = 0;
	size_t i;

	printf("KTAP version 1\n1..%zu\n", count);
	for (i = 0; i < count; i++) {
		int ret = cases[i].run();

		failed |= ret && ret != KTAP_SKIPPED;
		printf("%sok %zu - %s%s%s\n", ret && ret != KTAP_SKIPPED ? "not " : "", i + 1,
		       cases[i].name, ret == KTAP_SKIPPED ? " # SKIP " : "",
		       ret == KTAP_SKIPPED ? ktap_reason : "");
		fflush(stdout);
	}
	return failed;
}

#define KTAP_MAIN(cases)								\
	int main(void)									\
	{										\
		return ktap_run(cases, sizeof(cases) / sizeof((cases)[0]));		\
	}

#endif /* TESTS_KTAP_H */
