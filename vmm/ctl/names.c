// SPDX-License-Identifier: GPL-2.0-only
/* Names from the user data base and from /proc. */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl/names.h"

static struct name_text name_text(const char *name, uint32_t number)
{
	struct name_text t;

	if (name)
		snprintf(t.text, sizeof(t.text), "%s", name);
	else
		snprintf(t.text, sizeof(t.text), "%" PRIu32, number);
	return t;
}

struct name_text name_of_user(uint32_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return name_text(pw ? pw->pw_name : NULL, uid);
}

struct name_text name_of_group(uint32_t gid)
{
	struct group *gr = getgrgid(gid);

	return name_text(gr ? gr->gr_name : NULL, gid);
}

/* A process gives itself its name: what would confuse a terminal is left out. */
static void make_printable(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

struct name_text name_of_process(uint32_t pid)
{
	struct name_text t = {};
	char path[32];
	FILE *file;

	if (!pid)
		return t;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return t;
	if (fgets(t.text, sizeof(t.text), file))
		make_printable(t.text);
	fclose(file);
	return t;
}
