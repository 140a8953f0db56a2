// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices go on in another machine: each is brought into a state, which is kept as bytes and given
 * to a fresh one. What no device can be in is refused.
 */
#include <errno.h>
#include <linux/serial_reg.h>

#include "hw/cmos.h"
#include "hw/ivshmem.h"
#include "hw/serial.h"
#include "layout.h"
#include "memory/access.h"
#include "pci/pci.h"
#include "unit.h"
#include "util.h"

#define PORT		0x3f8
#define DEVFN		PCI_DEVFN(1, 0)
#define BAR(n)		(PCI_BASE_ADDRESS_0 + 4 * (n))
#define SHARED_ADDR	0xd0000000u
#define REGS_ADDR	0xe0000000u

/* The other end of the serial port: takes everything, and gives what a test says. */
struct chardev {
	struct chardev_client client;
};

void chardev_write(struct chardev *c, const void *buf, size_t len)
{
	(void)c;
	(void)buf;
	(void)len;
}

void chardev_accept_input(struct chardev *c)
{
	(void)c;
}

int chardev_set_client(struct chardev *c, const struct chardev_client *client)
{
	c->client = *client;
	return 0;
}

struct machine {
	struct memory *mem;
	struct memory_region root, io;
	struct address_space as, as_io;
	struct pci_bus *bus;
	struct hostmem hostmem;
	struct props object, device;
	struct chardev chardev;
	struct serial *serial;
	struct cmos cmos;
	bool irq;
};

static void set_irq(void *opaque, bool level)
{
	struct machine *m = opaque;

	m->irq = level;
}

static time_t now(void)
{
	return 0;
}

static void machine_plug(struct machine *m, const char *size)
{
	const struct ivshmem_host host = {
		.bus = m->bus, .mem = m->mem, .hostmem = &m->hostmem,
	};
	struct error err;
	char object[64];

	snprintf(object, sizeof(object), "memory-backend-ram,id=m,size=%s", size);
	assert_ok(props_parse(&m->object, "-object", object, &err));
	assert_ok(props_parse(&m->device, "-device", "ivshmem-plain,memdev=m", &err));
	assert_ok(hostmem_add(&m->hostmem, &m->object, &err));
	assert_ok(ivshmem_create(&host, &m->device, &err));
}

/* @size: of the shared memory; NULL: no such device. */
static struct machine *machine_new(const char *size)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct cmos_config cmos = { .ram_low = 0x8000000, .nr_cpus = 1, .now = now };
	struct serial_config serial = {
		.name = "com1", .port = PORT, .io = &m->io, .chardev = &m->chardev,
		.set_irq = set_irq, .opaque = m,
	};
	struct error err;

	assert_ok(memory_create(&m->mem));
	assert_ok(memory_region_init(&m->root, m->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&m->io, m->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&m->as, m->mem, &m->root, "memory"));
	assert_ok(address_space_init(&m->as_io, m->mem, &m->io, "I/O"));
	assert_ok(pci_bus_create(&m->bus, m->mem, &m->root, &m->io, &err));
	hostmem_init(&m->hostmem, m->mem);
	if (size)
		machine_plug(m, size);
	assert_ok(serial_create(&m->serial, m->mem, &serial));
	assert_ok(cmos_init(&m->cmos, m->mem, &m->io, &cmos));
	return m;
}

static void machine_free(struct machine *m)
{
	cmos_fini(&m->cmos);
	serial_destroy(m->serial);
	pci_bus_destroy(m->bus);
	hostmem_fini(&m->hostmem);
	props_fini(&m->device);
	props_fini(&m->object);
	address_space_fini(&m->as_io);
	address_space_fini(&m->as);
	memory_region_fini(&m->io);
	memory_region_fini(&m->root);
	memory_destroy(m->mem);
	free(m);
}

static void out(struct machine *m, uint16_t port, uint8_t value)
{
	assert_int_equal(address_space_stb(&m->as_io, port, value), MEMTX_OK);
}

static uint8_t in(struct machine *m, uint16_t port)
{
	return address_space_ldub(&m->as_io, port, NULL);
}

static void config(struct machine *m, unsigned int reg, uint32_t value)
{
	pci_config_write(m->bus, DEVFN, reg, value, 4);
}

/* All that a guest might have done to its devices. */
static void machine_use(struct machine *m)
{
	out(m, PORT + UART_FCR, UART_FCR_ENABLE_FIFO);
	out(m, PORT + UART_LCR, UART_LCR_WLEN8);
	out(m, PORT + UART_SCR, 0x42);
	m->chardev.client.read(m->chardev.client.opaque, (const uint8_t *)"hello", 5);
	assert_int_equal(in(m, PORT + UART_RX), 'h');
	out(m, PORT + UART_IER, UART_IER_RDI);
	out(m, LAYOUT_CMOS, 0x41);
	out(m, LAYOUT_CMOS + 1, 0x99);
	config(m, BAR(0), REGS_ADDR);
	config(m, BAR(2), SHARED_ADDR);
	config(m, BAR(3), 0);
	config(m, PCI_COMMAND, PCI_COMMAND_MEMORY);
	assert_int_equal(address_space_stl_le(&m->as, REGS_ADDR, 0x1234), MEMTX_OK);
	address_space_stl_le(&m->as_io, LAYOUT_PCI_ADDRESS, 0x80000804);
}

