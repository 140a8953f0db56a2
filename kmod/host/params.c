// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameters: the limits of regions that are created without their own, and
 * `regions=NAME:SIZE[,NAME:SIZE...]`: regions of root's that are there from the start. All of it is
 * parsed before anything is made, since with the first device node the module can have users, and a
 * module with users can't fail to load.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "host.h"

/* No number of this many characters, decimal or hexadecimal with its 0x, is more than 64 bits. */
#define PARAMS_DIGITS_MAX	18

static char *regions;
module_param(regions, charp, 0444);
MODULE_PARM_DESC(regions,
		 "Regions to begin with: NAME:SIZE[,NAME:SIZE...], SIZE in bytes or with K, M, G");

static unsigned int max_peers = IVSHMEM_PEERS_MAX;
module_param(max_peers, uint, 0444);
MODULE_PARM_DESC(max_peers, "Peers of a region created without a limit: 1 to 65536 (65536)");

static unsigned int max_vectors = IVSHMEM_VECTORS_MAX;
module_param(max_vectors, uint, 0444);
MODULE_PARM_DESC(max_vectors,
		 "Vectors of a peer, in a region created without a limit: 1 to 2048 (2048)");

static unsigned int max_user_kb = 16384;
module_param(max_user_kb, uint, 0444);
MODULE_PARM_DESC(max_user_kb,
		 "KiB of kernel memory for one user's memberships, in a region created without a "
		 "limit: from 1 (16384)");

/**
 * struct params - the parameter, parsed
 * @nr: regions
 * @specs: what they are to be; their names are in @text
 * @text: behind @specs, cut into pieces
 */
struct params {
	unsigned int nr;
	char *text;
	struct region_spec specs[];
};

static int limit_check(const char *name, unsigned int value, unsigned int max)
{
	if (value && value <= max)
		return 0;
	pr_err("parameter %s: %u is not of 1 to %u\n", name, value, max);
	return -EINVAL;
}

/**
 * params_limits() - read the parameters that are limits
 * @limits: filled
 *
 * Return: 0, or -EINVAL for a value that can't be, named in the kernel log.
 */
int params_limits(struct limits *limits)
{
	int err = limit_check("max_peers", max_peers, IVSHMEM_PEERS_MAX);

	if (!err)
		err = limit_check("max_vectors", max_vectors, IVSHMEM_VECTORS_MAX);
	if (!err)
		err = limit_check("max_user_kb", max_user_kb, UINT_MAX);
	*limits = (struct limits){ max_peers, max_vectors, max_user_kb };
	return err;
}

/* memparse() wraps silently: of the product of number and suffix the number is a divisor again. */
static int size_parse(const char *text, u64 *size)
{
	char *number_end, *end;
	u64 number = simple_strtoull(text, &number_end, 0);

	*size = memparse(text, &end);
	if (!isdigit(*text) || *end || !number || number_end - text > PARAMS_DIGITS_MAX)
		return -EINVAL;
	return *size % number || !is_power_of_2(*size / number) ? -EINVAL : 0;
}

/* Splits "NAME:SIZE" in place. */
static int spec_parse(char *text, struct region_spec *spec)
{
	char *size = strchr(text, ':');

	if (!size || size - text >= IVSHMEM_NAME_SIZE)
		return -EINVAL;
	*size++ = '\0';
	*spec = (struct region_spec){ .name = text, .mode = 0600 };
	return size_parse(size, &spec->size);
}

static bool params_has(const struct params *params, const char *name)
{
	unsigned int i;

	for (i = 0; i < params->nr; i++)
		if (!strcmp(params->specs[i].name, name))
			return true;
	return false;
}

static int params_add(struct params *params, struct host *host, char *text)
{
	struct region_spec *spec = &params->specs[params->nr];
	int err = spec_parse(text, spec);

	if (!err)
		err = region_spec_check(host, spec);
	if (!err && params_has(params, spec->name))
		err = -EEXIST;
	if (!err)
		params->nr++;
	return err;
}

static int params_add_each(struct params *params, struct host *host)
{
	char *text, *rest = params->text;
	int offset, err;

	while ((text = strsep(&rest, ","))) {
		offset = text - params->text;
		err = params_add(params, host, text);
		if (err) {
			pr_err("parameter regions: \"%.*s\" is not NAME:SIZE of a possible region: "
			       "%pe\n",
			       (int)strcspn(regions + offset, ","), regions + offset, ERR_PTR(err));
			return err;
		}
	}
	return 0;
}

static unsigned int params_count(const char *text)
{
	unsigned int nr = 1;

	while ((text = strchr(text, ','))) {
		text++;
		nr++;
	}
	return nr;
}

/**
 * params_parse() - read the parameter regions
 * @host: limits what the kernel log gets
 *
 * Return: what it asks for, for kfree(); NULL if it asks for nothing; an ERR_PTR for a value that
 * can't be, named in the kernel log.
 */
struct params *params_parse(struct host *host)
{
	struct params *params;
	unsigned int nr;
	int err;

	if (!regions || !*regions)
		return NULL;
	nr = params_count(regions);
	params = kzalloc(struct_size(params, specs, nr) + strlen(regions) + 1, GFP_KERNEL);
	if (!params)
		return ERR_PTR(-ENOMEM);
	params->text = strcpy((char *)&params->specs[nr], regions);
	err = params_add_each(params, host);
	if (!err)
		return params;
	kfree(params);
	return ERR_PTR(err);
}

/**
 * params_create_regions() - create what the parameter asks for
 * @host: complete
 * @params: from params_parse(), or NULL
 *
 * A region that can't be had is named in the kernel log; the others are made.
 */
void params_create_regions(struct host *host, const struct params *params)
{
	unsigned int i;
	int err;

	for (i = 0; params && i < params->nr; i++) {
		err = region_create(host, &params->specs[i]);
		if (err)
			pr_err("parameter regions: \"%s\" of %llu bytes can't be had: %pe\n",
			       params->specs[i].name, params->specs[i].size, ERR_PTR(err));
	}
}
