// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ivshmem device: BAR 0 has its registers, BAR 2 is the backend's memory itself, so that no
 * access to it comes here. ivshmem_options.c knows the command line, ivshmem_doorbell.c what a
 * device with interrupts has beyond that.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hw/ivshmem_doorbell.h"
#include "hw/ivshmem_options.h"
#include "ivshmem_regs.h"
#include "util.h"

struct ivshmem {
	struct pci_device pci;
	struct hostmem *hostmem;
	struct hostmem_backend *backend;
	struct memory_region regs;
	struct doorbell_device *doorbell;	/* NULL: the plain device */

	pthread_mutex_t lock;		/* guards the registers */
	uint32_t intr_mask, intr_status;
};

static const struct pci_identity ivshmem_identity = {
	.vendor = IVSHMEM_VENDOR_ID,
	.device = IVSHMEM_DEVICE_ID,
	.subsystem_vendor = IVSHMEM_SUBSYSTEM_VENDOR_ID,
	.subsystem = IVSHMEM_SUBSYSTEM_ID,
	.class = IVSHMEM_CLASS,
	.revision = IVSHMEM_REVISION,
};

/* Of both devices. */
static bool is_plain(hwaddr addr)
{
	return addr == IVSHMEM_INTR_MASK || addr == IVSHMEM_INTR_STATUS;
}

static uint32_t plain_read(struct ivshmem *s, hwaddr addr)
{
	uint32_t value;

	pthread_mutex_lock(&s->lock);
	value = addr == IVSHMEM_INTR_MASK ? s->intr_mask : s->intr_status;
	if (addr == IVSHMEM_INTR_STATUS)
		s->intr_status = 0;
	pthread_mutex_unlock(&s->lock);
	return value;
}

static void plain_write(struct ivshmem *s, hwaddr addr, uint32_t value)
{
	pthread_mutex_lock(&s->lock);
	*(addr == IVSHMEM_INTR_MASK ? &s->intr_mask : &s->intr_status) = value;
	pthread_mutex_unlock(&s->lock);
}

/* Registers are words; what is narrower, wider or across two of them reads 0 and writes nothing. */
static bool is_word(hwaddr addr, unsigned int size)
{
	return size == 4 && addr % 4 == 0;
}

/* IVPosition and Doorbell of a device without interrupts read 0, too. */
static enum memtx_result regs_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct ivshmem *s = opaque;

	*data = 0;
	if (!is_word(addr, size))
		return MEMTX_OK;
	if (is_plain(addr))
		*data = plain_read(s, addr);
	else if (s->doorbell)
		*data = doorbell_device_read(s->doorbell, addr);
	return MEMTX_OK;
}

static enum memtx_result regs_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct ivshmem *s = opaque;

	if (!is_word(addr, size))
		return MEMTX_OK;
	if (is_plain(addr))
		plain_write(s, addr, data);
	else if (s->doorbell)
		doorbell_device_write(s->doorbell, addr, data);
	return MEMTX_OK;
}

static const struct memory_region_ops regs_ops = {
	.read = regs_read,
	.write = regs_write,
	.valid = { .unaligned = true },
	.impl = { .unaligned = true },
};

static const struct state_field ivshmem_fields[] = {
	STATE_FIELD(struct ivshmem, intr_mask),
	STATE_FIELD(struct ivshmem, intr_status),
};

/* What is in the shared memory is not the device's. */
static void ivshmem_save(struct pci_device *dev, struct state *state)
{
	struct ivshmem *s = container_of(dev, struct ivshmem, pci);

	pthread_mutex_lock(&s->lock);
	state_put_fields(state, ivshmem_fields, ARRAY_SIZE(ivshmem_fields), s);
	pthread_mutex_unlock(&s->lock);
	if (s->doorbell)
		doorbell_device_save(s->doorbell, state);
}

static int ivshmem_load(struct pci_device *dev, const struct state *state, struct error *err)
{
	struct ivshmem *s = container_of(dev, struct ivshmem, pci);
	int ret;

	pthread_mutex_lock(&s->lock);
	ret = state_get_fields(state, ivshmem_fields, ARRAY_SIZE(ivshmem_fields), s, err);
	pthread_mutex_unlock(&s->lock);
	return ret || !s->doorbell ? ret : doorbell_device_load(s->doorbell, dev, state, err);
}

static void ivshmem_config_written(struct pci_device *dev, unsigned int reg, unsigned int size)
{
	struct ivshmem *s = container_of(dev, struct ivshmem, pci);

	(void)reg;
	(void)size;
	if (s->doorbell)
		doorbell_device_config_written(s->doorbell, dev);
}

static void ivshmem_destroy(struct pci_device *dev)
{
	struct ivshmem *s = container_of(dev, struct ivshmem, pci);

	memory_region_fini(&s->regs);
	doorbell_device_destroy(s->doorbell);
	hostmem_put(s->hostmem, s->backend);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int register_bars(struct ivshmem *s)
{
	int ret = pci_register_bar(&s->pci, IVSHMEM_BAR_REGS, PCI_BASE_ADDRESS_MEM_TYPE_32,
				   &s->regs);

	if (ret)
		return ret;
	return pci_register_bar(&s->pci, IVSHMEM_BAR_MEM,
				PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
				&s->backend->mr);
}

static int regs_init(struct ivshmem *s, struct memory *mem, const char *driver,
		     struct error *err)
{
	int ret = memory_region_init_io(&s->regs, mem, NULL, &regs_ops, s, "ivshmem-regs",
					IVSHMEM_REGS_SIZE);

	if (!ret)
		ret = register_bars(s);
	return ret ? error_set(err, ret, "-device %s: %s", driver, strerror(-ret)) : 0;
}

/* The device as such; it has its backend already. */
static int ivshmem_init(struct ivshmem *s, const struct ivshmem_host *host,
			const struct ivshmem_options *opts, struct error *err)
{
	struct error why;
	int ret;

	pthread_mutex_init(&s->lock, NULL);
	pci_device_init(&s->pci, opts->vectors ? "ivshmem-doorbell" : "ivshmem-plain",
			&ivshmem_identity);
	s->pci.id = opts->id;
	s->pci.destroy = ivshmem_destroy;
	s->pci.config_written = ivshmem_config_written;
	s->pci.save = ivshmem_save;
	s->pci.load = ivshmem_load;
	ret = regs_init(s, host->mem, opts->driver, err);
	if (!ret && opts->vectors)
		ret = doorbell_device_create(&s->doorbell, host, opts, &s->pci, &s->regs,
					      s->backend, err);
	if (ret)
		return ret;
	if (pci_device_add(host->bus, &s->pci, PCI_DEVFN_ANY, &why))
		return error_arg(err, -EINVAL, "-device %s: %s", opts->driver, why.text);
	return 0;
}

int ivshmem_create(const struct ivshmem_host *host, const struct props *o, struct error *err)
{
	struct ivshmem_options opts;
	struct ivshmem *s;
	int ret;

	ret = ivshmem_options_parse(&opts, o, err);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, -ENOMEM, "-device %s: out of memory", opts.driver);
	s->hostmem = host->hostmem;
	ret = ivshmem_backend_get(&opts, host->hostmem, &s->backend, err);
	if (ret) {
		free(s);
		return ret;
	}
	ret = ivshmem_init(s, host, &opts, err);
	if (ret)
		ivshmem_destroy(&s->pci);
	return ret;
}
