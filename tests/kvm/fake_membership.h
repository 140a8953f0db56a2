/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memberships without the host module: the functions of hostmem/membership.h, in this process. A
 * region is a file, whatever file; machines of one process ring each other.
 */
#ifndef TESTS_KVM_FAKE_MEMBERSHIP_H
#define TESTS_KVM_FAKE_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>

struct membership;

/* The reader was too slow: what waits for peer @id of any region gives way to the whole list. */
void fake_overrun(uint32_t id);

/* Of the calls that follow, so many GET_DOORBELLs succeed; then -EMFILE. -1: all. */
void fake_doorbells_left(int nr);

/* GET_DOORBELL, and PEER_RING of others, are refused, as to who may only read. */
void fake_set_readonly(bool readonly);

/* Calls since the start: GET_DOORBELL, and PEER_RING that rang somebody and nobody. */
struct fake_counts {
	uint64_t gets, rings, misses;
};

struct fake_counts fake_counts(void);

/* SET_VECTOR: another eventfd for a vector of a member, -1 for none. 0, or -EINVAL: no such one. */
int fake_set_vector(const struct membership *m, uint32_t vector, int fd);

/* Living members. */
unsigned int fake_members(void);

#endif /* TESTS_KVM_FAKE_MEMBERSHIP_H */
