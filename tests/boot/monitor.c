// SPDX-License-Identifier: GPL-2.0-only
// On the host: sends one command to a monitor and prints its answer, which ends with an empty line.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE_S 10

static int fail(const char *what)
{
	fprintf(stderr, "monitor: %s: %s\n", what, strerror(errno));
	return 1;
}

static FILE *monitor_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return NULL;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return NULL;
	return fdopen(fd, "r+");
}

static int print_answer(FILE *monitor)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, monitor) > 0) {
		if (!strcmp(line, "\n")) {
			free(line);
			return 0;
		}
		fputs(line, stdout);
	}
	free(line);
	return fail("the answer has no end");
}

int main(int argc, char **argv)
{
	FILE *monitor;

	if (argc != 3) {
		fprintf(stderr, "usage: monitor SOCKET COMMAND\n");
		return 2;
	}
	alarm(DEADLINE_S);
	monitor = monitor_connect(argv[1]);
	if (!monitor)
		return fail(argv[1]);
	if (fprintf(monitor, "%s\n", argv[2]) < 0 || fflush(monitor))
		return fail(argv[2]);
	return print_answer(monitor);
}
