// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands: each one prints what another part of the machine knows. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "kvm/slots.h"
#include "kvm/slots_explain.h"
#include "kvm/vcpu.h"
#include "machine.h"
#include "memory/explain.h"
#include "memory/memory.h"
#include "monitor/command.h"
#include "pci/pci.h"
#include "snapshot/dirty_rate.h"
#include "snapshot/save.h"
#include "util.h"

#define WORDS_MAX	8

/* What stands behind a command's name. */
struct args {
	char flags[256];		/* letters of all words with a dash */
	unsigned int nr;
	const char *word[WORDS_MAX];	/* those without */
};

struct command {
	const char *group;		/* first word of two, or NULL */
	const char *name;
	const char *flags;		/* letters that may follow, each with a dash */
	const char *help;
	void (*run)(struct machine *m, FILE *out, const struct args *args);
	struct {
		const char *names;	/* what else may follow, for people; NULL: nothing */
		unsigned int min, max;
	} words;
};

/* A line, taken apart. */
struct words {
	unsigned int nr;
	char *word[WORDS_MAX];
	bool json;			/* is wanted; whatever else is wrong */
};

__attribute__((format(printf, 3, 4)))
static void complain(bool json, FILE *out, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!json) {
		fprintf(out, "error: %s\n", text);
		return;
	}
	fputs("{\"error\": ", out);
	json_string(out, text);
	fputs("}\n", out);
}

static bool wants(const struct args *args, char flag)
{
	return strchr(args->flags, flag);
}

static unsigned int mtree_flags(const struct args *args)
{
	static const struct {
		char letter;
		unsigned int flag;
	} letters[] = {
		{ 'f', MTREE_FLAT },
		{ 'd', MTREE_DISPATCH },
		{ 'o', MTREE_OWNERS },
		{ 'D', MTREE_DISABLED },
		{ 'j', MTREE_JSON },
	};
	unsigned int flags = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++)
		flags |= wants(args, letters[i].letter) ? letters[i].flag : 0;
	return flags;
}

static void run_mtree(struct machine *m, FILE *out, const struct args *args)
{
	mtree_info(m->memory, out, mtree_flags(args));
}

static bool address_parse(const char *text, uint64_t *addr)
{
	char *end;

	errno = 0;
	*addr = strtoull(text, &end, 0);
	return !errno && !*end && isdigit((unsigned char)text[0]);
}

static void explain_in(struct machine *m, FILE *out, const struct args *args, uint64_t addr)
{
	struct explain_server server = { "slot", kvm_slots_explain, m->slots };
	const char *name = args->nr > 1 ? args->word[1] : "memory";
	struct address_space *as = address_space_find(m->memory, name);

	if (!as)
		complain(wants(args, 'j'), out, "there is no address space '%s'; info mtree lists "
			 "them", name);
	else if (explain_info(as, addr, &server, out, wants(args, 'j')))
		complain(wants(args, 'j'), out, "out of memory");
}

static void run_explain(struct machine *m, FILE *out, const struct args *args)
{
	uint64_t addr;

	if (address_parse(args->word[0], &addr))
		explain_in(m, out, args, addr);
	else
		complain(wants(args, 'j'), out, "'%s' is not an address; write 0x1000, or 4096",
			 args->word[0]);
}

static void run_ramblock(struct machine *m, FILE *out, const struct args *args)
{
	ramblock_info(m->memory, out, mtree_flags(args));
}

static void run_slots(struct machine *m, FILE *out, const struct args *args)
{
	kvm_slots_info(m->slots, out, wants(args, 'j'));
}

static void run_vcpus(struct machine *m, FILE *out, const struct args *args)
{
	vcpus_info(m->vcpus, out, wants(args, 'j'));
}

static void run_pci(struct machine *m, FILE *out, const struct args *args)
{
	pci_info(m->pci, out, wants(args, 'j'));
}

static void run_status(struct machine *m, FILE *out, const struct args *args)
{
	const char *status = vcpus_paused(m->vcpus) ? "paused" : "running";

	fprintf(out, wants(args, 'j') ? "{\"status\": \"%s\"}\n" : "VM status: %s\n", status);
}

static void run_version(struct machine *m, FILE *out, const struct args *args)
{
	(void)m;
	fprintf(out, wants(args, 'j') ? "{\"version\": \"%s\"}\n" : "ivmm %s\n", IVSHMEM_VERSION);
}

static void run_cont(struct machine *m, FILE *out, const struct args *args)
{
	vcpus_resume(m->vcpus);
	run_status(m, out, args);
}

static void run_stop(struct machine *m, FILE *out, const struct args *args)
{
	vcpus_pause(m->vcpus);
	run_status(m, out, args);
}

static void run_quit(struct machine *m, FILE *out, const struct args *args)
{
	(void)args;
	fprintf(out, "quitting\n");
	machine_stop(m, 0);
}

static void run_snapshot(struct machine *m, FILE *out, const struct args *args)
{
	snapshot_save_info(m->snapshot, out, wants(args, 'j'));
}

static void run_snapshot_live(struct machine *m, FILE *out, const struct args *args)
{
	struct error err;

	if (machine_snapshot(m, args->word[0], &err))
		complain(wants(args, 'j'), out, "snapshot-live: %s", err.text);
	else
		fputs(wants(args, 'j') ? "{\"phase\": \"copying\"}\n" :
		      "snapshot: begun; info snapshot tells how far it is\n", out);
}

