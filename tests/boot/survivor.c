// SPDX-License-Identifier: GPL-2.0-only
// In a guest: holds /dev/ivshmemN open and mapped, threads busy on it or waiting, while the device
// is taken away (a SIGUSR1 says that it was), and tells what is left: SIGBUS and ENODEV, nothing
// else.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PAGE 4096

struct victim {
	int fd;
	size_t size;
	char *at, *regs;
	struct ivshmem_info info;
	int event;		/* an eventfd of vector 0 */
	pthread_t reader, toucher, poller, waiters[2], exclusives[2];
	long read_errno;	/* what ended the reader */
	long polled;		/* what ended the poller */
};

static struct victim victim;
static __thread sigjmp_buf after_bus_error;

static void bus_error(int signal)
{
	(void)signal;
	siglongjmp(after_bus_error, 1);
}

static void *read_on(void *argument)
{
	struct victim *v = argument;
	char *buffer = malloc(v->size);

	while (pread(v->fd, buffer, v->size, 0) > 0)
		continue;
	v->read_errno = errno;
	free(buffer);
	return NULL;
}

static void *touch_on(void *argument)
{
	struct victim *v = argument;

	if (sigsetjmp(after_bus_error, 1))
		return NULL;
	for (size_t i = 0;; i = (i + PAGE) % v->size)
		((volatile char *)v->at)[i] = 1;
}

static void *poll_on(void *argument)
{
	struct victim *v = argument;
	struct pollfd pollfd = { .fd = v->fd, .events = POLLIN | POLLPRI };

	v->polled = poll(&pollfd, 1, -1) == 1 ? pollfd.revents : -errno;
	return NULL;
}

/* Sleeps until a file of its own has news, and tells which. */
static void *poll_exclusively(void *unused)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = open(device, O_RDONLY), epoll = epoll_create1(0);
	int bad = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ||
		  epoll_wait(epoll, &event, 1, 120000) != 1;

	(void)unused;
	close(epoll);
	close(fd);
	return (void *)(long)(bad ? 0 : event.events);
}

/* For a vector alone, and for any: they wait in different queues. */
static long wait_forever(uint32_t vector)
{
	struct ivshmem_wait wait = { .vector = vector, .timeout_ns = IVSHMEM_WAIT_FOREVER };

	return ioctl(victim.fd, IVSHMEM_WAIT, &wait) ? errno : 0;
}

static void *wait_for_one(void *unused)
{
	(void)unused;
	return (void *)wait_forever(victim.info.interrupts - 1);
}

static void *wait_for_any(void *unused)
{
	(void)unused;
	return (void *)wait_forever(IVSHMEM_VECTOR_ANY);
}

static int reader_ended(void)
{
	pthread_join(victim.reader, NULL);
	errno = victim.read_errno;
	return guest_errno("the last read", -1, ENODEV);
}

static int toucher_ended(void)
{
	pthread_join(victim.toucher, NULL);
	return 0;
}

static int poller_ended(void)
{
	pthread_join(victim.poller, NULL);
	return guest_result("what poll() told", victim.polled, POLLERR | POLLHUP);
}

static int exclusives_ended(void)
{
	for (int i = 0; i < 2; i++) {
		void *events;

		pthread_join(victim.exclusives[i], &events);
		EXPECT_PASS(guest_result("what epoll told", (long)events, EPOLLERR | EPOLLHUP));
	}
	return 0;
}

static int waiters_ended(void)
{
	if (!victim.info.interrupts)
		return ktap_skip("no interrupts");
	for (int i = 0; i < 2; i++) {
		void *error;

		pthread_join(victim.waiters[i], &error);
		errno = (int)(long)error;
		EXPECT_PASS(guest_errno("WAIT", errno ? -1 : 0, ENODEV));
	}
	return 0;
}

/* Nothing fired: that the device is gone is no ring. */
static int eventfd_silent(void)
{
	uint64_t count;

	if (!victim.info.interrupts)
		return ktap_skip("no interrupts");
	EXPECT_ERRNO(read(victim.event, &count, sizeof(count)), EAGAIN);
	return 0;
}

static int registers_gone(void)
{
	if (sigsetjmp(after_bus_error, 1))
		return 0;
	return ktap_fail("the registers say %u", *(volatile uint32_t *)victim.regs);
}

static int touches(void)
{
	for (volatile size_t i = 0; i < victim.size; i += victim.size / 8) {
		if (sigsetjmp(after_bus_error, 1))
			continue;
		((volatile char *)victim.at)[i] = 1;
		return ktap_fail("a write to offset %zu of the mapping passes", i);
	}
	return 0;
}

