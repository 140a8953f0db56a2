/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kinds of chardev share; for io/chardev*.c only. */
#ifndef VMM_IO_CHARDEV_INTERNAL_H
#define VMM_IO_CHARDEV_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "io/chardev.h"
#include "io/log.h"

#define CHARDEV_BACKLOG		65536	/* bytes on their way to the peer */
#define CHARDEV_PATIENCE_MS	100
#define CHARDEV_DELAY_NS	2000000	/* from a writer's first byte to the peer */
#define CHARDEV_RETRY_NS	250000000
#define CHARDEV_INPUT		65536	/* bytes read ahead of the client */
#define CHARDEV_CHUNK		4096	/* bytes read at a time */

struct chardev_kind {
	bool reconnects;	/* there are other peers when one has gone */
	/* opens what @arg names; the fields of the chardev are zero, its descriptors -1 */
	int (*open)(struct chardev *c, const char *arg, struct error *err);
	/* the client is there: start to listen or to read */
	int (*start)(struct chardev *c);
	/* input ended (loop's thread) */
	void (*hangup)(struct chardev *c);
	/* after chardev_wake(), or at any other time (loop's thread); may be NULL */
	void (*woken)(struct chardev *c);
	/* takes out what is not for the client; returns what is left of @len (loop's thread) */
	size_t (*filter)(struct chardev *c, uint8_t *buf, size_t len);
	void (*close)(struct chardev *c);
};

struct chardev {
	const struct chardev_host *host;
	const struct chardev_kind *kind;
	struct chardev_client client;
	char *path;			/* file, unix: to be unlinked or named in messages */
	int out_flags;			/* stdio: of stdout, to be restored; -1: unchanged */
	bool escape;			/* stdio: the last key was Ctrl-a; loop's thread */
	bool keys;			/* somebody types: reading never stops */
	uint8_t *input;			/* not delivered: ring of CHARDEV_INPUT bytes; loop's
					 * thread */
	size_t input_start, input_len;
	dev_t path_dev;			/* unix: of our socket there */
	ino_t path_ino;
	struct log_limit limit;		/* of warnings that a peer provokes */
	struct loop_handler listener;	/* unix */
	struct loop_handler kick;	/* a timer: there is something to send, or room for input */

	pthread_mutex_t lock;		/* guards what follows; taken after a client's own lock */
	struct loop_handler in, out;	/* their descriptors: -1 when there is no peer */
	bool reading;			/* in's descriptor is watched for input */
	bool starved;			/* there is input that the client had no room for */
	bool kicked;			/* the loop is going to send */
	bool blocked;			/* out is in the loop until the peer takes more */
	bool stalled;			/* patience is at its end: drop until the peer takes some */
	bool socket;
	uint8_t *backlog;		/* ring of CHARDEV_BACKLOG bytes, made when first needed */
	size_t backlog_start, backlog_len;
};

extern const struct chardev_kind chardev_kind_none, chardev_kind_file, chardev_kind_stdio,
	chardev_kind_unix;

/* Takes over @in and @out, either may be -1, as the ends of a connection. Lock not held. */
void chardev_attach(struct chardev *c, int in, int out, bool socket);
/* Lets go of both and drops the backlog; not what came in. */
void chardev_detach(struct chardev *c);
/* The loop comes back to this chardev that much later: under a second, over 0. Any thread. */
void chardev_wake(struct chardev *c, long delay_ns);
/* Input is watched from now on; -errno. */
int chardev_watch(struct chardev *c);

#endif /* VMM_IO_CHARDEV_INTERNAL_H */
