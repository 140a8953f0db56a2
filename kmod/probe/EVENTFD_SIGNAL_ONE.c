// SPDX-License-Identifier: GPL-2.0-only
/* Does eventfd_signal() add one, and is not told how many? */
#include <linux/eventfd.h>

void (*probe)(struct eventfd_ctx *ctx) = eventfd_signal;
