/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How two sides that share memory meet: a half page a side at its beginning, which only that side
 * writes. Who is there has a life, a random number, and a beat that goes on while it lives, so that
 * what a dead one left is nobody; words are meant for one life of the other side. Nothing that is
 * read there is believed beyond that.
 */
#ifndef TESTS_BENCH_TOOL_MEETING_H
#define TESTS_BENCH_TOOL_MEETING_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "job.h"
#include "place.h"
#include "watch.h"

#define MEETING_MAGIC	0x31686e65622e7669ull	/* "iv.benh1" */

/* The answering side's words come first, then the leading one's. */
#define MEETING_SIDE_BYTES	2048

enum meeting_role {
	MEETING_ANSWERER,
	MEETING_LEADER,
};

/* What the answering side has said to the job of @step. */
enum meeting_state {
	MEETING_READY = 1,
	MEETING_DONE = 2,
};

/**
 * struct meeting_side - the words of one side
 * @magic: MEETING_MAGIC
 * @life: who is there, 0: nobody
 * @beat: grows while it lives
 * @meant: life of the other side that all that follows is for
 * @step: number of the job that is proposed, or answered
 * @state: of the answering side, of enum meeting_state
 * @mark: grows at the point from which on a run counts; answered by the same number
 * @total: of the leading side: messages in all, and one more; 0: not known yet
 * @peer: id of its doorbell, and one more; 0: it has none
 * @words: the job, or its outcome
 */
struct meeting_side {
	uint64_t magic;
	uint64_t life;
	uint64_t beat;
	uint64_t meant;
	uint64_t step;
	uint64_t state;
	uint64_t mark;
	uint64_t total;
	uint64_t peer;
	uint64_t words[16];
};

/**
 * struct meeting - one side's view of it
 * @role: which side
 * @own: words
 * @other: of the other side, to be read only
 * @watch: its beat, and who is gone
 * @bell: of the place
 * @path: of the place, for messages
 * @life: own
 * @partner: life of the other side, 0: none
 * @buried: of the last one that is gone, whatever is left of it
 * @step: of the last job
 * @beat: of the other side, as last seen
 * @missed: own beats since then
 * @met: the other side has meant this one
 */
struct meeting {
	enum meeting_role role;
	struct meeting_side *own;
	const struct meeting_side *other;
	struct watch *watch;
	struct bell *bell;
	const char *path;
	uint64_t life;
	uint64_t partner;
	uint64_t buried;
	uint64_t step;
	uint64_t beat;
	unsigned int missed;
	bool met;
};

/**
 * meeting_join() - be one side
 *
 * Return: 0; -EBUSY somebody else lives there; -EINTR, @err filled.
 */
int meeting_join(struct meeting *m, enum meeting_role role, struct place *place,
		 struct watch *watch, struct error *err);
void meeting_leave(struct meeting *m);

/*
 * The leading side
 */

/* Waits until somebody answers. 0; -ETIMEDOUT, -EINTR, @err filled. */
int meeting_find(struct meeting *m, uint64_t patience_ns, struct error *err);

/* Proposes a job, and waits until the other side is ready for it. 0 or -errno. */
int meeting_propose(struct meeting *m, const struct job *job, struct outcome *refusal);

/* From here on the run counts: when this returns the other side counts anew. 0 or -errno. */
int meeting_mark(struct meeting *m);

/* Tells how many messages there are in all. */
void meeting_total_set(struct meeting *m, uint64_t total);

/* Waits for the outcome. 0 or -errno. */
int meeting_conclude(struct meeting *m, struct outcome *outcome);

/* Whether the other side has told an outcome already. */
bool meeting_given_up(const struct meeting *m);

/*
 * The answering side
 */

/* Waits for a job: 0; -ECONNRESET a leader was there, and left; -EINTR. */
int meeting_hear(struct meeting *m, struct job *job);
void meeting_ready(struct meeting *m);
void meeting_done(struct meeting *m, const struct outcome *outcome);

/* Id of the other side's doorbell, -1: it has none. */
int meeting_peer(const struct meeting *m);

/* Whether the run is to count anew; who has done so answers. */
bool meeting_marked(const struct meeting *m);
void meeting_mark_answer(struct meeting *m);

/* How many messages there are in all, and one more; 0: not known yet. */
static inline uint64_t meeting_total(const struct meeting *m)
{
	return __atomic_load_n(&m->other->total, __ATOMIC_ACQUIRE);
}

#endif /* TESTS_BENCH_TOOL_MEETING_H */
