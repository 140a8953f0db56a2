// SPDX-License-Identifier: GPL-2.0-only
// On the host: as much of QEMU's ivshmem server as one lone client needs: memory of its own, an
// id, and an eventfd a vector. Ends with its client.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PROTOCOL_VERSION 0
#define SIZE (4 << 20)
#define DEADLINE_S 1800

static int fail(const char *what)
{
	fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
	return 1;
}

/* A message is 8 bytes, little-endian, with at most one descriptor. */
static int tell(int client, int64_t value, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { .iov_base = &value, .iov_len = sizeof(value) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	return sendmsg(client, &message, MSG_NOSIGNAL) == sizeof(value) ? 0 : -1;
}

static int introduce(int client, int64_t id, int vectors)
{
	int memory = memfd_create("ivshmem", MFD_CLOEXEC);

	if (memory < 0 || ftruncate(memory, SIZE) < 0)
		return -1;
	if (tell(client, PROTOCOL_VERSION, -1) || tell(client, id, -1) || tell(client, -1, memory))
		return -1;
	for (int i = 0; i < vectors; i++)
		if (tell(client, id, eventfd(0, EFD_CLOEXEC)))
			return -1;
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	int listener, client;
	char byte;

	if (argc != 4) {
		fprintf(stderr, "usage: server SOCKET ID VECTORS\n");
		return 2;
	}
	alarm(DEADLINE_S);
	listener = listen_at(argv[1]);
	if (listener < 0)
		return fail(argv[1]);
	client = accept(listener, NULL, NULL);
	if (client < 0 || introduce(client, atoi(argv[2]), atoi(argv[3])))
		return fail("the client");
	while (read(client, &byte, 1) > 0)
		continue;
	return 0;
}
