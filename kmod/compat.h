/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel interfaces that both modules use and that changed: one name for each. */
#ifndef IVSHMEM_KMOD_COMPAT_H
#define IVSHMEM_KMOD_COMPAT_H

#include <linux/eventfd.h>

static inline void eventfd_raise(struct eventfd_ctx *ctx)
{
#ifdef HAVE_EVENTFD_SIGNAL_ONE
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

#endif /* IVSHMEM_KMOD_COMPAT_H */
