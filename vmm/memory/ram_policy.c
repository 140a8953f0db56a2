// SPDX-License-Identifier: GPL-2.0-only
/* What the host is told of a block's memory: madvise() flags, and the NUMA nodes it comes from. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/ramblock.h"

/* In the order of RAM_POLICY_*. */
static const struct policy_advice {
	int on, off;
} policy_advices[] = {
	{ MADV_MERGEABLE, MADV_UNMERGEABLE },
	{ MADV_HUGEPAGE, MADV_NOHUGEPAGE },
	{ MADV_DONTDUMP, MADV_DODUMP },
	{ MADV_DONTFORK, MADV_DOFORK },
};

#define POLICY_FLAGS (sizeof(policy_advices) / sizeof(policy_advices[0]))

/*
 * The bytes that are the block's alone: all that it may become. 0: there is more in its last page.
 */
static uint64_t block_extent(const struct ram_block *block)
{
	uint64_t mask = block->page_size - 1;

	if (block->reserved)
		return block->reserved;
	return ((uintptr_t)block->host | block->max) & mask ? 0 : block->max;
}

static int policy_advise(struct ram_block *block, unsigned int flag, int advice)
{
	if (flag == RAM_POLICY_HUGE && block->page_size > (uint64_t)sysconf(_SC_PAGESIZE))
		return 0;
	return madvise(block->host, block_extent(block), advice) ? -errno : 0;
}

static int policy_set(struct ram_block *block, unsigned int set, unsigned int unset)
{
	int first = 0;

	for (unsigned int i = 0; i < POLICY_FLAGS; i++) {
		unsigned int flag = 1u << i;
		int ret = 0;

		if (set & flag)
			ret = policy_advise(block, flag, policy_advices[i].on);
		else if (unset & flag)
			ret = policy_advise(block, flag, policy_advices[i].off);
		if (!ret)
			block->policy = (block->policy | (set & flag)) & ~(unset & flag & ~set);
		first = first ? first : ret;
	}
	return first;
}

int memory_region_set_ram_policy(struct memory_region *mr, unsigned int set, unsigned int unset)
{
	struct ram_block *block = mr->ram_block;
	int ret;

	if (!block || !block_extent(block) || (set | unset) >> POLICY_FLAGS)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	/*
	 * what is off by itself needs no kernel that knows it; huge pages may be on by themselves
	 */
	ret = policy_set(block, set, unset & (block->policy | RAM_POLICY_HUGE));
	memory_transaction_commit(mr->mem);
	return ret;
}

/* Of several preferred nodes the older mode takes one only. */
static int numa_mode(enum ram_numa_policy policy, uint64_t nodes)
{
	static const int modes[] = {
		[RAM_NUMA_DEFAULT] = MPOL_DEFAULT, [RAM_NUMA_PREFERRED] = MPOL_PREFERRED,
		[RAM_NUMA_BIND] = MPOL_BIND, [RAM_NUMA_INTERLEAVE] = MPOL_INTERLEAVE,
	};

	if (policy == RAM_NUMA_PREFERRED && nodes & (nodes - 1))
		return MPOL_PREFERRED_MANY;
	return modes[policy];
}

/* The kernel takes one bit less than it is told of: nodes 0 to 63 are 65. */
static int block_bind(struct ram_block *block, enum ram_numa_policy policy, uint64_t nodes)
{
	unsigned long mask = nodes, bits = 8 * sizeof(nodes) + 1;

	if (syscall(SYS_mbind, block->host, block_extent(block), numa_mode(policy, nodes), &mask,
		    bits, MPOL_MF_MOVE | MPOL_MF_STRICT) < 0)
		return -errno;
	block->numa = policy;
	block->numa_nodes = nodes;
	return 0;
}

int memory_region_bind_ram(struct memory_region *mr, enum ram_numa_policy policy, uint64_t nodes)
{
	struct ram_block *block = mr->ram_block;
	int ret;

	if (!block || !block_extent(block) || (policy == RAM_NUMA_DEFAULT) != !nodes)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	ret = block_bind(block, policy, nodes);
	memory_transaction_commit(mr->mem);
	return ret;
}
