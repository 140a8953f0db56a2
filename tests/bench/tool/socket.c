// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: addresses, and messages that arrive as a whole. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "socket.h"

#define LOOK_MS		100		/* how often a call that blocks looks around */
#define CONNECT_S	1
#define RETRY_NS	(50 * 1000 * 1000)
#define GREETING	0x31746b732e7669ull	/* "iv.skt1" */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_vm vm;
	};
	socklen_t len;
};

static int address_wrong(const char *text, struct error *err)
{
	return error_arg(err, -EINVAL, "%s is no address: tcp:HOST:PORT with a numeric HOST, "
			 "vsock:CID:PORT or unix:PATH is wanted, such as tcp:127.0.0.1:5000", text);
}

/* The number behind the last colon, below @limit; -1: none. */
static long address_port(const char *text, long limit)
{
	const char *colon = strrchr(text, ':');
	char *end;
	long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -1;
	port = strtol(colon + 1, &end, 10);
	return *end || port >= limit ? -1 : port;
}

static int address_tcp(struct address *a, const char *text)
{
	const char *colon = strrchr(text, ':');
	long port = address_port(text, 65536);
	char host[64] = "";

	if (port < 0 || (size_t)(colon - text) >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons((uint16_t)port);
		a->len = sizeof(a->in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
		return -EINVAL;
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons((uint16_t)port);
	a->len = sizeof(a->in6);
	return 0;
}

static int address_vsock(struct address *a, const char *text)
{
	long port = address_port(text, 1L << 32);
	char *end;

	a->vm.svm_family = AF_VSOCK;
	a->vm.svm_cid = (unsigned int)strtoul(text, &end, 10);
	a->vm.svm_port = (unsigned int)port;
	a->len = sizeof(a->vm);
	return port < 0 || end == text || *end != ':' ? -EINVAL : 0;
}

static int address_unix(struct address *a, const char *text)
{
	if (!*text || strlen(text) >= sizeof(a->un.sun_path))
		return -EINVAL;
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, text);
	a->len = sizeof(a->un);
	return 0;
}

static int address_parse(struct address *a, const char *text, struct error *err)
{
	int ret;

	memset(a, 0, sizeof(*a));
	if (!strncmp(text, "tcp:", 4))
		ret = address_tcp(a, text + 4);
	else if (!strncmp(text, "vsock:", 6))
		ret = address_vsock(a, text + 6);
	else
		ret = address_unix(a, text + 5);
	return ret ? address_wrong(text, err) : 0;
}

/* A new one, whose calls end after LOOK_MS. */
static int socket_prepare(int fd)
{
	struct timeval look = { .tv_usec = LOOK_MS * 1000 };
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &look, sizeof(look));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int socket_listen(const char *address, struct error *err)
{
	struct address a;
	int one = 1, fd, ret = address_parse(&a, address, err);

	if (ret)
		return ret;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, -errno, "%s: %s", address, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, &a.any, a.len) && !listen(fd, 1))
		return fd;
	ret = error_arg(err, -errno, "%s: %s%s", address, strerror(errno),
			errno == EADDRINUSE ? "; if nobody answers there, remove it" : "");
	close(fd);
	return ret;
}

void socket_unlisten(int fd, const char *address)
{
	close(fd);
	if (!strncmp(address, "unix:", 5))
		unlink(address + 5);
}

int socket_accept(int listener, const struct watch *watch)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd;

	while (!watch_over(watch)) {
		if (poll(&ready, 1, LOOK_MS) <= 0)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			return socket_prepare(fd);
	}
	return watch_over(watch);
}

/* Who does not even say no must not keep one from hearing signals. */
static int socket_try(const struct address *a)
{
	const struct timeval most = { .tv_sec = CONNECT_S };
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	if (!connect(fd, &a->any, a->len))
		return socket_prepare(fd);
	ret = -errno;
	close(fd);
	return ret;
}

int socket_connect(const char *address, uint64_t patience_ns, const struct watch *watch,
		   struct error *err)
{
	const struct timespec retry = { .tv_nsec = RETRY_NS };
	uint64_t end = clock_ns() + patience_ns;
	struct address a;
	int ret = address_parse(&a, address, err);

	if (ret)
		return ret;
	while ((ret = socket_try(&a)) < 0) {
		if (watch_over(watch))
			return error_set(err, -EINTR, "ended by a signal");
		if (clock_ns() >= end)
			return error_set(err, ret, "nobody answers at %s (%s): on the other side "
					 "`ivshmem-bench --answer` is wanted", address,
					 strerror(-ret));
		nanosleep(&retry, NULL);
	}
	return ret;
}

/* What a call that moved nothing is to be taken for: 0: again. */
static int socket_again(ssize_t n, const struct watch *watch)
{
	if (n == 0 || errno == EPIPE || errno == ECONNRESET)
		return -ECONNRESET;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	return watch_over(watch);
}

int socket_send(int fd, const void *data, size_t len, const struct watch *watch)
{
	const char *from = data;
	ssize_t n;
	int ret;

	while (len) {
		n = send(fd, from, len, MSG_NOSIGNAL);
		if (n <= 0) {
			ret = socket_again(n, watch);
			if (ret)
				return ret;
			continue;
		}
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int socket_receive(int fd, void *data, size_t len, const struct watch *watch)
{
	char *to = data;
	ssize_t n;
	int ret;

	while (len) {
		n = recv(fd, to, len, 0);
		if (n <= 0) {
			ret = socket_again(n, watch);
			if (ret)
				return ret;
			continue;
		}
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

int socket_propose(int fd, const struct job *job, struct outcome *outcome,
		   const struct watch *watch)
{
	const uint64_t greeting = GREETING;
	int ret = socket_send(fd, &greeting, sizeof(greeting), watch);

	if (!ret)
		ret = socket_send(fd, job, sizeof(*job), watch);
	return ret ? ret : socket_conclude(fd, outcome, watch);
}

int socket_conclude(int fd, struct outcome *outcome, const struct watch *watch)
{
	return socket_receive(fd, outcome, sizeof(*outcome), watch);
}

int socket_hear(int fd, struct job *job, const struct watch *watch)
{
	uint64_t greeting;
	int ret = socket_receive(fd, &greeting, sizeof(greeting), watch);

	if (!ret && greeting != GREETING)
		ret = -EPROTO;
	return ret ? ret : socket_receive(fd, job, sizeof(*job), watch);
}

int socket_answer(int fd, const struct outcome *outcome, const struct watch *watch)
{
	return socket_send(fd, outcome, sizeof(*outcome), watch);
}
