/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program prints for its user, and whether that has arrived. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include "error.h"

/**
 * output_finish() - write out what standard output still holds back
 *
 * For the end of a program: a full disk or a closed descriptor shows here at the latest.
 *
 * Return: 0, or -errno with @err filled if any of what was printed is lost.
 */
int output_finish(struct error *err);

#endif /* VMM_OUTPUT_H */
