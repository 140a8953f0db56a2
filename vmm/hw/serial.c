// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A, after National Semiconductor's data sheet. A byte is sent the moment it is written,
 * so the transmitter is always empty; the receiver's FIFO fills as fast as the guest empties it.
 */
#include <errno.h>
#include <linux/serial_reg.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hw/serial.h"
#include "util.h"

#define SERIAL_PORTS	8
#define SERIAL_FIFO	16
#define SERIAL_VERSION	1
#define SERIAL_DIVISOR	12	/* 9600 baud, at reset */

struct serial {
	struct serial_config config;
	struct memory_region mr;

	pthread_mutex_t lock;		/* guards what follows */
	uint8_t ier, lcr, mcr, scr;
	uint8_t lsr_errors;		/* UART_LSR_BRK_ERROR_BITS, cleared by reading LSR */
	uint8_t msr_deltas;		/* UART_MSR_ANY_DELTA, cleared by reading MSR */
	uint8_t fcr;			/* enable bit and trigger level */
	uint16_t divisor;
	bool thr_interrupt;		/* "transmitter empty" has not been seen by the guest */
	bool irq_level;
	uint8_t fifo[SERIAL_FIFO];
	unsigned int fifo_start, fifo_len;
};

/* --- interrupts --- */

static unsigned int serial_trigger(const struct serial *s)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return s->fcr & UART_FCR_ENABLE_FIFO ? levels[s->fcr >> 6] : 1;
}

/* What IIR says; bytes below the trigger level count as timed out at once. */
static uint8_t serial_cause(const struct serial *s)
{
	if ((s->ier & UART_IER_RLSI) && s->lsr_errors)
		return UART_IIR_RLSI;
	if ((s->ier & UART_IER_RDI) && s->fifo_len)
		return s->fifo_len >= serial_trigger(s) ? UART_IIR_RDI : UART_IIR_RX_TIMEOUT;
	if ((s->ier & UART_IER_THRI) && s->thr_interrupt)
		return UART_IIR_THRI;
	if ((s->ier & UART_IER_MSI) && s->msr_deltas)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void serial_update_irq(struct serial *s)
{
	bool level = serial_cause(s) != UART_IIR_NO_INT;

	if (level == s->irq_level)
		return;
	s->irq_level = level;
	s->config.set_irq(s->config.opaque, level);
}

/* --- receiver --- */

static unsigned int serial_room(const struct serial *s)
{
	unsigned int size = s->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_FIFO : 1;

	return s->fifo_len < size ? size - s->fifo_len : 0;
}

static void serial_receive(struct serial *s, uint8_t byte)
{
	if (!serial_room(s)) {
		s->lsr_errors |= UART_LSR_OE;
		return;
	}
	s->fifo[(s->fifo_start + s->fifo_len++) % SERIAL_FIFO] = byte;
}

static uint8_t serial_read_rbr(struct serial *s)
{
	uint8_t byte = s->fifo[s->fifo_start];

	if (!s->fifo_len)
		return 0;
	s->fifo_start = (s->fifo_start + 1) % SERIAL_FIFO;
	if (!--s->fifo_len)
		chardev_accept_input(s->config.chardev);
	return byte;
}

/* In loopback mode the line is cut off: what comes in waits. */
static size_t serial_can_read(void *opaque)
{
	struct serial *s = opaque;
	size_t room;

	pthread_mutex_lock(&s->lock);
	room = s->mcr & UART_MCR_LOOP ? 0 : serial_room(s);
	pthread_mutex_unlock(&s->lock);
	return room;
}

static void serial_input(void *opaque, const uint8_t *buf, size_t len)
{
	struct serial *s = opaque;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < len; i++)
		serial_receive(s, buf[i]);
	serial_update_irq(s);
	pthread_mutex_unlock(&s->lock);
}

/* --- registers --- */

static bool serial_dlab(const struct serial *s)
{
	return s->lcr & UART_LCR_DLAB;
}

