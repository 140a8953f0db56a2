// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving: the last close, whatever brings it about, and what is left of those who were killed at
 * any moment: nothing.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "member.h"

#define READERS		3
#define KILLS		500
#define VICTIMS		4		/* that live at a time */

static int duplicates(void)
{
	int region = region_limited("dup", 0, 0, 0, 0600), fd = member_join(region, 3, 0), copy;
	int watch = member_observe(region), status, go[2];
	pid_t pid;
	char c;

	EXPECT(member_synced(watch) && pipe(go) == 0);
	copy = dup(fd);
	close(fd);
	EXPECT(!member_readable(watch, 0));
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(read(go[0], &c, 1) != 1);
	close(copy);
	EXPECT(!member_readable(watch, 0) && member_count(region) == 1);
	EXPECT(write(go[1], "g", 1) == 1);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 3));
	close(go[0]);
	close(go[1]);
	close(watch);
	close(region);
	EXPECT(host_destroy("dup") == 0);
	return 0;
}

static int fd_send(int socket, int fd)
{
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } control = {};
	char f = 'f';
	struct iovec byte = { &f, 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

static int sent_over_a_socket(void)
{
	int region = region_limited("sent", 0, 0, 0, 0600), fd = member_join(region, 3, 0);
	int watch = member_observe(region), sockets[2];

	EXPECT(member_synced(watch));
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	EXPECT(fd_send(sockets[0], fd) == 0);
	close(fd);
	EXPECT(!member_readable(watch, 0) && member_count(region) == 1);
	close(sockets[0]);
	close(sockets[1]);
	EXPECT(member_readable(watch, 60000));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 3));
	close(watch);
	close(region);
	EXPECT(host_destroy("sent") == 0);
	return 0;
}

static int exec_leaves(void)
{
	int region = region_limited("exec", 0, 0, 0, 0600), watch = member_observe(region), status;
	int go[2];
	pid_t pid;

	EXPECT(member_synced(watch) && pipe(go) == 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (member_join(region, 5, 0) < 0 || dup2(go[0], 0) < 0 || close(go[1]))
			_exit(1);
		execl("/bin/cat", "cat", (char *)NULL);
		_exit(1);
	}
	EXPECT(member_readable(watch, 60000) && member_hears(watch, IVSHMEM_EVENT_JOINED, 5));
	EXPECT(member_readable(watch, 60000) && member_hears(watch, IVSHMEM_EVENT_LEFT, 5));
	close(go[0]);
	close(go[1]);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	close(watch);
	close(region);
	EXPECT(host_destroy("exec") == 0);
	return 0;
}

static int threads_own_nothing(void)
{
	int region = region_limited("thread", 0, 0, 0, 0600), fd = member_join(region, 5, 0);
	int watch = member_observe(region), status;
	pid_t pid;

	EXPECT(member_synced(watch));
	fflush(stdout);
	pid = vfork();
	if (!pid)
		_exit(0);
	EXPECT(waitpid(pid, &status, 0) == pid);
	EXPECT(!member_readable(watch, 0));
	close(fd);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 5));
	close(watch);
	close(region);
	EXPECT(host_destroy("thread") == 0);
	return 0;
}

/* --- killed at any moment --- */

/* All that a peer does, over and over, until it dies; also more than one membership. */
static void victim(int region, unsigned int seed)
{
	int bells[4], fd, other, i;

	for (i = 0; i < 4; i++)
		bells[i] = eventfd_new();
	for (;;) {
		struct ivshmem_peer_info info = { .peer = rand_r(&seed) % 64 };
		struct ivshmem_event events[16];

		fd = member_join_with(region, IVSHMEM_PEER_ANY, bells, 4);
		other = rand_r(&seed) % 2 ? member_observe(region) : -1;
		fcntl(fd, F_SETFL, O_NONBLOCK);
		for (i = rand_r(&seed) % 32; i > 0; i--) {
			member_set_vector(fd, rand_r(&seed) % 4, rand_r(&seed) % 2 ? bells[0] : -1);
			if (read(fd, events, sizeof(events)) < 0 && errno != EAGAIN)
				_exit(1);
			if (!ioctl(region, IVSHMEM_PEER_NEXT, &info))
				close(member_doorbell(fd, info.peer, rand_r(&seed) % 4));
			member_ring(fd, info.peer++, rand_r(&seed) % 4);
		}
		close(fd);
		if (other >= 0)
			close(other);
	}
}

