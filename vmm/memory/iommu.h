/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU regions: an address that falls into one is translated into another address space. */
#ifndef VMM_MEMORY_IOMMU_H
#define VMM_MEMORY_IOMMU_H

#include <sys/queue.h>

#include "memory/memory.h"

enum iommu_access {
	IOMMU_NONE,
	IOMMU_RO = 1,
	IOMMU_WO = 2,
	IOMMU_RW = 3,
};

/**
 * struct iommu_entry - one translation
 * @target_as: where the access goes on; NULL with IOMMU_NONE
 * @iova: an offset in the region, the first of the translated range
 * @translated_addr: in @target_as, of @iova
 * @addr_mask: size of the range - 1, a power of two - 1; @iova and @translated_addr are multiples
 *	of the size. Of IOMMU_NONE too: nothing in all that range is translated
 * @perm: what may be done
 */
struct iommu_entry {
	struct address_space *target_as;
	hwaddr iova;
	hwaddr translated_addr;
	hwaddr addr_mask;
	enum iommu_access perm;
};

/* Kinds of news for a notifier. */
#define IOMMU_NOTIFIER_MAP	(1u << 0)
#define IOMMU_NOTIFIER_UNMAP	(1u << 1)

/*
 * Who shadows translations; wants those that share an offset in the region with [first, last].
 * @notify is called under the model's lock, and may take its own notifier away.
 */
struct iommu_notifier {
	void (*notify)(struct iommu_notifier *n, const struct iommu_entry *entry);
	unsigned int flags;		/* IOMMU_NOTIFIER_* */
	hwaddr first, last;
	TAILQ_ENTRY(iommu_notifier) link;
};

/**
 * struct iommu_ops - an IOMMU's side
 * @translate: the entry that @addr (an offset in the region) falls into; by any thread, inside an
 *	RCU read-side section, and in a replay under the model's lock: a lock that this takes is not
 *	to be held around memory_region_notify_iommu()
 * @flags_changed: the union of what notifiers want is another now (may be NULL), told under the
 *	model's lock; -errno refuses the notifier that is being registered
 */
struct iommu_ops {
	struct iommu_entry (*translate)(void *opaque, hwaddr addr, bool is_write);
	int (*flags_changed)(void *opaque, unsigned int old, unsigned int new);
};

/* A region all of whose accesses are translated by @ops. */
int memory_region_init_iommu(struct memory_region *mr, struct memory *mem,
			     struct memory_owner *owner, const struct iommu_ops *ops, void *opaque,
			     const char *name, uint64_t size) MEMORY_MUST_CHECK;

bool memory_region_is_iommu(const struct memory_region *mr);

/*
 * 0, -EINVAL if @mr is no IOMMU region, or what flags_changed() returns: then @n is not registered.
 */
int memory_region_register_iommu_notifier(struct memory_region *mr, struct iommu_notifier *n)
	MEMORY_MUST_CHECK;
void memory_region_unregister_iommu_notifier(struct memory_region *mr, struct iommu_notifier *n);

/* Tell the notifiers: @entry came (perm not IOMMU_NONE) or went. Called by the IOMMU. */
void memory_region_notify_iommu(struct memory_region *mr, const struct iommu_entry *entry);

/*
 * Tell @n of all translations in its range that are not IOMMU_NONE, as the IOMMU answers for reads,
 * by asking for one range after the other; where there is none, 4 KiB at least.
 */
void memory_region_iommu_replay(struct memory_region *mr, struct iommu_notifier *n);

/* For the files of the model: what @mr answers, and the end of a region's IOMMU (NULL: none). */
struct iommu_entry iommu_translate(const struct memory_region *mr, hwaddr offset, bool is_write);
void iommu_destroy(struct iommu *iommu);

#endif /* VMM_MEMORY_IOMMU_H */
