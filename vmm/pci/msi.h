/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a message-signalled interrupt gets to a guest without us: somebody (KVM, a test) turns the
 * signal of an eventfd into a message. PCI devices use it through a table of calls, and know no
 * KVM.
 */
#ifndef VMM_PCI_MSI_H
#define VMM_PCI_MSI_H

#include <stdint.h>

/* As the guest wrote it to a vector's table entry. */
struct msi_message {
	uint64_t address;
	uint32_t data;
};

struct msi_route;			/* the provider's: an eventfd and where its signals go */

struct msi_provider;

/* A route, and what it is to be connected to. */
struct msi_connection {
	struct msi_route *route;
	struct msi_message msg;
};

/* Those for one route are called one at a time. */
struct msi_ops {
	/*
	 * A route for @eventfd, which is the caller's and outlives it; silent until connected.
	 * 0; -ENOSPC there can be no more; -ENOMEM.
	 */
	int (*create)(struct msi_provider *p, int eventfd, struct msi_route **out);
	/* Disconnects it, too. */
	void (*destroy)(struct msi_provider *p, struct msi_route *route);
	/*
	 * From now on a signal of the eventfd, and one that it got before, is @msg in the guest.
	 * If it is connected already, only the message changes, and no signal is lost. 0 or -errno:
	 * then it is as it was.
	 */
	int (*connect)(struct msi_provider *p, struct msi_route *route,
		       const struct msi_message *msg);
	/*
	 * Before connect() of each of @v with the same message: many messages at once cost what one
	 * costs, and connect() then changes none. A route that is connected has the new message
	 * from now on. 0 or -errno: then all are as they were.
	 */
	int (*prepare)(struct msi_provider *p, const struct msi_connection *v, unsigned int nr);
	/* From now on signals stay in the eventfd. */
	void (*disconnect)(struct msi_provider *p, struct msi_route *route);
};

struct msi_provider {
	const struct msi_ops *ops;
};

#endif /* VMM_PCI_MSI_H */
