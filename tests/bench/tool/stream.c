// SPDX-License-Identifier: GPL-2.0-only
/* --mode stream: blocks through a socket, as many do today. */
#include <sys/socket.h>

#include "mode.h"

static int stream_fit(struct run *run)
{
	(void)run;
	return 0;
}

static int stream_send(struct run *run, uint64_t number)
{
	if (run->job.verify)
		pattern_fill(run->buffer, run->job.block, run->job.seed,
			     number * run->job.block);
	return socket_send(run->socket, run->buffer, run->job.block, run->watch);
}

/* The time ends when the other side says that it has all. */
static int stream_lead(struct run *run, uint64_t ns)
{
	uint64_t number = 0, begin = clock_ns();
	int ret = 0;

	run_count_begin(run);
	run_part_begin(run, ns);
	while (!ret && !(ret = run_step(run)))
		ret = stream_send(run, number++);
	shutdown(run->socket, SHUT_WR);
	/* who found something wrong has said so, and closed */
	if (ret >= 0 || ret == -ECONNRESET)
		ret = socket_conclude(run->socket, &run->other, run->watch);
	run->elapsed_ns = clock_ns() - begin;
	run_count_end(run);
	run->own.messages = number;
	return ret;
}

static int stream_answer(struct run *run)
{
	uint64_t block = run->job.block, wrong;
	int ret;

	run_count_begin(run);
	for (;;) {
		ret = socket_receive(run->socket, run->buffer, block, run->watch);
		if (ret)
			break;
		wrong = run->job.verify ? pattern_check(run->buffer, block, run->job.seed,
							run->own.messages * block) : block;
		if (wrong != block)
			return run_wrong(run, run->own.messages, wrong);
		run->own.messages++;
	}
	run_count_end(run);
	return ret == -ECONNRESET ? 0 : ret;
}

const struct mode mode_stream = {
	.name = "stream", .answered = true, .sockets = true,
	.fit = stream_fit, .lead = stream_lead, .answer = stream_answer,
};
