// SPDX-License-Identifier: GPL-2.0-only
/* The control page. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <ivshmem/words.h>

#include "clock.h"
#include "meeting.h"

#define BEATS_MISSED	(2000 / WATCH_BEAT_MS)	/* own ones, until the other side is dead */
#define BEATS_PROBED	12			/* in which somebody who lives has beaten */
#define NAP_NS		200000

static_assert(sizeof(struct meeting_side) <= MEETING_SIDE_BYTES, "two sides, a page");
static_assert(sizeof(struct job) <= sizeof(((struct meeting_side *)0)->words), "a job fits");
static_assert(sizeof(struct outcome) <= sizeof(((struct meeting_side *)0)->words), "so does this");

static void nap(uint64_t ns)
{
	struct timespec t = { .tv_nsec = (long)ns };

	nanosleep(&t, NULL);
}

static void words_store(uint64_t *to, const void *from, size_t count)
{
	const uint64_t *f = (const uint64_t *)from;
	size_t i;

	for (i = 0; i < count; i++)
		__atomic_store_n(&to[i], f[i], __ATOMIC_RELAXED);
}

static void words_load(void *to, const uint64_t *from, size_t count)
{
	uint64_t *t = (uint64_t *)to;
	size_t i;

	for (i = 0; i < count; i++)
		t[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/*
 * Life and death
 */

/* Whether the other side is dead, has left, or has gone on without this one. */
static bool meeting_over(const struct meeting *m, uint64_t partner)
{
	return ivs_load(&m->other->life) != partner || m->missed >= BEATS_MISSED ||
	       (__atomic_load_n(&m->met, __ATOMIC_RELAXED) &&
		ivs_load(&m->other->meant) != m->life);
}

/* Called by the watch: beats, and looks whether both sides are who they were. */
static void meeting_beat(void *opaque)
{
	struct meeting *m = opaque;
	uint64_t partner = __atomic_load_n(&m->partner, __ATOMIC_RELAXED);
	uint64_t beat = ivs_load(&m->other->beat);

	bell_news_drop(m->bell);
	ivs_store(&m->own->beat, m->own->beat + 1);
	m->missed = beat == m->beat ? m->missed + 1 : 0;
	m->beat = beat;
	if (ivs_load(&m->own->life) != m->life)
		watch_gone_set(m->watch, -EBUSY);
	else if (partner && meeting_over(m, partner))
		watch_gone_set(m->watch, -ECONNRESET);
}

/* The life of whoever is at @side, 0: nobody who lives. */
static uint64_t side_life(const struct meeting_side *side, const struct watch *watch)
{
	uint64_t beat = ivs_load(&side->beat);
	unsigned int i;

	if (ivs_load(&side->magic) != MEETING_MAGIC || !ivs_load(&side->life))
		return 0;
	for (i = 0; i < BEATS_PROBED && !watch_over(watch); i++) {
		nap(WATCH_BEAT_MS * 1000000);
		if (ivs_load(&side->beat) != beat)
			return ivs_load(&side->life);
	}
	return 0;
}

static uint64_t life_new(void)
{
	uint64_t life = 0;

	while (!life)
		if (getrandom(&life, sizeof(life), 0) != sizeof(life))
			life = clock_ns();
	return life;
}

int meeting_join(struct meeting *m, enum meeting_role role, struct place *place,
		 struct watch *watch, struct error *err)
{
	struct meeting_side *sides[2] = {
		(struct meeting_side *)place->mem,
		(struct meeting_side *)(place->mem + MEETING_SIDE_BYTES),
	};

	*m = (struct meeting){
		.role = role, .own = sides[role], .other = sides[!role], .watch = watch,
		.bell = &place->bell, .path = place->path, .life = life_new(),
	};
	if (side_life(m->own, watch))
		return error_set(err, -EBUSY, role == MEETING_LEADER ?
				 "somebody else measures at %s: wait until that is over" :
				 "somebody else answers at %s: one is enough", place->path);
	ivs_store(&m->own->life, 0);
	memset(m->own, 0, sizeof(*m->own));
	m->own->magic = MEETING_MAGIC;
	m->own->peer = place->bell.ops ? place->bell.own + 1 : 0;
	ivs_store_ordered(&m->own->life, m->life);
	watch_beat_set(watch, meeting_beat, m);
	return 0;
}

void meeting_leave(struct meeting *m)
{
	watch_beat_set(m->watch, NULL, NULL);
	if (ivs_load(&m->own->life) == m->life)
		ivs_store(&m->own->life, 0);
}

static void meeting_partner_set(struct meeting *m, uint64_t partner)
{
	pthread_mutex_lock(&m->watch->lock);
	m->missed = 0;
	__atomic_store_n(&m->partner, partner, __ATOMIC_RELAXED);
	watch_gone_set(m->watch, 0);
	pthread_mutex_unlock(&m->watch->lock);
}

/*
 * The leading side
 */

int meeting_find(struct meeting *m, uint64_t patience_ns, struct error *err)
{
	uint64_t end = clock_ns() + patience_ns, life;

	while (!(life = side_life(m->other, m->watch))) {
		if (watch_over(m->watch))
			return error_set(err, -EINTR, "ended by a signal");
		if (clock_ns() >= end)
			return error_set(err, -ETIMEDOUT, "nobody answers at %s: on the other "
					 "side `ivshmem-bench --answer` with its path for the same "
					 "memory is wanted", m->path);
		nap(NAP_NS);
	}
	meeting_partner_set(m, life);
	ivs_store(&m->own->meant, life);
	return 0;
}

/* Whether the other side has said @state, or more, to this job. */
static bool meeting_said(const struct meeting *m, enum meeting_state state)
{
	return ivs_load(&m->other->meant) == m->life && ivs_load(&m->other->step) == m->step &&
	       ivs_load(&m->other->state) >= state;
}

bool meeting_given_up(const struct meeting *m)
{
	return m->role == MEETING_LEADER && meeting_said(m, MEETING_DONE);
}

int meeting_peer(const struct meeting *m)
{
	uint64_t peer = ivs_load(&m->other->peer);

	return peer && peer <= IVSHMEM_PEERS_MAX ? (int)peer - 1 : -1;
}

static int meeting_await(struct meeting *m, enum meeting_state state)
{
	int ret = 0;

	while (!meeting_said(m, state) && !ret) {
		nap(NAP_NS);
		ret = watch_over(m->watch);
	}
	__atomic_store_n(&m->met, true, __ATOMIC_RELAXED);
	return ret;
}

int meeting_propose(struct meeting *m, const struct job *job, struct outcome *refusal)
{
	int ret;

	words_store(m->own->words, job, JOB_WORDS);
	ivs_store(&m->own->mark, 0);
	ivs_store(&m->own->total, 0);
	ivs_store(&m->own->step, ++m->step);
	ret = meeting_await(m, MEETING_READY);
	if (!ret && ivs_load(&m->other->state) == MEETING_DONE)
		return meeting_conclude(m, refusal);
	return ret;
}

int meeting_mark(struct meeting *m)
{
	int ret = 0;

	ivs_store(&m->own->mark, 1);
	while (ivs_load(&m->other->mark) != 1 && !ret)
		ret = meeting_given_up(m) ? -ECANCELED : watch_over(m->watch);
	return ret;
}

void meeting_total_set(struct meeting *m, uint64_t total)
{
	ivs_store(&m->own->total, total + 1);
}

int meeting_conclude(struct meeting *m, struct outcome *outcome)
{
	int ret = meeting_await(m, MEETING_DONE);

	if (!ret)
		words_load(outcome, m->other->words, OUTCOME_WORDS);
	return ret;
}

/*
 * The answering side
 */

/* Whether a leader is there whom one has not met, or whose death was not noticed. */
static bool meeting_new_leader(struct meeting *m)
{
	uint64_t life = ivs_load(&m->other->life);

	if (ivs_load(&m->other->magic) != MEETING_MAGIC || !life || life == m->partner ||
	    life == m->buried || ivs_load(&m->other->meant) != m->life)
		return false;
	meeting_partner_set(m, life);
	m->step = 0;
	ivs_store(&m->own->state, 0);
	ivs_store(&m->own->meant, life);
	return true;
}

/* Whether the leader that one has met asks for another job. */
static bool meeting_asked(struct meeting *m)
{
	uint64_t step;

	meeting_new_leader(m);
	if (!m->partner)
		return false;
	step = ivs_load(&m->other->step);
	if (!step || step == m->step || ivs_load(&m->other->life) != m->partner)
		return false;
	m->step = step;
	return true;
}

int meeting_hear(struct meeting *m, struct job *job)
{
	int ret;

	while (!meeting_asked(m)) {
		ret = watch_over(m->watch);
		if (ret == -ECONNRESET) {
			m->buried = m->partner;
			ivs_store(&m->own->meant, 0);
			meeting_partner_set(m, 0);
		}
		if (ret)
			return ret;
		nap(m->partner ? NAP_NS : 5 * NAP_NS);
	}
	words_load(job, m->other->words, JOB_WORDS);
	return 0;
}

static void meeting_say(struct meeting *m, enum meeting_state state)
{
	ivs_store(&m->own->state, 0);
	ivs_store(&m->own->step, m->step);
	ivs_store(&m->own->state, state);
}

void meeting_ready(struct meeting *m)
{
	ivs_store(&m->own->mark, 0);
	meeting_say(m, MEETING_READY);
}

void meeting_done(struct meeting *m, const struct outcome *outcome)
{
	/* who stood still may find that another one answers there now */
	if (ivs_load(&m->own->life) != m->life)
		return;
	words_store(m->own->words, outcome, OUTCOME_WORDS);
	meeting_say(m, MEETING_DONE);
}

bool meeting_marked(const struct meeting *m)
{
	return ivs_load(&m->other->mark) != m->own->mark;
}

void meeting_mark_answer(struct meeting *m)
{
	ivs_store(&m->own->mark, 1);
}