/* Open files of the whole system. */
static unsigned long files_open(void)
{
	FILE *file = fopen("/proc/sys/fs/file-nr", "r");
	unsigned long nr = 0;

	if (!file || fscanf(file, "%lu", &nr) != 1)
		nr = 0;
	if (file)
		fclose(file);
	return nr;
}

/* The kernel counts by CPU, and lets files go a little later than processes. */
static bool files_are_back(unsigned long before)
{
	int tries;

	for (tries = 0; tries < 600; tries++) {
		if (files_open() <= before + 64)
			return true;
		usleep(100000);
	}
	return false;
}

/* A peer that rings the others, and itself, until it dies. */
static void ringer(int region, int told)
{
	int bell = eventfd_new(), fd = member_join_with(region, IVSHMEM_PEER_ANY, &bell, 1);
	struct ivshmem_peer_info info = {};

	if (fd < 0 || write(told, "r", 1) != 1)
		_exit(1);
	for (;;) {
		if (ioctl(region, IVSHMEM_PEER_NEXT, &info))
			info.peer = 0;
		member_ring(fd, info.peer++, 0);
	}
}

static pid_t ringer_start(int region, int told[2])
{
	pid_t pid;
	char c;

	fflush(stdout);
	pid = fork();
	if (!pid)
		ringer(region, told[1]);
	return read(told[0], &c, 1) == 1 ? pid : -1;
}

static int all_hear(const int *readers, uint32_t type, uint32_t peer)
{
	int i;

	for (i = 0; i < READERS; i++)
		if (!member_hears(readers[i], type, peer) || member_readable(readers[i], 0))
			return ktap_fail("reader %d", i);
	return 0;
}

static int killed_in_turn(void)
{
	int region = region_limited("turn", 0, 0, 0, 0600), readers[READERS], told[2], i, status;
	unsigned long files = files_open();
	pid_t pids[VICTIMS];

	EXPECT(pipe(told) == 0);
	for (i = 0; i < READERS; i++) {
		readers[i] = member_observe(region);
		EXPECT(member_synced(readers[i]));
	}
	for (i = 0; i < KILLS + VICTIMS; i++) {
		pid_t *pid = &pids[i % VICTIMS];

		if (i >= VICTIMS) {
			EXPECT(kill(*pid, SIGKILL) == 0 && waitpid(*pid, &status, 0) == *pid);
			EXPECT_PASS(all_hear(readers, IVSHMEM_EVENT_LEFT, i - VICTIMS));
		}
		if (i < KILLS) {
			*pid = ringer_start(region, told);
			EXPECT(*pid > 0);
			EXPECT_PASS(all_hear(readers, IVSHMEM_EVENT_JOINED, i));
		}
	}
	EXPECT(member_count(region) == 0);
	for (i = 0; i < READERS; i++)
		close(readers[i]);
	close(told[0]);
	close(told[1]);
	EXPECT(files_are_back(files));
	close(region);
	EXPECT(host_destroy("turn") == 0);
	return 0;
}

/* One who reads all the time: each serial joins once, and leaves once. */
struct listener {
	pthread_t thread;
	int fd;
	uint32_t last;			/* the id whose end is the end */
	uint64_t there[IVSHMEM_PEERS_MAX];	/* serial by id */
	unsigned long left, resyncs;
	int faults;
};