static void machine_save(struct machine *m, struct state_set *set)
{
	state_set_init(set);
	pci_bus_save(m->bus, set);
	serial_save(m->serial, set, 0);
	cmos_save(&m->cmos, set);
	assert_ok(set->error);
}

static int machine_load(struct machine *m, struct state_set *set, struct error *err)
{
	int ret = pci_bus_load(m->bus, set, err);

	ret = ret ? ret : serial_load(m->serial, set, 0, err);
	return ret ? ret : cmos_load(&m->cmos, set, err);
}

static bool is_mapped(struct machine *m, const char *name, hwaddr addr)
{
	struct memory_region_section sec;
	bool is;

	if (!memory_region_find(&m->root, addr, 1, &sec))
		return false;
	is = !strcmp(memory_region_name(sec.mr), name) && !sec.offset_within_region;
	memory_section_put(&sec);
	return is;
}

static void goes_on(void **state)
{
	struct machine *from = machine_new("64k"), *to = machine_new("64k");
	struct state_set set;
	struct error err;

	(void)state;
	machine_use(from);
	assert_true(from->irq);
	machine_save(from, &set);
	assert_ok(machine_load(to, &set, &err));
	assert_null(state_left(&set));
	assert_true(to->irq);
	assert_int_equal(in(to, PORT + UART_SCR), 0x42);
	assert_int_equal(in(to, PORT + UART_IER), UART_IER_RDI);
	for (const char *c = "ello"; *c; c++)
		assert_int_equal(in(to, PORT + UART_RX), *c);
	assert_false(to->irq);
	assert_int_equal(in(to, LAYOUT_CMOS + 1), 0x99);
	assert_true(is_mapped(to, "ivshmem-regs", REGS_ADDR));
	assert_true(is_mapped(to, "m", SHARED_ADDR));
	assert_int_equal(address_space_ldl_le(&to->as, REGS_ADDR, NULL), 0x1234);
	assert_int_equal(address_space_ldl_le(&to->as_io, LAYOUT_PCI_ADDRESS, NULL), 0x80000804);
	state_set_fini(&set);
	machine_free(from);
	machine_free(to);
}

static void assert_other(const char *size_from, const char *size_to, const char *says)
{
	struct machine *from = machine_new(size_from), *to = machine_new(size_to);
	struct error err = { .text = "" };
	struct state_set set;

	machine_save(from, &set);
	assert_int_equal(machine_load(to, &set, &err), -EINVAL);
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
	state_set_fini(&set);
	machine_free(from);
	machine_free(to);
}

static void other_devices(void **state)
{
	struct machine *from = machine_new("64k"), *to = machine_new(NULL);
	struct state_set set;
	struct error err;

	(void)state;
	assert_other("64k", "128k", "at 01.0 is of another size where the snapshot was taken");
	assert_other(NULL, "64k", "at 01.0 is not there where the snapshot was taken");
	machine_save(from, &set);
	assert_ok(machine_load(to, &set, &err));
	assert_string_equal(state_name(state_left(&set)), "pci");
	assert_int_equal(state_instance(state_left(&set)), DEVFN);
	state_set_fini(&set);
	machine_free(from);
	machine_free(to);
}

/* The part @name as it is kept, but with @byte at @at of field @field. */
static int load_forged(const char *name, uint32_t instance, const char *field, size_t at,
		       uint8_t byte, struct error *err)
{
	struct machine *from = machine_new("64k"), *to = machine_new("64k");
	struct state_set set;
	struct state *s;
	size_t size;
	uint8_t *value;
	int ret;

	machine_use(from);
	machine_save(from, &set);
	for (s = state_first(&set);
	     strcmp(state_name(s), name) || state_instance(s) != instance;)
		s = state_next(s);
	value = (uint8_t *)state_find(s, field, &size);
	assert_true(value && at < size);
	value[at] = byte;
	ret = machine_load(to, &set, err);
	state_set_fini(&set);
	machine_free(from);
	machine_free(to);
	return ret;
}

static void forged(void **state)
{
	static const struct {
		const char *name;
		uint32_t instance;
		const char *field;
		size_t at;
		uint8_t byte;
		const char *says;
	} cases[] = {
		{ "serial", 0, "fifo_start", 0, 16, "fifo_start is out of range" },
		{ "serial", 0, "fifo_len", 0, 17, "fifo_len is out of range" },
		{ "serial", 0, "fifo_len", 3, 1, "fifo_len is out of range" },
		{ "serial", 0, "irq_level", 0, 2, "irq_level is out of range" },
		{ "serial", 0, "thr_interrupt", 0, 2, "thr_interrupt is out of range" },
		{ "cmos", 0, "index", 0, 0x80, "index is out of range" },
		{ "pci", DEVFN, "config", PCI_DEVICE_ID, 7, "at 01.0 is another" },
		{ "pci", DEVFN, "config", BAR(2), 0x1c, "at 01.0 is another" },
		{ "pci", DEVFN, "bar-sizes", 0, 1, "at 01.0 is of another size" },
		{ "pci", 0, "config", PCI_CLASS_DEVICE, 7, "at 00.0 is another" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { .text = "" };

		assert_int_equal(load_forged(cases[i].name, cases[i].instance, cases[i].field,
					     cases[i].at, cases[i].byte, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: %s", i, err.text);
	}
}

static int setup(void **state)
{
	(void)state;
	memory_thread_register();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_thread_unregister();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),
		cmocka_unit_test(other_devices),
		cmocka_unit_test(forged),
	};

	return cmocka_run_group_tests_name("device state", tests, setup, teardown);
}
