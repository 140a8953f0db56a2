// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X. A vector is connected to its message while MSI-X is enabled and neither the function nor
 * the vector is masked. That COMMAND lets the device be a bus master is not asked for: QEMU's
 * irqfds do not ask for it either, and there are drivers that set it late.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "pci/bus.h"
#include "pci/msix.h"

#define ENTRY_WORDS	(PCI_MSIX_ENTRY_SIZE / 4)
#define MSIX_FLAGS	(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)
#define PENDING_BITS	32u		/* of a word of the pending bits */

struct msix_vector {
	int eventfd;
	struct msi_route *route;
	bool connected;
};

struct pci_msix {
	struct pci_device *dev;
	struct msi_provider *provider;
	struct memory_region mr;
	struct log_limit log;
	uint8_t cap;
	uint32_t table_at, pba_at;	/* offsets in @mr */
	unsigned int nr;		/* vectors */

	pthread_mutex_t lock;		/* guards the rest; comes behind the bus's mutex */
	uint16_t flags;			/* MSIX_FLAGS, as config space had them last */
	uint32_t (*table)[ENTRY_WORDS];
	struct msi_connection *wanted;	/* room for all vectors, while they are updated */
	struct msix_vector vectors[];
};

/* What a guest may change in each word of an entry. */
static const uint32_t entry_wmask[ENTRY_WORDS] = {
	[PCI_MSIX_ENTRY_LOWER_ADDR / 4] = ~3u,
	[PCI_MSIX_ENTRY_UPPER_ADDR / 4] = ~0u,
	[PCI_MSIX_ENTRY_DATA / 4] = ~0u,
	[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_ENTRY_CTRL_MASKBIT,
};

static uint32_t table_size(const struct pci_msix *msix)
{
	return msix->nr * PCI_MSIX_ENTRY_SIZE;
}

/* Whole words of 64 bits, as the specification has it. */
static uint32_t pba_size(const struct pci_msix *msix)
{
	return (msix->nr + 63) / 64 * 8;
}

/* --- what a vector does; all under the lock --- */

static bool vector_is_wanted(const struct pci_msix *msix, unsigned int n)
{
	return msix->flags == PCI_MSIX_FLAGS_ENABLE &&
	       !(msix->table[n][PCI_MSIX_ENTRY_VECTOR_CTRL / 4] & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static struct msi_message vector_message(const struct pci_msix *msix, unsigned int n)
{
	const uint32_t *entry = msix->table[n];

	return (struct msi_message){
		.address = (uint64_t)entry[PCI_MSIX_ENTRY_UPPER_ADDR / 4] << 32 |
			   entry[PCI_MSIX_ENTRY_LOWER_ADDR / 4],
		.data = entry[PCI_MSIX_ENTRY_DATA / 4],
	};
}

static void vector_disconnect(struct pci_msix *msix, unsigned int n)
{
	struct msix_vector *v = &msix->vectors[n];

	if (v->connected)
		msix->provider->ops->disconnect(msix->provider, v->route);
	v->connected = false;
}

/* It keeps its signals: an old message would go to the wrong handler. */
static void vector_refused(struct pci_msix *msix, unsigned int n, int ret)
{
	vector_disconnect(msix, n);
	log_note(&msix->log, "%s at 00:%02x.%x: interrupts of vector %u wait until it is unmasked "
		 "again: %s", msix->dev->name, msix->dev->devfn >> 3, msix->dev->devfn & 7, n,
		 strerror(-ret));
}

static void vector_connect(struct pci_msix *msix, unsigned int n)
{
	struct msi_message msg = vector_message(msix, n);
	struct msix_vector *v = &msix->vectors[n];
	int ret = msix->provider->ops->connect(msix->provider, v->route, &msg);

	if (ret)
		vector_refused(msix, n, ret);
	else
		v->connected = true;
}

static void vector_update(struct pci_msix *msix, unsigned int n)
{
	if (vector_is_wanted(msix, n))
		vector_connect(msix, n);
	else
		vector_disconnect(msix, n);
}

/* A change of the provider's messages may take long, however many they are. */
static int messages_prepare(struct pci_msix *msix)
{
	unsigned int nr = 0;

	for (unsigned int n = 0; n < msix->nr; n++)
		if (vector_is_wanted(msix, n))
			msix->wanted[nr++] = (struct msi_connection){
				msix->vectors[n].route, vector_message(msix, n),
			};
	return nr ? msix->provider->ops->prepare(msix->provider, msix->wanted, nr) : 0;
}

/* If their messages are refused they are not tried one by one: the guest waits meanwhile. */
static void vectors_update(struct pci_msix *msix)
{
	int ret = messages_prepare(msix);

	for (unsigned int n = 0; n < msix->nr; n++) {
		if (ret && vector_is_wanted(msix, n))
			vector_refused(msix, n, ret);
		else
			vector_update(msix, n);
	}
}

static void flags_set(struct pci_msix *msix, uint16_t flags)
{
	if (msix->flags == flags)
		return;
	msix->flags = flags;
	vectors_update(msix);
}

/* Vectors from @first on that are not connected and have a signal, a bit each. */
static uint32_t pending_word(const struct pci_msix *msix, unsigned int first)
{
	struct pollfd fds[PENDING_BITS];
	unsigned int nr = 0;
	uint32_t word = 0;

	for (; nr < PENDING_BITS && first + nr < msix->nr; nr++) {
		const struct msix_vector *v = &msix->vectors[first + nr];

		fds[nr] = (struct pollfd){ v->connected ? -1 : v->eventfd, POLLIN, 0 };
	}
	if (poll(fds, nr, 0) <= 0)
		return 0;
	for (unsigned int i = 0; i < nr; i++)
		word |= (uint32_t)!!(fds[i].revents & POLLIN) << i;
	return word;
}

/* --- what a guest sees in the BAR --- */

/* The table and the pending bits are for aligned accesses of 4 and 8 bytes. */
static bool is_words(hwaddr addr, unsigned int size)
{
	return (size == 4 || size == 8) && addr % size == 0;
}

static uint32_t word_read(const struct pci_msix *msix, hwaddr addr)
{
	hwaddr in_table = addr - msix->table_at, in_pba = addr - msix->pba_at;

	if (in_table < table_size(msix))
		return msix->table[in_table / PCI_MSIX_ENTRY_SIZE][in_table / 4 % ENTRY_WORDS];
	if (in_pba < pba_size(msix))
		return pending_word(msix, in_pba * 8);
	return 0;
}

static enum memtx_result msix_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct pci_msix *msix = opaque;

	*data = 0;
	if (!is_words(addr, size))
		return MEMTX_OK;
	pthread_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < size; i += 4)
		*data |= (uint64_t)word_read(msix, addr + i) << 8 * i;
	pthread_mutex_unlock(&msix->lock);
	return MEMTX_OK;
}

/* Two words of an entry that come together take effect together. */
static enum memtx_result msix_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct pci_msix *msix = opaque;
	hwaddr in_table = addr - msix->table_at;
	unsigned int n = in_table / PCI_MSIX_ENTRY_SIZE, word = in_table / 4 % ENTRY_WORDS;

	if (!is_words(addr, size) || in_table >= table_size(msix))
		return MEMTX_OK;
	pthread_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < size / 4; i++)
		msix->table[n][word + i] = data >> 32 * i & entry_wmask[word + i];
	vector_update(msix, n);
	pthread_mutex_unlock(&msix->lock);
	return MEMTX_OK;
}

