// SPDX-License-Identifier: GPL-2.0-only
/* Reads the command line: a table of options, and a function for each kind of value. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "mode.h"
#include "options.h"
#include "size.h"
#include "util.h"

#define SECONDS_MOST	3600.0
#define PEERS		65536
#define CPUS		8192

enum {
	OPT_ANSWER = 256, OPT_BATCH, OPT_BLOCK, OPT_COPY, OPT_GAP, OPT_HEAR, OPT_HELP, OPT_JSON,
	OPT_KVM, OPT_MODE, OPT_ONCE, OPT_PATIENCE, OPT_PEER, OPT_PIN, OPT_PROGRESS, OPT_REPEAT,
	OPT_RING, OPT_SECONDS, OPT_SIZE, OPT_VERIFY, OPT_VERSION, OPT_WAIT,
};

static const struct option long_options[] = {
	{ "answer", no_argument, NULL, OPT_ANSWER },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "block", required_argument, NULL, OPT_BLOCK },
	{ "copy", required_argument, NULL, OPT_COPY },
	{ "gap", required_argument, NULL, OPT_GAP },
	{ "hear", required_argument, NULL, OPT_HEAR },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "kvm", required_argument, NULL, OPT_KVM },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "patience", required_argument, NULL, OPT_PATIENCE },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "pin", required_argument, NULL, OPT_PIN },
	{ "progress", no_argument, NULL, OPT_PROGRESS },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "ring", required_argument, NULL, OPT_RING },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{}
};

void options_help(void)
{
	puts("Measures how fast memory is that virtual machines and processes share.\n\n"
	     "usage: ivshmem-bench --answer [--once] [--pin CPU] PLACE\n"
	     "       ivshmem-bench --mode MODE [OPTION...] PLACE\n"
	     "       ivshmem-bench --help | --version\n\n"
	     "PLACE is a device /dev/ivshmemN, a region /dev/ivshmem/NAME, a BAR's file in\n"
	     "sysfs, any other file; or tcp:HOST:PORT, vsock:CID:PORT, unix:PATH.\n\n"
	     "  --answer        be the other side for whoever measures at PLACE\n"
	     "  --once          until the first one of them has left, not until a signal\n"
	     "  --pin CPU       run on this CPU\n\n"
	     "  --mode MODE     alone: read, write, mmap; with another side: ring, queue,\n"
	     "                  pingpong, doorbell, stream (sockets)\n"
	     "  --block LIST    bytes of a message: 64,4K or 64..1M, each 4 times the one\n"
	     "                  before (64..1M)\n"
	     "  --size SIZE     of the ring or queue (2M, or four blocks); how much memory\n"
	     "                  read, write and mmap go through (64M)\n"
	     "  --seconds S     seconds of each run (1)\n"
	     "  --repeat N      runs of each block (5)\n"
	     "  --verify        check every byte at the receiver, which takes time\n"
	     "  --json          for programs\n"
	     "  --progress      show it though standard error is no terminal\n"
	     "  --patience S    seconds to wait for somebody who answers (10)\n"
	     "  --copy HOW      messages are copied by a loop (from 2K on the processor's,\n"
	     "                  rep movsq), or by libc (loop)\n"
	     "  --batch N       messages that a ring publishes at once (those of 4K, 64 at\n"
	     "                  most)\n"
	     "  --wait HOW      who has nothing to do in a ring or queue waits for a bell,\n"
	     "                  where PLACE has any, or goes on to spin (bell)\n"
	     "  --ring HOW      doorbells are rung by a call, or by mapped registers (call)\n"
	     "  --hear HOW      they are heard by wait, by eventfd, or one looks at memory\n"
	     "                  (wait)\n"
	     "  --gap US        microseconds before each round trip of doorbells (1000;\n"
	     "                  memory: 0)\n"
	     "  --peer ID       whom to ring, if not who answers\n"
	     "  --kvm PID[,PID] on a host: count exits of these processes' machines");
}

static int value_wrong(const char *option, const char *text, const char *wanted, struct error *err)
{
	return error_arg(err, -EINVAL, "--%s %s: %s is wanted", option, text, wanted);
}

static int parse_number(const char *option, const char *text, long least, long most, long *value,
			struct error *err)
{
	char *end, wanted[64];

	*value = strtol(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *value >= least && *value <= most)
		return 0;
	snprintf(wanted, sizeof(wanted), "a number of %ld to %ld", least, most);
	return value_wrong(option, text, wanted, err);
}

static int parse_seconds(const char *option, const char *text, uint64_t *ns, struct error *err)
{
	char *end = NULL;
	double seconds = *text >= '0' && *text <= '9' ? strtod(text, &end) : 0;

	if (!end || *end || !(seconds * (double)NS_PER_S >= 1 && seconds <= SECONDS_MOST))
		return value_wrong(option, text, "a number of seconds up to 3600, such as 0.5",
				   err);
	*ns = (uint64_t)(seconds * (double)NS_PER_S);
	return 0;
}

/* One of @words, as its number. */
static int parse_word(const char *option, const char *text, const char *const *words,
		      uint64_t *value, struct error *err)
{
	char wanted[128] = "";
	uint64_t i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], text)) {
			*value = i;
			return 0;
		}
		strcat(strcat(wanted, i ? ", " : "one of "), words[i]);
	}
	return value_wrong(option, text, wanted, err);
}

