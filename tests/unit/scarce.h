/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that runs out on demand: malloc() and its kin, as linked into the unit tests (--wrap). */
#ifndef TESTS_UNIT_SCARCE_H
#define TESTS_UNIT_SCARCE_H

/* Of this thread's next allocations @good succeed, then @bad fail, then all succeed again. */
void scarce_begin(unsigned int good, unsigned int bad);

/* No more fail. Return: how many did. */
unsigned int scarce_end(void);

#endif /* TESTS_UNIT_SCARCE_H */
