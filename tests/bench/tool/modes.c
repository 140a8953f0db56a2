// SPDX-License-Identifier: GPL-2.0-only
/* The table of modes, and whether a job is one of them. */
#include <stdlib.h>

#include "mode.h"

#define PAGE	4096

const struct mode *const modes[JOB_MODES] = {
	[JOB_READ] = &mode_read,
	[JOB_WRITE] = &mode_write,
	[JOB_MMAP] = &mode_mmap,
	[JOB_RING] = &mode_ring,
	[JOB_QUEUE] = &mode_queue,
	[JOB_PINGPONG] = &mode_pingpong,
	[JOB_DOORBELL] = &mode_doorbell,
	[JOB_STREAM] = &mode_stream,
};

/* Whoever sent it. */
static bool job_sane(const struct job *job)
{
	return job->mode < JOB_MODES && job->block >= JOB_BLOCK_LEAST &&
	       job->block <= JOB_BLOCK_MOST && job->block % 8 == 0 && job->batch &&
	       job->batch <= JOB_BATCH_MOST && job->ring <= JOB_RING_MAPPED &&
	       job->hear <= JOB_HEAR_MEMORY;
}

int run_init(struct run *run)
{
	const struct mode *mode;
	void *buffer;
	int ret;

	if (!job_sane(&run->job))
		return -EPROTO;
	mode = modes[run->job.mode];
	if (run->place->mem ? !mode->memory : !mode->sockets)
		return -EOPNOTSUPP;
	if (run->job.bells)
		ret = bell_use(&run->place->bell, (enum job_ring)run->job.ring, JOB_HEAR_WAIT);
	else
		ret = 0;
	if (!ret)
		ret = mode->fit(run);
	if (ret)
		return ret;
	if (posix_memalign(&buffer, PAGE, run->job.block))
		return -ENOMEM;
	memset(buffer, 0, run->job.block);
	run->buffer = buffer;
	return 0;
}

void run_fini(struct run *run)
{
	free(run->buffer);
}
