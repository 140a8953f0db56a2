/* SPDX-License-Identifier: GPL-2.0-only */
/* How many descriptors a program of ours may have. */
#ifndef VMM_DESCRIPTORS_H
#define VMM_DESCRIPTORS_H

/*
 * From now on as many as the hard limit allows: each vector of each peer, and each client, is some,
 * and who limits us says so by that.
 */
void descriptors_raise(void);

#endif /* VMM_DESCRIPTORS_H */
