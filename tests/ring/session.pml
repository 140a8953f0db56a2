/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the two sides of a ring meet (ring.h) when either may be killed at any moment and comes back:
 * a consumer reads what its own producer wrote for it and nothing else, in order, and all that was
 * published before the producer died; in the end those who live do meet. Who is killed is reported
 * to the other, as LEFT is.
 *
 * NO_ASK: a producer does not wait until the consumer wants it. NO_CLEAR: attaching leaves whom the
 * last one meant. POSITION_FIRST: the position is looked at before the tie. EARLY_RESET: a producer
 * that attaches puts its position back at once.
 */
#define PRODUCER	0
#define CONSUMER	1
#define SIDES		2

/* a tie is own epoch << 4 | the peer's */
#define P_TIE		0
#define P_POSITION	1
#define C_TIE		2
#define C_POSITION	3
#define DATA		4
#define CAPACITY	1
#define WORDS		(DATA + CAPACITY)

#define DEATHS		2
#define TOTAL		2

#define EPOCH(tie)	((tie) >> 4)
#define MEANT(tie)	((tie) & 15)

#include "tso.pml"

bool bell[SIDES];
byte deaths[SIDES];
bool done;

/* what a producer published, as long as a consumer may know of it */
byte published_by, published_for, published_to;

inline wait(side)
{
	atomic { bell[side] -> bell[side] = false }
}

inline attach(side, tie_word)
{
	atomic {
		tie = mem[tie_word];
		epoch = (EPOCH(tie) + 1) | 1
	}
#ifdef NO_CLEAR
	store_ordered(side, tie_word, epoch << 4 | MEANT(tie));
#else
	store_ordered(side, tie_word, (epoch - 1) << 4);
	store_ordered(side, tie_word, epoch << 4);
#endif
	bell[1 - side] = true
}

bool kill[SIDES];

active proctype killer()
{
end:	do
	:: atomic {
		!done && deaths[PRODUCER] < DEATHS && empty(buffer[PRODUCER]) ->
		deaths[PRODUCER]++;
		kill[PRODUCER] = true
	}
	:: atomic {
		!done && deaths[CONSUMER] < DEATHS && empty(buffer[CONSUMER]) ->
		deaths[CONSUMER]++;
		kill[CONSUMER] = true
	}
	od
}

active proctype producer()
{
	byte epoch, peer, next, tie, position;

again:
	{
		peer = 0;
		next = 0;
		attach(PRODUCER, P_TIE);
#ifdef EARLY_RESET
		store_ordered(PRODUCER, P_POSITION, 0);
#endif
		do
		:: tie = mem[C_TIE];
			if
#ifdef NO_ASK
			:: !peer && (EPOCH(tie) & 1) ->
#else
			:: !peer && (EPOCH(tie) & 1) && MEANT(tie) == epoch ->
#endif
				peer = EPOCH(tie);
				next = 0;
				store(PRODUCER, P_POSITION, 0);
				store_ordered(PRODUCER, P_TIE, epoch << 4 | peer);
				bell[CONSUMER] = true
			:: peer && EPOCH(tie) != peer -> peer = 0
			:: peer && EPOCH(tie) == peer && next < TOTAL ->
				position = mem[C_POSITION];
				if
				:: next - position < CAPACITY ->
					store(PRODUCER, DATA, epoch << 4 | next);
					next++;
					atomic {
						empty(buffer[PRODUCER]) ->
						mem[P_POSITION] = next;
						published_by = epoch;
						published_for = peer;
						published_to = next;
					}
					bell[CONSUMER] = true
				:: else -> wait(PRODUCER)
				fi
			:: else ->
				if
				:: wait(PRODUCER)
				:: done -> break
				fi
			fi
		od
	} unless {
		atomic { kill[PRODUCER] -> kill[PRODUCER] = false; bell[1 - PRODUCER] = true }
	}
	tie = 0;
	position = 0;
	if
	:: !done -> goto again
	:: done
	fi
}

active proctype consumer()
{
	byte epoch, peer, next, tie, position;
	bool met;

again:
	{
		peer = 0;
		next = 0;
		met = false;
		attach(CONSUMER, C_TIE);
		do
		:: next == TOTAL -> done = true; break
		:: next < TOTAL && met ->
			/* ivs_ring_refresh() */
#ifdef POSITION_FIRST
			position = mem[P_POSITION];
			tie = mem[P_TIE];
#else
			tie = mem[P_TIE];
			position = mem[P_POSITION];
#endif
			if
			:: position > next && position - next <= CAPACITY ->
				assert(mem[DATA] == (peer << 4 | next));
				next++;
				store_ordered(CONSUMER, C_POSITION, next);
				bell[PRODUCER] = true
			:: !(position > next && position - next <= CAPACITY) &&
			   EPOCH(tie) != peer ->
				assert(published_by != peer || published_for != epoch ||
				       published_to == next);
				met = false
			:: else ->
				assert(position == next);
				wait(CONSUMER)
			fi
		:: next < TOTAL && !met ->
			/* ivs_ring_meet() */
			tie = mem[P_TIE];
			if
			:: !(EPOCH(tie) & 1) -> wait(CONSUMER)
			:: (EPOCH(tie) & 1) && EPOCH(tie) != peer ->
				peer = EPOCH(tie);
				next = 0;
				store(CONSUMER, C_POSITION, 0);
				store_ordered(CONSUMER, C_TIE, epoch << 4 | peer);
				bell[PRODUCER] = true
			:: (EPOCH(tie) & 1) && EPOCH(tie) == peer && MEANT(tie) == epoch ->
				met = true
			:: else -> wait(CONSUMER)
			fi
		od;
		bell[PRODUCER] = true
	} unless {
		atomic { kill[CONSUMER] -> kill[CONSUMER] = false; bell[1 - CONSUMER] = true }
	}
	tie = 0;
	position = 0;
	if
	:: !done -> goto again
	:: done
	fi
}