static void run_snapshot_cancel(struct machine *m, FILE *out, const struct args *args)
{
	if (m->snapshot && snapshot_save_running(m->snapshot))
		snapshot_save_cancel(m->snapshot);
	run_snapshot(m, out, args);
}

static void run_dirty_rate(struct machine *m, FILE *out, const struct args *args)
{
	const char *word = args->word[0];
	struct error err;
	char *end;
	unsigned long seconds = strtoul(word, &end, 10);

	if (!isdigit((unsigned char)*word) || *end || !seconds || seconds > DIRTY_RATE_SECONDS_MAX)
		complain(wants(args, 'j'), out, "'%s' is not a number of seconds from 1 to %d",
			 word, DIRTY_RATE_SECONDS_MAX);
	else if (machine_dirty_rate(m, seconds, wants(args, 'j'), &err))
		complain(wants(args, 'j'), out, "dirty-rate: %s", err.text);
}

static void run_help(struct machine *m, FILE *out, const struct args *args);

static const struct command commands[] = {
	{ "info", "mtree", "fdoDj", "the tree of memory regions; -f: the flat views, -d: how "
	  "lookups go, -o: owners, -D: disabled ones too", run_mtree, { 0 } },
	{ "info", "pci", "j", "PCI devices and their BARs", run_pci, { 0 } },
	{ "info", "ramblock", "j", "blocks of RAM", run_ramblock, { 0 } },
	{ "info", "slots", "j", "KVM's memory slots", run_slots, { 0 } },
	{ "info", "snapshot", "j", "how far the snapshot is", run_snapshot, { 0 } },
	{ "info", "status", "j", "do the vCPUs run?", run_status, { 0 } },
	{ "info", "vcpus", "j", "how often each vCPU came back from the guest, and why", run_vcpus,
	  { 0 } },
	{ "info", "version", "j", "the version of ivmm", run_version, { 0 } },
	{ NULL, "explain", "j", "what answers at an address (of memory, or of SPACE), and why",
	  run_explain, { "ADDR [SPACE]", 1, 2 } },
	{ NULL, "dirty-rate", "j", "pages that the guest stores to in a second, over SECONDS",
	  run_dirty_rate, { "SECONDS", 1, 1 } },
	{ NULL, "snapshot-live", "j", "save the running machine to a file, for ivmm -restore",
	  run_snapshot_live, { "PATH", 1, 1 } },
	{ NULL, "snapshot-cancel", "j", "end that, and leave no file", run_snapshot_cancel, { 0 } },
	{ NULL, "cont", "", "let the vCPUs run", run_cont, { 0 } },
	{ NULL, "stop", "", "put the vCPUs on hold", run_stop, { 0 } },
	{ NULL, "quit", "", "end the machine at once, with status 0", run_quit, { 0 } },
	{ NULL, "help", "", "this list; -j prints one line of JSON", run_help, { 0 } },
};

static void run_help(struct machine *m, FILE *out, const struct args *args)
{
	(void)m;
	(void)args;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];
		int width = fprintf(out, "%s%s%s%s%s", c->group ? c->group : "",
				    c->group ? " " : "", c->name, c->words.names ? " " : "",
				    c->words.names ? c->words.names : "");

		if (*c->flags)
			width += fprintf(out, " [-%s]", c->flags);
		fprintf(out, "%*s%s\n", 27 - width, "", c->help);
	}
}

/* -1 if there are too many of them. */
static int words_cut(struct words *w, char *line)
{
	char *save, *word;

	*w = (struct words){ .nr = 0 };
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (w->nr == WORDS_MAX)
			return -1;
		w->word[w->nr++] = word;
		w->json |= *word == '-' && strchr(word, 'j');
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

/* The letters behind the dashes: "-f -j" and "-fj" are the same. args->flags has room for all. */
static bool args_take(const struct command *c, const char *word, struct args *args)
{
	size_t n = *word == '-' ? strspn(word + 1, c->flags) : 0;

	if (*word == '-') {
		strcat(args->flags, word + 1);
		return n && !word[1 + n];
	}
	args->word[args->nr++] = word;
	return args->nr <= c->words.max;
}

static bool args_parse(const struct command *c, const struct words *w, unsigned int from,
		       struct args *args, FILE *out)
{
	for (unsigned int i = from; i < w->nr; i++) {
		if (!args_take(c, w->word[i], args)) {
			complain(w->json, out, "'%s' does not go with %s; help lists what does",
				 w->word[i], c->name);
			return false;
		}
	}
	if (args->nr < c->words.min)
		complain(w->json, out, "%s takes %s", c->name, c->words.names);
	return args->nr >= c->words.min;
}

void command_run(struct machine *m, char *line, bool too_long, FILE *out)
{
	struct args args = { .nr = 0 };
	const struct command *c;
	unsigned int used;
	struct words w;

	if (words_cut(&w, line)) {
		complain(w.json, out, "more than %d words; help lists the commands", WORDS_MAX);
		return;
	}
	if (too_long) {
		complain(w.json, out, "a line has at most %d characters", COMMAND_LINE_MAX);
		return;
	}
	if (!w.nr)
		return;
	c = command_find(&w, &used);
	if (!c)
		complain(w.json, out, "there is no '%s%s%s'; help lists the commands", w.word[0],
			 w.nr > 1 ? " " : "", w.nr > 1 ? w.word[1] : "");
	else if (args_parse(c, &w, used, &args, out))
		c->run(m, out, &args);
}
