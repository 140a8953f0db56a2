// SPDX-License-Identifier: GPL-2.0-only
/* What `info snapshot` prints. */
#include <inttypes.h>

#include "json.h"
#include "snapshot/save.h"
#include "util.h"

#define MIB	0x100000u

static const char *const phase_words[] = {
	[SNAPSHOT_COPYING] = "copying RAM, the guest runs",
	[SNAPSHOT_STOPPED] = "the guest is stopped",
	[SNAPSHOT_FINISHING] = "completing the file, the guest runs",
	[SNAPSHOT_DONE] = "done",
	[SNAPSHOT_CANCELLED] = "cancelled",
	[SNAPSHOT_FAILED] = "failed",
};

static const char *const phase_names[] = {
	[SNAPSHOT_COPYING] = "copying",
	[SNAPSHOT_STOPPED] = "stopped",
	[SNAPSHOT_FINISHING] = "finishing",
	[SNAPSHOT_DONE] = "done",
	[SNAPSHOT_CANCELLED] = "cancelled",
	[SNAPSHOT_FAILED] = "failed",
};

static void info_text(const struct snapshot_progress *p, FILE *out)
{
	fprintf(out, "snapshot: %s%s%s\n", phase_words[p->phase],
		p->phase == SNAPSHOT_FAILED ? ": " : "", p->why.text);
	fprintf(out, "rounds done: %u\n", p->round);
	fprintf(out, "pages left: %" PRIu64 " of %" PRIu64 "\n", p->pages_left, p->pages);
	if (p->round)
		fprintf(out, "speed: %" PRIu64 " MiB/s\n", p->rate / MIB);
	if (p->phase <= SNAPSHOT_STOPPED && p->round)
		fprintf(out, "expected stop: %" PRIu64 " ms\n", p->expected_us / 1000);
	if (p->phase > SNAPSHOT_STOPPED && p->stopped_us)
		fprintf(out, "stopped for: %" PRIu64 " us\n", p->stopped_us);
}

static void info_json(const struct snapshot_progress *p, FILE *out)
{
	fprintf(out, "{\"phase\": \"%s\", \"rounds\": %u, \"pages\": %" PRIu64
		", \"pages_left\": %" PRIu64 ", \"bytes_per_second\": %" PRIu64
		", \"expected_stop_us\": %" PRIu64 ", \"stopped_us\": %" PRIu64,
		phase_names[p->phase], p->round, p->pages, p->pages_left, p->rate,
		p->expected_us, p->stopped_us);
	if (p->phase == SNAPSHOT_FAILED) {
		fputs(", \"why\": ", out);
		json_string(out, p->why.text);
	}
	fputs("}\n", out);
}

void snapshot_save_info(struct snapshot_save *s, FILE *out, bool json)
{
	struct snapshot_progress p;

	if (!s) {
		fputs(json ? "{\"phase\": null}\n" : "snapshot: none was taken\n", out);
		return;
	}
	snapshot_save_progress(s, &p);
	(json ? info_json : info_text)(&p, out);
}
