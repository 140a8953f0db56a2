// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands: each one prints what another part of the machine knows. */
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "json.h"
#include "kvm/slots.h"
#include "kvm/vcpu.h"
#include "machine.h"
#include "memory/memory.h"
#include "monitor/command.h"
#include "pci/pci.h"
#include "util.h"

#define WORDS_MAX	8

struct command {
	const char *group;		/* first word of two, or NULL */
	const char *name;
	const char *flags;		/* letters that may follow, each with a dash */
	const char *help;
	void (*run)(struct machine *m, FILE *out, const char *flags);
};

/* A line, taken apart. */
struct words {
	unsigned int nr;
	char *word[WORDS_MAX];
};

static bool wants(const char *flags, char flag)
{
	return strchr(flags, flag);
}

static unsigned int mtree_flags(const char *flags)
{
	return (wants(flags, 'f') ? MTREE_FLAT : 0) | (wants(flags, 'j') ? MTREE_JSON : 0);
}

static void run_mtree(struct machine *m, FILE *out, const char *flags)
{
	mtree_info(m->memory, out, mtree_flags(flags));
}

static void run_ramblock(struct machine *m, FILE *out, const char *flags)
{
	ramblock_info(m->memory, out, mtree_flags(flags));
}

static void run_slots(struct machine *m, FILE *out, const char *flags)
{
	kvm_slots_info(m->slots, out, wants(flags, 'j'));
}

static void run_pci(struct machine *m, FILE *out, const char *flags)
{
	pci_info(m->pci, out, wants(flags, 'j'));
}

static void run_status(struct machine *m, FILE *out, const char *flags)
{
	const char *status = vcpus_paused(m->vcpus) ? "paused" : "running";

	fprintf(out, wants(flags, 'j') ? "{\"status\": \"%s\"}\n" : "VM status: %s\n", status);
}

static void run_version(struct machine *m, FILE *out, const char *flags)
{
	(void)m;
	fprintf(out, wants(flags, 'j') ? "{\"version\": \"%s\"}\n" : "ivmm %s\n", IVSHMEM_VERSION);
}

static void run_cont(struct machine *m, FILE *out, const char *flags)
{
	vcpus_resume(m->vcpus);
	run_status(m, out, flags);
}

static void run_stop(struct machine *m, FILE *out, const char *flags)
{
	vcpus_pause(m->vcpus);
	run_status(m, out, flags);
}

static void run_quit(struct machine *m, FILE *out, const char *flags)
{
	(void)flags;
	fprintf(out, "quitting\n");
	machine_stop(m, 0);
}

static void run_help(struct machine *m, FILE *out, const char *flags);

static const struct command commands[] = {
	{ "info", "mtree", "fj", "the tree of memory regions; -f: the flat views", run_mtree },
	{ "info", "pci", "j", "PCI devices and their BARs", run_pci },
	{ "info", "ramblock", "j", "blocks of RAM", run_ramblock },
	{ "info", "slots", "j", "KVM's memory slots", run_slots },
	{ "info", "status", "j", "do the vCPUs run?", run_status },
	{ "info", "version", "j", "the version of ivmm", run_version },
	{ NULL, "cont", "", "let the vCPUs run", run_cont },
	{ NULL, "stop", "", "put the vCPUs on hold", run_stop },
	{ NULL, "quit", "", "end the machine at once, with status 0", run_quit },
	{ NULL, "help", "", "this list; -j prints one line of JSON", run_help },
};

static void run_help(struct machine *m, FILE *out, const char *flags)
{
	(void)m;
	(void)flags;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int width = fprintf(out, "%s%s%s", c->group ? c->group : "", c->group ? " " : "",
				    c->name);

		for (const char *flag = c->flags; *flag; flag++)
			width += fprintf(out, " [-%c]", *flag);
		fprintf(out, "%*s%s\n", 24 - width, "", c->help);
	}
}

/* Is JSON wanted? The whole line is looked at, as it may be wrong in any place. */
static bool words_want_json(const struct words *w)
{
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->word[i][0] == '-' && strchr(w->word[i], 'j'))
			return true;
	return false;
}

__attribute__((format(printf, 3, 4)))
static void complain(const struct words *w, FILE *out, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!words_want_json(w)) {
		fprintf(out, "error: %s\n", text);
		return;
	}
	fputs("{\"error\": ", out);
	json_string(out, text);
	fputs("}\n", out);
}

/* -1 if there are too many of them. */
static int words_cut(struct words *w, char *line)
{
	char *save, *word;

	w->nr = 0;
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (w->nr == WORDS_MAX)
			return -1;
		w->word[w->nr++] = word;
	}
	return 0;
}

/* How many words of @w are the command's name; 0: it is another one. */
static unsigned int command_matches(const struct command *c, const struct words *w)
{
	unsigned int at = 0;

	if (c->group && strcmp(w->word[at++], c->group))
		return 0;
	return at < w->nr && !strcmp(w->word[at], c->name) ? at + 1 : 0;
}

static const struct command *command_find(const struct words *w, unsigned int *used)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		*used = command_matches(&commands[i], w);
		if (*used)
			return &commands[i];
	}
	return NULL;
}

/* The letters behind the dashes: "-f -j" and "-fj" are the same. @flags has room for all. */
static bool flags_parse(const struct command *c, const struct words *w, unsigned int from,
			char *flags, FILE *out)
{
	for (unsigned int i = from; i < w->nr; i++) {
		const char *word = w->word[i];
		size_t n = *word == '-' ? strspn(word + 1, c->flags) : 0;

		if (!n || word[1 + n]) {
			complain(w, out, "'%s' does not go with %s; help lists what does", word,
				 c->name);
			return false;
		}
		strcat(flags, word + 1);
	}
	return true;
}

void command_run(struct machine *m, char *line, bool too_long, FILE *out)
{
	char flags[256] = "";
	const struct command *c;
	unsigned int used;
	struct words w;

	if (words_cut(&w, line)) {
		complain(&w, out, "more than %d words; help lists the commands", WORDS_MAX);
		return;
	}
	if (too_long) {
		complain(&w, out, "a line has at most %d characters", COMMAND_LINE_MAX);
		return;
	}
	if (!w.nr)
		return;
	c = command_find(&w, &used);
	if (!c)
		complain(&w, out, "there is no '%s%s%s'; help lists the commands", w.word[0],
			 w.nr > 1 ? " " : "", w.nr > 1 ? w.word[1] : "");
	else if (flags_parse(c, &w, used, flags, out))
		c->run(m, out, flags);
}
