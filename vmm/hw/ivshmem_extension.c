// SPDX-License-Identifier: GPL-2.0-only
/* What a driver that asks for it is told of its region and peers. */
#include "hw/ivshmem_extension.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/dirty.h"
#include "util.h"

#define PAGE_MIN	4096u

static uint32_t *page_words(const struct ivshmem_extension *x)
{
	return memory_region_get_ram_ptr(&x->page);
}

static uint32_t page_nr(const struct ivshmem_extension *x)
{
	return memory_region_size(&x->page) / sizeof(x->words[0]);
}

/* What a guest sees of a word; a page that nobody needs is not touched. */
static void word_show(struct ivshmem_extension *x, uint32_t peer)
{
	uint32_t value = htole32(x->enabled ? x->words[peer] : 0), *at = page_words(x) + peer;

	if (__atomic_load_n(at, __ATOMIC_RELAXED) == value)
		return;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	memory_region_set_dirty(&x->page, peer * sizeof(*at), sizeof(*at));
}

void ivshmem_extension_peer(struct ivshmem_extension *x, uint32_t peer, bool joined)
{
	uint32_t word;

	if (peer >= page_nr(x))
		return;
	pthread_mutex_lock(&x->lock);
	word = x->words[peer] & ~IVSHMEM_PEER_JOINED;
	if (joined)
		word += (1u << IVSHMEM_PEER_GENERATION_SHIFT) | IVSHMEM_PEER_JOINED;
	x->words[peer] = word;
	if (peer >= x->end)
		x->end = peer + 1;
	word_show(x, peer);
	x->changes++;
	x->unsignalled = true;
	pthread_mutex_unlock(&x->lock);
}

void ivshmem_extension_signal(struct ivshmem_extension *x)
{
	uint16_t vector;
	bool signal;

	pthread_mutex_lock(&x->lock);
	signal = x->unsignalled && x->enabled;
	vector = x->vector;
	x->unsignalled = false;
	pthread_mutex_unlock(&x->lock);
	if (signal && vector < x->config.vectors)
		x->config.raise(x->config.opaque, vector);
}

/* --- registers --- */

static uint32_t reg_read(const struct ivshmem_extension *x, hwaddr offset)
{
	uint32_t word;

	switch (offset) {
	case IVSHMEM_EXT_ABI:
		return IVSHMEM_EXT_VERSION;
	case IVSHMEM_EXT_MAX_PEERS:
		return x->config.max_peers;
	case IVSHMEM_EXT_CHANGES:
		return x->changes;
	}
	if (offset < IVSHMEM_EXT_NAME || offset >= IVSHMEM_EXT_NAME + IVSHMEM_EXT_NAME_SIZE)
		return 0;
	memcpy(&word, x->name + (offset - IVSHMEM_EXT_NAME), sizeof(word));
	return le32toh(word);
}

uint32_t ivshmem_extension_read(struct ivshmem_extension *x, hwaddr offset)
{
	uint32_t value;

	pthread_mutex_lock(&x->lock);
	value = x->enabled ? reg_read(x, offset) : 0;
	pthread_mutex_unlock(&x->lock);
	return value;
}

/* --- the capability --- */

static void capability_read(struct ivshmem_extension *x, const struct pci_device *dev)
{
	const uint8_t *cap = dev->config + IVSHMEM_EXT_CAP;

	x->enabled = cap[IVSHMEM_EXT_CAP_CONTROL] & IVSHMEM_EXT_ENABLE;
	x->vector = cap[IVSHMEM_EXT_CAP_VECTOR] | cap[IVSHMEM_EXT_CAP_VECTOR + 1] << 8;
}

void ivshmem_extension_config_written(struct ivshmem_extension *x, const struct pci_device *dev)
{
	bool before;

	pthread_mutex_lock(&x->lock);
	before = x->enabled;
	capability_read(x, dev);
	for (uint32_t peer = 0; x->enabled != before && peer < x->end; peer++)
		word_show(x, peer);
	pthread_mutex_unlock(&x->lock);
}

