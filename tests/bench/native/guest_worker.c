// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that runs the payload at ring 3: the shared pages come to it as to any other, by its
 * device's second BAR, the region tree and KVM's slots.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ivshmem_regs.h"
#include "hw/ivshmem.h"
#include "kvm/vcpu_internal.h"
#include "memory/ram.h"
#include "worker.h"

#define DEVFN		PCI_DEVFN(1, 0)

#define CR0_MP		(1ull << 1)
#define CR4_OSFXSR	(1ull << 9)
#define CR4_OSXMMEXCPT	(1ull << 10)

#define PAGE		0x1000ull
#define PAGE_BITS	7ull		/* present, writable, for ring 3 */
#define PAGE_LARGE	0x80ull
#define GIB		0x40000000ull
#define ENTRIES		512u

/* From TABLES_AT on: the top, what is below it, 8 GiB of 2 MiB pages, the small window's. */
#define TOP_AT		TABLES_AT
#define POINTERS_AT	(TOP_AT + PAGE)
#define DIRECTORIES_AT	(POINTERS_AT + PAGE)
#define DIRECTORIES	8u
#define SMALL_AT	(DIRECTORIES_AT + DIRECTORIES * PAGE)

/* Where the guest's own memory at @addr is here. */
static void *own_at(const struct guest_worker *w, uint64_t addr)
{
	return (char *)memory_region_get_ram_ptr((struct memory_region *)&w->own) + addr - OWN_AT;
}

/* One to one, but for the window of small pages. */
static void write_tables(struct guest_worker *w)
{
	uint64_t *directory = own_at(w, DIRECTORIES_AT), *small = own_at(w, SMALL_AT);
	uint64_t *pointers = own_at(w, POINTERS_AT), *window = directory + REGION_SMALL_AT / HUGE;

	*(uint64_t *)own_at(w, TOP_AT) = POINTERS_AT | PAGE_BITS;
	for (uint64_t i = 0; i < DIRECTORIES; i++)
		pointers[i] = (DIRECTORIES_AT + i * PAGE) | PAGE_BITS;
	for (uint64_t i = 0; i < DIRECTORIES * ENTRIES; i++)
		directory[i] = i * HUGE | PAGE_LARGE | PAGE_BITS;
	for (uint64_t i = 0; i < REGION_SIZE / HUGE; i++)
		window[i] = (SMALL_AT + i * PAGE) | PAGE_BITS;
	for (uint64_t i = 0; i < REGION_SIZE / PAGE; i++)
		small[i] = (REGION_AT + i * PAGE) | PAGE_BITS;
}

