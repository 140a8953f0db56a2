// SPDX-License-Identifier: GPL-2.0-only
// Runs shell commands in a machine that is reached over a serial line: `agent serve` on its side,
// `agent exec`, `agent push` and `agent shell` on this one.

#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
	"usage: agent serve LINE                      run the commands that arrive on LINE\n"
	"       agent exec SOCKET SECONDS COMMAND     run COMMAND there, with no standard input\n"
	"       agent feed SOCKET SECONDS COMMAND     the same, with our standard input\n"
	"       agent push SOCKET SECONDS FILE DEST   copy FILE to DEST there\n"
	"       agent shell SOCKET COMMAND            run COMMAND there on our terminal\n"
	"exit status: the command's, 124 on a time-out, 125 when the line fails\n";

static int parse_seconds(const char *text, unsigned int *seconds)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value == 0 || value > 1000000)
		return -EINVAL;
	*seconds = value;
	return 0;
}

/* A file name between single quotes, its own quotes taken out of them. */
static char *quote_name(const char *name)
{
	char *quoted = malloc(4 * strlen(name) + 3), *out = quoted;

	if (!quoted)
		return NULL;
	*out++ = '\'';
	for (; *name; name++) {
		if (*name == '\'')
			out = stpcpy(out, "'\\'");
		*out++ = *name;
	}
	strcpy(out, "'");
	return quoted;
}

static int push(const char *socket, unsigned int seconds, const char *file, const char *dest)
{
	int status = EXIT_LINK, fd = open(file, O_RDONLY);
	char *name = quote_name(dest), *text = NULL;

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		fprintf(stderr, "agent: %s: %s\n", file, strerror(errno));
	else if (name && asprintf(&text, "cat >%s", name) > 0)
		status = agent_exec(socket, seconds, text, INPUT_PIPE);
	free(text);
	free(name);
	return status;
}

static int usage(void)
{
	fputs(usage_text, stderr);
	return EXIT_LINK;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	unsigned int seconds;

	if (!strcmp(word, "serve") && argc == 3)
		return agent_serve(argv[2]);
	if (!strcmp(word, "shell") && argc == 4)
		return agent_exec(argv[2], 0, argv[3], INPUT_TERMINAL);
	if (argc < 5 || parse_seconds(argv[3], &seconds))
		return usage();
	if (!strcmp(word, "exec") && argc == 5)
		return agent_exec(argv[2], seconds, argv[4], INPUT_NONE);
	if (!strcmp(word, "feed") && argc == 5)
		return agent_exec(argv[2], seconds, argv[4], INPUT_PIPE);
	if (!strcmp(word, "push") && argc == 6)
		return push(argv[2], seconds, argv[4], argv[5]);
	return usage();
}