static bool listener_hears(struct listener *l, const struct ivshmem_event *event)
{
	uint64_t *serial = &l->there[event->peer];

	switch (event->type) {
	case IVSHMEM_EVENT_RESYNC:
		memset(l->there, 0, sizeof(l->there));
		l->resyncs++;
		break;
	case IVSHMEM_EVENT_SYNCED:
		return !l->there[l->last];	/* left during the list, which then says nothing */
	case IVSHMEM_EVENT_JOINED:
		l->faults += *serial != 0;
		*serial = event->serial;
		break;
	case IVSHMEM_EVENT_VECTORS:
		l->faults += *serial != event->serial || event->first + event->count > 4;
		break;
	case IVSHMEM_EVENT_LEFT:
		l->faults += *serial != event->serial;
		*serial = 0;
		l->left++;
		return event->peer == l->last;
	}
	return false;
}

static void *listener_run(void *opaque)
{
	struct listener *l = opaque;
	struct ivshmem_event events[32];
	bool last = false;
	ssize_t n, i;

	while (!last && !l->faults) {
		n = read(l->fd, events, sizeof(events));
		l->faults += n <= 0;
		for (i = 0; i < n / (ssize_t)sizeof(*events); i++)
			last |= listener_hears(l, &events[i]);
	}
	return NULL;
}

static pid_t victim_start(int region, unsigned int seed)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		victim(region, seed);
	return pid;
}

static int victims_killed(int region)
{
	pid_t pids[VICTIMS];
	int i, status;

	for (i = 0; i < VICTIMS; i++)
		pids[i] = victim_start(region, i + 1);
	for (i = 0; i < KILLS; i++) {
		pid_t *pid = &pids[i % VICTIMS];

		usleep(i * 7919 % 3000);
		EXPECT(kill(*pid, SIGKILL) == 0 && waitpid(*pid, &status, 0) == *pid);
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		*pid = victim_start(region, VICTIMS + i + 1);
	}
	for (i = 0; i < VICTIMS; i++) {
		EXPECT(kill(pids[i], SIGKILL) == 0 && waitpid(pids[i], &status, 0) == pids[i]);
		EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	return 0;
}

static int killed_at_any_moment(void)
{
	static struct listener listeners[READERS];
	int region = region_limited("killed", 64, 4, 0, 0600), last, i, fd;
	unsigned long files = files_open();
	uint32_t id;

	EXPECT(region >= 0);
	last = member_join(region, 63, 0);
	for (i = 0; i < READERS; i++) {
		listeners[i] = (struct listener){ .fd = member_observe(region), .last = 63 };
		EXPECT(listeners[i].fd >= 0);
		EXPECT(!pthread_create(&listeners[i].thread, NULL, listener_run, &listeners[i]));
	}
	EXPECT_PASS(victims_killed(region));
	EXPECT(member_count(region) == 1);
	close(last);
	for (i = 0; i < READERS; i++) {
		struct listener *l = &listeners[i];

		EXPECT(pthread_join(l->thread, NULL) == 0);
		EXPECT(!l->faults);
		for (id = 0; id < IVSHMEM_PEERS_MAX; id++)
			EXPECT(!l->there[id]);
		printf("# reader %d heard %lu leave and got %lu lists\n", i, l->left, l->resyncs);
		close(l->fd);
	}
	for (id = 0; id < 64; id++) {	/* each id is free */
		fd = member_join(region, id, 0);
		EXPECT(fd >= 0);
		close(fd);
	}
	EXPECT(files_are_back(files));
	close(region);
	EXPECT(host_destroy("killed") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a duplicate and a child's copy are the same membership", duplicates },
	{ "so is one on its way in a socket", sent_over_a_socket },
	{ "exec leaves", exec_leaves },
	{ "the end of another process does not", threads_own_nothing },
	{ "500 peers killed while they ring: each leaves exactly once", killed_in_turn },
	{ "500 killed at any moment: what is heard holds together, nothing is left",
	  killed_at_any_moment },
};

KTAP_MAIN(cases)