static const struct memory_region_ops msix_ops = {
	.read = msix_read,
	.write = msix_write,
	.valid = { .unaligned = true },
	.impl = { .unaligned = true },
};

static uint16_t config_flags(const struct pci_msix *msix)
{
	return pci_config_get(msix->dev, msix->cap + PCI_MSIX_FLAGS, 2) & MSIX_FLAGS;
}

void pci_msix_config_written(struct pci_msix *msix)
{
	pthread_mutex_lock(&msix->lock);
	flags_set(msix, config_flags(msix));
	pthread_mutex_unlock(&msix->lock);
}

/* --- its life --- */

static void routes_destroy(struct pci_msix *msix)
{
	for (unsigned int n = 0; n < msix->nr; n++)
		if (msix->vectors[n].route)
			msix->provider->ops->destroy(msix->provider, msix->vectors[n].route);
}

static int routes_create(struct pci_msix *msix, const int *eventfds, struct error *err)
{
	int ret = 0;

	for (unsigned int n = 0; !ret && n < msix->nr; n++) {
		struct msix_vector *v = &msix->vectors[n];

		v->eventfd = eventfds[n];
		msix->table[n][PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
		ret = msix->provider->ops->create(msix->provider, v->eventfd, &v->route);
	}
	if (!ret)
		return 0;
	routes_destroy(msix);
	if (ret != -ENOSPC)
		return error_set(err, ret, "MSI-X: no route for an interrupt: %s", strerror(-ret));
	return error_arg(err, ret, "%u vectors: the machine has not so many routes for interrupts "
			 "left; give its devices fewer", msix->nr);
}

static uint64_t bar_size(const struct pci_msix *msix, uint64_t size)
{
	while (size < (uint64_t)msix->pba_at + pba_size(msix) ||
	       size < (uint64_t)msix->table_at + table_size(msix))
		size *= 2;
	return size;
}

static int bar_create(struct pci_msix *msix, struct memory *mem,
		      const struct pci_msix_layout *layout)
{
	const struct pci_capability_reg regs[] = {
		{ PCI_MSIX_FLAGS, 2, msix->nr - 1, MSIX_FLAGS },
		{ PCI_MSIX_TABLE, 4, msix->table_at | layout->bar, 0 },
		{ PCI_MSIX_PBA, 4, msix->pba_at | layout->bar, 0 },
	};
	int ret = memory_region_init_io(&msix->mr, mem, NULL, &msix_ops, msix, "msix",
					bar_size(msix, layout->bar_size));

	if (ret)
		return ret;
	ret = pci_add_capability(msix->dev, PCI_CAP_ID_MSIX, layout->cap, PCI_CAP_MSIX_SIZEOF,
				 regs, sizeof(regs) / sizeof(regs[0]));
	if (!ret)
		ret = pci_register_bar(msix->dev, layout->bar, PCI_BASE_ADDRESS_MEM_TYPE_32,
				       &msix->mr);
	if (ret)
		memory_region_fini(&msix->mr);
	return ret;
}

static struct pci_msix *msix_alloc(const struct pci_msix_layout *layout, unsigned int vectors)
{
	struct pci_msix *msix = calloc(1, sizeof(*msix) + vectors * sizeof(msix->vectors[0]));

	if (!msix)
		return NULL;
	msix->nr = vectors;
	msix->cap = layout->cap;
	msix->table_at = layout->table;
	msix->pba_at = layout->pba;
	if (msix->pba_at < msix->table_at + table_size(msix))
		msix->pba_at = msix->table_at + table_size(msix);
	msix->table = calloc(vectors, sizeof(msix->table[0]));
	msix->wanted = calloc(vectors, sizeof(msix->wanted[0]));
	if (msix->table && msix->wanted)
		return msix;
	free(msix->wanted);
	free(msix->table);
	free(msix);
	return NULL;
}

static void msix_free(struct pci_msix *msix)
{
	pthread_mutex_destroy(&msix->lock);
	free(msix->wanted);
	free(msix->table);
	free(msix);
}

int pci_msix_create(struct pci_msix **out, struct pci_device *dev, struct memory *mem,
		    const struct pci_msix_layout *layout, unsigned int vectors,
		    const int *eventfds, struct msi_provider *provider, struct error *err)
{
	struct pci_msix *msix;
	int ret;

	if (!vectors || vectors > PCI_MSIX_VECTORS_MAX)
		return error_arg(err, -EINVAL, "%u vectors: MSI-X has 1 to %u", vectors,
				 PCI_MSIX_VECTORS_MAX);
	msix = msix_alloc(layout, vectors);
	if (!msix)
		return error_set(err, -ENOMEM, "MSI-X: out of memory");
	msix->dev = dev;
	msix->provider = provider;
	pthread_mutex_init(&msix->lock, NULL);
	ret = routes_create(msix, eventfds, err);
	if (ret)
		goto free_msix;
	ret = bar_create(msix, mem, layout);
	if (ret) {
		error_set(err, ret, "MSI-X: BAR %u and the capability: %s", layout->bar,
			  strerror(-ret));
		goto destroy_routes;
	}
	*out = msix;
	return 0;

destroy_routes:
	routes_destroy(msix);
free_msix:
	msix_free(msix);
	return ret;
}

void pci_msix_destroy(struct pci_msix *msix)
{
	memory_region_fini(&msix->mr);
	routes_destroy(msix);
	msix_free(msix);
}

/* --- its state --- */

#define PENDING_WORDS	(PCI_MSIX_VECTORS_MAX / PENDING_BITS)

/* Those that were signalled while masked are in eventfds, which another machine has not. */
void pci_msix_save(struct pci_msix *msix, struct state *s)
{
	uint32_t pending[PENDING_WORDS];
	unsigned int nr = pba_size(msix) / 4;

	pthread_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < nr; i++)
		pending[i] = pending_word(msix, i * PENDING_BITS);
	state_put(s, "msix-table", msix->table, table_size(msix));
	pthread_mutex_unlock(&msix->lock);
	state_put(s, "msix-pending", pending, nr * sizeof(pending[0]));
}