/* It was at ring 3 already, in code that waits for orders. */
static int enter_payload(struct guest_worker *w)
{
	int fd = w->g.vcpus->vcpus[0].fd;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0 || ioctl(fd, KVM_GET_REGS, &regs) < 0)
		return -errno;
	sregs.cr0 |= CR0_MP;
	sregs.cr3 = TOP_AT;
	sregs.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	regs.rip = CODE_AT;
	regs.rdi = JOB_AT;
	regs.rsp = STACK_TOP - 8;	/* as if it had been called */
	if (ioctl(fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(fd, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

static int add_device(struct guest_worker *w, const struct shared *shared, struct error *err)
{
	struct ivshmem_host host = { .bus = w->bus, .mem = w->g.mem, .hostmem = &w->hostmem };
	struct hostmem_backend *backend;
	char object[128];
	int ret;

	snprintf(object, sizeof(object),
		 "memory-backend-file,id=m0,size=%lluM,share=on,mem-path=/proc/self/fd/%d",
		 REGION_SIZE >> 20, shared->fd);
	ret = props_parse(&w->object, "-object", object, err);
	ret = ret ? ret : props_parse(&w->device, "-device", "ivshmem-plain,memdev=m0", err);
	ret = ret ? ret : hostmem_add(&w->hostmem, &w->object, err);
	ret = ret ? ret : ivshmem_create(&host, &w->device, err);
	if (ret)
		return ret;
	backend = TAILQ_FIRST(&w->hostmem.backends);
	w->shared = memory_region_get_ram_ptr(&backend->mr);
	return 0;
}

/* What firmware does. */
static void map_device(struct guest_worker *w)
{
	unsigned int bar = PCI_BASE_ADDRESS_0 + 4 * IVSHMEM_BAR_MEM;

	pci_config_write(w->bus, DEVFN, bar, (uint32_t)REGION_AT, 4);
	pci_config_write(w->bus, DEVFN, bar + 4, REGION_AT >> 32, 4);
	pci_config_write(w->bus, DEVFN, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static int fill_machine(struct guest_worker *w, const struct shared *shared, struct error *err)
{
	struct guest *g = &w->g;
	int ret = memory_region_init_ram(&w->own, g->mem, NULL, "own", OWN_SIZE);

	if (ret)
		return ret;
	/* small ones do, too, and are told of */
	memory_region_set_ram_policy(&w->own, RAM_POLICY_HUGE, 0);
	ret = memory_region_add_subregion(&g->root, OWN_AT, &w->own);
	ret = ret ? ret : memory_region_init(&w->pci, g->mem, NULL, "pci", MEMORY_SIZE_ALL);
	ret = ret ? ret : memory_region_add_subregion_overlap(&g->root, 0, &w->pci, -1);
	ret = ret ? ret : pci_bus_create(&w->bus, g->mem, &w->pci, &g->io, err);
	hostmem_init(&w->hostmem, g->mem);
	return ret ? ret : add_device(w, shared, err);
}

static int add_bell(struct guest_worker *w)
{
	int ret = probe_init(&w->bell, &w->g, "bell", PAGE, 0);

	w->bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!ret && w->bell_fd < 0)
		ret = -errno;
	ret = ret ? ret : memory_region_add_eventfd(&w->bell.mr, 0, 4, false, 0, w->bell_fd);
	return ret ? ret : memory_region_add_subregion(&w->g.root, BELL_AT, &w->bell.mr);
}

static void load_payload(struct guest_worker *w)
{
	memset(own_at(w, OWN_AT), 0, OWN_SIZE);
	memset(own_at(w, BUFFER_AT), 1, BLOCK_MAX);
	memcpy(own_at(w, CODE_AT), payload_start, payload_end - payload_start);
	write_tables(w);
	w->w.job = own_at(w, JOB_AT);
	w->w.histogram = own_at(w, HISTOGRAM_AT);
	w->w.job->endless = 1;
}

static void guest_wake(struct worker *w)
{
	vcpus_resume(((struct guest_worker *)w)->g.vcpus);
}

static void guest_rest(struct worker *w)
{
	vcpus_pause(((struct guest_worker *)w)->g.vcpus);
}

static const char *guest_lost(struct worker *w)
{
	struct guest *g = &((struct guest_worker *)w)->g;

	return __atomic_load_n(&g->failed, __ATOMIC_ACQUIRE) ? g->failure : NULL;
}

static const struct worker_kind guest_kind = {
	.name = "guest", .wake = guest_wake, .rest = guest_rest, .lost = guest_lost,
};

int guest_worker_create(struct guest_worker *w, const struct shared *shared, int cpu)
{
	struct error err = { .text = "out of memory" };
	struct worker_place before;
	int ret;

	memset(w, 0, sizeof(*w));
	w->w.kind = &guest_kind;
	worker_pin(cpu, &before);
	ret = guest_create_with(&w->g, &(struct guest_options){ .user = true });
	worker_unpin(&before);
	if (ret)
		return ret;
	vcpus_pause(w->g.vcpus);
	ret = fill_machine(w, shared, &err);
	ret = ret ? ret : add_bell(w);
	if (!ret) {
		map_device(w);
		load_payload(w);
		ret = enter_payload(w);
	}
	if (ret)
		fprintf(stderr, "native: no guest: %s\n", err.text);
	return ret;
}

void guest_worker_destroy(struct guest_worker *w)
{
	memory_region_del_subregion(&w->g.root, &w->bell.mr);
	memory_region_fini(&w->bell.mr);
	close(w->bell_fd);
	pci_bus_destroy(w->bus);
	hostmem_fini(&w->hostmem);
	props_fini(&w->device);
	props_fini(&w->object);
	memory_region_del_subregion(&w->g.root, &w->pci);
	memory_region_fini(&w->pci);
	memory_region_del_subregion(&w->g.root, &w->own);
	memory_region_fini(&w->own);
	guest_destroy(&w->g);
}
