/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is a member of a region: peers, readers of events, and what each user pays for them. */
#ifndef IVSHMEM_HOST_MEMBERS_H
#define IVSHMEM_HOST_MEMBERS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <linux/ivshmem_host.h>

struct file;
struct region;

/**
 * struct limits - of the memberships of a region
 * @peers: living ones at a time, and one more than the largest id
 * @vectors: of one peer
 * @user_kb: kernel memory that the memberships of one user may hold, KiB
 */
struct limits {
	u32 peers;
	u32 vectors;
	u32 user_kb;
};

/**
 * struct members - of one region
 * @limits: never change
 * @lock: guards all below, and what the other structures here say; taken before any of a peer
 * @peers: by id: the living, marked PEER_LIVING; those about to join; those that left and that a
 *	reader has still to hear of
 * @next_peer: where the search for a free id begins
 * @last_serial: the one handed out last
 * @living: peers
 * @attached: eventfds of living peers
 * @readers: of events
 * @accounts: of users
 */
struct members {
	struct limits limits;

	struct mutex lock;
	struct xarray peers;
	u32 next_peer;
	u64 last_serial;
	unsigned int living;
	unsigned int attached;
	struct list_head readers;
	struct list_head accounts;
};

#define PEER_LIVING	XA_MARK_1

/**
 * struct peer - an id, and the vectors behind it
 * @id: from peer_reserve() on
 * @vectors: entries of @doorbells
 * @serial: of the membership
 * @uid: who joined
 * @pid: process that joined
 * @refs: of the membership and of news that readers have not read; members->lock
 * @attached: entries of @doorbells that are not NULL; members->lock
 * @lock: guards the fields below, for those who look one up by id under RCU
 * @living: changed with members->lock too
 * @doorbells: files of eventfds, or NULL for a vector that can't be rung; gone when it left
 * @rcu: frees it
 */
struct peer {
	u32 id;
	u32 vectors;
	u64 serial;
	kuid_t uid;
	struct pid *pid;
	unsigned int refs;
	unsigned int attached;

	spinlock_t lock;
	bool living;
	struct file **doorbells;
	struct rcu_head rcu;
};

/**
 * struct news - that a reader has not read
 * @peer: a reference: while there is one, nobody else gets its id
 * @type: of enum ivshmem_event_type
 * @first: as in struct ivshmem_event
 * @count: as in struct ivshmem_event
 */
struct news {
	struct peer *peer;
	u32 type;
	u32 first;
	u32 count;
};

/* News that wait for a reader at most: with more it is told all anew. */
#define READER_NEWS_MAX	128

/**
 * struct reader - whom a membership has been told of
 * @node: of members->readers, once it joined
 * @self: the own peer, of which it hears nothing; NULL for an observer
 * @wait: for news
 * @resync: the next event is RESYNC
 * @synced: SYNCED was read since
 * @cursor: what is below it was told: the list of the living goes on from there, and news about
 *	others are no news yet; beyond all ids when the list is complete
 * @head: index of the oldest news
 * @nr: of news
 * @news: a ring
 *
 * All but @wait is guarded by members->lock; @synced and @nr are looked at without it as well.
 */
struct reader {
	struct list_head node;
	const struct peer *self;
	wait_queue_head_t wait;
	bool resync;
	bool synced;
	u32 cursor;
	unsigned int head;
	unsigned int nr;
	struct news news[READER_NEWS_MAX];
};

/**
 * struct account - what the memberships of one user hold; members->lock
 * @node: of members->accounts
 * @uid: the user
 * @users: memberships
 * @bytes: of kernel memory
 */
struct account {
	struct list_head node;
	kuid_t uid;
	unsigned int users;
	u64 bytes;
};

/* About what an open file costs, with what hangs off it. */
#define MEMBER_FILE_BYTES	512

/* members.c */
void members_init(struct members *members, const struct limits *limits);
void members_fini(struct members *members);

/* member.c */
int member_join(struct region *region, fmode_t mode, struct ivshmem_join __user *arg);

/* peer.c */
struct peer *peer_create(u32 vectors, const s32 __user *fds);
void peer_destroy(struct peer *peer);
int peer_reserve(struct members *members, struct peer *peer, u32 wanted);
void peer_publish(struct members *members, struct peer *peer);
void peer_leave(struct members *members, struct peer *peer);
void peer_put(struct members *members, struct peer *peer);
u64 peer_bytes(const struct peer *peer);
struct peer *peer_from(struct members *members, u32 id);
int peer_next(struct members *members, struct ivshmem_peer_info *info);

/* doorbell.c */
struct file *doorbell_open(s32 fd);
void doorbells_free(struct file **doorbells, u32 nr);
struct file *doorbell_replace(struct members *members, struct peer *peer, u32 vector,
			      struct file *file);
struct file *doorbell_get(struct members *members, const struct ivshmem_doorbell *which);
void doorbell_ring(struct file *file);

/* reader.c */
void reader_init(struct reader *reader, const struct peer *self);
void reader_add(struct members *members, struct reader *reader);
void reader_del(struct members *members, struct reader *reader);
bool reader_ready(const struct reader *reader);
unsigned int reader_take(struct members *members, struct reader *reader,
			 struct ivshmem_event *events, unsigned int max);
void reader_resync(struct members *members, struct reader *reader);
void readers_tell(struct members *members, const struct news *news);
void readers_forget_departed(struct members *members, u32 id);

/* account.c */
struct account *account_get(struct members *members, kuid_t uid);
void account_put(struct account *account);
int account_charge(const struct members *members, struct account *account, u64 bytes);
void account_uncharge(struct account *account, u64 bytes);

#endif /* IVSHMEM_HOST_MEMBERS_H */
