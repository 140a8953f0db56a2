/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A message on its way to main(): written where the cause is known, printed once, at the top.
 * Whoever writes it says whose fault it is too: an errno can't, for KVM has an EINVAL as the
 * command line does.
 */
#ifndef VMM_ERROR_H
#define VMM_ERROR_H

#include <stdbool.h>

#define ERROR_STATUS_USAGE	2

struct error {
	char text[512];
	bool arg;	/* the command line can't be carried out as written */
};

/**
 * error_set() - say what went wrong in the machine or in its host
 * @err: written; names the thing, the value and the fix, without a newline
 * @code: a negative errno, returned, so that a caller can `return error_set(…)`
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * error_arg() - say what is wrong with the command line
 *
 * That is an option, or a file, socket, region or size it names that can't be used. A @code of
 * -ENOMEM is the host's fault all the same. Else as error_set().
 */
int error_arg(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "@what: " before a message that is there; whose fault it is stays. Returns @code. */
int error_prefix(struct error *err, int code, const char *what);

/* The exit status that goes with a message: ERROR_STATUS_USAGE or EXIT_FAILURE. */
int error_status(const struct error *err);

#endif /* VMM_ERROR_H */
