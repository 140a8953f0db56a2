// SPDX-License-Identifier: GPL-2.0-only
/* LAYOUT_CPUS_MAX processors, enabled for as many as the machine has; their I/O APIC. */
#include "layout.h"

[0004]	Signature : "APIC"
[0004]	Table Length : 00000000
[0001]	Revision : 04
[0001]	Checksum : 00
[0006]	Oem ID : "IVMM  "
[0008]	Oem Table ID : "MACHINE "
[0004]	Oem Revision : 00000001
[0004]	Asl Compiler ID : "INTL"
[0004]	Asl Compiler Revision : 00000000

[0004]	Local Apic Address : LAYOUT_LAPIC
[0004]	Flags (decoded below) : 00000000
	PC-AT Compatibility : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 00
[0001]	Local Apic ID : 00
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 01
[0001]	Local Apic ID : 01
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 02
[0001]	Local Apic ID : 02
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 03
[0001]	Local Apic ID : 03
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 04
[0001]	Local Apic ID : 04
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 05
[0001]	Local Apic ID : 05
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 06
[0001]	Local Apic ID : 06
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 00
[0001]	Length : 08
[0001]	Processor ID : 07
[0001]	Local Apic ID : 07
[0004]	Flags (decoded below) : 00000000
	Processor Enabled : 0
	Runtime Online Capable : 0

[0001]	Subtable Type : 01
[0001]	Length : 0C
[0001]	I/O Apic ID : 00
[0001]	Reserved : 00
[0004]	Address : LAYOUT_IOAPIC
[0004]	Interrupt : 00000000
