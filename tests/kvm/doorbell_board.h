/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest with interrupts and one ivshmem device with doorbells, as a driver has set it up: BARs
 * where the constants say, each vector's message the interrupt VECTOR_BASE + vector. Boards on one
 * file are peers (fake_membership.h). What a main thread does is done by a thread of its own here.
 */
#ifndef TESTS_KVM_DOORBELL_BOARD_H
#define TESTS_KVM_DOORBELL_BOARD_H

#include <pthread.h>

#include "guest.h"
#include "hostmem/hostmem.h"
#include "hw/ivshmem.h"
#include "ivshmem_regs.h"
#include "layout.h"
#include "pci/pci.h"
#include "props.h"

#define SHARED_SIZE	0x200000ull
#define REGS		0xe0000000u	/* BAR 0 */
#define MSIX		0xe0010000u	/* BAR 1 */
#define SHARED		0xd0000000u	/* BAR 2 */
#define PEERS		0xe0100000u	/* BAR 4 */
#define DOORBELL	(REGS + IVSHMEM_DOORBELL)
#define VECTOR_BASE	0x40
#define BOARD_MAX_PEERS	64

struct board {
	struct guest g;
	struct memory_region pci;
	struct pci_bus *bus;
	struct hostmem hostmem;
	struct props object, device;
	struct loop *loop;
	pthread_t thread;
	pid_t tid;			/* of that thread */
	unsigned int vectors;
	uint32_t peer;			/* own id */
};

/* @fd: of the shared file. 0, or with the reason printed. The thread is one of the model's. */
int board_create(struct board *b, int fd, unsigned int vectors);
void board_destroy(struct board *b);

/* The driver's part again, without the guest: BARs alone; and messages, and the own id. */
void board_map(struct board *b);
void board_drive(struct board *b);

/* How a guest rings. */
static inline uint32_t ring_value(uint32_t peer, unsigned int vector)
{
	return peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector;
}

uint32_t board_config_read(struct board *b, unsigned int reg, unsigned int size);
void board_config_write(struct board *b, unsigned int reg, uint32_t value, unsigned int size);

/* Of its vector's entry in the MSI-X table. */
void board_mask(struct board *b, unsigned int vector, bool masked);

/* Eventfds at the register Doorbell; waits until there are so many, as long as a guest may take. */
unsigned int board_doorbells(const struct board *b);
bool board_wait_doorbells(const struct board *b, unsigned int nr);

/* How often its vCPU came back from the guest. */
uint64_t board_exits(const struct board *b);

#endif /* TESTS_KVM_DOORBELL_BOARD_H */
