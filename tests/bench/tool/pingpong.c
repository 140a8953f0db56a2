// SPDX-License-Identifier: GPL-2.0-only
/* --mode pingpong: round trips of a cache line through memory, or of 64 bytes through a socket. */
#include <sys/socket.h>

#include "line.h"
#include "mode.h"

/* A round trip: 0 or -errno. */
typedef int trip_fn(struct run *run, uint64_t number);

static int trip_memory(struct run *run, uint64_t number)
{
	const struct line *other = line_of(run, MEETING_ANSWERER);
	uint64_t got;
	int ret;

	line_write(run, line_of(run, MEETING_LEADER), number);
	ret = line_await(run, other, number - 1, &got);
	if (ret)
		return ret;
	return got == number ? line_check(run, other, number) : run_wrong(run, number, 0);
}

static int trip_socket(struct run *run, uint64_t number)
{
	struct line line = { .number = 0 };
	int ret;

	line_write(run, &line, number);
	ret = socket_send(run->socket, &line, sizeof(line), run->watch);
	if (!ret)
		ret = socket_receive(run->socket, &line, sizeof(line), run->watch);
	if (ret)
		return ret;
	return line.number == number ? line_check(run, &line, number) : run_wrong(run, number, 0);
}

/* Many at once, so that the clock is no part of it. */
static int trips_together(struct run *run, trip_fn *trip, uint64_t ns, uint64_t *number)
{
	uint64_t first = *number, begin = clock_ns();
	int ret = 0;

	run_part_begin(run, ns);
	while (!ret && !(ret = run_step(run)))
		ret = trip(run, ++*number);
	run->elapsed_ns = clock_ns() - begin;
	run->own.messages = *number - first;
	run->mean_ns = (double)run->elapsed_ns / (double)run->own.messages;
	return ret < 0 ? ret : 0;
}

/* Each for itself; the end of one is the begin of the next. */
static int trips_alone(struct run *run, trip_fn *trip, uint64_t ns, uint64_t *number)
{
	uint64_t last, now;
	int ret = 0;

	run_part_begin(run, ns);
	last = clock_ns();
	while (!ret && !(ret = run_step(run))) {
		ret = trip(run, ++*number);
		now = clock_ns();
		histogram_add(run->samples, now - last);
		last = now;
	}
	return ret < 0 ? ret : 0;
}

static int trips_lead(struct run *run, trip_fn *trip, uint64_t ns)
{
	uint64_t number = 0;
	int ret = trips_together(run, trip, ns / 8, &number);

	if (!ret)
		ret = trips_together(run, trip, ns / 2, &number);
	return ret ? ret : trips_alone(run, trip, ns / 2, &number);
}

static int pingpong_fit(struct run *run)
{
	run->job.block = LINE_BYTES;
	return 0;
}

static int pingpong_prepare(struct run *run)
{
	if (run->meeting)
		lines_clear(run);
	return 0;
}

static int pingpong_lead(struct run *run, uint64_t ns)
{
	int ret = trips_lead(run, run->meeting ? trip_memory : trip_socket, ns);

	if (run->meeting)
		ivs_store(&line_of(run, MEETING_LEADER)->number, LINE_END);
	else
		shutdown(run->socket, SHUT_WR);
	if (ret && ret != -ECANCELED)
		return ret;
	return run->meeting ? meeting_conclude(run->meeting, &run->other) :
			      socket_conclude(run->socket, &run->other, run->watch);
}

static int answer_memory(struct run *run)
{
	const struct line *other = line_of(run, MEETING_LEADER);
	struct line *own = line_of(run, MEETING_ANSWERER);
	uint64_t number = 0, old = 0;
	int ret;

	for (;;) {
		ret = line_await(run, other, old, &number);
		if (ret || number == LINE_END)
			return ret;
		ret = line_check(run, other, number);
		if (ret)
			return ret;
		line_write(run, own, number);
		old = number;
		run->own.messages++;
		ret = watch_over(run->watch);
		if (ret)
			return ret;
	}
}

/* Until the leading side has closed its half. */
static int answer_socket(struct run *run)
{
	struct line line;
	int ret;

	for (;;) {
		ret = socket_receive(run->socket, &line, sizeof(line), run->watch);
		if (ret)
			return ret == -ECONNRESET ? 0 : ret;
		ret = line_check(run, &line, line.number);
		if (!ret)
			ret = socket_send(run->socket, &line, sizeof(line), run->watch);
		if (ret)
			return ret;
		run->own.messages++;
	}
}

static int pingpong_answer(struct run *run)
{
	return run->meeting ? answer_memory(run) : answer_socket(run);
}

const struct mode mode_pingpong = {
	.name = "pingpong", .answered = true, .memory = true, .sockets = true, .trips = true,
	.fit = pingpong_fit, .prepare = pingpong_prepare, .lead = pingpong_lead,
	.answer = pingpong_answer,
};
