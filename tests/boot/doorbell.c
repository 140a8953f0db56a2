// SPDX-License-Identifier: GPL-2.0-only
// In a guest: doorbells of /dev/ivshmemN. The device rings itself, and, if a second one is named
// that is a peer of the first, each the other. A device without interrupts says so, and works.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define SECOND 1000000000ll
#define LONG (60 * SECOND)
#define ROUNDS 500
#define NOBODY 65000

/* The other device; NULL if none was named. */
static const char *other;
static struct ivshmem_info info;

static int info_of(const char *path, struct ivshmem_info *to)
{
	int fd = open(path, O_RDONLY);
	int ret;

	memset(to, 0, sizeof(*to));
	ret = ioctl(fd, IVSHMEM_INFO, to);
	close(fd);
	return ret;
}

static int ring(int fd, uint32_t peer, uint32_t vector)
{
	struct ivshmem_ring doorbell = { .peer = peer, .vector = vector };

	return ioctl(fd, IVSHMEM_RING, &doorbell);
}

static int hear(int fd, uint32_t vector, long long timeout_ns, struct ivshmem_wait *wait)
{
	*wait = (struct ivshmem_wait){ .vector = vector, .timeout_ns = timeout_ns };
	return ioctl(fd, IVSHMEM_WAIT, wait);
}

/* Rings oneself and waits until the interrupt has come; @fd has been told of all before. */
static int ring_through(int fd, uint32_t vector)
{
	struct ivshmem_wait wait;

	return ring(fd, info.position, vector) || hear(fd, vector, LONG, &wait);
}

static int set_eventfd(int fd, uint32_t vector, int event)
{
	struct ivshmem_eventfd link = { .vector = vector, .fd = event };

	return ioctl(fd, IVSHMEM_SET_EVENTFD, &link);
}

static int opened(void)
{
	return open(device, O_RDWR | O_CLOEXEC);
}

static short polled(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLPRI };

	return poll(&pollfd, 1, timeout_ms) < 0 ? -1 : pollfd.revents;
}

/* What an eventfd that does not block has; 0 if it was not raised. */
static uint64_t raised(int event)
{
	uint64_t count = 0;

	return read(event, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* sysfs: one number of all its lines. */
static long long attribute_sum(const char *name)
{
	char path[128];
	long long number, sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/ivshmem/%s/%s", strrchr(device, '/') + 1, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fscanf(file, "%lld", &number) == 1)
		sum += number;
	fclose(file);
	return sum;
}

static int interrupts_known(void)
{
	EXPECT(info.interrupts == info.vectors || info.interrupts == 0);
	EXPECT(attribute_sum("interrupts") == info.interrupts);
	return 0;
}

static int each_vector(void)
{
	struct ivshmem_wait wait;
	int fd = opened();

	for (uint32_t v = 0; v < info.interrupts; v++) {
		EXPECT(!ring(fd, info.position, v));
		EXPECT(!hear(fd, v, LONG, &wait));
		EXPECT(wait.vector == v && wait.count == 1);
		EXPECT(wait.timeout_ns == LONG);
	}
	close(fd);
	return 0;
}

static int counts_exact(void)
{
	uint32_t vector = info.interrupts - 1;
	long long before = attribute_sum("fired");
	struct ivshmem_wait wait = { 0 };
	int fd = opened(), late = opened();
	uint64_t first = 0;

	for (int i = 0; i < ROUNDS; i++) {
		EXPECT(!ring(fd, info.position, vector));
		EXPECT(!hear(fd, vector, LONG, &wait));
		EXPECT(wait.count == 1);
		first = first ? first : wait.total;
	}
	EXPECT(wait.total == first + ROUNDS - 1);
	EXPECT(!hear(late, vector, 0, &wait));
	EXPECT(wait.count == ROUNDS);
	EXPECT(attribute_sum("fired") == before + ROUNDS);
	if (info.interrupts <= 100)
		EXPECT(attribute_sum("fired_vectors") == before + ROUNDS);
	close(fd);
	close(late);
	return 0;
}

static int told_once(void)
{
	struct ivshmem_wait wait;
	int fd = opened();

	EXPECT(!ring_through(fd, 0));
	EXPECT_ERRNO(hear(fd, 0, 0, &wait), ETIMEDOUT);
	EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY, 0, &wait), ETIMEDOUT);
	close(fd);
	return 0;
}

