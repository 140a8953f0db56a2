/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The main thread's event loop (epoll): serial lines, the monitor, signals, a vCPU's word that the
 * machine is to stop. Callbacks run in the main thread; loop_stop() may be called from any thread.
 */
#ifndef VMM_IO_LOOP_H
#define VMM_IO_LOOP_H

#include <stdint.h>

struct loop;

/* Embedded by whoever waits for a descriptor; valid from loop_add() to loop_del(). */
struct loop_handler {
	int fd;
	uint32_t events;	/* EPOLLIN, EPOLLOUT */
	void (*ready)(struct loop_handler *h, uint32_t events);
};

int loop_create(struct loop **out);
void loop_destroy(struct loop *loop);

/*
 * From any thread. After loop_del() from another thread than the loop's, one last callback may
 * still be under way: such a handler's memory stays until loop_run() has returned. -EPERM: a
 * regular file.
 */
int loop_add(struct loop *loop, struct loop_handler *h);
int loop_mod(struct loop *loop, struct loop_handler *h);	/* after h->events changed */
void loop_del(struct loop *loop, struct loop_handler *h);	/* also from within a callback */

/* Runs callbacks until loop_stop(); returns 0, or -errno when the loop itself failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif /* VMM_IO_LOOP_H */
