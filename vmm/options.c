// SPDX-License-Identifier: GPL-2.0-only
/* The command line's table, with one function an option. Knows the form, not the meaning. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "options.h"
#include "size.h"
#include "util.h"

#define MIB		0x100000ULL
#define RAM_MIN		(16 * MIB)
#define RAM_DEFAULT	(128 * MIB)
#define DIRTY_RING_MIN	1024u		/* entries: below, KVM's reserve is all there is */
#define DIRTY_RING_MAX	65536u

/* What parsing needs to remember beside its result. */
struct parser {
	struct options *opts;
	struct error *err;
	unsigned int nr_serial;
};

struct option {
	const char *name;	/* without its dash */
	const char *arg;	/* what --help calls its value; NULL: takes none */
	const char *help;
	int (*parse)(struct parser *p, const char *value);
};

static int parse_name(struct parser *p, const char *value)
{
	if (!*value)
		return error_arg(p->err, -EINVAL, "-name: the name is empty");
	p->opts->name = value;
	return 0;
}

static int parse_ram(struct parser *p, const char *value)
{
	int ret = size_parse(value, MIB, &p->opts->ram_size);

	if (ret == -EINVAL)
		return error_arg(p->err, -EINVAL, "-m: '%s' is not a size; write MiB, or a number "
				 "with M or G behind it", value);
	if (ret || p->opts->ram_size < RAM_MIN || p->opts->ram_size > LAYOUT_RAM_MAX)
		return error_arg(p->err, -EINVAL, "-m: %s is out of range; 16M to 64G", value);
	if (p->opts->ram_size % MIB)
		return error_arg(p->err, -EINVAL, "-m: %s is not a whole number of MiB", value);
	return 0;
}

static int parse_prealloc(struct parser *p, const char *value)
{
	(void)value;
	p->opts->prealloc = true;
	return 0;
}

static int parse_smp(struct parser *p, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)value[0]) || *end || n < 1 || n > LAYOUT_CPUS_MAX)
		return error_arg(p->err, -EINVAL, "-smp: '%s' is not a number of CPUs from 1 to %d",
				 value, LAYOUT_CPUS_MAX);
	p->opts->smp = n;
	return 0;
}

static int parse_path(struct parser *p, const char *option, const char *value, const char **out)
{
	if (!*value)
		return error_arg(p->err, -EINVAL, "%s: the file name is empty", option);
	*out = value;
	return 0;
}

static int parse_kernel(struct parser *p, const char *value)
{
	return parse_path(p, "-kernel", value, &p->opts->kernel);
}

static int parse_bios(struct parser *p, const char *value)
{
	return parse_path(p, "-bios", value, &p->opts->bios);
}

static int parse_restore(struct parser *p, const char *value)
{
	return parse_path(p, "-restore", value, &p->opts->restore);
}

static int parse_initrd(struct parser *p, const char *value)
{
	return parse_path(p, "-initrd", value, &p->opts->initrd);
}

static int parse_append(struct parser *p, const char *value)
{
	p->opts->append = value;
	return 0;
}

/* Does @value begin with @prefix ("unix:"), with something behind it? */
static bool has_path(const char *value, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(value, prefix, n) && value[n];
}

static int parse_serial(struct parser *p, const char *value)
{
	const char **slot = &p->opts->serial[p->nr_serial];

	if (p->nr_serial == OPTIONS_SERIAL_MAX)
		return error_arg(p->err, -EINVAL, "-serial %s: the machine has %d serial ports",
				 value, OPTIONS_SERIAL_MAX);
	if (strcmp(value, "none") && strcmp(value, "stdio") && !has_path(value, "file:") &&
	    !has_path(value, "unix:"))
		return error_arg(p->err, -EINVAL,
				 "-serial: '%s' is none of stdio, file:PATH, unix:PATH, none",
				 value);
	*slot = strcmp(value, "none") ? value : NULL;
	p->nr_serial++;
	return 0;
}

static int parse_debugcon(struct parser *p, const char *value)
{
	if (strcmp(value, "none") && strcmp(value, "stdio") && !has_path(value, "file:") &&
	    !has_path(value, "unix:"))
		return error_arg(p->err, -EINVAL,
				 "-debugcon: '%s' is none of stdio, file:PATH, unix:PATH, none",
				 value);
	p->opts->debugcon = strcmp(value, "none") ? value : NULL;
	return 0;
}

static int parse_monitor(struct parser *p, const char *value)
{
	if (strcmp(value, "none") && !has_path(value, "unix:"))
		return error_arg(p->err, -EINVAL, "-monitor: '%s' is neither unix:PATH nor none",
				 value);
	p->opts->monitor = strcmp(value, "none") ? value : NULL;
	return 0;
}

static int parse_list(struct parser *p, const char *option, const char *value,
		      struct props **list, unsigned int *nr)
{
	struct props *longer;