static int told_from_open(void)
{
	struct ivshmem_wait wait;
	int fd = opened(), late;

	EXPECT(!ring_through(fd, 0));
	late = opened();
	EXPECT(polled(late, 0) == 0);
	EXPECT_ERRNO(hear(late, IVSHMEM_VECTOR_ANY, 0, &wait), ETIMEDOUT);
	EXPECT(!ring_through(fd, 0));
	EXPECT(!hear(late, IVSHMEM_VECTOR_ANY, LONG, &wait));
	EXPECT(wait.vector == 0 && wait.count == 1);
	close(fd);
	close(late);
	return 0;
}

static int any_lowest(void)
{
	uint32_t last = info.interrupts - 1;
	struct ivshmem_wait wait;
	int fd = opened(), listener = opened();

	if (!last)
		return ktap_skip("one vector");
	EXPECT(!ring_through(fd, last) && !ring_through(fd, 0) && !ring_through(fd, last));
	EXPECT(!hear(listener, IVSHMEM_VECTOR_ANY, 0, &wait));
	EXPECT(wait.vector == 0 && wait.count == 1);
	EXPECT(!hear(listener, IVSHMEM_VECTOR_ANY, 0, &wait));
	EXPECT(wait.vector == last && wait.count == 2);
	EXPECT_ERRNO(hear(listener, IVSHMEM_VECTOR_ANY, 0, &wait), ETIMEDOUT);
	close(fd);
	close(listener);
	return 0;
}

/* Who waits for one vector leaves the others to be told. */
static int one_of_two(void)
{
	uint32_t last = info.interrupts - 1;
	struct ivshmem_wait wait;
	int fd = opened(), listener = opened();

	if (!last)
		return ktap_skip("one vector");
	EXPECT(!ring_through(fd, 0) && !ring_through(fd, last));
	EXPECT(!hear(listener, last, 0, &wait));
	EXPECT(wait.vector == last && wait.count == 1);
	EXPECT(polled(listener, 0) == POLLIN);
	EXPECT(!hear(listener, 0, 0, &wait));
	EXPECT(polled(listener, 0) == 0);
	close(fd);
	close(listener);
	return 0;
}

static int time_out(void)
{
	struct timespec before, after;
	struct ivshmem_wait wait;
	int fd = opened();

	clock_gettime(CLOCK_MONOTONIC, &before);
	EXPECT_ERRNO(hear(fd, 0, SECOND / 10, &wait), ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	EXPECT((after.tv_sec - before.tv_sec) * SECOND + after.tv_nsec - before.tv_nsec >=
	       SECOND / 10);
	EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY, 1, &wait), ETIMEDOUT);
	close(fd);
	return 0;
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

/* SIGALRM over and over, to a handler that has system calls restarted. */
static int start_ticking(long period_ns, timer_t *timer)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerspec at = {
		.it_value.tv_nsec = period_ns, .it_interval.tv_nsec = period_ns,
	};

	ticks = 0;
	return sigaction(SIGALRM, &action, NULL) || timer_create(CLOCK_MONOTONIC, NULL, timer) ||
	       timer_settime(*timer, 0, &at, NULL);
}

/* SIGALRM is the end of the program again, if it takes too long. */
static void stop_ticking(timer_t timer)
{
	timer_delete(timer);
	signal(SIGALRM, SIG_DFL);
}

/* Who only asks does not wait, so no signal can end it. */
static int asking_only(void)
{
	struct ivshmem_wait wait;
	int fd = opened();
	timer_t timer;

	EXPECT(!start_ticking(SECOND / 1000, &timer));
	while (ticks < 200) {
		EXPECT_ERRNO(hear(fd, 0, 0, &wait), ETIMEDOUT);
		EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY, 0, &wait), ETIMEDOUT);
	}
	stop_ticking(timer);
	close(fd);
	return 0;
}

/*
 * Handlers end a wait, even those that have system calls restarted. They come again and again,
 * since the first signal may be there before the wait.
 */
static int signal_ends(void)
{
	struct ivshmem_wait wait;
	int fd = opened();
	timer_t timer;

	EXPECT(!start_ticking(SECOND / 20, &timer));
	EXPECT_ERRNO(hear(fd, 0, LONG, &wait), EINTR);
	EXPECT(wait.timeout_ns > 0 && wait.timeout_ns < LONG);
	EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY, IVSHMEM_WAIT_FOREVER, &wait), EINTR);
	EXPECT(wait.timeout_ns == IVSHMEM_WAIT_FOREVER);
	stop_ticking(timer);
	close(fd);
	return 0;
}

