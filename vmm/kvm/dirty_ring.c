// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty rings: an entry is KVM's until it says DIRTY, ours until we say RESET, and KVM's again when
 * KVM_RESET_DIRTY_RINGS has gone over it (see linux/kvm.h).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kvm/dirty_ring.h"
#include "kvm/kvm.h"
#include "layout.h"

#define RING_SLOT_MASK	((1u << KVM_SLOT_SPACE_SHIFT) - 1)

struct dirty_ring {
	struct kvm_dirty_gfn *gfns;	/* shared with the kernel */
	uint32_t next;			/* to be taken, modulo entries */
};

struct dirty_rings {
	struct kvm *kvm;
	unsigned int entries;		/* of a ring, a power of two */
	struct kvm_dirty_gfn *taken;	/* as many */
	struct {
		dirty_ring_sink *sink;
		void *opaque;
	} sinks[KVM_SPACES_MAX];
	unsigned int nr;
	struct dirty_ring rings[LAYOUT_CPUS_MAX];
};

static size_t ring_bytes(const struct dirty_rings *rings)
{
	return rings->entries * sizeof(struct kvm_dirty_gfn);
}

int dirty_rings_create(struct dirty_rings **out, struct kvm *kvm, unsigned int entries)
{
	struct dirty_rings *rings = calloc(1, sizeof(*rings));

	if (!rings)
		return -ENOMEM;
	rings->kvm = kvm;
	rings->entries = entries;
	rings->taken = malloc(ring_bytes(rings));
	if (!rings->taken) {
		free(rings);
		return -ENOMEM;
	}
	*out = rings;
	return 0;
}

void dirty_rings_destroy(struct dirty_rings *rings)
{
	for (unsigned int i = 0; i < rings->nr; i++)
		munmap(rings->rings[i].gfns, ring_bytes(rings));
	free(rings->taken);
	free(rings);
}

int dirty_rings_add(struct dirty_rings *rings, int vcpu_fd)
{
	void *gfns;

	if (rings->nr == LAYOUT_CPUS_MAX)
		return -ENOSPC;
	gfns = mmap(NULL, ring_bytes(rings), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd,
		    KVM_DIRTY_LOG_PAGE_OFFSET * KVM_PAGE);
	if (gfns == MAP_FAILED)
		return -errno;
	rings->rings[rings->nr++].gfns = gfns;
	return 0;
}

void dirty_rings_set_sink(struct dirty_rings *rings, unsigned int space, dirty_ring_sink *sink,
			  void *opaque)
{
	rings->sinks[space].sink = sink;
	rings->sinks[space].opaque = opaque;
}

/* All that is in @ring now goes to ->taken; how many that are. */
static unsigned int ring_take(struct dirty_rings *rings, struct dirty_ring *ring)
{
	unsigned int n;

	for (n = 0; n < rings->entries; n++, ring->next++) {
		struct kvm_dirty_gfn *gfn = &ring->gfns[ring->next & (rings->entries - 1)];

		if (__atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			break;
		rings->taken[n] = *gfn;
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
	return n;
}

static void ring_tell(const struct dirty_rings *rings, const struct kvm_dirty_gfn *gfn)
{
	unsigned int space = gfn->slot >> KVM_SLOT_SPACE_SHIFT;

	if (space < KVM_SPACES_MAX && rings->sinks[space].sink)
		rings->sinks[space].sink(rings->sinks[space].opaque, gfn->slot & RING_SLOT_MASK,
					 gfn->offset);
}

unsigned int dirty_rings_reap(struct dirty_rings *rings)
{
	unsigned int all = 0;

	for (unsigned int i = 0; i < rings->nr; i++) {
		unsigned int n = ring_take(rings, &rings->rings[i]);

		all += n;
		if (n)
			kvm_reset_dirty_rings(rings->kvm);
		for (unsigned int k = 0; k < n; k++)
			ring_tell(rings, &rings->taken[k]);
	}
	return all;
}
