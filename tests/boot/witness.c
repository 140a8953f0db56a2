// SPDX-License-Identifier: GPL-2.0-only
// On the host: hears of all that join a region and leave it, until SIGTERM, and holds the module to
// its word: nobody joins twice, and who joined leaves once, whatever became of it.

#include <signal.h>

#include "peer.h"

#define EVENTS 64

struct witness {
	uint64_t serials[IVSHMEM_PEERS_MAX];	/* of the living ones, 0: nobody */
	uint64_t newest;
	unsigned long joined, left, living, resyncs;
	int listed;				/* a list is being read: old ones may be in it */
};

static volatile sig_atomic_t told_to_end;

static void end(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void lie(const char *what, const struct ivshmem_event *event)
{
	printf("%s: peer %u, serial %llu\n", what, event->peer,
	       (unsigned long long)event->serial);
	exit(1);
}

static void saw_join(struct witness *w, const struct ivshmem_event *event)
{
	if (w->serials[event->peer])
		lie("joined while another has its id", event);
	if (event->serial <= w->newest && !w->listed)
		lie("joined with an old serial", event);
	w->serials[event->peer] = event->serial;
	w->newest = event->serial > w->newest ? event->serial : w->newest;
	w->joined++;
	w->living++;
}

static void saw_left(struct witness *w, const struct ivshmem_event *event)
{
	if (w->serials[event->peer] != event->serial)
		lie("left without being there", event);
	w->serials[event->peer] = 0;
	w->left++;
	w->living--;
}

/* Whoever is gone has left unheard; whoever is listed joins anew. */
static void forget(struct witness *w)
{
	memset(w->serials, 0, sizeof(w->serials));
	w->left += w->living;
	w->living = 0;
	w->listed = 1;
	w->resyncs++;
}

static void saw(struct witness *w, const struct ivshmem_event *event)
{
	switch (event->type) {
	case IVSHMEM_EVENT_RESYNC:
		return forget(w);
	case IVSHMEM_EVENT_SYNCED:
		w->listed = 0;
		return;
	case IVSHMEM_EVENT_JOINED:
		return saw_join(w, event);
	case IVSHMEM_EVENT_LEFT:
		return saw_left(w, event);
	}
}

static void watch(struct witness *w, int membership)
{
	struct ivshmem_event events[EVENTS];

	while (!told_to_end) {
		ssize_t len = read(membership, events, sizeof(events));

		if (len < 0 && errno != EINTR)
			peer_die("read");
		for (ssize_t i = 0; i < len / (ssize_t)sizeof(*events); i++)
			saw(w, &events[i]);
	}
}

int main(int argc, char **argv)
{
	static struct witness witness;
	struct ivshmem_join join = { .flags = IVSHMEM_JOIN_OBSERVE, .peer = IVSHMEM_PEER_ANY };
	struct sigaction action = { .sa_handler = end };
	int fd, membership;

	if (argc != 2)
		return fprintf(stderr, "usage: witness REGION\n"), 2;
	sigaction(SIGTERM, &action, NULL);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	membership = ioctl(fd, IVSHMEM_JOIN, &join);
	if (membership < 0)
		peer_die(argv[1]);
	puts("watching");
	fflush(stdout);
	watch(&witness, membership);
	printf("joined %lu left %lu living %lu resyncs %lu\n", witness.joined, witness.left,
	       witness.living, witness.resyncs);
	return 0;
}
