// SPDX-License-Identifier: GPL-2.0-only
/* Coalesced stores: a listener that names the ranges to KVM, and the ring's reader. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"
#include "kvm/coalesced.h"
#include "kvm/kvm.h"
#include "memory/access.h"
#include "memory/listener.h"
#include "util.h"

#define PAGE_SIZE	KVM_PAGE	/* for KVM_COALESCED_MMIO_MAX */

struct coalesced_space {
	struct memory_listener listener;
	struct kvm_coalesced *c;
	bool pio;
};

struct kvm_coalesced {
	struct kvm *kvm;
	struct memory *mem;
	struct address_space *memory, *io;
	struct coalesced_space spaces[2];
	struct log_limit limit;		/* of warnings that a guest provokes */
	pthread_mutex_t lock;		/* recursive: of who reads the ring */
	bool draining;			/* under the lock */
	struct kvm_coalesced_mmio_ring *ring;	/* shared with the kernel */
};

/* --- the ranges --- */

static struct kvm_coalesced_mmio_zone zone_of(const struct coalesced_space *space, hwaddr addr,
					      uint64_t len)
{
	return (struct kvm_coalesced_mmio_zone){ .addr = addr, .size = len, .pio = space->pio };
}

static int coalesced_add(struct memory_listener *l, const struct memory_region_section *sec,
			 hwaddr addr, uint64_t len)
{
	struct coalesced_space *space = container_of(l, struct coalesced_space, listener);
	struct kvm_coalesced_mmio_zone zone = zone_of(space, addr, len);
	int ret = len > UINT32_MAX ? -EFBIG : kvm_register_coalesced(space->c->kvm, &zone);

	if (ret)
		log_note(&space->c->limit, "stores to '%s' at %#" PRIx64 " are not coalesced: %s",
			 memory_region_name(sec->mr), addr, strerror(-ret));
	return 0;
}

/* KVM has nothing to say of a range that it does not know. */
static void coalesced_del(struct memory_listener *l, const struct memory_region_section *sec,
			  hwaddr addr, uint64_t len)
{
	struct coalesced_space *space = container_of(l, struct coalesced_space, listener);
	struct kvm_coalesced_mmio_zone zone = zone_of(space, addr, len);

	(void)sec;
	if (len <= UINT32_MAX)
		kvm_unregister_coalesced(space->c->kvm, &zone);
}

/* --- the ring --- */

static void coalesced_make(struct kvm_coalesced *c, const struct kvm_coalesced_mmio *store)
{
	uint8_t data[sizeof(store->data)];

	if (store->len > sizeof(data))
		return;
	memcpy(data, store->data, store->len);
	address_space_rw(store->pio ? c->io : c->memory, store->phys_addr, data, store->len, true);
}

/* An entry stays in the ring until its store was made: who finds the ring empty is right. */
static void coalesced_read(struct kvm_coalesced *c, struct kvm_coalesced_mmio_ring *ring)
{
	uint32_t first = ring->first, last = __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE);

	while (first != last) {
		coalesced_make(c, &ring->coalesced_mmio[first]);
		first = (first + 1) % KVM_COALESCED_MMIO_MAX;
		__atomic_store_n(&ring->first, first, __ATOMIC_RELEASE);
	}
}

/* A store's device may have a reason to flush: that is under way then, and goes on after it. */
void kvm_coalesced_drain(struct kvm_coalesced *c)
{
	struct kvm_coalesced_mmio_ring *ring = c->ring;

	if (!ring || __atomic_load_n(&ring->first, __ATOMIC_ACQUIRE) ==
	    __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&c->lock);
	if (!c->draining) {
		c->draining = true;
		coalesced_read(c, ring);
		c->draining = false;
	}
	pthread_mutex_unlock(&c->lock);
}

static void coalesced_flush(void *opaque)
{
	kvm_coalesced_drain(opaque);
}

void kvm_coalesced_set_ring(struct kvm_coalesced *c, struct kvm_run *run)
{
	unsigned int page = c->kvm->coalesced_page;
	bool has = run && page && (page + 1) * KVM_PAGE <= c->kvm->run_size;

	c->ring = has ? (void *)((char *)run + page * KVM_PAGE) : NULL;
}

/* --- beginning and end --- */

static int coalesced_listen(struct kvm_coalesced *c, bool pio)
{
	struct coalesced_space *space = &c->spaces[pio];

	space->c = c;
	space->pio = pio;
	space->listener = (struct memory_listener){
		.name = pio ? "kvm-coalesced-pio" : "kvm-coalesced",
		.coalesced_io_add = coalesced_add,
		.coalesced_io_del = coalesced_del,
	};
	return memory_listener_register(&space->listener, pio ? c->io : c->memory);
}

static int coalesced_register(struct kvm_coalesced *c)
{
	int ret = c->kvm->coalesced_page ? coalesced_listen(c, false) : 0;

	return ret || !c->kvm->coalesced_pio ? ret : coalesced_listen(c, true);
}

int kvm_coalesced_create(struct kvm_coalesced **out, struct kvm *kvm, struct address_space *memory,
			 struct address_space *io, struct error *err)
{
	struct kvm_coalesced *c = calloc(1, sizeof(*c));
	pthread_mutexattr_t attr;
	int ret;

	if (!c)
		return error_set(err, -ENOMEM, "no memory for coalesced stores");
	c->kvm = kvm;
	c->mem = memory->mem;
	c->memory = memory;
	c->io = io;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&c->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	memory_set_coalesced_source(c->mem, coalesced_flush, c);
	ret = coalesced_register(c);
	if (ret) {
		kvm_coalesced_destroy(c);
		return error_set(err, ret, "KVM can't be told what to coalesce: %s",
				 strerror(-ret));
	}
	*out = c;
	return 0;
}

void kvm_coalesced_destroy(struct kvm_coalesced *c)
{
	memory_set_coalesced_source(c->mem, NULL, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(c->spaces); i++) {
		if (c->spaces[i].c)
			memory_listener_unregister(&c->spaces[i].listener);
	}
	pthread_mutex_destroy(&c->lock);
	free(c);
}
