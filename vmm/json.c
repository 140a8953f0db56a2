// SPDX-License-Identifier: GPL-2.0-only
/* Strings of JSON: what would end one, or what is no text, is escaped. */
#include "json.h"

static void json_char(FILE *out, unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		fprintf(out, "\\u%04x", c);
	else if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else
		fputc(c, out);
}

void json_string(FILE *out, const char *text)
{
	if (!text) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	while (*text)
		json_char(out, *text++);
	fputc('"', out);
}
