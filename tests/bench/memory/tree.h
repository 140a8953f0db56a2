/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is measured: a machine's tree of regions with many BARs in it, and pages far apart in all of
 * 2^64. Machine trees end with the process.
 */
#ifndef TESTS_BENCH_TREE_H
#define TESTS_BENCH_TREE_H

#include "memory/listener.h"

#define TREE_BAR_SIZE	0x1000u

/* A listener that counts what it hears. */
struct ear {
	struct memory_listener listener;
	uint64_t heard;
};

/*
 * RAM below and above 4 GiB, PCI below it in priority, N places for BARs of 4 KiB with a free page
 * behind each; the machine's address space and a device's view of it; a listener to both.
 */
struct machine_tree {
	unsigned int nr;
	struct memory *mem;
	struct memory_region system, ram, ram_low, ram_high, pci, device_root, device_alias;
	struct memory_region overlay;		/* a page on RAM, disabled */
	struct memory_region hidden;		/* a page that RAM hides */
	struct memory_region *bars;
	struct address_space memory, device;
	struct ear ear;
	uint64_t seed;				/* of tree_random() */
	unsigned int moves;			/* since the start */
};

/* @bars: they are in their places; @nop: the listener hears of what stays, too. 0 or -errno. */
int machine_tree_init(struct machine_tree *t, unsigned int nr, bool bars, bool nop);

/* Add (delete) all BARs; one by one, or in one transaction around it. */
int machine_tree_add(struct machine_tree *t);
int machine_tree_del(struct machine_tree *t);

/* A BAR taken at random goes to a free page taken at random; with the next call, it comes back. */
int machine_tree_move(struct machine_tree *t);

/* N pages of MMIO, as far apart as can be, in one address space. */
struct sparse_tree {
	unsigned int nr;
	struct memory *mem;
	struct memory_region root;
	struct memory_region *pages;
	struct address_space as;
};

/* All but the pages in their places. */
int sparse_tree_init(struct sparse_tree *t, unsigned int nr);
int sparse_tree_add(struct sparse_tree *t);
void sparse_tree_fini(struct sparse_tree *t);
hwaddr sparse_tree_address(const struct sparse_tree *t, unsigned int page);

/* The same numbers in each run: 31 bits. */
unsigned int tree_random(uint64_t *seed);

#endif /* TESTS_BENCH_TREE_H */
