// SPDX-License-Identifier: GPL-2.0-only
/* The end of standard output: stdio keeps the errors of earlier writes, but not what they were. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

int output_finish(struct error *err)
{
	int code = fflush(stdout) ? errno : 0;

	if (!code && ferror(stdout))
		code = EIO;
	return code ? error_set(err, -code, "writing to standard output: %s", strerror(code)) : 0;
}
