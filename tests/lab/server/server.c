// SPDX-License-Identifier: GPL-2.0-only
// On the host: as much of QEMU's ivshmem server as a fixed set of clients needs, all in one QEMU:
// memory that they share, an id for each, an eventfd for each vector, each client told of all.
// Ends with its clients.

#include <errno.h>
#include <inttypes.h>
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

struct client {
	int socket;
	int64_t id;
	int vectors;
	int *eventfds;
};

/* What the client's device waits for while it is made. */
static int welcome(const struct client *client, int memory)
{
	return tell(client->socket, PROTOCOL_VERSION, -1) || tell(client->socket, client->id, -1) ||
	       tell(client->socket, -1, memory);
}

static int introduce(const struct client *client, const struct client *to)
{
	for (int i = 0; i < client->vectors; i++)
		if (tell(to->socket, client->id, client->eventfds[i]))
			return -1;
	return 0;
}

/* A client comes last among those that it is told of. */
static int introduce_all(const struct client *clients, int count)
{
	for (int to = 0; to < count; to++) {
		for (int i = 0; i < count; i++)
			if (i != to && introduce(&clients[i], &clients[to]))
				return -1;
		if (introduce(&clients[to], &clients[to]))
			return -1;
	}
	return 0;
}

/* From "ID:VECTORS". */
static int client_parse(struct client *client, const char *text)
{
	if (sscanf(text, "%" SCNd64 ":%d", &client->id, &client->vectors) != 2 ||
	    client->vectors < 1)
		return -1;
	client->eventfds = calloc(client->vectors, sizeof(*client->eventfds));
	if (!client->eventfds)
		return -1;
	for (int i = 0; i < client->vectors; i++) {
		client->eventfds[i] = eventfd(0, EFD_CLOEXEC);
		if (client->eventfds[i] < 0)
			return -1;
	}
	return 0;
}

/* They connect in order, and have all done so before the first is made. */
static int serve(int listener, struct client *clients, int count)
{
	int memory = memfd_create("ivshmem", MFD_CLOEXEC);

	if (memory < 0 || ftruncate(memory, SIZE) < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		clients[i].socket = accept(listener, NULL, NULL);
		if (clients[i].socket < 0)
			return -1;
	}
	for (int i = 0; i < count; i++)
		if (welcome(&clients[i], memory))
			return -1;
	return introduce_all(clients, count);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct client *clients = calloc(argc, sizeof(*clients));
	int listener, count = argc - 2;
	char byte;

	if (argc < 3 || !clients) {
		fprintf(stderr, "usage: server SOCKET ID:VECTORS...\n");
		return 2;
	}
	alarm(DEADLINE_S);
	for (int i = 0; i < count; i++)
		if (client_parse(&clients[i], argv[i + 2]))
			return fail(argv[i + 2]);
	listener = listen_at(argv[1]);
	if (listener < 0)
		return fail(argv[1]);
	if (serve(listener, clients, count))
		return fail("the clients");
	while (read(clients[0].socket, &byte, 1) > 0)
		continue;
	return 0;
}