static int parse_mode(const char *text, struct job *job, struct error *err)
{
	const char *names[JOB_MODES + 1] = { NULL };
	size_t i;

	for (i = 0; i < JOB_MODES; i++)
		names[i] = modes[i]->name;
	return parse_word("mode", text, names, &job->mode, err);
}

static int block_add(struct options *o, uint64_t block)
{
	if (o->block_count == OPTIONS_BLOCKS || block < JOB_BLOCK_LEAST || block > JOB_BLOCK_MOST ||
	    block % 8)
		return -EINVAL;
	o->blocks[o->block_count++] = block;
	return 0;
}

/* "64" or "64..1M" */
static int block_range(struct options *o, char *text)
{
	char *dots = strstr(text, "..");
	uint64_t first, last;

	if (dots)
		*dots = '\0';
	if (size_parse(text, 1, &first) || (dots && size_parse(dots + 2, 1, &last)))
		return -EINVAL;
	if (!dots)
		last = first;
	if (first > last || last > JOB_BLOCK_MOST)
		return -EINVAL;
	for (; first <= last; first *= 4)
		if (block_add(o, first))
			return -EINVAL;
	return 0;
}

static int parse_blocks(const char *text, struct options *o, struct error *err)
{
	char copy[256], *at = copy, *word;
	int ret = strlen(text) < sizeof(copy) ? 0 : -EINVAL;

	o->block_count = 0;
	if (!ret)
		strcpy(copy, text);
	while (!ret && (word = strsep(&at, ",")))
		ret = block_range(o, word);
	return ret ? value_wrong("block", text, "a list of multiples of 8 up to 64M, such as 64,4k "
				 "or 64..1M,", err) : 0;
}

static int parse_size(const char *text, struct options *o, struct error *err)
{
	if (!size_parse(text, 1, &o->job.capacity) && o->job.capacity)
		return 0;
	return value_wrong("size", text, "a size such as 2M", err);
}

static int parse_pids(const char *text, struct options *o, struct error *err)
{
	char copy[256], *at = copy, *word;
	long pid;
	int ret = 0;

	if (strlen(text) >= sizeof(copy))
		return value_wrong("kvm", text, "a short list of processes", err);
	strcpy(copy, text);
	while (!ret && (word = strsep(&at, ","))) {
		if (o->kvm.count == EXITS_MACHINES)
			return value_wrong("kvm", text, "a list of 8 processes at most", err);
		ret = parse_number("kvm", word, 1, 1L << 30, &pid, err);
		o->kvm.pids[o->kvm.count++] = (uint32_t)pid;
	}
	return ret;
}

/* Options that have no value. */
static void option_flag(int option, struct options *o)
{
	switch (option) {
	case OPT_ANSWER:
		o->what = OPTIONS_ANSWER;
		break;
	case OPT_HELP:
		o->what = OPTIONS_HELP;
		break;
	case OPT_VERSION:
		o->what = OPTIONS_VERSION;
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_ONCE:
		o->once = true;
		break;
	case OPT_PROGRESS:
		o->progress = true;
		break;
	case OPT_VERIFY:
		o->job.verify = 1;
		break;
	}
}

static int option_numeric(int option, const char *name, struct options *o, struct error *err)
{
	static const struct {
		int option;
		long least, most;
	} limits[] = {
		{ OPT_BATCH, 1, JOB_BATCH_MOST }, { OPT_GAP, 0, 1000000 },
		{ OPT_PEER, 0, PEERS - 1 }, { OPT_PIN, 0, CPUS - 1 },
		{ OPT_REPEAT, 1, OPTIONS_REPEAT_MOST },
	};
	long value;
	size_t i = 0;
	int ret;

	while (limits[i].option != option)
		i++;
	ret = parse_number(name, optarg, limits[i].least, limits[i].most, &value, err);
	if (ret)
		return ret;
	if (option == OPT_BATCH)
		o->job.batch = (uint64_t)value;
	else if (option == OPT_GAP)
		o->gap_ns = value * 1000;
	else if (option == OPT_PEER)
		o->peer = (int)value;
	else if (option == OPT_PIN)
		o->pin = (int)value;
	else
		o->repeat = (unsigned int)value;
	return 0;
}

