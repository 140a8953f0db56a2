// SPDX-License-Identifier: GPL-2.0-only
/* Does receive_fd() tell a program the descriptor, where it is asked to? */
#include <linux/file.h>

int (*probe)(struct file *file, int __user *to, unsigned int flags) = receive_fd;
