// SPDX-License-Identifier: GPL-2.0-only
/* Messages on their way to main(), each with whose fault it is. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

static int error_write(struct error *err, int code, bool arg, const char *fmt, va_list ap)
{
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	err->arg = arg;
	return code;
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = error_write(err, code, false, fmt, ap);
	va_end(ap);
	return code;
}

int error_arg(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = error_write(err, code, code != -ENOMEM, fmt, ap);
	va_end(ap);
	return code;
}

int error_prefix(struct error *err, int code, const char *what)
{
	struct error why = *err;

	error_set(err, code, "%s: %s", what, why.text);
	err->arg = why.arg;
	return code;
}

int error_status(const struct error *err)
{
	return err->arg ? ERROR_STATUS_USAGE : EXIT_FAILURE;
}
