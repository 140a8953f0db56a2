// SPDX-License-Identifier: GPL-2.0-only
/* In a guest: sends each line of its input to a peer on the host; DEVICE is /dev/ivshmem0. */
#include <fcntl.h>
#include <linux/ivshmem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <ivshmem/ring.h>

#define CAPACITY	(1 << 20)

struct peer {
	int device;
	unsigned int id;
};

static void ring(void *opaque, unsigned int number)
{
	struct peer *peer = (struct peer *)opaque;
	struct ivshmem_ring doorbell = { .peer = peer->id, .vector = number };

	if (ioctl(peer->device, IVSHMEM_RING, &doorbell))
		perror("IVSHMEM_RING");
}

int main(int argc, char **argv)
{
	struct peer peer = { argc == 3 ? open(argv[1], O_RDWR) : -1,
			     argc == 3 ? (unsigned int)atoi(argv[2]) : 0 };
	struct ivs_bell bell = { ring, &peer };
	struct ivs_ring r;
	char line[4096];
	void *mem;
	int ret;

	mem = mmap(NULL, ivs_bytes(CAPACITY), PROT_READ | PROT_WRITE, MAP_SHARED, peer.device, 0);
	if (mem == MAP_FAILED ||
	    ivs_ring_attach(&r, IVS_PRODUCER, IVS_RECORDS, mem, CAPACITY, bell)) {
		perror("usage: ring-send DEVICE PEER");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		/* no room, or nobody there: wait for a doorbell; begun anew: send it again */
		while ((ret = ivs_ring_put(&r, line, strlen(line)))) {
			struct ivshmem_wait wait = { .timeout_ns = IVSHMEM_WAIT_FOREVER };

			if (!ivs_waits(ret) && ret != -ECONNRESET)
				return 1;
			if (ivs_waits(ret) && ivs_ring_sleep(&r, 0))
				ioctl(peer.device, IVSHMEM_WAIT, &wait);
		}
		ivs_ring_publish(&r);
	}
	ivs_ring_detach(&r);
	return 0;
}