/* In loopback mode, the modem's lines are our own outputs. */
static uint8_t serial_modem_lines(const struct serial *s)
{
	uint8_t lines = 0;

	if (!(s->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (s->mcr & UART_MCR_RTS)
		lines |= UART_MSR_CTS;
	if (s->mcr & UART_MCR_DTR)
		lines |= UART_MSR_DSR;
	if (s->mcr & UART_MCR_OUT1)
		lines |= UART_MSR_RI;
	if (s->mcr & UART_MCR_OUT2)
		lines |= UART_MSR_DCD;
	return lines;
}

static uint8_t serial_read_iir(struct serial *s)
{
	uint8_t cause = serial_cause(s);

	if (cause == UART_IIR_THRI)
		s->thr_interrupt = false;
	return cause | (s->fcr & UART_FCR_ENABLE_FIFO ? 0xc0 : 0);
}

static uint8_t serial_read_lsr(struct serial *s)
{
	uint8_t value = s->lsr_errors | UART_LSR_THRE | UART_LSR_TEMT;

	s->lsr_errors = 0;
	return s->fifo_len ? value | UART_LSR_DR : value;
}

static uint8_t serial_read_msr(struct serial *s)
{
	uint8_t value = serial_modem_lines(s) | s->msr_deltas;

	s->msr_deltas = 0;
	return value;
}

static uint8_t serial_read_register(struct serial *s, unsigned int reg)
{
	switch (reg) {
	case UART_RX:
		return serial_dlab(s) ? s->divisor & 0xff : serial_read_rbr(s);
	case UART_IER:
		return serial_dlab(s) ? s->divisor >> 8 : s->ier;
	case UART_IIR:
		return serial_read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return serial_read_lsr(s);
	case UART_MSR:
		return serial_read_msr(s);
	default:
		return s->scr;
	}
}

/* Whether the byte goes out. */
static bool serial_write_thr(struct serial *s, uint8_t byte)
{
	bool loop = s->mcr & UART_MCR_LOOP;

	if (loop)
		serial_receive(s, byte);
	s->thr_interrupt = true;
	return !loop;
}

/* Enabling the transmitter's interrupt raises it, since the transmitter is empty. */
static void serial_write_ier(struct serial *s, uint8_t value)
{
	uint8_t set = value & ~s->ier;

	s->ier = value & (UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI);
	if (set & UART_IER_THRI)
		s->thr_interrupt = true;
}

static void serial_write_fcr(struct serial *s, uint8_t value)
{
	bool toggled = (s->fcr ^ value) & UART_FCR_ENABLE_FIFO;

	s->fcr = value & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
	if (toggled || (value & UART_FCR_CLEAR_RCVR)) {
		s->fifo_len = 0;
		chardev_accept_input(s->config.chardev);
	}
}

static void serial_write_mcr(struct serial *s, uint8_t value)
{
	uint8_t before = serial_modem_lines(s);
	uint8_t changed;

	s->mcr = value & (UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_OUT1 | UART_MCR_RTS |
			  UART_MCR_DTR);
	changed = before ^ serial_modem_lines(s);
	/* the ring indicator only counts when it ends */
	if ((changed & UART_MSR_RI) && !(before & UART_MSR_RI))
		changed &= ~UART_MSR_RI;
	s->msr_deltas |= changed >> 4;
	chardev_accept_input(s->config.chardev);
}

static void serial_write_divisor(struct serial *s, unsigned int reg, uint8_t value)
{
	if (reg == UART_DLL)
		s->divisor = (s->divisor & 0xff00) | value;
	else
		s->divisor = (s->divisor & 0x00ff) | value << 8;
}

/* Whether @value is to be sent. */
static bool serial_write_register(struct serial *s, unsigned int reg, uint8_t value)
{
	if (serial_dlab(s) && reg <= UART_DLM) {
		serial_write_divisor(s, reg, value);
		return false;
	}
	switch (reg) {
	case UART_TX:
		return serial_write_thr(s, value);
	case UART_IER:
		serial_write_ier(s, value);
		break;
	case UART_FCR:
		serial_write_fcr(s, value);
		break;
	case UART_LCR:
		s->lcr = value;
		break;
	case UART_MCR:
		serial_write_mcr(s, value);
		break;
	case UART_SCR:
		s->scr = value;
		break;
	}
	return false;
}

static enum memtx_result serial_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct serial *s = opaque;

	(void)size;
	pthread_mutex_lock(&s->lock);
	*data = serial_read_register(s, addr);
	serial_update_irq(s);
	pthread_mutex_unlock(&s->lock);
	return MEMTX_OK;
}

static enum memtx_result serial_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct serial *s = opaque;
	uint8_t byte = data;
	bool send;

	(void)size;
	pthread_mutex_lock(&s->lock);
	send = serial_write_register(s, addr, byte);
	serial_update_irq(s);
	pthread_mutex_unlock(&s->lock);
	if (send)	/* may take a while: input goes on meanwhile */
		chardev_write(s->config.chardev, &byte, 1);
	return MEMTX_OK;
}

