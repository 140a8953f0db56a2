// SPDX-License-Identifier: GPL-2.0-only
/* On the host: prints what a guest sends until it leaves; REGION is /dev/ivshmem/NAME. */
#include <fcntl.h>
#include <linux/ivshmem_host.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ivshmem/ring.h>

#define CAPACITY	(1 << 20)

struct peer {
	int membership;
	unsigned int id;
};

/* a peer that is not there looks when it comes */
static void ring(void *opaque, unsigned int number)
{
	struct peer *peer = (struct peer *)opaque;
	struct ivshmem_doorbell doorbell = { .peer = peer->id, .vector = number };

	ioctl(peer->membership, IVSHMEM_PEER_RING, &doorbell);
}

int main(int argc, char **argv)
{
	int region = argc == 4 ? open(argv[1], O_RDWR) : -1, own = eventfd(0, 0), ret = 0;
	struct ivshmem_join join = { .vectors = 1, .fds = (__u64)(uintptr_t)&own };
	struct peer peer = { -1, argc == 4 ? (unsigned int)atoi(argv[3]) : 0 };
	struct ivs_bell bell = { ring, &peer };
	const void *data;
	struct ivs_ring r;
	uint64_t rung;
	size_t len;
	void *mem;

	mem = mmap(NULL, ivs_bytes(CAPACITY), PROT_READ | PROT_WRITE, MAP_SHARED, region, 0);
	join.peer = argc == 4 ? (unsigned int)atoi(argv[2]) : 0;
	peer.membership = ioctl(region, IVSHMEM_JOIN, &join);
	if (mem == MAP_FAILED || peer.membership < 0 ||
	    ivs_ring_attach(&r, IVS_CONSUMER, IVS_RECORDS, mem, CAPACITY, bell)) {
		perror("usage: ring-receive REGION OWN-ID PEER");
		return 1;
	}
	do {
		ret = ivs_ring_next(&r, &data, &len);
		if (!ret)
			fwrite(data, 1, len, stdout);
		/* all is read and given back: wait for a doorbell */
		else if (ivs_waits(ret) && ivs_ring_sleep(&r, 0) &&
			 (fflush(stdout) || read(own, &rung, sizeof(rung)) != sizeof(rung)))
			return 1;
	} while (!ret || ivs_waits(ret));
	return ret != -ECONNRESET;
}
