// SPDX-License-Identifier: GPL-2.0-only
/* --mode stream: blocks through a socket, as many do today. */
#include <sys/socket.h>

#include "mode.h"

#define STREAM_WARM	(1u << 20)	/* bytes */

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

/* So many messages don't count, for a new connection is slow. */
static uint64_t stream_warm(const struct run *run)
{
	return STREAM_WARM / run->job.block + 1;
}

/* A byte comes back when the other side has them all. */
static int stream_warm_up(struct run *run, uint64_t number)
{
	unsigned char ready;
	uint64_t i;
	int ret = 0;

	for (i = 0; i < number && !ret; i++)
		ret = stream_send(run, i);
	return ret ? ret : socket_receive(run->socket, &ready, sizeof(ready), run->watch);
}

/* The time ends when the other side says that it has all. */
static int stream_lead(struct run *run, uint64_t ns)
{
	uint64_t warm = stream_warm(run), number = warm, begin;
	int ret = stream_warm_up(run, warm);

	begin = clock_ns();
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
	run->own.messages = number - warm;
	return ret;
}

/* 0 or -errno: -ECONNRESET there is none, -EBADMSG it is wrong. */
static int stream_take(struct run *run, uint64_t number)
{
	uint64_t block = run->job.block, wrong;
	int ret = socket_receive(run->socket, run->buffer, block, run->watch);

	if (ret || !run->job.verify)
		return ret;
	wrong = pattern_check(run->buffer, block, run->job.seed, number * block);
	return wrong == block ? 0 : run_wrong(run, number, wrong);
}

/* Ready is said whatever was found: the other side waits for it, and then reads the outcome. */
static int stream_warm_answer(struct run *run, uint64_t number)
{
	const unsigned char ready = 1;
	uint64_t i;
	int ret = 0, err;

	for (i = 0; i < number && !ret; i++)
		ret = stream_take(run, i);
	err = socket_send(run->socket, &ready, sizeof(ready), run->watch);
	return ret ? ret : err;
}

static int stream_answer(struct run *run)
{
	uint64_t warm = stream_warm(run), number = warm;
	int ret = stream_warm_answer(run, warm);

	run_count_begin(run);
	while (!ret && !(ret = stream_take(run, number)))
		number++;
	run_count_end(run);
	run->own.messages = number - warm;
	return ret == -ECONNRESET ? 0 : ret;
}

const struct mode mode_stream = {
	.name = "stream", .answered = true, .sockets = true,
	.fit = stream_fit, .lead = stream_lead, .answer = stream_answer,
};
