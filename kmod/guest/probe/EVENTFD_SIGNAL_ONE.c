// SPDX-License-Identifier: GPL-2.0-only
// An eventfd is raised by one, without being told so.
#include <linux/eventfd.h>

void probe(struct eventfd_ctx *ctx);
void probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
