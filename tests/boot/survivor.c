// SPDX-License-Identifier: GPL-2.0-only
// In a guest: holds /dev/ivshmemN open and mapped, two threads busy on it, while the device is
// taken away (a SIGUSR1 says that it was), and tells what is left: SIGBUS and ENODEV, nothing
// else.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PAGE 4096

struct victim {
	int fd;
	size_t size;
	char *at;
	pthread_t reader, toucher;
	long read_errno; /* what ended the reader */
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
	{ "every later touch is a SIGBUS", touches },
	{ "read, write and INFO give ENODEV", file_calls },
	{ "a new mapping gives ENODEV", new_mapping },
	{ "mapping and file can be let go", lets_go },
};

static int victim_start(void)
{
	victim.fd = open(device, O_RDWR);
	if (victim.fd < 0)
		return ktap_fail("%s: %s", device, strerror(errno));
	victim.size = lseek(victim.fd, 0, SEEK_END);
	victim.at = mmap(NULL, victim.size, PROT_READ | PROT_WRITE, MAP_SHARED, victim.fd, 0);
	if (victim.at == MAP_FAILED)
		return ktap_fail("mmap: %s", strerror(errno));
	if (pthread_create(&victim.reader, NULL, read_on, &victim) ||
	    pthread_create(&victim.toucher, NULL, touch_on, &victim))
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
