/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets by an address: "tcp:HOST:PORT" with a numeric host, "vsock:CID:PORT", "unix:PATH". Each
 * run is a connection: a job, the answer, then what is measured, then the outcome.
 */
#ifndef TESTS_BENCH_TOOL_SOCKET_H
#define TESTS_BENCH_TOOL_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "job.h"
#include "watch.h"

/* A descriptor, or -errno with @err filled. */
int socket_listen(const char *address, struct error *err);
void socket_unlisten(int fd, const char *address);

/* Waits for one who connects: a descriptor, or -errno. */
int socket_accept(int listener, const struct watch *watch);

/* Tries for @patience_ns. A descriptor, or -errno with @err filled. */
int socket_connect(const char *address, uint64_t patience_ns, const struct watch *watch,
		   struct error *err);

/* All of it: 0; -ECONNRESET the other side is gone, or -errno. */
int socket_send(int fd, const void *data, size_t len, const struct watch *watch);
int socket_receive(int fd, void *data, size_t len, const struct watch *watch);

/*
 * The leading side's: proposes a job on a new connection, and waits for the outcome. 0 or -errno;
 * an outcome of socket_propose() that has an error is a refusal.
 */
int socket_propose(int fd, const struct job *job, struct outcome *outcome,
		   const struct watch *watch);
int socket_conclude(int fd, struct outcome *outcome, const struct watch *watch);

/* The answering side's. */
int socket_hear(int fd, struct job *job, const struct watch *watch);
int socket_answer(int fd, const struct outcome *outcome, const struct watch *watch);

#endif /* TESTS_BENCH_TOOL_SOCKET_H */
