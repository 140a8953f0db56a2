// SPDX-License-Identifier: GPL-2.0-only
/* What a guest can't find out by itself: the PCI host bridge's windows, two serial ports, S5. */
#include "layout.h"

DefinitionBlock ("", "DSDT", 2, "IVMM", "MACHINE", 1)
{
	/* the value for SLP_TYP in the sleep control register */
	Name (\_S5, Package () { LAYOUT_S5_TYPE, 0, 0, 0 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)
			Name (_CCA, 1)
			Name (_CRS, ResourceTemplate () {
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, LAYOUT_PCI_ADDRESS, LAYOUT_PCI_ADDRESS, 1, 8)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0, LAYOUT_PCI32,
					LAYOUT_PCI32_LAST, 0, LAYOUT_PCI32_SIZE)
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0, LAYOUT_PCI64,
					LAYOUT_PCI64_LAST, 0, LAYOUT_PCI64_SIZE)
			})
		}

		/* ECAM must be claimed by the board for a guest to trust the MCFG table */
		Device (MRES)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 0)
			Name (_CRS, ResourceTemplate () {
				Memory32Fixed (ReadWrite, LAYOUT_ECAM, LAYOUT_ECAM_SIZE)
				IO (Decode16, LAYOUT_ACPI_SLEEP, LAYOUT_ACPI_SLEEP, 1, 2)
				IO (Decode16, LAYOUT_RESET, LAYOUT_RESET, 1, 1)
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, LAYOUT_COM1, LAYOUT_COM1, 1, 8)
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { LAYOUT_COM1_IRQ }
			})
		}

		Device (COM2)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 2)
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, LAYOUT_COM2, LAYOUT_COM2, 1, 8)
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { LAYOUT_COM2_IRQ }
			})
		}
	}
}
