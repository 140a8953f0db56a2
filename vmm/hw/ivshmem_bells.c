// SPDX-License-Identifier: GPL-2.0-only
/* Lists of eventfds that go and come, and one change of the model from them. */
#include "hw/ivshmem_bells.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ivshmem_regs.h"

struct memory_eventfd bell_eventfd(uint32_t peer, unsigned int vector, int fd)
{
	return (struct memory_eventfd){
		.addr = IVSHMEM_DOORBELL,
		.size = 4,
		.match = true,
		.data = peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector,
		.fd = fd,
	};
}

static int grow(void *list, unsigned int room, size_t size)
{
	void **v = list, *bigger = reallocarray(*v, room, size);

	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	return 0;
}

int bells_reserve(struct bells *b)
{
	unsigned int room = b->room ? 2 * b->room : 64;

	if (b->open < b->room)
		return 0;
	if (grow(&b->del.v, room, sizeof(*b->del.v)) || grow(&b->add.v, room, sizeof(*b->add.v)) ||
	    grow(&b->adding, room, sizeof(*b->adding)) ||
	    grow(&b->unused, room, sizeof(*b->unused)))
		return -ENOMEM;
	b->room = room;
	return 0;
}

void bells_attach(struct bells *b, struct bell *bell, uint32_t peer, unsigned int vector, int fd)
{
	*bell = (struct bell){ fd, b->add.nr };
	b->adding[b->add.nr] = bell;
	b->add.v[b->add.nr++] = bell_eventfd(peer, vector, fd);
	b->open++;
}

/* Nobody has seen its eventfd: the last of those that come takes its place in the list. */
static void bell_forget(struct bells *b, struct bell *bell)
{
	unsigned int last = --b->add.nr;

	b->add.v[bell->coming] = b->add.v[last];
	b->adding[bell->coming] = b->adding[last];
	b->adding[bell->coming]->coming = bell->coming;
	close(bell->fd);
	b->open--;
}

void bells_detach(struct bells *b, struct bell *bell, uint32_t peer, unsigned int vector)
{
	if (bell->fd < 0)
		return;
	if (bell->coming >= 0)
		bell_forget(b, bell);
	else
		b->del.v[b->del.nr++] = bell_eventfd(peer, vector, bell->fd);
	*bell = (struct bell){ -1, -1 };
}

static int change_del(struct bells *b)
{
	int ret = memory_region_del_eventfds(b->regs, b->del.v, b->del.nr);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < b->del.nr; i++)
		b->unused[b->nr_unused++] = b->del.v[i].fd;
	b->del.nr = 0;
	return 0;
}

static int change_add(struct bells *b)
{
	int ret = memory_region_add_eventfds(b->regs, b->add.v, b->add.nr);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < b->add.nr; i++)
		b->adding[i]->coming = -1;
	b->add.nr = 0;
	return 0;
}

/*
 * One that comes may take the place of one that goes: not before that is gone. KVM takes back an
 * eventfd by its descriptor, and does so late if a commit fails: until one does not, no descriptor
 * is closed.
 */
int bells_commit(struct bells *b)
{
	int ret, committed;

	if (!b->del.nr && !b->add.nr && !b->unsettled)
		return 0;
	memory_transaction_begin(b->regs->mem);
	ret = change_del(b);
	if (!ret)
		ret = change_add(b);
	committed = memory_transaction_commit(b->regs->mem);
	b->unsettled = committed;
	if (!committed) {
		memory_close_fds(b->unused, b->nr_unused);
		b->open -= b->nr_unused;
		b->nr_unused = 0;
	}
	return ret ? ret : committed;
}

void bells_fini(struct bells *b)
{
	for (unsigned int i = 0; i < b->del.nr; i++)
		close(b->del.v[i].fd);
	for (unsigned int i = 0; i < b->nr_unused; i++)
		close(b->unused[i]);
	free(b->del.v);
	free(b->add.v);
	free(b->adding);
	free(b->unused);
}
