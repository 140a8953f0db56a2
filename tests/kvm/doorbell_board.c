// SPDX-License-Identifier: GPL-2.0-only
/* A machine around one device with doorbells. */
#include "doorbell_board.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"
#include "memory/access.h"
#include "memory/attachments.h"

#define DEVFN		PCI_DEVFN(1, 0)
#define WAIT_SECONDS	20

static void *board_loop(void *opaque)
{
	struct board *b = opaque;

	memory_thread_register();
	__atomic_store_n(&b->tid, gettid(), __ATOMIC_RELEASE);
	loop_run(b->loop);
	memory_thread_unregister();
	return NULL;
}

/* As if the file were a region: the fake takes any. */
static void backend_be_region(struct hostmem *hostmem, int fd)
{
	struct hostmem_backend *backend = TAILQ_FIRST(&hostmem->backends);

	backend->region_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	backend->max_peers = BOARD_MAX_PEERS;
	strcpy(backend->region, "test");
}

static int board_device(struct board *b, int fd, struct error *err)
{
	struct ivshmem_host host = {
		.bus = b->bus, .mem = b->g.mem, .hostmem = &b->hostmem, .loop = b->loop,
		.msi = b->g.msi,
	};
	char object[128], device[128];
	int ret;

	snprintf(object, sizeof(object),
		 "memory-backend-file,id=m0,size=2M,share=on,mem-path=/proc/self/fd/%d", fd);
	snprintf(device, sizeof(device), "ivshmem-doorbell,memdev=m0,vectors=%u", b->vectors);
	ret = props_parse(&b->object, "-object", object, err);
	ret = ret ? ret : props_parse(&b->device, "-device", device, err);
	ret = ret ? ret : hostmem_add(&b->hostmem, &b->object, err);
	if (ret)
		return ret;
	backend_be_region(&b->hostmem, fd);
	return ivshmem_create(&host, &b->device, err);
}

static int board_init(struct board *b, int fd, struct error *err)
{
	int ret = memory_region_init(&b->pci, b->g.mem, NULL, "pci", MEMORY_SIZE_ALL);

	ret = ret ? ret : memory_region_add_subregion_overlap(&b->g.root, 0, &b->pci, -1);
	ret = ret ? ret : pci_bus_create(&b->bus, b->g.mem, &b->pci, &b->g.io, err);
	ret = ret ? ret : loop_create(&b->loop);
	hostmem_init(&b->hostmem, b->g.mem);
	ret = ret ? ret : board_device(b, fd, err);
	return ret ? ret : pthread_create(&b->thread, NULL, board_loop, b);
}

uint32_t board_config_read(struct board *b, unsigned int reg, unsigned int size)
{
	return pci_config_read(b->bus, DEVFN, reg, size);
}

void board_config_write(struct board *b, unsigned int reg, uint32_t value, unsigned int size)
{
	pci_config_write(b->bus, DEVFN, reg, value, size);
}

static uint32_t entry_of(unsigned int vector)
{
	return MSIX + IVSHMEM_MSIX_TABLE + vector * PCI_MSIX_ENTRY_SIZE;
}

void board_mask(struct board *b, unsigned int vector, bool masked)
{
	guest_store(&b->g, entry_of(vector) + PCI_MSIX_ENTRY_VECTOR_CTRL, masked, 4);
}

static void board_store(struct board *b, uint32_t addr, uint32_t value)
{
	address_space_stl_le(&b->g.as, addr, value);
}

void board_map(struct board *b)
{
	static const struct {
		unsigned int bar;
		uint32_t addr;
	} bars[] = {
		{ IVSHMEM_BAR_REGS, REGS }, { IVSHMEM_BAR_MSIX, MSIX }, { IVSHMEM_BAR_MEM, SHARED },
		{ IVSHMEM_BAR_MEM + 1, 0 }, { IVSHMEM_BAR_PEERS, PEERS },
	};

	board_config_write(b, PCI_COMMAND, 0, 2);
	for (unsigned int i = 0; i < sizeof(bars) / sizeof(bars[0]); i++)
		board_config_write(b, PCI_BASE_ADDRESS_0 + 4 * bars[i].bar, bars[i].addr, 4);
	board_config_write(b, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

void board_drive(struct board *b)
{
	board_map(b);
	board_config_write(b, IVSHMEM_MSIX_CAP + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	for (unsigned int i = 0; i < b->vectors; i++) {
		struct msi_message msg = guest_message(VECTOR_BASE + i);

		board_store(b, entry_of(i) + PCI_MSIX_ENTRY_LOWER_ADDR, msg.address);
		board_store(b, entry_of(i) + PCI_MSIX_ENTRY_UPPER_ADDR, msg.address >> 32);
		board_store(b, entry_of(i) + PCI_MSIX_ENTRY_DATA, msg.data);
		board_store(b, entry_of(i) + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	}
	b->peer = address_space_ldl_le(&b->g.as, REGS + IVSHMEM_IV_POSITION, NULL);
}

int board_create(struct board *b, int fd, unsigned int vectors)
{
	struct error err = { .text = "out of memory" };
	int ret;

	memset(b, 0, sizeof(*b));
	b->vectors = vectors;
	ret = guest_create_with(&b->g, &(struct guest_options){ .interrupts = true });
	if (ret)
		return ret;
	ret = board_init(b, fd, &err);
	if (ret)
		printf("# no board: %s\n", err.text);
	else
		board_drive(b);
	return ret;
}

void board_destroy(struct board *b)
{
	vcpus_pause(b->g.vcpus);
	loop_stop(b->loop);
	pthread_join(b->thread, NULL);
	pci_bus_destroy(b->bus);
	hostmem_fini(&b->hostmem);
	props_fini(&b->device);
	props_fini(&b->object);
	loop_destroy(b->loop);
	memory_region_del_subregion(&b->g.root, &b->pci);
	memory_region_fini(&b->pci);
	guest_destroy(&b->g);
}

unsigned int board_doorbells(const struct board *b)
{
	const struct attachments *list;
	struct memory_region_section sec;
	unsigned int nr = 0;

	if (!memory_region_find((struct memory_region *)&b->g.root, REGS, 4, &sec))
		return 0;
	memory_transaction_begin(b->g.mem);
	list = sec.mr->attachments;
	nr = list ? list->nr : 0;
	memory_transaction_commit(b->g.mem);
	memory_section_put(&sec);
	return nr;
}

bool board_wait_doorbells(const struct board *b, unsigned int nr)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	time_t end = time(NULL) + WAIT_SECONDS;

	while (board_doorbells(b) != nr) {
		if (time(NULL) > end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

uint64_t board_exits(const struct board *b)
{
	uint64_t exits = UINT64_MAX;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vcpus_info(b->g.vcpus, out, false);
	fclose(out);
	sscanf(text, "vCPU 0: exits %" SCNu64 ",", &exits);
	free(text);
	return exits;
}
