// SPDX-License-Identifier: GPL-2.0-only
/* Links the compiled ACPI tables: root pointer and root table, addresses, checksums. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "boot/acpi.h"
#include "layout.h"

static_assert(LAYOUT_PCI32_LAST == LAYOUT_PCI32 + LAYOUT_PCI32_SIZE - 1, "the 32-bit window");
static_assert(LAYOUT_PCI64_LAST == LAYOUT_PCI64 + LAYOUT_PCI64_SIZE - 1, "the 64-bit window");

#define ACPI_ALIGN	16
#define FADT_X_DSDT	140	/* offset of the DSDT's 64-bit address */
#define MADT_ENTRIES	44
#define MADT_LAPIC	0
#define MADT_ENABLED	1u

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;		/* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;	/* of all */
	uint8_t reserved[3];
} __attribute__((packed));

struct acpi_xsdt {
	struct acpi_header header;
	uint64_t tables[3];
} __attribute__((packed));

struct acpi_madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));

/* Where the next table goes. */
struct acpi_area {
	uint8_t *start;
	size_t used;
};

static const uint8_t acpi_dsdt[] = {
#include "boot/dsdt.inc"
};
static const uint8_t acpi_fadt[] = {
#include "boot/fadt.inc"
};
static const uint8_t acpi_madt[] = {
#include "boot/madt.inc"
};
static const uint8_t acpi_mcfg[] = {
#include "boot/mcfg.inc"
};

static_assert(sizeof(acpi_dsdt) + sizeof(acpi_fadt) + sizeof(acpi_madt) + sizeof(acpi_mcfg) +
	      sizeof(struct acpi_rsdp) + sizeof(struct acpi_xsdt) + 6 * ACPI_ALIGN <=
	      LAYOUT_ROM_SIZE - LAYOUT_RESET_VECTOR_SIZE, "the tables fit");

/* The byte that makes the sum of all zero; the field itself holds zero. */
static uint8_t acpi_checksum(const void *table, size_t len)
{
	const uint8_t *byte = table;
	uint8_t sum = 0;

	while (len--)
		sum += *byte++;
	return -sum;
}

static void acpi_finish(struct acpi_header *header)
{
	header->checksum = 0;
	header->checksum = acpi_checksum(header, header->length);
}

static void *acpi_put(struct acpi_area *area, const void *table, size_t len)
{
	void *place = area->start + area->used;

	memcpy(place, table, len);
	area->used = (area->used + len + ACPI_ALIGN - 1) & ~(size_t)(ACPI_ALIGN - 1);
	return place;
}

static uint64_t acpi_address(const struct acpi_area *area, const void *table)
{
	return LAYOUT_ROM + ((const uint8_t *)table - area->start);
}

static void *acpi_put_fadt(struct acpi_area *area, uint64_t dsdt)
{
	uint8_t *fadt = acpi_put(area, acpi_fadt, sizeof(acpi_fadt));

	memcpy(fadt + FADT_X_DSDT, &dsdt, sizeof(dsdt));
	acpi_finish((struct acpi_header *)fadt);
	return fadt;
}

/* The local APICs come first in the table. */
static void *acpi_put_madt(struct acpi_area *area, unsigned int nr_cpus)
{
	uint8_t *madt = acpi_put(area, acpi_madt, sizeof(acpi_madt));
	struct acpi_madt_lapic *lapic = (struct acpi_madt_lapic *)(madt + MADT_ENTRIES);

	for (unsigned int i = 0; i < nr_cpus; i++)
		lapic[i].flags |= MADT_ENABLED;
	acpi_finish((struct acpi_header *)madt);
	return madt;
}

static void *acpi_put_xsdt(struct acpi_area *area, const uint64_t *tables)
{
	struct acpi_xsdt xsdt = {
		.header = {
			.signature = "XSDT",
			.length = sizeof(xsdt),
			.revision = 1,
			.oem_id = "IVMM  ",
			.oem_table_id = "MACHINE ",
			.oem_revision = 1,
			.creator_id = "IVMM",
		},
	};

	memcpy(xsdt.tables, tables, sizeof(xsdt.tables));
	acpi_finish(&xsdt.header);
	return acpi_put(area, &xsdt, sizeof(xsdt));
}

static void acpi_fill_rsdp(struct acpi_rsdp *rsdp, uint64_t xsdt)
{
	*rsdp = (struct acpi_rsdp){
		.signature = "RSD PTR ",
		.oem_id = "IVMM  ",
		.revision = 2,
		.length = sizeof(*rsdp),
		.xsdt = xsdt,
	};
	rsdp->checksum = acpi_checksum(rsdp, offsetof(struct acpi_rsdp, length));
	rsdp->extended_checksum = acpi_checksum(rsdp, sizeof(*rsdp));
}

void acpi_build(void *out, unsigned int nr_cpus)
{
	struct acpi_area area = { .start = out };
	struct acpi_rsdp rsdp = { 0 };
	struct acpi_rsdp *root = acpi_put(&area, &rsdp, sizeof(rsdp));
	void *dsdt = acpi_put(&area, acpi_dsdt, sizeof(acpi_dsdt));
	uint64_t tables[3];

	tables[0] = acpi_address(&area, acpi_put_fadt(&area, acpi_address(&area, dsdt)));
	tables[1] = acpi_address(&area, acpi_put_madt(&area, nr_cpus));
	tables[2] = acpi_address(&area, acpi_put(&area, acpi_mcfg, sizeof(acpi_mcfg)));
	acpi_fill_rsdp(root, acpi_address(&area, acpi_put_xsdt(&area, tables)));
}
