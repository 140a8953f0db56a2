// SPDX-License-Identifier: GPL-2.0-only
/* Several processes create, open, map, list and destroy the same few names for some seconds. */
#include <signal.h>
#include <time.h>

#include "host.h"

#define NAMES		4
#define WORKERS		6
#define SECONDS		5
#define SIZE		(2 * MIB)

static const char *pick(unsigned int *seed, char name[16])
{
	snprintf(name, 16, "stress-%d", rand_r(seed) % NAMES);
	return name;
}

/* Errors that a race may end in; any other is a fault. */
static int raced(int ret, int a, int b)
{
	return ret >= 0 || errno == a || errno == b ? 0 : ktap_fail("errno %d in a race", errno);
}

/* Another may write to the region at once; only values that workers write may be seen. */
static int use(const char *name, unsigned int seed)
{
	int fd = host_open(name, O_RDWR);
	volatile unsigned char *map;
	size_t at = seed % SIZE;

	if (fd < 0)
		return raced(fd, ENOENT, ENXIO);
	map = host_map(fd, SIZE, PROT_READ | PROT_WRITE);
	if (map == MAP_FAILED)
		return ktap_fail("mmap: %s", strerror(errno));
	if (map[at] != 0 && map[at] != 0x5a)
		return ktap_fail("byte %zu is %#x", at, map[at]);
	map[at] = 0x5a;
	if (seed % 3)
		munmap((void *)map, SIZE);
	close(fd);
	if (seed % 3 == 0)
		munmap((void *)map, SIZE);
	return 0;
}

static int list(void)
{
	struct ivshmem_region_info info = {};
	uint64_t last = 0;

	while (!host_ioctl(IVSHMEM_REGION_NEXT, &info)) {
		if (info.id <= last)
			return ktap_fail("id %llu after %llu", (unsigned long long)info.id,
					 (unsigned long long)last);
		last = info.id;
	}
	return errno == ENOENT ? 0 : ktap_fail("next: %s", strerror(errno));
}

/* An attribute is whole, or its region is gone. */
static int read_attribute(const char *name)
{
	char path[64], text[32];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/ivshmem_region/%s/huge_kb", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return raced(fd, ENOENT, ENODEV);
	n = read(fd, text, sizeof(text));
	if (n < 0 && errno == ENODEV)
		n = 0;
	else if (n < 2 || text[n - 1] != '\n')
		n = -1;
	close(fd);
	return n < 0 ? ktap_fail("%s can't be read", path) : 0;
}

static int act(unsigned int *seed)
{
	char name[16];

	switch (rand_r(seed) % 5) {
	case 0:
		return raced(host_create_as(pick(seed, name), SIZE, 0, 0, 0600), EEXIST, EEXIST);
	case 1:
		return raced(host_destroy(pick(seed, name)), ENOENT, ENOENT);
	case 2:
		return list();
	case 3:
		return read_attribute(pick(seed, name));
	default:
		return use(pick(seed, name), rand_r(seed));
	}
}

static int worker(unsigned int seed)
{
	time_t end = time(NULL) + SECONDS;

	while (time(NULL) < end)
		EXPECT_PASS(act(&seed));
	return 0;
}

/* One of the workers is killed at a random moment and replaced. */
static int churn(void)
{
	pid_t pids[WORKERS], pid;
	int i, status, failed = 0;

	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			status = worker(i + 1);
			fflush(stdout);
			_exit(status);
		}
	}
	for (i = 0; i < 20; i++) {
		usleep(SECONDS * 1000000 / 40);
		pid = fork();
		if (!pid)
			_exit(worker(100 + i));
		usleep(10000 + 997 * i);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	for (i = 0; i < WORKERS; i++)
		failed |= waitpid(pids[i], &status, 0) != pids[i] || status;
	return failed;
}

static int all_can_go(void)
{
	char name[16];
	int i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "stress-%d", i);
		EXPECT(host_destroy(name) == 0 || errno == ENOENT);
		EXPECT(host_create(name, SIZE) == 0 && host_destroy(name) == 0);
	}
	return 0;
}

static const struct ktap_case cases[] = {
	{ "workers and victims create, use, list and destroy the same names", churn },
	{ "afterwards every name is free", all_can_go },
};

KTAP_MAIN(cases)
