// SPDX-License-Identifier: GPL-2.0-only
/* Where the configuration space of bus 0 is mapped. */
#include "layout.h"

[0004]	Signature : "MCFG"
[0004]	Table Length : 00000000
[0001]	Revision : 01
[0001]	Checksum : 00
[0006]	Oem ID : "IVMM  "
[0008]	Oem Table ID : "MACHINE "
[0004]	Oem Revision : 00000001
[0004]	Asl Compiler ID : "INTL"
[0004]	Asl Compiler Revision : 00000000
[0008]	Reserved : 0000000000000000

[0008]	Base Address : LAYOUT_ECAM
[0002]	Segment Group Number : 0000
[0001]	Start Bus Number : 00
[0001]	End Bus Number : 00
[0004]	Reserved : 00000000
