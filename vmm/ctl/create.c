// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl create: a region with its size, owner, group, mode and limits. */
#include <getopt.h>

#include "ctl/ctl.h"
#include "ctl/option.h"
#include "hostmem/region.h"
#include "size.h"

enum {
	CREATE_MODE = CTL_LONG_OPTION, CREATE_OWNER, CREATE_GROUP, CREATE_PEERS, CREATE_VECTORS,
	CREATE_USER_KB,
};

static const struct option create_options[] = {
	{ "mode", required_argument, NULL, CREATE_MODE },
	{ "owner", required_argument, NULL, CREATE_OWNER },
	{ "group", required_argument, NULL, CREATE_GROUP },
	{ "peers", required_argument, NULL, CREATE_PEERS },
	{ "vectors", required_argument, NULL, CREATE_VECTORS },
	{ "user-kb", required_argument, NULL, CREATE_USER_KB },
	{}
};

static enum ctl_status create_option(int option, char **argv, struct region_spec *spec,
				     struct error *err)
{
	switch (option) {
	case CREATE_MODE:
		return option_mode(argv[0], "--mode", optarg, &spec->mode, err);
	case CREATE_OWNER:
		return option_user(argv[0], "--owner", optarg, &spec->uid, err);
	case CREATE_GROUP:
		return option_group(argv[0], "--group", optarg, &spec->gid, err);
	case CREATE_PEERS:
		return option_number(argv[0], "--peers", optarg, 1, IVSHMEM_PEERS_MAX,
				     &spec->max_peers, err);
	case CREATE_VECTORS:
		return option_number(argv[0], "--vectors", optarg, 1, IVSHMEM_VECTORS_MAX,
				     &spec->max_vectors, err);
	case CREATE_USER_KB:
		return option_number(argv[0], "--user-kb", optarg, 1, UINT32_MAX,
				     &spec->max_user_kb, err);
	default:
		return ctl_bad_option(option, argv, err);
	}
}

static enum ctl_status create_operands(int argc, char **argv, struct region_spec *spec,
				       struct error *err)
{
	if (argc - optind != 2) {
		error_set(err, 0, "create: a NAME and a SIZE are wanted, such as "
			  "`ivshmemctl create alpha 64M`");
		return CTL_USAGE;
	}
	spec->name = argv[optind];
	if (size_parse(argv[optind + 1], 1, &spec->size)) {
		error_set(err, 0,
			  "create: '%s' is not a size: bytes, or a number with k, M, G or T",
			  argv[optind + 1]);
		return CTL_USAGE;
	}
	return region_name_check(spec->name, err) || region_size_check(spec->size, err) ?
	       CTL_USAGE : CTL_OK;
}

static enum ctl_status create_run(int argc, char **argv, struct error *err)
{
	struct region_spec spec = {
		.uid = IVSHMEM_ID_CALLER, .gid = IVSHMEM_ID_CALLER, .mode = 0600,
	};
	enum ctl_status status;
	int option;

	while ((option = getopt_long(argc, argv, ":", create_options, NULL)) != -1) {
		status = create_option(option, argv, &spec, err);
		if (status)
			return status;
	}
	status = create_operands(argc, argv, &spec, err);
	if (status)
		return status;
	return region_create(&spec, err) ? CTL_FAILED : CTL_OK;
}

const struct ctl_command ctl_create = {
	.name = "create",
	.synopsis = "NAME SIZE [--mode MODE] [--owner USER] [--group GROUP] [--peers N]"
		    " [--vectors N] [--user-kb N]",
	.summary = "makes the region /dev/ivshmem/NAME, of zero pages",
	.help =
	"NAME is of 1 to 63 characters A-Z a-z 0-9 . _ -, without a leading dot. SIZE is a power\n"
	"of two from 4k on, in bytes or with k, M, G, T.\n\n"
	"  --mode MODE    who may do what with it, as of chmod, in octal (0600)\n"
	"  --owner USER   a name or a number (the caller)\n"
	"  --group GROUP  a name or a number (the caller's)\n"
	"  --peers N      how many may join it, 1 to 65536; their ids are below N\n"
	"  --vectors N    of one peer, 1 to 2048\n"
	"  --user-kb N    KiB of kernel memory that the memberships of one user may hold\n\n"
	"What is not given of the last three is a parameter of the module.\n",
	.run = create_run,
};
