// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of `ivshmemctl serve` that is stricter than QEMU: every message has to be the one that
 * the protocol allows there. It prints each as a line, and takes "ring PEER VECTOR" and "count
 * VECTOR" from standard input, which ends it.
 *
 *	qemu_client PATH [silent | talk | half]
 *
 * silent: connects and takes nothing; talk: sends a byte; half: closes its half. These end when the
 * server closes the connection.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PEERS		65536
#define VECTORS		64
#define DEADLINE_MS	120000

struct peer {
	int fds[VECTORS];
	int count;			/* of them */
	bool left;
};

struct client {
	int fd;
	int64_t id;
	struct peer *peers;		/* by id, oneself too */
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("violation: ");
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int client_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		say("can't connect: %s", strerror(errno));
		exit(2);
	}
	return fd;
}

/* A message and its descriptor, or -1. Ends the program when the server has closed. */
static int64_t message_take(const struct client *c, int *fd)
{
	char control[CMSG_SPACE(4 * sizeof(int))];
	int64_t value;
	struct iovec data = { &value, sizeof(value) };
	struct msghdr msg = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	struct cmsghdr *header;

	if (n <= 0) {
		say("closed");
		exit(0);
	}
	if (n != sizeof(value) || msg.msg_flags & MSG_CTRUNC)
		die("a message of %zd bytes, flags %#x", n, msg.msg_flags);
	*fd = -1;
	header = CMSG_FIRSTHDR(&msg);
	if (header && header->cmsg_len != CMSG_LEN(sizeof(int)))
		die("more than a descriptor in a message");
	if (header)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return le64toh(value);
}

static void greeting_take(struct client *c)
{
	struct stat st;
	int64_t value;
	int fd;

	value = message_take(c, &fd);
	if (value || fd >= 0)
		die("version %" PRId64 ", descriptor %d", value, fd);
	c->id = message_take(c, &fd);
	if (c->id < 0 || c->id >= PEERS || fd >= 0)
		die("id %" PRId64 ", descriptor %d", c->id, fd);
	say("id %" PRId64, c->id);
	value = message_take(c, &fd);
	if (value != -1 || fd < 0 || fstat(fd, &st))
		die("memory %" PRId64 ", descriptor %d", value, fd);
	say("memory %" PRId64, (int64_t)st.st_size);
	close(fd);
}

static void peer_left(struct client *c, int64_t id)
{
	struct peer *p = &c->peers[id];

	if (id == c->id || p->left || !p->count)
		die("peer %" PRId64 " leaves, and is not there", id);
	while (p->count)
		close(p->fds[--p->count]);
	p->left = true;
	say("left %" PRId64, id);
}

static void message_handle(struct client *c)
{
	struct peer *p;
	int64_t id;
	int fd;

	id = message_take(c, &fd);
	if (id < 0 || id >= PEERS)
		die("message %" PRId64, id);
	p = &c->peers[id];
	if (fd < 0) {
		peer_left(c, id);
		return;
	}
	if (p->left || p->count == VECTORS)
		die("peer %" PRId64 " comes back, or has more than %d vectors", id, VECTORS);
	if (eventfd_write(fd, 0))
		die("what comes with peer %" PRId64 " is no eventfd", id);
	p->fds[p->count] = fd;
	say("%s %" PRId64 " vector %d", id == c->id ? "own" : "peer", id, p->count++);
}

static void command_handle(struct client *c, const char *line)
{
	unsigned int peer, vector;
	eventfd_t count = 0;

	if (sscanf(line, "ring %u %u", &peer, &vector) == 2 && peer < PEERS &&
	    vector < (unsigned int)c->peers[peer].count)
		say("rang %s",
		    eventfd_write(c->peers[peer].fds[vector], 1) ? strerror(errno) : "1");
	else if (sscanf(line, "count %u", &vector) == 1 &&
		 vector < (unsigned int)c->peers[c->id].count)
		say("count %" PRIu64, eventfd_read(c->peers[c->id].fds[vector], &count) ? 0 :
		    (uint64_t)count);
	else
		die("command %s", line);
}

static int client_run(struct client *c)
{
	struct pollfd wait[] = { { c->fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
	char line[64];

	greeting_take(c);
	while (poll(wait, 2, DEADLINE_MS) > 0) {
		if (wait[0].revents)
			message_handle(c);
		if (wait[1].revents && !fgets(line, sizeof(line), stdin))
			return 0;
		if (wait[1].revents)
			command_handle(c, line);
	}
	die("nothing for %d s", DEADLINE_MS / 1000);
}

/* Until the server has closed; what is there to read is not. */
static int client_hostile(struct client *c, const char *kind)
{
	struct pollfd wait = { c->fd, 0, 0 };

	if (!strcmp(kind, "talk") && send(c->fd, "x", 1, 0) != 1)
		die("send: %s", strerror(errno));
	if (!strcmp(kind, "half") && shutdown(c->fd, SHUT_WR))
		die("shutdown: %s", strerror(errno));
	say("%s", kind);
	if (poll(&wait, 1, DEADLINE_MS) <= 0)
		die("not dropped in %d s", DEADLINE_MS / 1000);
	say("closed");
	return 0;
}

int main(int argc, char **argv)
{
	struct client c = {};

	if (argc < 2 || argc > 3)
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0);
	c.fd = client_connect(argv[1]);
	if (argc == 3)
		return client_hostile(&c, argv[2]);
	c.peers = calloc(PEERS, sizeof(*c.peers));
	return c.peers ? client_run(&c) : 2;
}
