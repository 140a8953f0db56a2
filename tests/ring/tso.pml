/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as x86 has it (TSO): a store is seen by others when it leaves the store buffer of who
 * stored it, later than the loads behind it. An ordered store, and a read-modify-write, waits until
 * the buffer is empty. Nobody here loads what is still in its own buffer. What a program in C
 * guarantees with its sequentially consistent accesses is this at least.
 */
#define DEPTH	2

byte mem[WORDS];
chan buffer[SIDES] = [DEPTH] of { byte, byte };

inline store(side, word, value)
{
	buffer[side]!word, value
}

inline store_ordered(side, word, value)
{
	atomic { empty(buffer[side]) -> mem[word] = value }
}

active [SIDES] proctype leaving()
{
	byte word, value, side = _pid;

end:	do
	:: atomic { buffer[side]?word, value -> mem[word] = value; word = 0; value = 0 }
	od
}
