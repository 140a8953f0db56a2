// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A as a driver uses it. The chardev behind it is this file's own: what the port sends is
 * collected, and what it is given is what can_read() has room for.
 */
#include <linux/serial_reg.h>
#include <unistd.h>

#include "hw/serial.h"
#include "memory/access.h"
#include "unit.h"

#define PORT		0x3f8
#define IDLE		(UART_LSR_THRE | UART_LSR_TEMT)
#define FIFO_ON		0xc0		/* in IIR */

struct chardev {
	struct chardev_client client;
	char sent[64];
	size_t nr_sent;
	unsigned int wakes;		/* that the port has asked for more input */
};

void chardev_write(struct chardev *c, const void *buf, size_t len)
{
	/* the port must be open to the loop's thread meanwhile: this hangs if it is locked */
	c->client.can_read(c->client.opaque);
	assert_true(c->nr_sent + len <= sizeof(c->sent));
	memcpy(c->sent + c->nr_sent, buf, len);
	c->nr_sent += len;
}

void chardev_accept_input(struct chardev *c)
{
	c->wakes++;
}

int chardev_set_client(struct chardev *c, const struct chardev_client *client)
{
	c->client = *client;
	return 0;
}

struct fixture {
	struct memory *mem;
	struct memory_region io;
	struct address_space as;
	struct chardev chardev;
	struct serial *serial;
	bool irq;
};

static void set_irq(void *opaque, bool level)
{
	struct fixture *f = opaque;

	assert_int_not_equal(f->irq, level);
	f->irq = level;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct serial_config config = {
		.name = "com1", .port = PORT, .io = &f->io, .chardev = &f->chardev,
		.set_irq = set_irq, .opaque = f,
	};

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&f->as, f->mem, &f->io, "I/O"));
	assert_ok(serial_create(&f->serial, f->mem, &config));
	alarm(20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	serial_destroy(f->serial);
	address_space_fini(&f->as);
	memory_region_fini(&f->io);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static uint8_t in(struct fixture *f, unsigned int reg)
{
	uint8_t value = 0;

	assert_int_equal(address_space_rw(&f->as, PORT + reg, &value, 1, false), MEMTX_OK);
	return value;
}

static void out(struct fixture *f, unsigned int reg, uint8_t value)
{
	assert_int_equal(address_space_rw(&f->as, PORT + reg, &value, 1, true), MEMTX_OK);
}

static size_t room(struct fixture *f)
{
	return f->chardev.client.can_read(f->chardev.client.opaque);
}

static void type(struct fixture *f, const char *text)
{
	assert_true(room(f) >= strlen(text));
	f->chardev.client.read(f->chardev.client.opaque, (const uint8_t *)text, strlen(text));
}

static void assert_reads(struct fixture *f, const char *text)
{
	for (; *text; text++) {
		assert_true(in(f, UART_LSR) & UART_LSR_DR);
		assert_int_equal(in(f, UART_RX), *text);
	}
	assert_false(in(f, UART_LSR) & UART_LSR_DR);
}

static void at_reset(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, UART_LSR), IDLE);
	assert_int_equal(in(f, UART_IIR), UART_IIR_NO_INT);
	assert_int_equal(in(f, UART_MSR), UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS);
	assert_int_equal(in(f, UART_IER), 0);
	assert_int_equal(in(f, UART_MCR), 0);
	assert_int_equal(in(f, UART_RX), 0);
	assert_false(f->irq);
}

