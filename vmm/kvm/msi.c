// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes of messages. KVM knows the VM's whole table, or none: ours is kept as KVM takes it, with
 * the lines of the interrupt controllers at its start as KVM had them, and is given to it again
 * when a message changes. A route that is not connected keeps its entry: nothing refers to it, and
 * unmasking a vector again changes no table.
 */
#include "kvm/msi.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "kvm/halt_poll.h"
#include "kvm/kvm.h"
#include "util.h"

#define PIC_LINES	16u
#define LINES		KVM_IOAPIC_NUM_PINS
#define LINE_ENTRIES	(PIC_LINES + LINES)

struct msi_route {
	int eventfd;
	bool connected;
	struct kvm_irq_routing_msi before;	/* its message, should KVM refuse another */
	SLIST_ENTRY(msi_route) next;	/* of those that are free */
};

/* Route n is entry LINE_ENTRIES + n of the table, and interrupt LINES + n. */
struct routing {
	struct msi_provider provider;
	struct kvm *kvm;

	pthread_mutex_t lock;		/* guards the rest */
	SLIST_HEAD(, msi_route) unused;	/* that were in use */
	struct msi_route *routes;
	unsigned int begun, max;	/* of @routes: ever in use so far, and possible */
	struct kvm_irq_routing *table;	/* as KVM has it, up to its .nr entries */
};

static struct routing *msi_of(struct msi_provider *p)
{
	return container_of(p, struct routing, provider);
}

static unsigned int route_number(const struct routing *msi, const struct msi_route *route)
{
	return route - msi->routes;
}

/* Each line goes to the I/O APIC, the first ones to the two PICs as well. */
static void table_add_lines(struct kvm_irq_routing *table)
{
	struct kvm_irq_routing_entry *entry = table->entries;

	for (unsigned int gsi = 0; gsi < LINES; gsi++) {
		*entry++ = (struct kvm_irq_routing_entry){
			.gsi = gsi,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { KVM_IRQCHIP_IOAPIC, gsi },
		};
		if (gsi < PIC_LINES)
			*entry++ = (struct kvm_irq_routing_entry){
				.gsi = gsi,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { gsi < 8 ? KVM_IRQCHIP_PIC_MASTER :
					       KVM_IRQCHIP_PIC_SLAVE, gsi % 8 },
			};
	}
	table->nr = LINE_ENTRIES;
}

static struct kvm_irq_routing_msi routing_of(const struct msi_message *msg)
{
	return (struct kvm_irq_routing_msi){
		.address_lo = msg->address,
		.address_hi = msg->address >> 32,
		.data = msg->data,
	};
}

static bool routing_equals(const struct kvm_irq_routing_msi *a, const struct kvm_irq_routing_msi *b)
{
	return a->address_lo == b->address_lo && a->address_hi == b->address_hi &&
	       a->data == b->data;
}

static struct kvm_irq_routing_entry *route_entry(struct routing *msi,
						 const struct msi_route *route)
{
	return &msi->table->entries[LINE_ENTRIES + route_number(msi, route)];
}

/* Into the table alone; whether KVM has another message there. */
static bool route_set_message(struct routing *msi, const struct msi_connection *c)
{
	struct kvm_irq_routing_entry *entry = route_entry(msi, c->route);
	struct kvm_irq_routing_msi new = routing_of(&c->msg);
	unsigned int nr = entry - msi->table->entries + 1;
	bool known = nr <= msi->table->nr && routing_equals(&entry->u.msi, &new);

	if (nr > msi->table->nr)
		msi->table->nr = nr;
	c->route->before = entry->u.msi;
	entry->u.msi = new;
	return !known;
}

/* One call to KVM for all of them, and none if it has them. If it refuses, all is as it was. */
static int routes_set_messages(struct routing *msi, const struct msi_connection *v,
			       unsigned int nr)
{
	unsigned int nr_before = msi->table->nr;
	bool changed = false;
	int ret;

	for (unsigned int i = 0; i < nr; i++)
		changed |= route_set_message(msi, &v[i]);
	ret = changed ? kvm_set_gsi_routing(msi->kvm, msi->table) : 0;
	if (!ret)
		return 0;
	for (unsigned int i = 0; i < nr; i++)
		route_entry(msi, v[i].route)->u.msi = v[i].route->before;
	msi->table->nr = nr_before;
	return ret;
}

static int route_irqfd(struct routing *msi, const struct msi_route *route, uint32_t flags)
{
	struct kvm_irqfd irqfd = {
		.fd = route->eventfd,
		.gsi = LINES + route_number(msi, route),
		.flags = flags,
	};

	return kvm_irqfd(msi->kvm, &irqfd);
}

static void route_disconnect(struct routing *msi, struct msi_route *route)
{
	if (route->connected)
		route_irqfd(msi, route, KVM_IRQFD_FLAG_DEASSIGN);
	route->connected = false;
}

