/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ivshmem PCI device of QEMU's specification (docs/specs/ivshmem-spec), revision 1, as a guest
 * sees it: identity, BARs and the registers of BAR0.
 */
#ifndef IVSHMEM_REGS_H
#define IVSHMEM_REGS_H

#define IVSHMEM_VENDOR_ID		0x1af4
#define IVSHMEM_DEVICE_ID		0x1110
#define IVSHMEM_SUBSYSTEM_VENDOR_ID	0x1af4
#define IVSHMEM_SUBSYSTEM_ID		0x1100
#define IVSHMEM_CLASS			0x050000	/* memory controller, RAM */
#define IVSHMEM_REVISION		1

#define IVSHMEM_BAR_REGS		0	/* 32-bit, IVSHMEM_REGS_SIZE bytes */
#define IVSHMEM_BAR_MSIX		1	/* absent on the plain device */
#define IVSHMEM_BAR_MEM			2	/* 64-bit, prefetchable, a power of two */

#define IVSHMEM_REGS_SIZE		0x100

#define IVSHMEM_INTR_MASK		0x00	/* stored, without effect in revision 1 */
#define IVSHMEM_INTR_STATUS		0x04	/* stored, cleared by a read */
#define IVSHMEM_IV_POSITION		0x08	/* own peer id, read-only */
#define IVSHMEM_DOORBELL		0x0c	/* peer << 16 | vector, write-only */

#endif /* IVSHMEM_REGS_H */
