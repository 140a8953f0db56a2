// SPDX-License-Identifier: GPL-2.0-only
/* RAM blocks for people, in the manner of QEMU's `info ramblock`, and for programs. */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "memory/internal.h"
#include "memory/ramblock.h"

#define WORDS_SIZE	96

static const char *const policy_words[] = { "merge", "huge", "dontdump", "dontfork" };
static const char *const numa_words[] = {
	[RAM_NUMA_DEFAULT] = "default", [RAM_NUMA_PREFERRED] = "preferred",
	[RAM_NUMA_BIND] = "bind", [RAM_NUMA_INTERLEAVE] = "interleave",
};

/* "merge,huge,bind:0x3"; "-" for none. */
static const char *policy_text(const struct ram_block *block, char *text)
{
	size_t len = 0;

	strcpy(text, "-");
	for (unsigned int i = 0; i < sizeof(policy_words) / sizeof(policy_words[0]); i++)
		if (block->policy & 1u << i)
			len += snprintf(text + len, WORDS_SIZE - len, "%s%s", len ? "," : "",
					policy_words[i]);
	if (block->numa != RAM_NUMA_DEFAULT)
		snprintf(text + len, WORDS_SIZE - len, "%s%s:0x%" PRIx64, len ? "," : "",
			 numa_words[block->numa], block->numa_nodes);
	return text;
}

static void print_block(FILE *out, const struct ram_block *block)
{
	char policy[WORDS_SIZE], fd[16] = "-";

	if (block->fd >= 0)
		snprintf(fd, sizeof(fd), "%d", block->fd);
	fprintf(out, "%24s %5" PRIu64 " KiB  0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64
		" 0x%016" PRIxPTR "  %s %4s %6s  %s\n",
		block->id, block->page_size >> 10, block->offset, block->used, block->max,
		(uintptr_t)block->host, ram_block_readonly(block) ? "ro" : "rw", fd,
		block->flags & RAM_SHARED ? "yes" : "no", policy_text(block, policy));
}

static const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

static void print_block_json(FILE *out, const struct ram_block *block)
{
	char policy[WORDS_SIZE];

	fprintf(out, "{\"name\": ");
	json_string(out, block->id);
	fprintf(out, ", \"page_size\": %" PRIu64 ", \"offset\": %" PRIu64 ", \"size\": %" PRIu64
		", \"max\": %" PRIu64 ", \"shared\": %s, \"readonly\": %s, \"fd\": ",
		block->page_size, block->offset, block->used, block->max,
		json_bool(block->flags & RAM_SHARED), json_bool(ram_block_readonly(block)));
	if (block->fd >= 0)
		fprintf(out, "%d, \"fd_offset\": %lld", block->fd, (long long)block->fd_offset);
	else
		fprintf(out, "null");
	fprintf(out, ", \"policy\": ");
	json_string(out, policy_text(block, policy));
	fputs("}", out);
}

static void print_json(FILE *out, const struct ram_blocks *blocks)
{
	fputs("[", out);
	for (size_t i = 0; i < blocks->nr; i++) {
		fputs(i ? ", " : "", out);
		print_block_json(out, blocks->at[i]);
	}
	fputs("]\n", out);
}

static void print_table(FILE *out, const struct ram_blocks *blocks)
{
	fprintf(out, "%24s %9s  %18s %18s %18s %18s  %s %4s %6s  %s\n", "Block Name", "PSize",
		"Offset", "Used", "Total", "HVA", "RO", "FD", "Shared", "Policy");
	for (size_t i = 0; i < blocks->nr; i++)
		print_block(out, blocks->at[i]);
}

void ramblock_info(struct memory *mem, FILE *out, unsigned int flags)
{
	memory_transaction_begin(mem);
	if (flags & MTREE_JSON)
		print_json(out, mem->ram_blocks);
	else
		print_table(out, mem->ram_blocks);
	memory_transaction_commit(mem);
}
