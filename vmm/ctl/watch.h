/* SPDX-License-Identifier: GPL-2.0-only */
/* `ivshmemctl peers --watch`: a line for each peer that is there, and for each change. */
#ifndef VMM_CTL_WATCH_H
#define VMM_CTL_WATCH_H

#include <stdbool.h>

#include "ctl/ctl.h"

/* Until a signal, which is CTL_OK; CTL_FAILED with @err filled. */
enum ctl_status watch_region(const char *name, bool json, struct error *err);
enum ctl_status watch_device(const char *path, bool json, struct error *err);

#endif /* VMM_CTL_WATCH_H */