static int table_load(struct pci_msix *msix, const struct state *s, struct error *err)
{
	int ret = state_get(s, "msix-table", msix->table, table_size(msix), err);

	for (unsigned int n = 0; !ret && n < msix->nr; n++)
		for (unsigned int word = 0; word < ENTRY_WORDS; word++)
			if (msix->table[n][word] & ~entry_wmask[word])
				ret = state_refuse(s, "msix-table", "has bits that are reserved",
						   err);
	return ret;
}

static void pending_load(struct pci_msix *msix, const uint32_t *pending)
{
	for (unsigned int n = 0; n < msix->nr; n++)
		if (pending[n / PENDING_BITS] & 1u << n % PENDING_BITS)
			eventfd_write(msix->vectors[n].eventfd, 1);
}

int pci_msix_load(struct pci_msix *msix, const struct state *s, struct error *err)
{
	uint32_t pending[PENDING_WORDS];
	int ret = state_get(s, "msix-pending", pending, pba_size(msix) / 4 * sizeof(pending[0]),
			    err);

	pthread_mutex_lock(&msix->lock);
	if (!ret)
		ret = table_load(msix, s, err);
	if (!ret)
		pending_load(msix, pending);
	msix->flags = config_flags(msix);
	if (!ret)
		vectors_update(msix);
	pthread_mutex_unlock(&msix->lock);
	return ret;
}