static void registers_keep_what_they_have(void **state)
{
	struct fixture *f = *state;

	out(f, UART_SCR, 0x5a);
	assert_int_equal(in(f, UART_SCR), 0x5a);
	out(f, UART_IER, 0xff);
	assert_int_equal(in(f, UART_IER), 0x0f);
	out(f, UART_IER, 0);
	out(f, UART_MCR, 0xff & ~UART_MCR_LOOP);
	assert_int_equal(in(f, UART_MCR), 0x0f);
	out(f, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	assert_int_equal(in(f, UART_DLL) | in(f, UART_DLM) << 8, 12);
	out(f, UART_DLL, 0x34);
	out(f, UART_DLM, 0x12);
	assert_int_equal(in(f, UART_DLL), 0x34);
	assert_int_equal(in(f, UART_DLM), 0x12);
	out(f, UART_LCR, UART_LCR_WLEN8);
	assert_int_equal(in(f, UART_IER), 0);
	assert_int_equal(f->chardev.nr_sent, 0);
	assert_int_equal(in(f, UART_SCR), 0x5a);
}

static void the_transmitter_is_always_empty(void **state)
{
	struct fixture *f = *state;

	for (const char *c = "hello"; *c; c++) {
		assert_int_equal(in(f, UART_LSR), IDLE);
		out(f, UART_TX, *c);
	}
	assert_int_equal(f->chardev.nr_sent, 5);
	assert_memory_equal(f->chardev.sent, "hello", 5);
	assert_false(f->irq);
}

static void its_interrupt(void **state)
{
	struct fixture *f = *state;

	out(f, UART_IER, UART_IER_THRI);
	assert_true(f->irq);
	assert_int_equal(in(f, UART_IIR), UART_IIR_THRI);
	assert_false(f->irq);
	assert_int_equal(in(f, UART_IIR), UART_IIR_NO_INT);
	out(f, UART_TX, 'a');
	assert_true(f->irq);
	out(f, UART_IER, 0);
	assert_false(f->irq);
	out(f, UART_IER, UART_IER_THRI);
	assert_true(f->irq);
}

static void input_without_the_fifo(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(room(f), 1);
	out(f, UART_IER, UART_IER_RDI);
	type(f, "a");
	assert_true(f->irq);
	assert_int_equal(room(f), 0);
	assert_int_equal(in(f, UART_IIR), UART_IIR_RDI);
	assert_int_equal(f->chardev.wakes, 0);
	assert_reads(f, "a");
	assert_false(f->irq);
	assert_int_equal(f->chardev.wakes, 1);
	assert_int_equal(room(f), 1);
}

static void input_through_the_fifo(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	out(f, UART_IER, UART_IER_RDI);
	assert_int_equal(in(f, UART_IIR), FIFO_ON | UART_IIR_NO_INT);
	assert_int_equal(room(f), 16);
	type(f, "0123456789abc");
	assert_int_equal(in(f, UART_IIR), FIFO_ON | UART_IIR_RX_TIMEOUT);
	type(f, "d");
	assert_int_equal(in(f, UART_IIR), FIFO_ON | UART_IIR_RDI);
	type(f, "ef");
	assert_int_equal(room(f), 0);
	f->chardev.wakes = 0;
	for (const char *c = "01234567"; *c; c++)
		assert_int_equal(in(f, UART_RX), *c);
	assert_int_equal(room(f), 8);
	type(f, "ghij");
	assert_int_equal(f->chardev.wakes, 0);
	assert_reads(f, "89abcdefghij");
	assert_int_equal(f->chardev.wakes, 1);
	assert_false(f->irq);
}

static void the_fifo_is_cleared(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	out(f, UART_IER, UART_IER_RDI);
	type(f, "lost");
	f->chardev.wakes = 0;
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	assert_false(f->irq);
	assert_reads(f, "");
	assert_int_equal(f->chardev.wakes, 1);
	type(f, "lost");
	out(f, UART_FCR, 0);
	assert_reads(f, "");
	assert_int_equal(room(f), 1);
}

/* Only loopback can overrun: the host's input waits until there is room. */
static void an_overrun_is_told(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	out(f, UART_MCR, UART_MCR_LOOP);
	out(f, UART_IER, UART_IER_RLSI | UART_IER_RDI);
	for (int i = 0; i < 17; i++)
		out(f, UART_TX, 'a' + i);
	assert_int_equal(in(f, UART_IIR), FIFO_ON | UART_IIR_RLSI);
	assert_int_equal(in(f, UART_LSR), IDLE | UART_LSR_DR | UART_LSR_OE);
	assert_int_equal(in(f, UART_LSR), IDLE | UART_LSR_DR);
	assert_int_equal(in(f, UART_IIR), FIFO_ON | UART_IIR_RDI);
	assert_reads(f, "abcdefghijklmnop");
}

static void loopback_is_cut_off_the_line(void **state)
{
	struct fixture *f = *state;

	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	out(f, UART_MCR, UART_MCR_LOOP);
	assert_int_equal(room(f), 0);
	out(f, UART_TX, 'x');
	assert_int_equal(f->chardev.nr_sent, 0);
	assert_reads(f, "x");
	f->chardev.wakes = 0;
	out(f, UART_MCR, 0);
	assert_int_equal(f->chardev.wakes, 1);
	assert_int_equal(room(f), 16);
	out(f, UART_TX, 'y');
	assert_int_equal(f->chardev.nr_sent, 1);
}

static void modem_lines_in_loopback(void **state)
{
	struct fixture *f = *state;

	out(f, UART_MCR, UART_MCR_LOOP);
	in(f, UART_MSR);
	assert_int_equal(in(f, UART_MSR), 0);
	out(f, UART_IER, UART_IER_MSI);
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT2);
	assert_true(f->irq);
	assert_int_equal(in(f, UART_IIR), UART_IIR_MSI);
	assert_int_equal(in(f, UART_MSR),
			 UART_MSR_CTS | UART_MSR_DCD | UART_MSR_DCTS | UART_MSR_DDCD);
	assert_false(f->irq);
	/* a ring is told of when it ends */
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	assert_int_equal(in(f, UART_MSR), UART_MSR_RI | UART_MSR_DCTS | UART_MSR_DDCD);
	out(f, UART_MCR, UART_MCR_LOOP);
	assert_int_equal(in(f, UART_MSR), UART_MSR_TERI);
}

static void only_bytes(void **state)
{
	struct fixture *f = *state;
	uint32_t value = 0;

	assert_int_equal(address_space_rw(&f->as, PORT, &value, 4, true), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_rw(&f->as, PORT, &value, 2, false), MEMTX_DECODE_ERROR);
	assert_int_equal(value, 0xffff);
	assert_int_equal(f->chardev.nr_sent, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(at_reset),
		test(registers_keep_what_they_have),
		test(the_transmitter_is_always_empty),
		test(its_interrupt),
		test(input_without_the_fifo),
		test(input_through_the_fifo),
		test(the_fifo_is_cleared),
		test(an_overrun_is_told),
		test(loopback_is_cut_off_the_line),
		test(modem_lines_in_loopback),
		test(only_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