static int file_calls(void)
{
	struct ivshmem_info info = { 0 };
	char byte = 0;

	return guest_errno("read", pread(victim.fd, &byte, 1, 0), ENODEV) ||
	       guest_errno("write", pwrite(victim.fd, &byte, 1, 0), ENODEV) ||
	       guest_errno("INFO", ioctl(victim.fd, IVSHMEM_INFO, &info), ENODEV) ? -1 : 0;
}

static int doorbell_calls(void)
{
	struct ivshmem_ring ring = { 0 };
	struct ivshmem_wait wait = { .vector = 0 };
	struct ivshmem_eventfd link = { .fd = -1 };
	struct ivshmem_peers peers = { .next = 0 };

	EXPECT_ERRNO(ioctl(victim.fd, IVSHMEM_RING, &ring), ENODEV);
	EXPECT_ERRNO(ioctl(victim.fd, IVSHMEM_WAIT, &wait), ENODEV);
	EXPECT_ERRNO(ioctl(victim.fd, IVSHMEM_SET_EVENTFD, &link), ENODEV);
	EXPECT_ERRNO(ioctl(victim.fd, IVSHMEM_PEERS, &peers), ENODEV);
	return 0;
}

static int new_mapping(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, victim.fd, 0);

	return guest_errno("mmap", at == MAP_FAILED ? -1 : 0, ENODEV);
}

static int lets_go(void)
{
	return guest_result("munmap", munmap(victim.at, victim.size), 0) ||
	       guest_result("close", close(victim.fd), 0) ? -1 : 0;
}

static const struct ktap_case cases[] = {
	{ "a thread that reads ends with ENODEV", reader_ended },
	{ "a thread that touches its mapping ends with SIGBUS", toucher_ended },
	{ "a thread that polls is told POLLERR and POLLHUP", poller_ended },
	{ "threads that poll exclusively are all told so", exclusives_ended },
	{ "threads that wait end with ENODEV", waiters_ended },
	{ "an eventfd is not raised by it", eventfd_silent },
	{ "every later touch is a SIGBUS", touches },
	{ "a touch of the registers is one as well", registers_gone },
	{ "read, write and INFO give ENODEV", file_calls },
	{ "doorbells give ENODEV", doorbell_calls },
	{ "a new mapping gives ENODEV", new_mapping },
	{ "mapping and file can be let go", lets_go },
};

static int victim_map(void)
{
	if (ioctl(victim.fd, IVSHMEM_INFO, &victim.info))
		return ktap_fail("INFO: %s", strerror(errno));
	victim.size = victim.info.size;
	victim.at = mmap(NULL, victim.size, PROT_READ | PROT_WRITE, MAP_SHARED, victim.fd, 0);
	victim.regs = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, victim.fd,
			   (off_t)victim.info.regs_offset);
	if (victim.at == MAP_FAILED || victim.regs == MAP_FAILED)
		return ktap_fail("mmap: %s", strerror(errno));
	*(volatile char *)victim.regs;
	return 0;
}

static int victim_listen(void)
{
	struct ivshmem_eventfd link = { 0 };

	victim.event = eventfd(0, EFD_NONBLOCK);
	link.fd = victim.event;
	if (!victim.info.interrupts)
		return 0;
	if (ioctl(victim.fd, IVSHMEM_SET_EVENTFD, &link))
		return ktap_fail("SET_EVENTFD: %s", strerror(errno));
	if (pthread_create(&victim.waiters[0], NULL, wait_for_one, NULL) ||
	    pthread_create(&victim.waiters[1], NULL, wait_for_any, NULL))
		return ktap_fail("no threads");
	return 0;
}

static int victim_start(void)
{
	victim.fd = open(device, O_RDWR);
	if (victim.fd < 0)
		return ktap_fail("%s: %s", device, strerror(errno));
	if (victim_map() || victim_listen())
		return 1;
	if (pthread_create(&victim.reader, NULL, read_on, &victim) ||
	    pthread_create(&victim.toucher, NULL, touch_on, &victim) ||
	    pthread_create(&victim.poller, NULL, poll_on, &victim) ||
	    pthread_create(&victim.exclusives[0], NULL, poll_exclusively, NULL) ||
	    pthread_create(&victim.exclusives[1], NULL, poll_exclusively, NULL))
		return ktap_fail("no threads");
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = bus_error };
	sigset_t gone;
	int signal;

	if (guest_main(argc, argv))
		return 2;
	sigaction(SIGBUS, &action, NULL);
	sigemptyset(&gone);
	sigaddset(&gone, SIGUSR1);
	sigprocmask(SIG_BLOCK, &gone, NULL);
	alarm(300);
	if (victim_start())
		return 1;
	printf("# holding %s\n", device);
	fflush(stdout);
	sigwait(&gone, &signal);
	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
