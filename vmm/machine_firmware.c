// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine has when it starts in firmware (-bios) instead of a kernel: the ROM below 4 GiB
 * and a part of it below 1 MiB, and the hardware of a PC that firmware can't do without.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot/bzimage.h"
#include "hw/i440fx.h"
#include "kvm/pit.h"
#include "layout.h"
#include "machine.h"
#include "machine_parts.h"

#define ISA_BIOS_PRIORITY	1

/* --- the ROM --- */

static int machine_open_bios(struct machine *m, uint64_t *size, struct error *err)
{
	const char *path = m->opts->bios;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_arg(err, -EINVAL, "-bios %s: can't be opened: %s", path,
				 strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_arg(err, -EINVAL, "-bios %s: not a file", path);
	}
	if (!st.st_size || st.st_size % LAYOUT_BIOS_UNIT || st.st_size > LAYOUT_BIOS_MAX) {
		close(fd);
		return error_arg(err, -EINVAL, "-bios %s: has %jd bytes; firmware is a multiple of "
				 "64K, and 256K at most", path, (intmax_t)st.st_size);
	}
	*size = st.st_size;
	return fd;
}

static int machine_init_bios(struct machine *m, uint64_t size)
{
	uint64_t isa = size < LAYOUT_ISA_BIOS_MAX ? size : LAYOUT_ISA_BIOS_MAX;
	int ret = memory_region_init_rom(&m->rom, m->memory, NULL, "pc.bios", size);

	if (!ret)
		ret = memory_region_init_alias(&m->isa_bios, m->memory, NULL, "isa-bios", &m->rom,
					       size - isa, isa);
	if (!ret)
		ret = memory_region_set_readonly(&m->isa_bios, true);
	if (!ret)
		ret = memory_region_add_subregion(&m->pci_memory, LAYOUT_HIGH_RAM - size, &m->rom);
	if (!ret)
		ret = memory_region_add_subregion_overlap(&m->pci_memory, LAYOUT_ISA_BIOS_END - isa,
							  &m->isa_bios, ISA_BIOS_PRIORITY);
	return ret;
}

int machine_load_bios(struct machine *m, struct error *err)
{
	const char *path = m->opts->bios;
	uint64_t size = 0;
	int ret, fd = machine_open_bios(m, &size, err);

	if (fd < 0)
		return fd;
	ret = machine_init_bios(m, size);
	if (!ret)
		ret = file_read(fd, memory_region_get_ram_ptr(&m->rom), size, 0);
	close(fd);
	return ret ? error_arg(err, ret, "-bios %s: can't be loaded: %s", path, strerror(-ret)) : 0;
}

/* --- the hardware --- */

static time_t machine_now(void)
{
	return time(NULL);
}

static int machine_add_bridge(struct machine *m, struct error *err)
{
	struct i440fx_config config = {
		.bus = m->pci,
		.mem = m->memory,
		.system = &m->system,
		.ram = &m->ram,
		.pci = &m->pci_memory,
	};

	return i440fx_create(&config, err);
}

int machine_firmware_up(struct machine *m, struct error *err)
{
	uint64_t low = memory_region_size(&m->ram_low);
	struct cmos_config config = {
		.ram_low = low,
		.ram_high = m->opts->ram_size - low,
		.nr_cpus = m->opts->smp,
		.now = machine_now,
	};
	int ret;

	if (!m->opts->bios)
		return 0;
	ret = machine_add_bridge(m, err);
	if (ret)
		return ret;
	ret = cmos_init(&m->cmos, m->memory, &m->io, &config);
	return ret ? error_set(err, ret, "the clock: %s", strerror(-ret)) : 0;
}

/* The bridge goes with its bus. */
void machine_firmware_down(struct machine *m)
{
	if (m->opts->bios)
		cmos_fini(&m->cmos);
}

int machine_pit_up(struct machine *m, struct error *err)
{
	int ret = m->opts->bios ? kvm_create_pit(m->kvm) : 0;

	return ret ? error_set(err, ret, "KVM has no timer for firmware: %s", strerror(-ret)) : 0;
}

/* --- its log --- */

int machine_debugcon_up(struct machine *m, struct error *err)
{
	const char *spec = m->opts->debugcon;
	int ret;

	if (!spec)
		return 0;
	ret = chardev_create(&m->debugcon.chardev, &m->chardev_host, spec, err);
	if (ret)
		return error_prefix(err, ret, "-debugcon");
	ret = debugcon_init(&m->debugcon, m->memory, &m->io);
	if (!ret)
		return 0;
	chardev_destroy(m->debugcon.chardev);
	return error_set(err, ret, "-debugcon %s: %s", spec, strerror(-ret));
}

void machine_debugcon_down(struct machine *m)
{
	if (!m->opts->debugcon)
		return;
	debugcon_fini(&m->debugcon);
	chardev_destroy(m->debugcon.chardev);
}
