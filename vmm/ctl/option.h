/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of options and operands that several commands have. */
#ifndef VMM_CTL_OPTION_H
#define VMM_CTL_OPTION_H

#include <stdint.h>

#include "ctl/ctl.h"

/*
 * Each reads @text, the value of @what ("--mode", "PEER"), for a command that is named in
 * messages; CTL_USAGE with @err filled unless it is one.
 */
enum ctl_status option_number(const char *command, const char *what, const char *text,
			      uint32_t least, uint32_t most, uint32_t *value, struct error *err);

/* Decimals are allowed: "0.5"; more than 0, at most a year. */
enum ctl_status option_seconds(const char *command, const char *what, const char *text,
			       uint64_t *ns, struct error *err);

/* 0 to 0777 in octal */
enum ctl_status option_mode(const char *command, const char *what, const char *text,
			    uint32_t *mode, struct error *err);

/* A name or a number. */
enum ctl_status option_user(const char *command, const char *what, const char *text, uint32_t *uid,
			    struct error *err);
enum ctl_status option_group(const char *command, const char *what, const char *text,
			     uint32_t *gid, struct error *err);

#endif /* VMM_CTL_OPTION_H */
