/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places: where the first bytes of an access arrive, behind all IOMMUs on its way. All functions
 * are called inside an RCU read-side section, and what they find is true only in there.
 */
#ifndef VMM_MEMORY_PLACE_H
#define VMM_MEMORY_PLACE_H

#include "memory/flatview.h"
#include "memory/range.h"

/* IOMMUs behind each other that an access gets through; more of them are a circle. */
#define PLACE_HOPS_MAX	8

/**
 * struct place - where an access arrives
 * @fr: who answers; NULL: nobody. An IOMMU region: it refuses (a write through what is read-only,
 *	or too many of them)
 * @offset: of the first byte, in fr->mr
 * @len: how many bytes arrive in @fr, or in the gap
 * @reach: how many bytes a device may take that decodes only the address of the first: at least
 *	@len
 * @translated: by an IOMMU, whose next answer may be another one without a change of the view
 */
struct place {
	const struct flat_range *fr;
	hwaddr offset;
	uint64_t len;
	uint64_t reach;
	bool translated;
};

/* @len bytes, but no more than @extent + 1. */
static inline uint64_t place_cut(uint64_t len, uint64_t extent)
{
	return len - 1 > extent ? extent + 1 : len;
}

static inline const struct flatview *place_view(struct address_space *as)
{
	return __atomic_load_n(&as->view, __ATOMIC_ACQUIRE);
}

/* Find out about as much of [@addr, @addr + @len), @len not 0, as is in one place. */
void place_find(struct place *p, const struct flatview *view, hwaddr addr, uint64_t len,
		bool is_write);

/* Whether @p is memory that may be read (written) by a host pointer. */
bool place_is_direct(const struct place *p, bool is_write);

/* The same as place_find(), for as much as is one piece of host memory, if it begins as that. */
void place_find_direct(struct place *p, const struct flatview *view, hwaddr addr, uint64_t len,
		       bool is_write);

/* The host's address of a place with memory behind it. */
char *place_host(const struct place *p);

#endif /* VMM_MEMORY_PLACE_H */
