// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl destroy: takes the names of regions away. */
#include <getopt.h>

#include "ctl/ctl.h"
#include "hostmem/region.h"

static const struct option destroy_options[] = { {} };

static enum ctl_status destroy_check(int argc, char **argv, struct error *err)
{
	int option = getopt_long(argc, argv, ":", destroy_options, NULL), i;

	if (option != -1)
		return ctl_bad_option(option, argv, err);
	if (optind == argc) {
		error_set(err, 0,
			  "destroy: the NAME of a region is wanted; `ivshmemctl list` shows them");
		return CTL_USAGE;
	}
	for (i = optind; i < argc; i++)
		if (region_name_check(argv[i], err))
			return CTL_USAGE;
	return CTL_OK;
}

/* Each name is tried; the last one that fails leaves its message to the caller. */
static enum ctl_status destroy_run(int argc, char **argv, struct error *err)
{
	enum ctl_status status = destroy_check(argc, argv, err);
	struct error next;
	int i;

	if (status)
		return status;
	for (i = optind; i < argc; i++) {
		if (!region_destroy(argv[i], &next))
			continue;
		if (status)
			ctl_complain(err);
		*err = next;
		status = CTL_FAILED;
	}
	return status;
}

const struct ctl_command ctl_destroy = {
	.name = "destroy",
	.synopsis = "NAME...",
	.summary = "frees the names of regions",
	.help =
	"Whoever has a region open or mapped keeps its pages; they are freed with the last user.\n"
	"The name can be taken again at once.\n",
	.run = destroy_run,
};