/* The state of a process, as the letter of /proc/PID/stat. */
static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

static void until_state(pid_t pid, char state)
{
	while (state_of(pid) != state)
		usleep(1000);
}

/* Whoever is stopped and goes on waits on, and hears of what came meanwhile. */
static int stop_and_go(void)
{
	struct ivshmem_wait wait;
	int fd = opened(), status;
	pid_t child = fork();

	if (!child) {
		int bad = hear(fd, 0, LONG, &wait);

		_exit(bad ? errno : wait.count == 1 ? 0 : 99);
	}
	until_state(child, 'S');
	kill(child, SIGSTOP);
	until_state(child, 'T');
	kill(child, SIGCONT);
	until_state(child, 'S');
	EXPECT(!ring(fd, info.position, 0));
	waitpid(child, &status, 0);
	close(fd);
	return guest_result("the child's exit status", WEXITSTATUS(status), 0);
}

#define SHARERS 3

struct sharer {
	pthread_t thread;
	int fd;
	atomic_bool *ended;
	uint64_t heard;
};

static void *share(void *argument)
{
	struct sharer *sharer = argument;
	struct ivshmem_wait wait;

	while (!*sharer->ended && !hear(sharer->fd, 0, LONG, &wait))
		sharer->heard += wait.count;
	return NULL;
}

/* Threads that share a file: each interrupt is told to one of them. */
static int threads_share(void)
{
	int fd = opened(), ringer = opened();
	atomic_bool ended = false;
	struct sharer sharers[SHARERS];
	struct ivshmem_wait wait;
	uint64_t rings = ROUNDS, heard = 0;

	for (int i = 0; i < SHARERS; i++) {
		sharers[i] = (struct sharer){ .fd = fd, .ended = &ended };
		EXPECT(!pthread_create(&sharers[i].thread, NULL, share, &sharers[i]));
	}
	for (int i = 0; i < ROUNDS; i++)
		EXPECT(!ring_through(ringer, 0));
	ended = true;
	for (int i = 0; i < SHARERS; i++) {
		for (; pthread_tryjoin_np(sharers[i].thread, NULL); rings++)
			EXPECT(!ring_through(ringer, 0));
		heard += sharers[i].heard;
	}
	while (!hear(fd, 0, 0, &wait))
		heard += wait.count;
	close(fd);
	close(ringer);
	return guest_result("interrupts told", heard, rings);
}

static int poll_tells(void)
{
	struct ivshmem_wait wait;
	int fd = opened(), ringer = opened();

	EXPECT(polled(fd, 0) == 0);
	EXPECT(!ring(ringer, info.position, info.interrupts - 1));
	EXPECT(polled(fd, 60000) == POLLIN);
	EXPECT(polled(fd, 0) == POLLIN);
	EXPECT(!hear(fd, IVSHMEM_VECTOR_ANY, LONG, &wait));
	EXPECT(polled(fd, 0) == 0);
	close(fd);
	close(ringer);
	return 0;
}

/* A process that sleeps until one file, which only it polls, has news. */
static pid_t exclusive_poller(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	pid_t child = fork();
	int epoll;

	if (child)
		return child;
	epoll = epoll_create1(0);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, opened(), &event))
		_exit(errno);
	_exit(epoll_wait(epoll, &event, 1, 60000) == 1 ? 0 : 99);
}

/* Each file has its own news: who waits exclusively is not the only one. */
static int exclusive_polls(void)
{
	pid_t pollers[2] = { exclusive_poller(), exclusive_poller() };
	int fd = opened(), status[2];

	for (int i = 0; i < 2; i++)
		until_state(pollers[i], 'S');
	EXPECT(!ring(fd, info.position, 0));
	for (int i = 0; i < 2; i++)
		waitpid(pollers[i], &status[i], 0);
	close(fd);
	EXPECT(!status[0] && !status[1]);
	return 0;
}

static int eventfd_raised(void)
{
	int fd = opened(), event = eventfd(0, EFD_NONBLOCK);

	for (uint32_t v = 0; v < info.interrupts; v++) {
		EXPECT(!set_eventfd(fd, v, event));
		EXPECT(!ring(fd, info.position, v));
		EXPECT(polled(event, 60000) == POLLIN);
		EXPECT(raised(event) == 1);
	}
	close(fd);
	close(event);
	return 0;
}

/*
 * The handler of an interrupt is done when the next one of the same vector is told, so that two of
 * them show what was not raised.
 */