	if (*nr == OPTIONS_LIST_MAX)
		return error_arg(p->err, -EINVAL, "%s %s: more than %d of them", option, value,
				 OPTIONS_LIST_MAX);
	longer = reallocarray(*list, *nr + 1, sizeof(*longer));
	if (!longer)
		return error_set(p->err, -ENOMEM, "%s %s: out of memory", option, value);
	*list = longer;
	longer[*nr] = (struct props){};
	return props_parse(&longer[(*nr)++], option, value, p->err);
}

static int parse_object(struct parser *p, const char *value)
{
	return parse_list(p, "-object", value, &p->opts->objects, &p->opts->nr_objects);
}

static int parse_device(struct parser *p, const char *value)
{
	return parse_list(p, "-device", value, &p->opts->devices, &p->opts->nr_devices);
}

static bool ring_size_ok(uint64_t size)
{
	return size >= DIRTY_RING_MIN && size <= DIRTY_RING_MAX && !(size & (size - 1));
}

static int parse_ring_size(struct parser *p, const struct props *accel)
{
	const char *text = props_get(accel, "dirty-ring-size");
	char *end;
	unsigned long size;

	if (!text)
		return 0;
	size = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || (size && !ring_size_ok(size)))
		return error_arg(p->err, -EINVAL, "-accel kvm: dirty-ring-size=%s is not a power "
				 "of two from %u to %u", text, DIRTY_RING_MIN, DIRTY_RING_MAX);
	p->opts->dirty_ring_size = size;
	return 0;
}

static int parse_accel(struct parser *p, const char *value)
{
	static const char *const keys[] = { "dirty-ring-size", NULL };
	struct props accel = { 0 };
	int ret = props_parse(&accel, "-accel", value, p->err);

	if (!ret && strcmp(accel.driver, "kvm"))
		ret = error_arg(p->err, -EINVAL,
				"-accel: '%s' is not there; kvm is the only one", accel.driver);
	if (!ret)
		ret = props_check(&accel, keys, p->err);
	if (!ret)
		ret = parse_ring_size(p, &accel);
	props_fini(&accel);
	return ret;
}

static int parse_no_reboot(struct parser *p, const char *value)
{
	(void)p;
	(void)value;
	return 0;
}

static int parse_paused(struct parser *p, const char *value)
{
	(void)value;
	p->opts->paused = true;
	return 0;
}

static int parse_help(struct parser *p, const char *value)
{
	(void)value;
	p->opts->action = OPTIONS_HELP;
	return 0;
}

static int parse_version(struct parser *p, const char *value)
{
	(void)value;
	p->opts->action = OPTIONS_VERSION;
	return 0;
}

static const struct option options[] = {
	{ "name", "NAME", "what the machine is called in messages", parse_name },
	{ "m", "SIZE", "RAM, in MiB or with a suffix: 16M to 64G, 128M if not given", parse_ram },
	{ "mem-prealloc", NULL, "have all RAM before the guest starts", parse_prealloc },
	{ "smp", "N", "virtual CPUs: 1 to 8, 1 if not given", parse_smp },
	{ "kernel", "FILE", "the bzImage to boot", parse_kernel },
	{ "bios", "FILE", "firmware to start in, instead of a kernel", parse_bios },
	{ "initrd", "FILE", "a kernel's initial RAM disk", parse_initrd },
	{ "append", "TEXT", "a kernel's command line", parse_append },
	{ "restore", "FILE", "go on from a snapshot, with the options that it was taken with",
	  parse_restore },
	{ "serial", "DEV",
	  "COM1, given again: COM2: stdio (if none is given), file:PATH, unix:PATH, none",
	  parse_serial },
	{ "debugcon", "DEV", "firmware's log: stdio, file:PATH, unix:PATH, none", parse_debugcon },
	{ "monitor", "DEV", "where commands are taken: unix:PATH, none", parse_monitor },
	{ "object", "BACKEND", "memory: memory-backend-{ram,file,memfd,ivshmem},id=ID,size=SIZE,…",
	  parse_object },
	{ "device", "DEVICE", "a PCI device: ivshmem,shm=NAME,size=SIZE[,vectors=N], "
	  "or ivshmem-{plain,doorbell},…",
	  parse_device },
	{ "accel", "ACCEL", "kvm[,dirty-ring-size=N]: as ever, or with rings for dirty pages",
	  parse_accel },
	{ "no-reboot", NULL, "a reboot by the guest ends the program, as it always does",
	  parse_no_reboot },
	{ "S", NULL, "do not start the CPUs until the monitor's cont", parse_paused },
	{ "h", NULL, "this help; also --help", parse_help },
	{ "version", NULL, "the version", parse_version },
};

