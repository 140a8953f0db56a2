/* SPDX-License-Identifier: GPL-2.0-only */
/* The one thing of JSON that needs care. */
#ifndef VMM_JSON_H
#define VMM_JSON_H

#include <stdio.h>

/*
 * Prints @text as a JSON string, in quotes, and NULL as null. Bytes beyond ASCII are taken for
 * UTF-8.
 */
void json_string(FILE *out, const char *text);

#endif /* VMM_JSON_H */
