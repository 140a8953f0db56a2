// SPDX-License-Identifier: GPL-2.0-only
/* ioeventfds: the model's news of eventfds as calls to KVM. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"
#include "kvm/ioeventfd.h"
#include "kvm/kvm.h"
#include "memory/listener.h"
#include "util.h"

struct ioeventfd_space {
	struct memory_listener listener;
	struct kvm_ioeventfds *set;	/* NULL: not registered */
	uint32_t flags;			/* of all its eventfds */
};

struct kvm_ioeventfds {
	struct kvm *kvm;
	struct log_limit limit;		/* of notes that a guest provokes */
	struct ioeventfd_space memory, io;
};

static struct kvm_ioeventfd ioeventfd_of(const struct ioeventfd_space *space, hwaddr addr,
					 unsigned int size, bool match, uint64_t data, int fd)
{
	return (struct kvm_ioeventfd){
		.addr = addr,
		.len = size,
		.datamatch = match ? data : 0,
		.fd = fd,
		.flags = space->flags | (match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
	};
}

static int eventfd_add(struct memory_listener *l, const struct memory_region_section *sec,
		       unsigned int size, bool match, uint64_t data, int fd)
{
	struct ioeventfd_space *space = container_of(l, struct ioeventfd_space, listener);
	hwaddr addr = sec->offset_within_address_space;
	struct kvm_ioeventfd eventfd = ioeventfd_of(space, addr, size, match, data, fd);
	struct kvm *kvm = space->set->kvm;
	int ret = size || kvm->eventfd_any_length ? kvm_ioeventfd(kvm, &eventfd) : -ENOTSUP;

	if (ret)
		log_note(&space->set->limit, "KVM takes no eventfd of '%s' at %#" PRIx64 " (%s): "
			 "stores there are slower", memory_region_name(sec->mr), addr,
			 strerror(-ret));
	return 0;
}

/* KVM has nothing to do for one that it refused. */
static void eventfd_del(struct memory_listener *l, const struct memory_region_section *sec,
			unsigned int size, bool match, uint64_t data, int fd)
{
	struct ioeventfd_space *space = container_of(l, struct ioeventfd_space, listener);
	struct kvm_ioeventfd eventfd = ioeventfd_of(space, sec->offset_within_address_space, size,
						    match, data, fd);

	eventfd.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	kvm_ioeventfd(space->set->kvm, &eventfd);
}

static int ioeventfd_listen(struct kvm_ioeventfds *set, struct ioeventfd_space *space,
			    struct address_space *as, const char *name, uint32_t flags)
{
	space->set = set;
	space->flags = flags;
	space->listener = (struct memory_listener){
		.name = name,
		.eventfd_add = eventfd_add,
		.eventfd_del = eventfd_del,
	};
	return memory_listener_register(&space->listener, as);
}

int kvm_ioeventfds_create(struct kvm_ioeventfds **out, struct kvm *kvm,
			  struct address_space *memory, struct address_space *io,
			  struct error *err)
{
	struct kvm_ioeventfds *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return error_set(err, -ENOMEM, "no memory for ioeventfds");
	set->kvm = kvm;
	ret = ioeventfd_listen(set, &set->memory, memory, "kvm-ioeventfd", 0);
	if (!ret)
		ret = ioeventfd_listen(set, &set->io, io, "kvm-ioeventfd-pio",
				       KVM_IOEVENTFD_FLAG_PIO);
	if (ret) {
		kvm_ioeventfds_destroy(set);
		return error_set(err, ret, "KVM can't be told of eventfds: %s", strerror(-ret));
	}
	*out = set;
	return 0;
}

void kvm_ioeventfds_destroy(struct kvm_ioeventfds *set)
{
	if (set->io.set)
		memory_listener_unregister(&set->io.listener);
	if (set->memory.set)
		memory_listener_unregister(&set->memory.listener);
	free(set);
}