static const struct option *option_find(const char *word)
{
	word += word[1] == '-' ? 2 : 1;
	if (!strcmp(word, "help"))
		word = "h";
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, word))
			return &options[i];
	return NULL;
}

void options_help(FILE *out)
{
	fprintf(out, "usage: ivmm -kernel FILE | -bios FILE | -restore FILE [OPTION]…\n\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		int width = fprintf(out, "  -%s %s", o->name, o->arg ? o->arg : "");

		fprintf(out, "%*s%s\n", 20 - width, "", o->help);
	}
	fprintf(out, "\nman ivmm says it all.\n");
}

/* The option at argv[*i] with its value; *i goes on to the next one. */
static int option_take(struct parser *p, int argc, char **argv, int *i)
{
	const char *word = argv[(*i)++];
	const struct option *o = word[0] == '-' ? option_find(word) : NULL;

	if (word[0] != '-')
		return error_arg(p->err, -EINVAL,
				 "'%s' is no option; a kernel to boot goes behind -kernel", word);
	if (!o)
		return error_arg(p->err, -EINVAL, "unknown option %s; ivmm --help lists them",
				 word);
	if (!o->arg)
		return o->parse(p, NULL);
	if (*i == argc)
		return error_arg(p->err, -EINVAL, "%s: its value is missing; write %s %s", word,
				 word, o->arg);
	return o->parse(p, argv[(*i)++]);
}

/* QEMU's rule: a letter, then letters, digits and "-._". */
static bool id_ok(const char *id)
{
	if (!isalpha((unsigned char)id[0]))
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("-._", *id))
			return false;
	return true;
}

/* Each id= of a list is well-formed and differs from those before it. */
static int ids_check(const struct props *list, unsigned int nr, struct error *err)
{
	for (unsigned int i = 0; i < nr; i++) {
		const char *id = props_get(&list[i], "id"), *other;

		if (id && !id_ok(id))
			return error_arg(err, -EINVAL,
					 "%s %s: id=%s is not a letter followed by letters, "
					 "digits and '-._'",
					 list[i].option, list[i].driver, id);
		for (unsigned int k = 0; id && k < i; k++) {
			other = props_get(&list[k], "id");
			if (other && !strcmp(id, other))
				return error_arg(err, -EINVAL,
						 "%s %s: id=%s is taken; ids must differ",
						 list[i].option, list[i].driver, id);
		}
	}
	return 0;
}

static int boot_check(const struct options *opts, struct error *err)
{
	if (!opts->kernel && !opts->bios && !opts->restore)
		return error_arg(err, -EINVAL, "there is nothing to boot: give -kernel FILE, "
				 "-bios FILE or -restore FILE");
	if (opts->kernel && opts->bios)
		return error_arg(err, -EINVAL, "-bios %s: firmware can't get at a -kernel here; "
				 "give one of the two", opts->bios);
	if (opts->bios && (opts->initrd || opts->append))
		return error_arg(err, -EINVAL, "%s: goes with -kernel, not with -bios",
				 opts->initrd ? "-initrd" : "-append");
	return 0;
}

static bool is_serial(const struct options *opts, const char *spec)
{
	for (unsigned int i = 0; i < OPTIONS_SERIAL_MAX; i++)
		if (opts->serial[i] && !strcmp(opts->serial[i], spec))
			return true;
	return false;
}

/* What only the whole line can tell. */
static int options_check(const struct options *opts, struct error *err)
{
	int ret = boot_check(opts, err);

	if (ret)
		return ret;
	if (opts->serial[0] && opts->serial[1] && !strcmp(opts->serial[0], opts->serial[1]))
		return error_arg(err, -EINVAL, "-serial %s: given to both serial ports",
				 opts->serial[0]);
	if (opts->debugcon && is_serial(opts, opts->debugcon))
		return error_arg(err, -EINVAL, "-debugcon %s: given to a serial port too; write "
				 "-serial none", opts->debugcon);
	ret = ids_check(opts->objects, opts->nr_objects, err);
	return ret ? ret : ids_check(opts->devices, opts->nr_devices, err);
}

int options_parse(struct options *opts, int argc, char **argv, struct error *err)
{
	struct parser p = { .opts = opts, .err = err };
	int ret;

	*opts = (struct options){ .ram_size = RAM_DEFAULT, .smp = 1 };
	for (int i = 1; i < argc; ) {
		ret = option_take(&p, argc, argv, &i);
		if (ret || opts->action != OPTIONS_RUN)
			return ret;
	}
	if (!p.nr_serial)
		opts->serial[0] = "stdio";
	return options_check(opts, err);
}

void options_fini(struct options *opts)
{
	for (unsigned int i = 0; i < opts->nr_objects; i++)
		props_fini(&opts->objects[i]);
	for (unsigned int i = 0; i < opts->nr_devices; i++)
		props_fini(&opts->devices[i]);
	free(opts->objects);
	free(opts->devices);
}