static int capability_add(struct pci_device *dev)
{
	static const struct pci_capability_reg regs[] = {
		{ IVSHMEM_EXT_CAP_LENGTH, 1, IVSHMEM_EXT_CAP_SIZE, 0 },
		{ IVSHMEM_EXT_CAP_VERSION, 1, IVSHMEM_EXT_VERSION, 0 },
		{ IVSHMEM_EXT_CAP_MAGIC, 4, IVSHMEM_EXT_MAGIC, 0 },
		{ IVSHMEM_EXT_CAP_CONTROL, 2, 0, IVSHMEM_EXT_ENABLE },
		{ IVSHMEM_EXT_CAP_BAR, 1, IVSHMEM_BAR_PEERS, 0 },
		{ IVSHMEM_EXT_CAP_VECTOR, 2, IVSHMEM_EXT_NO_VECTOR, UINT16_MAX },
	};

	return pci_add_capability(dev, PCI_CAP_ID_VNDR, IVSHMEM_EXT_CAP, IVSHMEM_EXT_CAP_SIZE,
				  regs, ARRAY_SIZE(regs));
}

static uint64_t page_size(uint32_t max_peers)
{
	uint64_t size = PAGE_MIN;

	while (size < max_peers * (uint64_t)sizeof(uint32_t))
		size *= 2;
	return size;
}

int ivshmem_extension_init(struct ivshmem_extension *x, struct pci_device *dev, struct memory *mem,
			   const struct ivshmem_extension_config *config)
{
	int ret;

	pthread_mutex_init(&x->lock, NULL);
	x->config = *config;
	strncpy(x->name, config->region, sizeof(x->name) - 1);
	x->vector = IVSHMEM_EXT_NO_VECTOR;
	ret = memory_region_init_rom(&x->page, mem, NULL, "ivshmem-peers",
				     page_size(config->max_peers));
	if (!ret) {
		x->words = calloc(page_nr(x), sizeof(x->words[0]));
		ret = x->words ? 0 : -ENOMEM;
	}
	if (!ret)
		ret = pci_register_bar(dev, IVSHMEM_BAR_PEERS, PCI_BASE_ADDRESS_MEM_TYPE_32,
				       &x->page);
	return ret ? ret : capability_add(dev);
}

void ivshmem_extension_fini(struct ivshmem_extension *x)
{
	memory_region_fini(&x->page);
	free(x->words);
	pthread_mutex_destroy(&x->lock);
}

/* --- state --- */

static const struct state_field extension_fields[] = {
	STATE_FIELD(struct ivshmem_extension, changes),
};

void ivshmem_extension_save(struct ivshmem_extension *x, struct state *s)
{
	pthread_mutex_lock(&x->lock);
	state_put_fields(s, extension_fields, ARRAY_SIZE(extension_fields), x);
	pthread_mutex_unlock(&x->lock);
}

/*
 * The page came back with the RAM. Generations go on from there, so that a guest that was in the
 * middle of something sees that each peer is another one now.
 */
static void words_load(struct ivshmem_extension *x)
{
	const uint32_t *page = page_words(x);

	for (uint32_t peer = 0; peer < page_nr(x); peer++) {
		uint32_t word = le32toh(page[peer]);

		if (!word)
			continue;
		x->words[peer] = word & ~IVSHMEM_PEER_JOINED;
		x->end = peer + 1;
		x->changes += word & IVSHMEM_PEER_JOINED;
		word_show(x, peer);
	}
}

int ivshmem_extension_load(struct ivshmem_extension *x, const struct pci_device *dev,
			   const struct state *s, struct error *err)
{
	int ret;

	pthread_mutex_lock(&x->lock);
	ret = state_get_fields(s, extension_fields, ARRAY_SIZE(extension_fields), x, err);
	capability_read(x, dev);
	if (!ret)
		words_load(x);
	x->unsignalled = true;
	pthread_mutex_unlock(&x->lock);
	return ret;
}
