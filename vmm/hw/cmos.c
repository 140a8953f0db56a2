// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MC146818 as far as firmware reads it: time and date from the host, status registers that say
 * that they are valid, and 114 bytes of memory, where the sizes of RAM stand in the places that PC
 * firmware has agreed on.
 */
#include <string.h>

#include "hw/cmos.h"
#include "layout.h"
#include "util.h"

#define CMOS_VERSION	1
#define CMOS_INDEX_MASK		0x7f	/* bit 7 of the port is the NMI's */

#define CMOS_SECONDS		0x00
#define CMOS_MINUTES		0x02
#define CMOS_HOURS		0x04
#define CMOS_WEEKDAY		0x06	/* 1: Sunday */
#define CMOS_DAY		0x07
#define CMOS_MONTH		0x08
#define CMOS_YEAR		0x09
#define CMOS_STATUS_A		0x0a
#define CMOS_STATUS_B		0x0b
#define CMOS_STATUS_C		0x0c
#define CMOS_STATUS_D		0x0d
#define CMOS_CENTURY		0x32

#define CMOS_A_32KHZ		0x26	/* its divider, and a rate of 1024 Hz */
#define CMOS_B_24_HOURS		0x02
#define CMOS_B_BINARY		0x04	/* else the clock is in BCD */
#define CMOS_D_VALID		0x80

/* Sizes of RAM: little-endian, in the unit given, no more than fits. */
#define CMOS_BASE_KIB		0x15	/* below 640 KiB */
#define CMOS_EXTENDED_KIB	0x17	/* from 1 MiB on */
#define CMOS_EXTENDED_KIB_2	0x30	/* the same */
#define CMOS_ABOVE_16M		0x34	/* from 16 MiB on, in 64 KiB */
#define CMOS_ABOVE_4G		0x5b	/* from 4 GiB on, in 64 KiB: three bytes */
#define CMOS_CPUS		0x5f	/* more than one */

#define KIB		1024ull
#define MIB		(KIB * KIB)

static void cmos_put(struct cmos *c, unsigned int at, uint64_t value, unsigned int size)
{
	uint64_t max = (1ull << 8 * size) - 1;

	value = value < max ? value : max;
	for (unsigned int i = 0; i < size; i++)
		c->bytes[at + i] = value >> 8 * i;
}

static uint64_t above(uint64_t size, uint64_t start)
{
	return size > start ? size - start : 0;
}

static void cmos_put_sizes(struct cmos *c, const struct cmos_config *config)
{
	cmos_put(c, CMOS_BASE_KIB, 640, 2);
	cmos_put(c, CMOS_EXTENDED_KIB, above(config->ram_low, MIB) / KIB, 2);
	cmos_put(c, CMOS_EXTENDED_KIB_2, above(config->ram_low, MIB) / KIB, 2);
	cmos_put(c, CMOS_ABOVE_16M, above(config->ram_low, 16 * MIB) / (64 * KIB), 2);
	cmos_put(c, CMOS_ABOVE_4G, config->ram_high / (64 * KIB), 3);
	cmos_put(c, CMOS_CPUS, config->nr_cpus - 1, 1);
}

static uint8_t cmos_digits(const struct cmos *c, unsigned int value)
{
	if (c->bytes[CMOS_STATUS_B] & CMOS_B_BINARY)
		return value;
	return value / 10 << 4 | value % 10;
}

/* Hours from 1 to 12, with bit 7 for the afternoon, if they are wanted so. */
static uint8_t cmos_hours(const struct cmos *c, unsigned int hours)
{
	if (c->bytes[CMOS_STATUS_B] & CMOS_B_24_HOURS)
		return cmos_digits(c, hours);
	return cmos_digits(c, (hours + 11) % 12 + 1) | (hours >= 12 ? 0x80 : 0);
}

