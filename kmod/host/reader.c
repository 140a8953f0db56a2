// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a membership hears of the others. A reader is first told of all living peers, in the order
 * of their ids, by walking the peers themselves: nothing is stored for that. What happens to those
 * it was told of is queued, in a ring of fixed size. When that is full it is dropped, and the walk
 * begins again: memory is bounded whatever a reader does, and the last state reaches it.
 */
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/poll.h>

#include "members.h"

/* Above all ids: the list is complete. */
#define CURSOR_END	IVSHMEM_PEERS_MAX

static struct news *reader_news(struct reader *reader, unsigned int i)
{
	return &reader->news[(reader->head + i) % READER_NEWS_MAX];
}

static void reader_drop_news(struct members *members, struct reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->nr; i++)
		peer_put(members, reader_news(reader, i)->peer);
	WRITE_ONCE(reader->nr, 0);
}

/* From the beginning, which nothing leads up to. */
static void reader_rewind(struct reader *reader)
{
	reader->resync = true;
	WRITE_ONCE(reader->synced, false);
	reader->cursor = 0;
}

static void reader_wake(struct reader *reader)
{
	wake_up_interruptible_poll(&reader->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * reader_init() - a reader that has to be told everything
 * @reader: zeroed
 * @self: of whom it hears nothing, or NULL
 */
void reader_init(struct reader *reader, const struct peer *self)
{
	INIT_LIST_HEAD(&reader->node);
	init_waitqueue_head(&reader->wait);
	reader->self = self;
	reader_rewind(reader);
}

void reader_add(struct members *members, struct reader *reader)
{
	lockdep_assert_held(&members->lock);
	list_add_tail(&reader->node, &members->readers);
}

/* Whether it was added or not. */
void reader_del(struct members *members, struct reader *reader)
{
	lockdep_assert_held(&members->lock);
	list_del_init(&reader->node);
	reader_drop_news(members, reader);
}

/* Is there something to read? Nobody has to be locked out for the question. */
bool reader_ready(const struct reader *reader)
{
	return !READ_ONCE(reader->synced) || READ_ONCE(reader->nr);
}

/**
 * reader_resync() - what it was told is void: it is told anew
 * @members: locked
 * @reader: of them
 */
void reader_resync(struct members *members, struct reader *reader)
{
	lockdep_assert_held(&members->lock);
	reader_drop_news(members, reader);
	reader_rewind(reader);
	reader_wake(reader);
}

/* A change of vectors right behind another one of the same peer's is one change of both. */
static bool reader_merge(struct reader *reader, const struct news *news)
{
	struct news *last;
	u32 end;

	if (!reader->nr || news->type != IVSHMEM_EVENT_VECTORS)
		return false;
	last = reader_news(reader, reader->nr - 1);
	if (last->type != IVSHMEM_EVENT_VECTORS || last->peer != news->peer)
		return false;
	end = max(last->first + last->count, news->first + news->count);
	last->first = min(last->first, news->first);
	last->count = end - last->first;
	return true;
}

static void reader_tell(struct members *members, struct reader *reader, const struct news *news)
{
	if (news->peer == reader->self || news->peer->id >= reader->cursor ||
	    reader_merge(reader, news))
		return;
	if (reader->nr == READER_NEWS_MAX) {
		reader_resync(members, reader);
		return;
	}
	*reader_news(reader, reader->nr) = *news;
	news->peer->refs++;
	WRITE_ONCE(reader->nr, reader->nr + 1);
	reader_wake(reader);
}

/**
 * readers_tell() - something happened
 * @members: locked
 * @news: to whom and what; each reader that needs it takes its own reference
 */
void readers_tell(struct members *members, const struct news *news)
{
	struct reader *reader;

	lockdep_assert_held(&members->lock);
	list_for_each_entry(reader, &members->readers, node)
		reader_tell(members, reader, news);
}

static bool reader_remembers_departed(struct reader *reader, u32 id)
{
	const struct peer *peer;
	unsigned int i;

	for (i = 0; i < reader->nr; i++) {
		peer = reader_news(reader, i)->peer;
		if (!peer->living && (id == IVSHMEM_PEER_ANY || id == peer->id))
			return true;
	}
	return false;
}

/**
 * readers_forget_departed() - free ids of those that left, of which a reader has yet to hear that
 * @members: locked
 * @id: the one to free, or IVSHMEM_PEER_ANY: all
 *
 * Who does not read must not keep others from joining. It is told all anew, so that whoever has the
 * id then is told by its serial from the one who left.
 */
void readers_forget_departed(struct members *members, u32 id)
{
	struct reader *reader;

	lockdep_assert_held(&members->lock);
	list_for_each_entry(reader, &members->readers, node)
		if (reader_remembers_departed(reader, id))
			reader_resync(members, reader);
}

static struct ivshmem_event reader_pop(struct members *members, struct reader *reader)
{
	struct news news = *reader_news(reader, 0);
	struct ivshmem_event event = {
		.type = news.type,
		.peer = news.peer->id,
		.serial = news.peer->serial,
		.first = news.first,
		.count = news.count,
	};

	reader->head = (reader->head + 1) % READER_NEWS_MAX;
	WRITE_ONCE(reader->nr, reader->nr - 1);
	peer_put(members, news.peer);
	return event;
}

/* The living peer behind the cursor, or the end of the list. */
static struct ivshmem_event reader_walk(struct members *members, struct reader *reader)
{
	const struct peer *peer = peer_from(members, reader->cursor);

	if (peer && peer == reader->self)
		peer = peer_from(members, peer->id + 1);
	if (!peer) {
		reader->cursor = CURSOR_END;
		WRITE_ONCE(reader->synced, true);
		return (struct ivshmem_event){ .type = IVSHMEM_EVENT_SYNCED };
	}
	reader->cursor = peer->id + 1;
	return (struct ivshmem_event){
		.type = IVSHMEM_EVENT_JOINED,
		.peer = peer->id,
		.serial = peer->serial,
		.count = peer->vectors,
	};
}

static struct ivshmem_event reader_next(struct members *members, struct reader *reader)
{
	if (reader->resync) {
		reader->resync = false;
		return (struct ivshmem_event){ .type = IVSHMEM_EVENT_RESYNC };
	}
	return reader->nr ? reader_pop(members, reader) : reader_walk(members, reader);
}

/**
 * reader_take() - what there is to tell, oldest first
 * @members: takes their lock
 * @reader: of them
 * @events: room for @max
 * @max: how many
 *
 * Return: how many there were.
 */
unsigned int reader_take(struct members *members, struct reader *reader,
			 struct ivshmem_event *events, unsigned int max)
{
	unsigned int nr = 0;

	mutex_lock(&members->lock);
	while (nr < max && reader_ready(reader))
		events[nr++] = reader_next(members, reader);
	mutex_unlock(&members->lock);
	return nr;
}
