/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All arithmetic of address ranges: inclusive at both ends, so that 2^64 needs no number, never
 * empty, never wrapping. RANGE_WORD is the type of an address: with 8 bits, the tests go through
 * all there is.
 */
#ifndef VMM_MEMORY_RANGE_H
#define VMM_MEMORY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#ifndef RANGE_WORD
#define RANGE_WORD uint64_t
#endif

typedef RANGE_WORD range_word;

#define RANGE_MAX ((range_word)~(range_word)0)

struct range {
	range_word first, last;		/* first <= last */
};

/* The size - 1 of @r. */
static inline range_word range_extent(struct range r)
{
	return (range_word)(r.last - r.first);
}

/* @extent + 1 addresses from @first on, cut off at the end of all addresses. */
static inline struct range range_at(range_word first, range_word extent)
{
	range_word room = (range_word)(RANGE_MAX - first);
	struct range r = { first, extent > room ? RANGE_MAX : (range_word)(first + extent) };

	return r;
}

/* Whether @a and @b have an address in common; @out is what they have. */
static inline bool range_intersect(struct range a, struct range b, struct range *out)
{
	out->first = a.first > b.first ? a.first : b.first;
	out->last = a.last < b.last ? a.last : b.last;
	return out->first <= out->last;
}

/* Whether @b starts where @a ends. */
static inline bool range_adjoins(struct range a, struct range b)
{
	return a.last != RANGE_MAX && (range_word)(a.last + 1) == b.first;
}

/* @r moved up by @by; what would leave the end of all addresses is cut off. Whether any is left. */
static inline bool range_up(struct range r, range_word by, struct range *out)
{
	range_word limit = (range_word)(RANGE_MAX - by);

	if (r.first > limit)
		return false;
	out->first = (range_word)(r.first + by);
	out->last = r.last > limit ? RANGE_MAX : (range_word)(r.last + by);
	return true;
}

/* @r moved down by @by; what would go below 0 is cut off. Whether any is left. */
static inline bool range_down(struct range r, range_word by, struct range *out)
{
	if (r.last < by)
		return false;
	out->first = r.first < by ? 0 : (range_word)(r.first - by);
	out->last = (range_word)(r.last - by);
	return true;
}

#endif /* VMM_MEMORY_RANGE_H */