static int option_word(int option, const char *name, struct options *o, struct error *err)
{
	static const char *const copies[] = { "loop", "libc", NULL };
	static const char *const rings[] = { "call", "mapped", NULL };
	static const char *const hears[] = { "wait", "eventfd", "memory", NULL };
	static const char *const waits[] = { "bell", "spin", NULL };
	uint64_t spin = 0;
	int ret;

	switch (option) {
	case OPT_COPY:
		return parse_word(name, optarg, copies, &o->job.libc, err);
	case OPT_RING:
		return parse_word(name, optarg, rings, &o->job.ring, err);
	case OPT_HEAR:
		return parse_word(name, optarg, hears, &o->job.hear, err);
	default:
		ret = parse_word(name, optarg, waits, &spin, err);
		o->spin = spin;
		return ret;
	}
}

static int option_take(int option, const char *name, struct options *o, struct error *err)
{
	switch (option) {
	case OPT_BLOCK:
		return parse_blocks(optarg, o, err);
	case OPT_KVM:
		return parse_pids(optarg, o, err);
	case OPT_MODE:
		return parse_mode(optarg, &o->job, err);
	case OPT_SIZE:
		return parse_size(optarg, o, err);
	case OPT_SECONDS:
		return parse_seconds(name, optarg, &o->ns, err);
	case OPT_PATIENCE:
		return parse_seconds(name, optarg, &o->patience_ns, err);
	case OPT_COPY:
	case OPT_RING:
	case OPT_HEAR:
	case OPT_WAIT:
		return option_word(option, name, o, err);
	case OPT_BATCH:
	case OPT_GAP:
	case OPT_PEER:
	case OPT_PIN:
	case OPT_REPEAT:
		return option_numeric(option, name, o, err);
	default:
		option_flag(option, o);
		return 0;
	}
}

static int option_unknown(int answer, char **argv, struct error *err)
{
	return error_arg(err, -EINVAL, "the option %s %s; `ivshmem-bench --help` lists them",
			 argv[optind - 1], answer == ':' ? "wants a value" :
			 "is not known, or takes no value");
}

/* What belongs together. */
static int options_check(const struct options *o, bool has_mode, struct error *err)
{
	const struct mode *mode = modes[o->job.mode];
	bool socket = place_is_socket(o->place);

	if (o->what == OPTIONS_ANSWER)
		return has_mode ? error_arg(err, -EINVAL, "--answer takes each --mode that is "
					    "asked for: leave one of the two out") : 0;
	if (!has_mode)
		return error_arg(err, -EINVAL, "--mode or --answer is missing; `ivshmem-bench "
				 "--help` tells more");
	if (socket ? mode->sockets : mode->memory)
		return 0;
	return error_arg(err, -EINVAL, socket ?
			 "--mode %s wants memory, but %s is a socket: only stream and pingpong go "
			 "through one" :
			 "--mode %s wants a socket, but %s is none: tcp:HOST:PORT, vsock:CID:PORT "
			 "or unix:PATH is one", mode->name, o->place);
}

int options_parse(struct options *o, int argc, char **argv, struct error *err)
{
	char blocks[] = "64..1M";
	bool has_mode = false;
	int option, index, ret = 0;

	*o = (struct options){
		.ns = NS_PER_S, .repeat = 5, .gap_ns = -1, .patience_ns = 10 * NS_PER_S,
		.peer = -1, .pin = -1,
	};
	opterr = 0;
	while (!ret && (option = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (option == '?' || option == ':')
			return option_unknown(option, argv, err);
		has_mode |= option == OPT_MODE;
		ret = option_take(option, long_options[index].name, o, err);
	}
	if (ret || o->what == OPTIONS_HELP || o->what == OPTIONS_VERSION)
		return ret;
	if (argc - optind != 1)
		return error_arg(err, -EINVAL, "one PLACE is wanted, such as /dev/ivshmem0; "
				 "`ivshmem-bench --help` tells more");
	o->place = argv[optind];
	if (!o->block_count)
		block_range(o, blocks);
	return options_check(o, has_mode, err);
}
