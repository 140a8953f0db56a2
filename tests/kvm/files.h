/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests that have thousands of descriptors open. */
#ifndef TESTS_KVM_FILES_H
#define TESTS_KVM_FILES_H

#include <sys/resource.h>

#include "../ktap.h"

#define OTHER_FILES	100u		/* open beside those that a test counts */

/* From now on the hard limit counts; skipped if it is below what a test needs. */
static inline int files_may_be(unsigned int nr)
{
	struct rlimit files;

	EXPECT(!getrlimit(RLIMIT_NOFILE, &files));
	files.rlim_cur = files.rlim_max;
	EXPECT(!setrlimit(RLIMIT_NOFILE, &files));
	return files.rlim_cur < nr + OTHER_FILES ? ktap_skip("no more than %lu files may be open",
							     (unsigned long)files.rlim_cur) : 0;
}

#endif /* TESTS_KVM_FILES_H */
