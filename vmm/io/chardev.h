/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Character devices: where the bytes of a serial line or of the monitor come from and go to. A full
 * or absent peer never stops the writer for long: what nobody takes is dropped.
 */
#ifndef VMM_IO_CHARDEV_H
#define VMM_IO_CHARDEV_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "io/loop.h"

struct chardev;
struct terminal;

enum chardev_event {
	CHARDEV_OPENED,		/* a peer is there */
	CHARDEV_CLOSED,		/* it has gone; another may come */
};

/*
 * Who reads a chardev; all functions are called in the loop's thread, without the chardev's lock.
 */
struct chardev_client {
	size_t (*can_read)(void *opaque);	/* bytes it takes now; 0: see
						 * chardev_accept_input() */
	void (*read)(void *opaque, const uint8_t *buf, size_t len);
	void (*event)(void *opaque, enum chardev_event event);	/* may be NULL */
	void *opaque;
};

/* What chardevs need of the program around them. */
struct chardev_host {
	struct loop *loop;
	struct terminal *terminal;
	void (*quit)(void *opaque);	/* Ctrl-a x was typed */
	void *opaque;
};

/**
 * chardev_check() - tell whether chardev_create() could open @spec, without making anything
 *
 * Return: 0, or -errno with @err filled.
 */
int chardev_check(const char *spec, struct error *err);

/**
 * chardev_create() - open what a specification names
 * @host: must outlive the chardev; called in the thread that runs its loop
 * @spec: "stdio", "file:PATH", "unix:PATH" (a server, one client at a time) or "none"
 *
 * Return: 0; -EINVAL for a specification that means nothing, or -errno of opening it; @err filled.
 */
int chardev_create(struct chardev **out, const struct chardev_host *host, const char *spec,
		   struct error *err);
void chardev_destroy(struct chardev *c);

/* Input is read from now on. @client is copied; call once, before the loop runs. */
int chardev_set_client(struct chardev *c, const struct chardev_client *client);

/*
 * Any thread. The bytes are sent soon. With more on their way than is kept, waits for a slow peer
 * for at most a tenth of a second, then drops until it has taken some; never for the loop's thread.
 */
void chardev_write(struct chardev *c, const void *buf, size_t len);

/* Any thread: the client can read again after can_read() returned 0. */
void chardev_accept_input(struct chardev *c);

#endif /* VMM_IO_CHARDEV_H */
