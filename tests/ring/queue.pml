/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queue (queue.h): producers claim slots, one of them may die at any moment, the consumer
 * passes by what it left. Nobody waits for ever; what was published is read once, each producer's
 * in its order; the consumer is rung no more often than it asked, or than a producer that has no
 * room asked for it.
 *
 * PLAIN_SLEEP, PLAIN_READY: a store is not ordered before the load behind it. NO_BURY: the dead are
 * not noticed. PLAIN_CLAIM: claimed by a load and a store.
 */
#define PRODUCERS	2
#define CONSUMER	PRODUCERS
#define SIDES		(PRODUCERS + 1)

#define SLOTS		2
#define RECORDS(who)	((who) + 1)

#define TAIL		0
#define POSITION	1
#define WAKE		2
#define WAITERS		3
#define SLOT		4
#define DATA		(SLOT + SLOTS)
#define WORDS		(DATA + SLOTS)

#include "tso.pml"

/* a slot's word: lap, owner, state */
#define CLAIMED		1
#define READY		2
#define VOID		3
#define LAP(at)		((at) / SLOTS + 1)
#define WORD(at, who, state)	(LAP(at) << 4 | (who) << 2 | (state))
#define OF_LAP(word, at)	((word) >> 4 == LAP(at))

bool bell[SIDES];
bool dead[PRODUCERS], died;
byte sent[PRODUCERS], ended;
/* Asked for, and did not come; more than can be on the way are not counted. */
byte asked;

/* Behind an empty store buffer, as a locked instruction. */
#define LOCKED(side)	empty(buffer[side]) ->

inline wait(side)
{
	atomic { bell[side] -> bell[side] = false }
}

inline ring_consumer()
{
	atomic {
		assert(asked);
		asked--;
		bell[CONSUMER] = true
	}
}


/* One may, wherever this is; the host tells the consumer, as soon as all it stored is seen. */
inline may_die()
{
	if
	:: atomic { !died -> died = true } ->
		atomic { LOCKED(me) dead[me] = true; bell[CONSUMER] = true }
		goto over
	:: true
	fi
}

/* ivs_queue_reserve(): @at is claimed, or there was no room after @seen */
inline reserve()
{
	atomic { got = false; tail = mem[TAIL] }
	atomic {
		seen = mem[POSITION];
		at = (tail >= seen && tail - seen <= SLOTS -> tail : seen);
		tail = 0
	}
	do
	:: atomic { !got && at - seen < SLOTS -> word = mem[SLOT + at % SLOTS] }
		if
		:: (word >> 4) == LAP(at) - 1 ->
#ifdef PLAIN_CLAIM
			store_ordered(me, SLOT + at % SLOTS, WORD(at, me, CLAIMED));
			got = true
#else
			atomic {
				LOCKED(me)
				if
				:: mem[SLOT + at % SLOTS] == word ->
					mem[SLOT + at % SLOTS] = WORD(at, me, CLAIMED);
					got = true
				:: else -> at++
				fi
			}
#endif
		:: (word >> 4) == LAP(at) -> at++
		:: else -> break
		fi
	:: else -> break
	od;
	word = 0
}

active [PRODUCERS] proctype producer()
{
	byte me = _pid - SIDES, at, seen, tail, word;
	bool got;

	do
	:: sent[me] < RECORDS(me) ->
		may_die();
		reserve();
		if
		:: !got ->
			/* ivs_queue_sleep_for_room() */
			atomic { LOCKED(me) mem[WAITERS] = mem[WAITERS] | 1 << me }
			if
			:: mem[POSITION] != seen
			:: else ->
				if
				:: mem[WAKE] == seen + 1 -> bell[CONSUMER] = true
				:: else
				fi;
				may_die();
				wait(me)
			fi;
			atomic { at = 0; seen = 0 }
		:: else ->
			may_die();
			atomic {
				LOCKED(me)
				if
				:: mem[TAIL] < at + 1 -> mem[TAIL] = at + 1
				:: else
				fi
			}
			may_die();
			store(me, DATA + at % SLOTS, me << 4 | sent[me]);
			may_die();
#ifdef PLAIN_READY
			sent[me]++;
			store(me, SLOT + at % SLOTS, WORD(at, me, READY));
#else
			atomic {
				LOCKED(me)
				assert(mem[SLOT + at % SLOTS] == WORD(at, me, CLAIMED));
				mem[SLOT + at % SLOTS] = WORD(at, me, READY);
				sent[me]++
			}
#endif
			/* a doorbell that dies with it is not missed: the host tells of it */
			may_die();
			if
			:: mem[WAKE] == at + 1 -> ring_consumer()
			:: else
			fi;
			atomic { at = 0; seen = 0; got = false }
		fi
	:: else -> break
	od;
over:
	atomic { ended++; bell[CONSUMER] = true }
}

/* All slots of who is known to be dead: ivs_queue_bury() */
inline bury()
{
	at = next;
	do
	:: at < published + SLOTS ->
		atomic {
			word = mem[SLOT + at % SLOTS];
			if
			:: OF_LAP(word, at) && (word & 3) == CLAIMED && dead[word >> 2 & 3] ->
				mem[SLOT + at % SLOTS] = WORD(at, 0, VOID)
			:: else
			fi
		}
		at++
	:: else -> break
	od;
	at = 0;
	word = 0
}

inline publish()
{
	if
	:: published != next ->
		published = next;
		store_ordered(CONSUMER, POSITION, next);
		if
		:: mem[WAITERS] ->
			atomic {
				bell[0] = bell[0] || (mem[WAITERS] & 1);
				bell[1] = bell[1] || (mem[WAITERS] & 2);
				mem[WAITERS] = 0
			}
		:: else
		fi
	:: else
	fi
}

active proctype consumer()
{
	byte next, published, at, word, who;
	byte got[PRODUCERS];

	do
	:: true ->
		word = mem[SLOT + next % SLOTS];
		if
		:: next - published < SLOTS && OF_LAP(word, next) && (word & 3) == READY ->
			who = word >> 2 & 3;
			assert(mem[DATA + next % SLOTS] == (who << 4 | got[who]));
			got[who]++;
			who = 0;
			next++;
			if
			:: publish()
			:: true
			fi
		:: next - published < SLOTS && OF_LAP(word, next) && (word & 3) == VOID -> next++
		:: else ->
			/* ivs_queue_sleep() */
			publish();
#ifndef NO_BURY
			if
			:: dead[0] || dead[1] -> bury()
			:: else
			fi;
#endif
			asked = (asked <= PRODUCERS -> asked + 1 : asked);
#ifdef PLAIN_SLEEP
			store(CONSUMER, WAKE, next + 1);
#else
			store_ordered(CONSUMER, WAKE, next + 1);
#endif
			word = mem[SLOT + next % SLOTS];
			if
			:: OF_LAP(word, next) && (word & 3) != CLAIMED
			:: else ->
				if
				:: ended == PRODUCERS && !bell[CONSUMER] && got[0] == sent[0] &&
				   got[1] == sent[1] -> break
				:: atomic { bell[CONSUMER] -> bell[CONSUMER] = false }
				fi
			fi
		fi
	od
}
