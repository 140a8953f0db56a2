/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the two sides of a ring wait for each other (ring.h): no wake-up is lost, so that nobody waits
 * for ever; nobody rings more often than the other asked; what is read is what was written. A
 * position counts records. Batches are of any size, and a producer wants any room.
 *
 * PLAIN_PUBLISH, PLAIN_SLEEP: the store is not ordered before the load behind it. NO_LOOK: sleeps
 * without a last look. NO_WRAP_CHECK: the producer takes no notice of what was read.
 */
#define PRODUCER	0
#define CONSUMER	1
#define SIDES		2

#define P_POSITION	0
#define P_WAKE		1
#define C_POSITION	2
#define C_WAKE		3
#define DATA		4
#define CAPACITY	2
#define WORDS		(DATA + CAPACITY)
#define TOTAL		4

#include "tso.pml"

bool bell[SIDES];

/* How often one asked for a doorbell that did not come. No more are counted than can be on the way. */
#define ASKED_MAX	2
byte asked[SIDES];

inline ring(side)
{
	atomic {
		assert(asked[side]);
		asked[side]--;
		bell[side] = true
	}
}

inline wait(side)
{
	atomic { bell[side] -> bell[side] = false }
}

/* ivs_ring_publish() */
inline publish(side, other, position, wake_word)
{
	if
	:: next != published ->
#ifdef PLAIN_PUBLISH
		store(side, position, next);
#else
		store_ordered(side, position, next);
#endif
		atomic {
			wake = mem[wake_word];
			if
			:: published < wake && wake <= next -> wake = 1
			:: else -> wake = 0
			fi;
			published = next
		}
		if
		:: wake -> ring(other); wake = 0
		:: else
		fi
	:: else
	fi
}

/* ivs_ring_sleep(), and the wait behind it; @need is at @next and beyond */
inline sleep(side, wake_word, position, lead)
{
	asked[side] = (asked[side] < ASKED_MAX -> asked[side] + 1 : ASKED_MAX);
#ifdef PLAIN_SLEEP
	store(side, wake_word, next + need - lead);
#else
	store_ordered(side, wake_word, next + need - lead);
#endif
#ifndef NO_LOOK
	if
	:: mem[position] + lead >= next + need
	:: else -> wait(side)
	fi
#else
	wait(side)
#endif
}

active proctype producer()
{
	byte next, published, limit = CAPACITY, need, wake;

	do
	:: next < TOTAL && next < limit ->
		atomic { store(PRODUCER, DATA + next % CAPACITY, next + 1); next++ }
		if
		:: publish(PRODUCER, CONSUMER, P_POSITION, C_WAKE)
		:: true
		fi
	:: next < TOTAL && next == limit ->
#ifdef NO_WRAP_CHECK
		limit = TOTAL;
#else
		limit = mem[C_POSITION] + CAPACITY;
#endif
		if
		:: next == limit ->
			select(need: 1 .. CAPACITY);
			publish(PRODUCER, CONSUMER, P_POSITION, C_WAKE);
			sleep(PRODUCER, P_WAKE, C_POSITION, CAPACITY);
			need = 0
		:: else
		fi
	:: next == TOTAL -> break
	od;
	publish(PRODUCER, CONSUMER, P_POSITION, C_WAKE)
}

active proctype consumer()
{
	byte next, published, limit, need = 1, wake;

	do
	:: next < limit ->
		atomic { assert(mem[DATA + next % CAPACITY] == next + 1); next++ }
		if
		:: publish(CONSUMER, PRODUCER, C_POSITION, P_WAKE)
		:: true
		fi
	:: next == limit && next < TOTAL ->
		limit = mem[P_POSITION];
		assert(limit - published <= CAPACITY);
		if
		:: next == limit ->
			publish(CONSUMER, PRODUCER, C_POSITION, P_WAKE);
			sleep(CONSUMER, C_WAKE, P_POSITION, 0)
		:: else
		fi
	:: next == TOTAL -> break
	od
}
