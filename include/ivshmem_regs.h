/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ivshmem PCI device of QEMU's specification (docs/specs/ivshmem-spec), revision 1, as a guest
 * sees it: identity, BARs and the registers of BAR0; and our extension of it, which is hidden from
 * drivers that do not ask for it.
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

#define IVSHMEM_DOORBELL_PEER_SHIFT	16
#define IVSHMEM_VECTORS_MAX_MSIX	2048	/* what MSI-X can count */

/* Where QEMU has them: the capability in config space, table and pending bits in BAR 1. */
#define IVSHMEM_MSIX_CAP		0x40
#define IVSHMEM_MSIX_TABLE		0x000
#define IVSHMEM_MSIX_PBA		0x800	/* or behind a longer table */

/*
 * The extension, of the doorbell device alone: a vendor-specific capability that announces it. All
 * that follows reads 0 until IVSHMEM_EXT_ENABLE is set in the capability's control word. What
 * decides for the whole guest is in config space: programs map BAR 0.
 */
#define IVSHMEM_EXT_CAP			0x50	/* where ours is; drivers walk the list */
#define IVSHMEM_EXT_CAP_SIZE		16
#define IVSHMEM_EXT_CAP_LENGTH		0x02	/* byte: IVSHMEM_EXT_CAP_SIZE or more */
#define IVSHMEM_EXT_CAP_VERSION		0x03	/* byte: IVSHMEM_EXT_VERSION */
#define IVSHMEM_EXT_CAP_MAGIC		0x04	/* 32 bits: IVSHMEM_EXT_MAGIC */
#define IVSHMEM_EXT_CAP_CONTROL		0x08	/* 16 bits: IVSHMEM_EXT_ENABLE; 0 at reset */
#define IVSHMEM_EXT_CAP_BAR		0x0a	/* byte: the BAR of the peers' page */
#define IVSHMEM_EXT_CAP_VECTOR		0x0c	/* 16 bits: own vector to raise with each change */

#define IVSHMEM_EXT_VERSION		1
#define IVSHMEM_EXT_MAGIC		0x58564931	/* "1IVX" */
#define IVSHMEM_EXT_ENABLE		0x0001
#define IVSHMEM_EXT_NO_VECTOR		0xffff	/* IVSHMEM_EXT_CAP_VECTOR at reset */

/* A 32-bit BAR of read-only RAM behind all others of the specification: a word a possible peer. */
#define IVSHMEM_BAR_PEERS		4

#define IVSHMEM_EXT_ABI			0x10	/* IVSHMEM_EXT_VERSION */
#define IVSHMEM_EXT_MAX_PEERS		0x14	/* words of the peers' page; ids are below it */
#define IVSHMEM_EXT_CHANGES		0x18	/* of the peers' page, since the device was made */
#define IVSHMEM_EXT_NAME		0x40	/* 64 bytes to 0x7f: the region's, padded with 0 */
#define IVSHMEM_EXT_NAME_SIZE		64

/* A word of the peers' page: whether a peer has the id, and how many had it so far, itself too. */
#define IVSHMEM_PEER_JOINED		0x00000001
#define IVSHMEM_PEER_GENERATION_SHIFT	1

#endif /* IVSHMEM_REGS_H */
