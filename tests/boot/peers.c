// SPDX-License-Identifier: GPL-2.0-only
// In a guest: what PEERS tells on a device that knows its peers, and that it says so on one that
// does not. Who else is there does not matter, unless they come or go meanwhile.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "ivshmem_regs.h"

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)

static struct ivshmem_info info;

static int opened(void)
{
	return open(device, O_RDONLY | O_CLOEXEC);
}

static int peers_from(int fd, uint32_t next, struct ivshmem_peers *peers)
{
	*peers = (struct ivshmem_peers){ .next = next };
	return ioctl(fd, IVSHMEM_PEERS, peers);
}

/* A line of sysfs; empty if there is no such attribute. */
static const char *attribute(const char *name)
{
	static char text[128];
	char path[128];
	FILE *file;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/ivshmem/%s/%s", strrchr(device, '/') + 1, name);
	file = fopen(path, "r");
	if (file && fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* Peers that are told one by one, oneself among them; -1 if one is wrong. */
static int walk(int fd, int *oneself)
{
	struct ivshmem_peers peers;
	int count = 0;

	for (uint32_t next = 0; !peers_from(fd, next, &peers); next = peers.next + 1) {
		if (peers.next < next || peers.next >= info.max_peers || !peers.generation)
			return -1;
		*oneself += peers.next == info.position;
		count++;
	}
	return errno == ENOENT ? count : -1;
}

static int each_once(void)
{
	int fd = opened(), oneself = 0, count = walk(fd, &oneself);

	EXPECT(count >= 1 && oneself == 1);
	EXPECT(atoi(attribute("peers")) == count);
	close(fd);
	return 0;
}

static int region_named(void)
{
	struct ivshmem_peers peers;
	int fd = opened();

	EXPECT(!peers_from(fd, 0, &peers));
	EXPECT(peers.region[0] && memchr(peers.region, 0, sizeof(peers.region)));
	for (size_t i = strlen(peers.region); i < sizeof(peers.region); i++)
		EXPECT(!peers.region[i]);
	EXPECT(!strcmp(attribute("region"), peers.region));
	close(fd);
	return 0;
}

static int none_behind(void)
{
	struct ivshmem_peers peers;
	int fd = opened();

	EXPECT_ERRNO(peers_from(fd, info.max_peers, &peers), ENOENT);
	EXPECT(peers.region[0] && peers.changes == info.changes);
	EXPECT_ERRNO(peers_from(fd, UINT32_MAX, &peers), ENOENT);
	close(fd);
	return 0;
}

static int same_as_page(void)
{
	struct ivshmem_peers peers;
	int fd = opened();
	uint32_t *words = mmap(NULL, info.peers_size, PROT_READ, MAP_SHARED, fd,
			       (off_t)info.peers_offset);

	EXPECT(words != MAP_FAILED);
	EXPECT(!peers_from(fd, info.position, &peers));
	EXPECT(words[info.position] == (peers.generation << IVSHMEM_PEER_GENERATION_SHIFT |
					IVSHMEM_PEER_JOINED));
	munmap(words, info.peers_size);
	close(fd);
	return 0;
}

static int page_not_written(void)
{
	EXPECT(guest_map_errno(O_RDWR, RW, MAP_SHARED, info.peers_offset, PAGE) == EACCES);
	return 0;
}

static int page_stay_read_only(void)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)info.peers_offset);

	close(fd);
	EXPECT(at != MAP_FAILED);
	EXPECT_ERRNO(mprotect(at, PAGE, RW), EACCES);
	munmap(at, PAGE);
	return 0;
}

static int page_shared(void)
{
	EXPECT(guest_map_errno(O_RDWR, PROT_READ, MAP_PRIVATE, info.peers_offset, PAGE) == EINVAL);
	return 0;
}

static int page_longer(void)
{
	EXPECT(guest_map_errno(O_RDWR, PROT_READ, MAP_SHARED, info.peers_offset,
			 info.peers_size + PAGE) == EINVAL);
	EXPECT(guest_map_errno(O_RDWR, PROT_READ, MAP_SHARED, info.regs_offset,
			 info.regs_size + PAGE) == EINVAL);
	return 0;
}

/* Nobody came or went since the file was opened: none of this is news. */
static int no_news(void)
{
	struct pollfd pollfd = { .events = POLLPRI };
	struct ivshmem_peers peers;

	pollfd.fd = opened();
	EXPECT(poll(&pollfd, 1, 0) == 0);
	EXPECT(!peers_from(pollfd.fd, 0, &peers));
	EXPECT(poll(&pollfd, 1, 0) == 0);
	close(pollfd.fd);
	return 0;
}

static int reserved_words(void)
{
	int fd = opened();

	for (int i = 0; i < 3; i++) {
		struct ivshmem_peers peers = { .pad = i == 2 };

		if (i < 2)
			peers.reserved[i] = 1;
		EXPECT_ERRNO(ioctl(fd, IVSHMEM_PEERS, &peers), EINVAL);
	}
	close(fd);
	return 0;
}

static int bad_pointer(void)
{
	int fd = opened();

	EXPECT_ERRNO(ioctl(fd, IVSHMEM_PEERS, (void *)16), EFAULT);
	close(fd);
	return 0;
}

static int unknown(void)
{
	struct pollfd pollfd = { .events = POLLPRI };
	struct ivshmem_peers peers;

	pollfd.fd = opened();
	EXPECT_ERRNO(peers_from(pollfd.fd, 0, &peers), EOPNOTSUPP);
	EXPECT(poll(&pollfd, 1, 0) == 0);
	EXPECT(!info.max_peers && !info.changes && !info.peers_size);
	EXPECT(!*attribute("peers") && !*attribute("region"));
	close(pollfd.fd);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "each living peer is told once, oneself too", each_once },
	{ "the region has a name", region_named },
	{ "behind the last peer there is none", none_behind },
	{ "the peers' page says the same", same_as_page },
	{ "the peers' page can't be mapped to be written", page_not_written },
	{ "the peers' page stays read-only", page_stay_read_only },
	{ "the peers' page mapped privately gives EINVAL", page_shared },
	{ "more than the peers' page gives EINVAL", page_longer },
	{ "poll() tells nothing while nobody comes or goes", no_news },
	{ "a reserved word that is not zero gives EINVAL", reserved_words },
	{ "a bad pointer gives EFAULT", bad_pointer },
};

static const struct ktap_case unknown_cases[] = {
	{ "the device does not know its peers, and nothing says it did", unknown },
	{ "a reserved word that is not zero gives EINVAL", reserved_words },
	{ "a bad pointer gives EFAULT", bad_pointer },
};

int main(int argc, char **argv)
{
	int fd;

	if (guest_main(argc, argv))
		return 2;
	fd = opened();
	if (fd < 0 || ioctl(fd, IVSHMEM_INFO, &info)) {
		fprintf(stderr, "peers: %s: %s\n", device, strerror(errno));
		return 1;
	}
	close(fd);
	if (!info.max_peers)
		return ktap_run(unknown_cases, sizeof(unknown_cases) / sizeof(*unknown_cases));
	return ktap_run(cases, sizeof(cases) / sizeof(*cases));
}