static int never_raised(int fd, int event)
{
	EXPECT(!ring_through(fd, 0) && !ring_through(fd, 0));
	EXPECT(raised(event) == 0);
	return 0;
}

static int eventfd_replaced(void)
{
	int fd = opened(), first = eventfd(0, EFD_NONBLOCK), second = eventfd(0, EFD_NONBLOCK);

	EXPECT(!set_eventfd(fd, 0, first));
	EXPECT(!set_eventfd(fd, 0, second));
	EXPECT_PASS(never_raised(fd, first));
	EXPECT(polled(second, 60000) == POLLIN);
	close(fd);
	close(first);
	close(second);
	return 0;
}

static int eventfd_taken_back(void)
{
	int fd = opened(), event = eventfd(0, EFD_NONBLOCK);

	EXPECT(!set_eventfd(fd, 0, -1));
	EXPECT(!set_eventfd(fd, 0, event));
	EXPECT(!set_eventfd(fd, 0, -1));
	EXPECT_PASS(never_raised(fd, event));
	close(fd);
	close(event);
	return 0;
}

static int eventfd_of_closed(void)
{
	int fd = opened(), owner = opened(), event = eventfd(0, EFD_NONBLOCK);

	EXPECT(!set_eventfd(owner, 0, event));
	close(owner);
	EXPECT_PASS(never_raised(fd, event));
	close(fd);
	close(event);
	return 0;
}

/* One eventfd for all vectors of two files: raised by each, once a file. */
static int eventfd_of_two(void)
{
	int fd = opened(), second = opened(), event = eventfd(0, EFD_NONBLOCK);
	uint64_t count = 0;

	EXPECT(!set_eventfd(fd, 0, event) && !set_eventfd(second, 0, event));
	EXPECT(!ring_through(fd, 0));
	while (count < 2) {
		EXPECT(polled(event, 60000) == POLLIN);
		count += raised(event);
	}
	EXPECT(count == 2);
	close(event);
	EXPECT(!ring_through(fd, 0));
	close(fd);
	close(second);
	return 0;
}

/* All files taken together; one in place of another is none more. */
static int eventfds_limited(void)
{
	int event = eventfd(0, EFD_NONBLOCK), more = opened(), fds[IVSHMEM_EVENTFDS_MAX];
	uint64_t count = 0;

	for (int i = 0; i < IVSHMEM_EVENTFDS_MAX; i++) {
		fds[i] = opened();
		EXPECT(!set_eventfd(fds[i], 0, event));
	}
	EXPECT_ERRNO(set_eventfd(more, 0, event), ENOSPC);
	EXPECT(!set_eventfd(more, 0, -1));
	EXPECT(!set_eventfd(fds[0], 0, event));
	EXPECT(!ring_through(more, 0));
	while (count < IVSHMEM_EVENTFDS_MAX) {
		EXPECT(polled(event, 60000) == POLLIN);
		count += raised(event);
	}
	EXPECT(count == IVSHMEM_EVENTFDS_MAX);
	EXPECT(!set_eventfd(fds[0], 0, -1));
	EXPECT(!set_eventfd(more, 0, event));
	for (int i = 0; i < IVSHMEM_EVENTFDS_MAX; i++)
		close(fds[i]);
	close(more);
	close(event);
	return 0;
}

static int nobody(void)
{
	int fd = opened();

	EXPECT(!ring(fd, NOBODY, 0));
	EXPECT(!ring(fd, 65535, 65535));
	EXPECT(!ring(fd, info.position, 65535));
	EXPECT(!ring(fd, info.position, info.vectors));
	close(fd);
	return 0;
}

static int ring_read_only(void)
{
	int fd = open(device, O_RDONLY);

	EXPECT_ERRNO(ring(fd, info.position, 0), EPERM);
	close(fd);
	return 0;
}

static int ring_peer_range(void)
{
	int fd = opened();

	EXPECT_ERRNO(ring(fd, 65536, 0), EINVAL);
	close(fd);
	return 0;
}

static int ring_vector_range(void)
{
	int fd = opened();

	EXPECT_ERRNO(ring(fd, info.position, 65536), EINVAL);
	close(fd);
	return 0;
}

static int ring_reserved(void)
{
	struct ivshmem_ring doorbell = { .peer = NOBODY, .reserved = 1ull << 63 };
	int fd = opened();

	EXPECT_ERRNO(ioctl(fd, IVSHMEM_RING, &doorbell), EINVAL);
	close(fd);
	return 0;
}

