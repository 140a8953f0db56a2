/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket of `ivshmemctl serve`: where it is, and how a message goes through it. */
#ifndef VMM_CTL_WIRE_H
#define VMM_CTL_WIRE_H

#include <linux/types.h>
#include <sys/types.h>

#include "ctl/announcer.h"
#include "error.h"

/* Where a server listens. */
struct listener {
	int fd;
	const char *path;		/* the caller's */
	dev_t dev;			/* what is at @path as long as that is ours */
	ino_t ino;
};

/* What becomes of the socket's file; as uid or gid -1: the caller's. */
struct listener_spec {
	const char *path;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/**
 * listener_open() - listen at a path
 * @l: filled; listener_close() ends it
 *
 * The socket is at its path when it has mode and owner and takes clients, not before. One that is
 * there already and that nobody listens at is replaced, and so are those that servers left beside
 * it when they were killed before that moment; nothing else ever is.
 *
 * Return: 0; -EADDRINUSE, or another -errno; @err filled.
 */
int listener_open(struct listener *l, const struct listener_spec *spec, struct error *err);

/* Removes the socket's file, unless that is another's by now. */
void listener_close(struct listener *l);

/**
 * message_send() - a message, whole, without waiting
 *
 * Return: 0; -EAGAIN the client has to take some first; -ETOOMANYREFS too many descriptors of this
 * user are under way; or another -errno.
 */
int message_send(int client, const struct message *msg);

#endif /* VMM_CTL_WIRE_H */
