/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attachments: what a region has at some of its offsets beyond registers, eventfds and ranges whose
 * stores may be coalesced; and where they are to be seen in an address space.
 */
#ifndef VMM_MEMORY_ATTACHMENTS_H
#define VMM_MEMORY_ATTACHMENTS_H

#include "memory/damage.h"
#include "memory/flatview.h"

struct attachment {
	struct range at;		/* offsets in a region, or addresses in a space */
	struct memory_region *mr;
	hwaddr offset;			/* in @mr, of at.first */
	bool coalesced;			/* and no eventfd: the rest is 0 */
	bool match;
	unsigned int size;		/* bytes, 0: any */
	int fd;
	uint64_t data;
};

/* Those of a region, in order (attachment_compare()); never changed, replaced. */
struct attachments {
	struct retired retired;
	unsigned int nr;
	struct attachment v[];
};

/* Those that an address space shows, in order. */
struct attached {
	struct attachment *v;
	size_t nr, max;
};

int attachment_compare(const struct attachment *a, const struct attachment *b);

/*
 * Whether in @new something else may be attached than in @old, which it follows but for @damage,
 * and where @attached was. Mostly not.
 */
bool attached_touched(const struct attached *attached, const struct flatview *old,
		      const struct flatview *new, const struct damage *damage);

/*
 * What is attached in @new (a view of @as), which follows @old but for @damage, where @attached was
 * attached. -ENOMEM.
 */
int attached_render(struct attached *out, const struct attached *attached,
		    const struct flatview *old, const struct flatview *new,
		    const struct damage *damage);
void attached_fini(struct attached *attached);

struct memory_region_section section_of_attachment(struct address_space *as,
						   const struct attachment *a);

/* At the end of a region. */
void attachments_fini(struct memory_region *mr);

/*
 * A store reached the model where an eventfd may be meant to take it (the kernel could not have it,
 * or not yet). Whether one did: none where the device does it (memory_region_ring_by_device()).
 * Any thread, inside an RCU read-side section.
 */
bool attachments_signal(const struct memory_region *mr, hwaddr offset, unsigned int size,
			uint64_t data);

#endif /* VMM_MEMORY_ATTACHMENTS_H */
