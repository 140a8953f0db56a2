// SPDX-License-Identifier: GPL-2.0-only
/* The answering side: does what a leading side asks for, and goes on for the next one. */
#include <string.h>
#include <unistd.h>

#include "mode.h"
#include "sides.h"

struct answering {
	const struct options *o;
	struct place place;
	struct meeting meeting;
	struct watch *watch;
	struct error *err;
};

/* All that comes before the other side may begin. */
static int answer_prepare(struct answering *a, struct run *run)
{
	const struct mode *mode;
	int ret;

	if (run->meeting)
		a->place.bell.peer = (uint32_t)meeting_peer(run->meeting);
	ret = run_init(run);
	if (ret)
		return ret;
	mode = modes[run->job.mode];
	if (!mode->answered)
		return -EOPNOTSUPP;
	return mode->prepare ? mode->prepare(run) : 0;
}

/*
 * By memory
 */

static void answer_meeting_job(struct answering *a, const struct job *job)
{
	struct run run = {
		.job = *job, .place = &a->place, .meeting = &a->meeting, .socket = -1,
		.watch = a->watch,
	};
	int ret = answer_prepare(a, &run);

	if (!ret) {
		meeting_ready(&a->meeting);
		ret = modes[run.job.mode]->answer(&run);
	}
	run.own.error = (uint64_t)-ret;
	meeting_done(&a->meeting, &run.own);
	run_fini(&run);
}

static int answer_meeting(struct answering *a)
{
	struct job job;
	int ret;

	if (!a->place.writable)
		return error_arg(a->err, -EACCES, "%s may only be read by you: who answers there "
				 "writes, too", a->place.path);
	ret = meeting_join(&a->meeting, MEETING_ANSWERER, &a->place, a->watch, a->err);
	if (ret)
		return ret;
	for (;;) {
		ret = meeting_hear(&a->meeting, &job);
		if (!ret)
			answer_meeting_job(a, &job);
		else if (ret != -ECONNRESET || a->o->once)
			break;
	}
	meeting_leave(&a->meeting);
	return ret == -EBUSY ? error_set(a->err, ret, "somebody else answers at %s now",
					 a->place.path) : 0;
}

/*
 * By sockets
 */

/* Whether the leading side asks for no more, or is gone. */
static bool answer_socket_job(struct answering *a, int fd)
{
	struct run run = { .place = &a->place, .socket = fd, .watch = a->watch };
	int ret = socket_hear(fd, &run.job, a->watch);
	bool left;

	if (ret)
		return true;
	ret = answer_prepare(a, &run);
	run.own.error = (uint64_t)-ret;
	left = socket_answer(fd, &run.own, a->watch) || ret;
	if (!left) {
		run.own.error = (uint64_t)-modes[run.job.mode]->answer(&run);
		left = socket_answer(fd, &run.own, a->watch) || run.own.error || run.job.last;
	}
	run_fini(&run);
	return left;
}

static int answer_sockets(struct answering *a)
{
	int listener = socket_listen(a->o->place, a->err), fd;
	bool left = false;

	if (listener < 0)
		return listener;
	while (!left || !a->o->once) {
		fd = socket_accept(listener, a->watch);
		if (fd < 0)
			break;
		left = answer_socket_job(a, fd);
		close(fd);
	}
	socket_unlisten(listener, a->o->place);
	return 0;
}

int answer(const struct options *o, struct watch *watch, struct error *err)
{
	struct answering a = { .o = o, .watch = watch, .err = err };
	int ret = place_open(&a.place, o->place, true, err);

	if (ret)
		return ret;
	ret = a.place.mem ? answer_meeting(&a) : answer_sockets(&a);
	place_close(&a.place);
	return ret;
}
