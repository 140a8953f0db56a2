// SPDX-License-Identifier: GPL-2.0-only
/* What the host is told of the guest's RAM, and whether it is had before the guest starts. */
#include <errno.h>
#include <string.h>

#include "io/progress.h"
#include "machine.h"
#include "machine_parts.h"
#include "memory/ram.h"
#include "size.h"

static int machine_ram_prealloc(struct machine *m, struct error *err)
{
	struct progress progress;
	int ret;

	progress_init(&progress, "-mem-prealloc");
	ret = memory_region_prealloc_ram(&m->ram, m->opts->smp, progress_step, &progress);
	progress_fini(&progress);
	return ret ? error_set(err, ret, "-mem-prealloc: can't have all of -m %s now: %s",
			       size_text(m->opts->ram_size).text, strerror(-ret)) : 0;
}

/* Small pages do, too, on a host that has no huge ones. */
int machine_ram_settle(struct machine *m, struct error *err)
{
	memory_region_set_ram_policy(&m->ram, RAM_POLICY_HUGE, 0);
	return m->opts->prealloc ? machine_ram_prealloc(m, err) : 0;
}