static int eventfd_vector_range(void)
{
	int fd = opened(), event = eventfd(0, 0);

	EXPECT_ERRNO(set_eventfd(fd, info.interrupts, event), EINVAL);
	EXPECT_ERRNO(set_eventfd(fd, info.interrupts, -1), EINVAL);
	EXPECT_ERRNO(set_eventfd(fd, IVSHMEM_VECTOR_ANY, event), EINVAL);
	close(fd);
	close(event);
	return 0;
}

static int eventfd_no_eventfd(void)
{
	int fd = opened();

	EXPECT_ERRNO(set_eventfd(fd, 0, fd), EINVAL);
	close(fd);
	return 0;
}

static int eventfd_closed(void)
{
	int fd = opened();

	EXPECT_ERRNO(set_eventfd(fd, 0, 1000000), EBADF);
	EXPECT_ERRNO(set_eventfd(fd, 0, -2), EBADF);
	close(fd);
	return 0;
}

static int eventfd_reserved(void)
{
	struct ivshmem_eventfd link = { .fd = -1, .reserved = 1 };
	int fd = opened();

	EXPECT_ERRNO(ioctl(fd, IVSHMEM_SET_EVENTFD, &link), EINVAL);
	close(fd);
	return 0;
}

static int wait_vector_range(void)
{
	struct ivshmem_wait wait;
	int fd = opened();

	EXPECT_ERRNO(hear(fd, info.interrupts, 0, &wait), EINVAL);
	EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY - 1, 0, &wait), EINVAL);
	close(fd);
	return 0;
}

static int wait_flags(void)
{
	struct ivshmem_wait wait = { .flags = 1 };
	int fd = opened();

	EXPECT_ERRNO(ioctl(fd, IVSHMEM_WAIT, &wait), EINVAL);
	close(fd);
	return 0;
}

static int wait_negative(void)
{
	struct ivshmem_wait wait;
	int fd = opened();

	EXPECT_ERRNO(hear(fd, 0, IVSHMEM_WAIT_FOREVER - 1, &wait), EINVAL);
	EXPECT_ERRNO(hear(fd, 0, INT64_MIN, &wait), EINVAL);
	close(fd);
	return 0;
}

static int wait_reserved(void)
{
	int fd = opened();

	for (int i = 0; i < 2; i++) {
		struct ivshmem_wait wait = { 0 };

		wait.reserved[i] = 1;
		EXPECT_ERRNO(ioctl(fd, IVSHMEM_WAIT, &wait), EINVAL);
	}
	close(fd);
	return 0;
}

static int bad_pointers(void)
{
	int fd = opened();

	EXPECT_ERRNO(ioctl(fd, IVSHMEM_RING, (void *)16), EFAULT);
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_SET_EVENTFD, (void *)16), EFAULT);
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_WAIT, (void *)16), EFAULT);
	close(fd);
	return 0;
}

/*
 * What could not be handed over was not told: it comes again, and raises no eventfd again. The
 * handler of the last of three rings may not be done yet.
 */
static int told_to_nobody(void)
{
	struct ivshmem_wait wait = { .vector = 0, .timeout_ns = LONG };
	int fd = opened(), event = eventfd(0, EFD_NONBLOCK);
	uint64_t count;
	struct ivshmem_wait *fixed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*fixed = wait;
	EXPECT(!mprotect(fixed, 4096, PROT_READ));
	EXPECT(!set_eventfd(fd, 0, event));
	EXPECT(!ring(fd, info.position, 0));
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_WAIT, fixed), EFAULT);
	EXPECT(polled(fd, 0) == POLLIN);
	EXPECT_ERRNO(ioctl(fd, IVSHMEM_WAIT, fixed), EFAULT);
	EXPECT(!hear(fd, IVSHMEM_VECTOR_ANY, 0, &wait));
	EXPECT(wait.vector == 0 && wait.count == 1);
	EXPECT(!ring_through(fd, 0) && !ring_through(fd, 0));
	count = raised(event);
	EXPECT(count == 2 || count == 3);
	munmap(fixed, 4096);
	close(fd);
	close(event);
	return 0;
}

static int silent_wait(void)
{
	struct ivshmem_wait wait;
	int fd = opened();

	EXPECT_ERRNO(hear(fd, 0, 0, &wait), EINVAL);
	EXPECT_ERRNO(hear(fd, IVSHMEM_VECTOR_ANY, 0, &wait), EINVAL);
	EXPECT(polled(fd, 0) == 0);
	EXPECT(attribute_sum("fired") == 0 && attribute_sum("fired_vectors") == 0);
	close(fd);
	return 0;
}

