// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU regions: the translations of a device, and who is told of their changes. */
#include "memory/iommu.h"

#include <errno.h>
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/dirty.h"
#include "memory/range.h"

struct iommu {
	const struct iommu_ops *ops;
	TAILQ_HEAD(, iommu_notifier) notifiers;		/* under the model's lock */
	unsigned int wanted;				/* the flags of all of them */
};

int memory_region_init_iommu(struct memory_region *mr, struct memory *mem,
			     struct memory_owner *owner, const struct iommu_ops *ops, void *opaque,
			     const char *name, uint64_t size)
{
	struct iommu *iommu = calloc(1, sizeof(*iommu));
	int ret;

	if (!iommu)
		return -ENOMEM;
	ret = memory_region_init(mr, mem, owner, name, size);
	if (ret) {
		free(iommu);
		return ret;
	}
	iommu->ops = ops;
	TAILQ_INIT(&iommu->notifiers);
	mr->kind = MEMORY_IOMMU;
	mr->opaque = opaque;
	mr->iommu = iommu;
	return 0;
}

void iommu_destroy(struct iommu *iommu)
{
	free(iommu);
}

bool memory_region_is_iommu(const struct memory_region *mr)
{
	return mr->kind == MEMORY_IOMMU;
}

struct iommu_entry iommu_translate(const struct memory_region *mr, hwaddr offset, bool is_write)
{
	return mr->iommu->ops->translate(mr->opaque, offset, is_write);
}

/* The union of all flags, @more among them, becomes what the device is told. */
static int iommu_want(struct memory_region *mr, unsigned int more)
{
	struct iommu *iommu = mr->iommu;
	unsigned int new = more, old = iommu->wanted;
	const struct iommu_notifier *n;
	int ret = 0;

	TAILQ_FOREACH(n, &iommu->notifiers, link)
		new |= n->flags;
	if (new != old && iommu->ops->flags_changed)
		ret = iommu->ops->flags_changed(mr->opaque, old, new);
	if (!ret)
		iommu->wanted = new;
	return ret;
}

int memory_region_register_iommu_notifier(struct memory_region *mr, struct iommu_notifier *n)
{
	int ret;

	if (!memory_region_is_iommu(mr))
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	ret = iommu_want(mr, n->flags);
	if (!ret)
		TAILQ_INSERT_TAIL(&mr->iommu->notifiers, n, link);
	memory_transaction_commit(mr->mem);
	return ret;
}

/* A device that minds hearing less is not asked again: what nobody wants, nobody is told. */
void memory_region_unregister_iommu_notifier(struct memory_region *mr, struct iommu_notifier *n)
{
	memory_transaction_begin(mr->mem);
	TAILQ_REMOVE(&mr->iommu->notifiers, n, link);
	iommu_want(mr, 0);
	memory_transaction_commit(mr->mem);
}

static bool notifier_wants(const struct iommu_notifier *n, const struct iommu_entry *entry)
{
	unsigned int news = entry->perm == IOMMU_NONE ? IOMMU_NOTIFIER_UNMAP : IOMMU_NOTIFIER_MAP;
	struct range r = range_at(entry->iova & ~entry->addr_mask, entry->addr_mask), common;

	return (n->flags & news) &&
	       range_intersect((struct range){ n->first, n->last }, r, &common);
}

void memory_region_notify_iommu(struct memory_region *mr, const struct iommu_entry *entry)
{
	struct iommu_notifier *n, *next;

	memory_transaction_begin(mr->mem);
	for (n = TAILQ_FIRST(&mr->iommu->notifiers); n; n = next) {
		next = TAILQ_NEXT(n, link);
		if (notifier_wants(n, entry))
			n->notify(n, entry);
	}
	memory_transaction_commit(mr->mem);
}

static struct iommu_entry iommu_ask(const struct memory_region *mr, hwaddr offset)
{
	struct iommu_entry entry;

	urcu_memb_read_lock();
	entry = iommu_translate(mr, offset, false);
	urcu_memb_read_unlock();
	return entry;
}

void memory_region_iommu_replay(struct memory_region *mr, struct iommu_notifier *n)
{
	hwaddr last = n->last < mr->last ? n->last : mr->last, at = n->first, end;
	struct iommu_entry entry;

	memory_transaction_begin(mr->mem);
	for (bool more = at <= last; more; at = end + 1) {
		entry = iommu_ask(mr, at);
		end = at | entry.addr_mask | (entry.perm == IOMMU_NONE ? MEMORY_PAGE - 1 : 0);
		more = end < last;
		if (entry.perm != IOMMU_NONE)
			n->notify(n, &entry);
	}
	memory_transaction_commit(mr->mem);
}
