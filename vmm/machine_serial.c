// SPDX-License-Identifier: GPL-2.0-only
/* A machine's serial ports: each with its I/O ports, its interrupt and what it is connected to. */
#include <string.h>

#include "hw/serial.h"
#include "kvm/kvm.h"
#include "layout.h"
#include "machine.h"
#include "machine_parts.h"

static void machine_com1_irq(void *opaque, bool level)
{
	struct machine *m = opaque;

	kvm_irq_line(m->kvm, LAYOUT_COM1_IRQ, level);
}

static void machine_com2_irq(void *opaque, bool level)
{
	struct machine *m = opaque;

	kvm_irq_line(m->kvm, LAYOUT_COM2_IRQ, level);
}

static int machine_add_serial(struct machine *m, unsigned int i, struct error *err)
{
	static const struct {
		const char *name;
		uint16_t port;
		void (*set_irq)(void *opaque, bool level);
	} coms[OPTIONS_SERIAL_MAX] = {
		{ "com1", LAYOUT_COM1, machine_com1_irq },
		{ "com2", LAYOUT_COM2, machine_com2_irq },
	};
	struct serial_config config = {
		.name = coms[i].name,
		.port = coms[i].port,
		.io = &m->io,
		.set_irq = coms[i].set_irq,
		.opaque = m,
	};
	const char *spec = m->opts->serial[i] ? m->opts->serial[i] : "none";
	int ret = chardev_create(&m->serial_chardevs[i], &m->chardev_host, spec, err);

	if (ret)
		return error_prefix(err, ret, "-serial");
	config.chardev = m->serial_chardevs[i];
	ret = serial_create(&m->serials[i], m->memory, &config);
	return ret ? error_set(err, ret, "-serial %s: %s", spec, strerror(-ret)) : 0;
}

void machine_serials_down(struct machine *m)
{
	for (unsigned int i = OPTIONS_SERIAL_MAX; i--;) {
		if (m->serials[i])
			serial_destroy(m->serials[i]);
		if (m->serial_chardevs[i])
			chardev_destroy(m->serial_chardevs[i]);
	}
}

int machine_serials_up(struct machine *m, struct error *err)
{
	for (unsigned int i = 0; i < OPTIONS_SERIAL_MAX; i++) {
		int ret = machine_add_serial(m, i, err);

		if (ret) {
			machine_serials_down(m);
			return ret;
		}
	}
	return 0;
}