static uint8_t cmos_read_byte(struct cmos *c)
{
	time_t now = c->now();
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (c->index) {
	case CMOS_SECONDS:
		return cmos_digits(c, tm.tm_sec);
	case CMOS_MINUTES:
		return cmos_digits(c, tm.tm_min);
	case CMOS_HOURS:
		return cmos_hours(c, tm.tm_hour);
	case CMOS_WEEKDAY:
		return cmos_digits(c, tm.tm_wday + 1);
	case CMOS_DAY:
		return cmos_digits(c, tm.tm_mday);
	case CMOS_MONTH:
		return cmos_digits(c, tm.tm_mon + 1);
	case CMOS_YEAR:
		return cmos_digits(c, tm.tm_year % 100);
	case CMOS_CENTURY:
		return cmos_digits(c, 19 + tm.tm_year / 100);
	default:
		return c->bytes[c->index];
	}
}

/* The clock and what says that it is valid stay as they are; alarms are kept, and nothing else. */
static bool cmos_is_fixed(uint8_t index)
{
	switch (index) {
	case CMOS_SECONDS:
	case CMOS_MINUTES:
	case CMOS_HOURS:
	case CMOS_WEEKDAY:
	case CMOS_DAY:
	case CMOS_MONTH:
	case CMOS_YEAR:
	case CMOS_STATUS_C:
	case CMOS_STATUS_D:
	case CMOS_CENTURY:
		return true;
	default:
		return false;
	}
}

static enum memtx_result cmos_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct cmos *c = opaque;

	(void)size;
	pthread_mutex_lock(&c->lock);
	*data = addr ? cmos_read_byte(c) : 0xff;	/* the index can't be read */
	pthread_mutex_unlock(&c->lock);
	return MEMTX_OK;
}

static enum memtx_result cmos_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct cmos *c = opaque;

	(void)size;
	pthread_mutex_lock(&c->lock);
	if (!addr)
		c->index = data & CMOS_INDEX_MASK;
	else if (!cmos_is_fixed(c->index))
		c->bytes[c->index] = data;
	pthread_mutex_unlock(&c->lock);
	return MEMTX_OK;
}

static const struct memory_region_ops cmos_ops = {
	.read = cmos_read,
	.write = cmos_write,
	.valid = { .max = 1 },
};

int cmos_init(struct cmos *c, struct memory *mem, struct memory_region *io,
	      const struct cmos_config *config)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->now = config->now;
	c->bytes[CMOS_STATUS_A] = CMOS_A_32KHZ;
	c->bytes[CMOS_STATUS_B] = CMOS_B_24_HOURS;
	c->bytes[CMOS_STATUS_D] = CMOS_D_VALID;
	cmos_put_sizes(c, config);
	pthread_mutex_init(&c->lock, NULL);
	ret = memory_region_init_io(&c->mr, mem, NULL, &cmos_ops, c, "rtc", 2);
	if (!ret)
		ret = memory_region_add_subregion(io, LAYOUT_CMOS, &c->mr);
	if (ret)
		cmos_fini(c);
	return ret;
}

void cmos_fini(struct cmos *c)
{
	memory_region_fini(&c->mr);
	pthread_mutex_destroy(&c->lock);
}

static const struct state_field cmos_fields[] = {
	STATE_FIELD_MAX(struct cmos, index, CMOS_INDEX_MASK),
	STATE_FIELD(struct cmos, bytes),
};

void cmos_save(struct cmos *c, struct state_set *states)
{
	pthread_mutex_lock(&c->lock);
	state_put_fields(state_add(states, "cmos", 0, CMOS_VERSION), cmos_fields,
			 ARRAY_SIZE(cmos_fields), c);
	pthread_mutex_unlock(&c->lock);
}

int cmos_load(struct cmos *c, struct state_set *states, struct error *err)
{
	struct state *s;
	int ret = state_take(states, "cmos", 0, CMOS_VERSION, &s, err);

	if (ret)
		return ret;
	pthread_mutex_lock(&c->lock);
	ret = state_get_fields(s, cmos_fields, ARRAY_SIZE(cmos_fields), c, err);
	pthread_mutex_unlock(&c->lock);
	return ret;
}