static const struct memory_region_ops serial_ops = {
	.read = serial_read,
	.write = serial_write,
	.valid = { .max = 1 },
};

int serial_create(struct serial **out, struct memory *mem, const struct serial_config *config)
{
	struct chardev_client client = {
		.can_read = serial_can_read,
		.read = serial_input,
	};
	struct serial *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	client.opaque = s;
	s->config = *config;
	s->divisor = SERIAL_DIVISOR;
	pthread_mutex_init(&s->lock, NULL);
	ret = memory_region_init_io(&s->mr, mem, NULL, &serial_ops, s, config->name, SERIAL_PORTS);
	if (!ret)
		ret = memory_region_add_subregion(config->io, config->port, &s->mr);
	if (!ret)
		ret = chardev_set_client(config->chardev, &client);
	if (ret) {
		serial_destroy(s);
		return ret;
	}
	*out = s;
	return 0;
}

void serial_destroy(struct serial *s)
{
	memory_region_fini(&s->mr);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct state_field serial_fields[] = {
	STATE_FIELD(struct serial, ier),
	STATE_FIELD(struct serial, lcr),
	STATE_FIELD(struct serial, mcr),
	STATE_FIELD(struct serial, scr),
	STATE_FIELD(struct serial, lsr_errors),
	STATE_FIELD(struct serial, msr_deltas),
	STATE_FIELD(struct serial, fcr),
	STATE_FIELD(struct serial, divisor),
	STATE_FIELD_MAX(struct serial, thr_interrupt, 1),
	STATE_FIELD_MAX(struct serial, irq_level, 1),
	STATE_FIELD(struct serial, fifo),
	STATE_FIELD_MAX(struct serial, fifo_start, SERIAL_FIFO - 1),
	STATE_FIELD_MAX(struct serial, fifo_len, SERIAL_FIFO),
};

void serial_save(struct serial *s, struct state_set *states, uint32_t instance)
{
	pthread_mutex_lock(&s->lock);
	state_put_fields(state_add(states, "serial", instance, SERIAL_VERSION), serial_fields,
			 ARRAY_SIZE(serial_fields), s);
	pthread_mutex_unlock(&s->lock);
}

/* A line that is up is raised once more: an interrupt too many does no harm, one too few does. */
int serial_load(struct serial *s, struct state_set *states, uint32_t instance, struct error *err)
{
	struct state *state;
	int ret = state_take(states, "serial", instance, SERIAL_VERSION, &state, err);

	if (ret)
		return ret;
	pthread_mutex_lock(&s->lock);
	ret = state_get_fields(state, serial_fields, ARRAY_SIZE(serial_fields), s, err);
	if (!ret && s->irq_level)
		s->config.set_irq(s->config.opaque, true);
	pthread_mutex_unlock(&s->lock);
	return ret;
}