/* Was it told of one interrupt of @vector? */
static int just_one(const struct ivshmem_wait *wait, uint32_t vector)
{
	return wait->vector == vector && wait->count == 1 ? 0 :
		ktap_fail("told of %llu of vector %u, expected one of %u",
			  (unsigned long long)wait->count, wait->vector, vector);
}

/*
 * One device after the other, over and over: none of the rings is lost or comes twice. QEMU knows
 * as many vectors of others as its device has itself.
 */
static int each_other(void)
{
	struct ivshmem_info far;
	struct ivshmem_wait wait;
	int here = opened(), there = other ? open(other, O_RDWR) : -1;
	uint32_t vectors;

	if (!other)
		return ktap_skip("no other device was named");
	EXPECT(!info_of(other, &far));
	EXPECT(far.position != info.position);
	vectors = far.interrupts < info.interrupts ? far.interrupts : info.interrupts;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t vector = i % vectors;

		EXPECT(!ring(here, far.position, vector));
		EXPECT(!hear(there, IVSHMEM_VECTOR_ANY, LONG, &wait));
		EXPECT_PASS(just_one(&wait, vector));
		EXPECT(!ring(there, info.position, vector));
		EXPECT(!hear(here, vector, LONG, &wait));
		EXPECT_PASS(just_one(&wait, vector));
	}
	close(here);
	close(there);
	return 0;
}

#define CASES_OF_ALL									\
	{ "there are interrupts for all vectors or for none", interrupts_known },	\
	{ "who rings nobody, or no vector, is not told so", nobody },			\
	{ "a file that is open for reading can't ring", ring_read_only },		\
	{ "RING of a peer beyond 65535", ring_peer_range },				\
	{ "RING of a vector beyond 65535", ring_vector_range },				\
	{ "RING with a reserved word", ring_reserved },					\
	{ "SET_EVENTFD of no vector", eventfd_vector_range },				\
	{ "SET_EVENTFD with a reserved word", eventfd_reserved },			\
	{ "WAIT for no vector", wait_vector_range },					\
	{ "WAIT with an unknown flag", wait_flags },					\
	{ "WAIT for a negative time", wait_negative },					\
	{ "WAIT with a reserved word", wait_reserved },					\
	{ "bad pointers", bad_pointers }

static const struct ktap_case cases[] = {
	CASES_OF_ALL,
	{ "SET_EVENTFD with a descriptor that is no eventfd", eventfd_no_eventfd },
	{ "SET_EVENTFD with a descriptor that is not open", eventfd_closed },
	{ "WAIT tells of each vector that one rings", each_vector },
	{ "counts are exact", counts_exact },
	{ "what was told is not told again", told_once },
	{ "what could not be handed over is told again", told_to_nobody },
	{ "a file is told of what comes after it was opened", told_from_open },
	{ "WAIT for any vector tells the lowest first", any_lowest },
	{ "WAIT for a vector leaves the others", one_of_two },
	{ "WAIT times out", time_out },
	{ "WAIT that only asks is not ended by signals", asking_only },
	{ "a signal ends WAIT", signal_ends },
	{ "being stopped and continued does not", stop_and_go },
	{ "threads that share a file share what it is told", threads_share },
	{ "poll() tells, until WAIT has", poll_tells },
	{ "exclusive polls of two files are both told", exclusive_polls },
	{ "an eventfd is raised by each vector", eventfd_raised },
	{ "another eventfd takes its place", eventfd_replaced },
	{ "an eventfd is taken back", eventfd_taken_back },
	{ "an eventfd ends with the file that set it", eventfd_of_closed },
	{ "an eventfd of two files is raised twice", eventfd_of_two },
	{ "a vector raises so many eventfds and no more", eventfds_limited },
	{ "two devices ring each other", each_other },
};

static const struct ktap_case silent_cases[] = {
	CASES_OF_ALL,
	{ "nothing can be waited for", silent_wait },
};

int main(int argc, char **argv)
{
	if (argc == 3)
		other = argv[--argc];
	if (guest_main(argc, argv))
		return 2;
	alarm(300);
	if (info_of(device, &info)) {
		fprintf(stderr, "doorbell: %s: %s\n", device, strerror(errno));
		return 1;
	}
	if (!info.interrupts)
		return ktap_run(silent_cases, sizeof(silent_cases) / sizeof(*silent_cases));
	return ktap_run(cases, sizeof(cases) / sizeof(*cases));
}