/*
 * The next one that never was in use, its entry valid from now on: those before the last that is in
 * use go to KVM, too. No memory is touched for those that nobody wants.
 */
static struct msi_route *route_begin(struct routing *msi)
{
	struct msi_route *route = &msi->routes[msi->begun];

	if (msi->begun == msi->max)
		return NULL;
	if (!msi->begun)		/* somebody else may wake this guest */
		kvm_halt_poll(msi->kvm);
	*route_entry(msi, route) = (struct kvm_irq_routing_entry){
		.gsi = LINES + msi->begun,
		.type = KVM_IRQ_ROUTING_MSI,
	};
	msi->begun++;
	return route;
}

static struct msi_route *route_take(struct routing *msi)
{
	struct msi_route *route = SLIST_FIRST(&msi->unused);

	if (!route)
		return route_begin(msi);
	SLIST_REMOVE_HEAD(&msi->unused, next);
	return route;
}

static int msi_create(struct msi_provider *p, int eventfd, struct msi_route **out)
{
	struct routing *msi = msi_of(p);
	struct msi_route *route;

	pthread_mutex_lock(&msi->lock);
	route = route_take(msi);
	pthread_mutex_unlock(&msi->lock);
	if (!route)
		return -ENOSPC;
	route->eventfd = eventfd;
	*out = route;
	return 0;
}

static void msi_destroy(struct msi_provider *p, struct msi_route *route)
{
	struct routing *msi = msi_of(p);

	pthread_mutex_lock(&msi->lock);
	route_disconnect(msi, route);
	SLIST_INSERT_HEAD(&msi->unused, route, next);
	pthread_mutex_unlock(&msi->lock);
}

/* KVM looks whether the eventfd was signalled already when it takes it. */
static int msi_connect(struct msi_provider *p, struct msi_route *route,
		       const struct msi_message *msg)
{
	const struct msi_connection c = { route, *msg };
	struct routing *msi = msi_of(p);
	int ret;

	pthread_mutex_lock(&msi->lock);
	ret = routes_set_messages(msi, &c, 1);
	if (!ret && !route->connected) {
		ret = route_irqfd(msi, route, 0);
		route->connected = !ret;
	}
	pthread_mutex_unlock(&msi->lock);
	return ret;
}

static int msi_prepare(struct msi_provider *p, const struct msi_connection *v, unsigned int nr)
{
	struct routing *msi = msi_of(p);
	int ret;

	pthread_mutex_lock(&msi->lock);
	ret = routes_set_messages(msi, v, nr);
	pthread_mutex_unlock(&msi->lock);
	return ret;
}

static void msi_disconnect(struct msi_provider *p, struct msi_route *route)
{
	struct routing *msi = msi_of(p);

	pthread_mutex_lock(&msi->lock);
	route_disconnect(msi, route);
	pthread_mutex_unlock(&msi->lock);
}

static const struct msi_ops kvm_msi_ops = {
	.create = msi_create,
	.destroy = msi_destroy,
	.connect = msi_connect,
	.prepare = msi_prepare,
	.disconnect = msi_disconnect,
};

/* How many messages the table can have: KVM's limit is of entries, and of interrupts. */
static int msi_routes(const struct kvm *kvm)
{
	int max = kvm_capability(kvm, KVM_CAP_IRQ_ROUTING) - (int)LINE_ENTRIES;

	return kvm_capability(kvm, KVM_CAP_IRQFD) && max > 0 ? max : 0;
}

static struct routing *msi_alloc(unsigned int nr)
{
	struct routing *msi = calloc(1, sizeof(*msi));
	size_t entries = LINE_ENTRIES + nr;

	if (!msi)
		return NULL;
	msi->routes = calloc(nr, sizeof(msi->routes[0]));
	msi->table = calloc(1, sizeof(*msi->table) + entries * sizeof(msi->table->entries[0]));
	if (msi->routes && msi->table)
		return msi;
	free(msi->table);
	free(msi->routes);
	free(msi);
	return NULL;
}

int kvm_msi_create(struct msi_provider **out, struct kvm *kvm, struct error *err)
{
	int nr = msi_routes(kvm);
	struct routing *msi;

	if (!nr)
		return error_set(err, -ENOTSUP, "/dev/kvm has no KVM_CAP_IRQ_ROUTING or no "
				 "KVM_CAP_IRQFD: a kernel with them is needed");
	msi = msi_alloc(nr);
	if (!msi)
		return error_set(err, -ENOMEM, "no memory for routes of interrupts");
	msi->kvm = kvm;
	msi->max = nr;
	msi->provider.ops = &kvm_msi_ops;
	pthread_mutex_init(&msi->lock, NULL);
	table_add_lines(msi->table);
	SLIST_INIT(&msi->unused);
	*out = &msi->provider;
	return 0;
}

void kvm_msi_destroy(struct msi_provider *provider)
{
	struct routing *msi = msi_of(provider);

	pthread_mutex_destroy(&msi->lock);
	free(msi->table);
	free(msi->routes);
	free(msi);
}
