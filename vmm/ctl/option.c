// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, times, permissions, users and groups on the command line. */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

#include "ctl/option.h"

#define NS_PER_S	1000000000.0
#define SECONDS_MOST	(366.0 * 24 * 60 * 60)

/* A whole number below @limit in @base; -1 for anything else. */
static int64_t number_parse(const char *text, int base, int64_t limit)
{
	long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	value = strtoll(text, &end, base);
	return *end || value >= limit ? -1 : value;
}

enum ctl_status option_number(const char *command, const char *what, const char *text,
			      uint32_t least, uint32_t most, uint32_t *value, struct error *err)
{
	int64_t number = number_parse(text, 10, (int64_t)most + 1);

	if (number < least) {
		error_set(err, 0, "%s: %s %s is not a number of %" PRIu32 " to %" PRIu32, command,
			  what, text, least, most);
		return CTL_USAGE;
	}
	*value = number;
	return CTL_OK;
}

enum ctl_status option_seconds(const char *command, const char *what, const char *text,
			       uint64_t *ns, struct error *err)
{
	double seconds = 0;
	char *end = NULL;

	if (*text >= '0' && *text <= '9')
		seconds = strtod(text, &end);
	if (!end || *end || !(seconds * NS_PER_S >= 1 && seconds <= SECONDS_MOST)) {
		error_set(err, 0, "%s: %s %s is not a number of seconds, such as 10 or 0.5",
			  command, what, text);
		return CTL_USAGE;
	}
	*ns = seconds * NS_PER_S;
	return CTL_OK;
}

enum ctl_status option_mode(const char *command, const char *what, const char *text,
			    uint32_t *mode, struct error *err)
{
	int64_t value = number_parse(text, 8, 01000);

	if (value < 0) {
		error_set(err, 0, "%s: %s %s is not of 0 to 0777 in octal, such as 0660", command,
			  what, text);
		return CTL_USAGE;
	}
	*mode = value;
	return CTL_OK;
}

enum ctl_status option_user(const char *command, const char *what, const char *text, uint32_t *uid,
			    struct error *err)
{
	int64_t value = number_parse(text, 10, UINT32_MAX);
	struct passwd *pw = value < 0 ? getpwnam(text) : NULL;

	if (value < 0 && !pw) {
		error_set(err, 0, "%s: %s %s: there is no such user", command, what, text);
		return CTL_USAGE;
	}
	*uid = pw ? pw->pw_uid : (uint32_t)value;
	return CTL_OK;
}

enum ctl_status option_group(const char *command, const char *what, const char *text,
			     uint32_t *gid, struct error *err)
{
	int64_t value = number_parse(text, 10, UINT32_MAX);
	struct group *gr = value < 0 ? getgrnam(text) : NULL;

	if (value < 0 && !gr) {
		error_set(err, 0, "%s: %s %s: there is no such group", command, what, text);
		return CTL_USAGE;
	}
	*gid = gr ? gr->gr_gid : (uint32_t)value;
	return CTL_OK;
}
