// SPDX-License-Identifier: GPL-2.0-only
/* The obedient guest: its code, its tables, and the host's side of the mailbox. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "kvm/msi.h"
#include "kvm/vcpu_internal.h"

#define PML4		0x1000
#define PDPT		0x2000
#define PAGE_DIRS	0x3000		/* four of them: 4 GiB in pages of 2 MiB */
#define GDT		0x7000
#define CODE		0x8000
#define MAILBOX		0x9000
#define STRING		"0xa000"	/* what string instructions send and fill */
#define IDT		0xb000
#define STUBS		0xc000		/* STUB_SIZE bytes a vector: tell which, and go on */
#define VECTORS		"0xd000"	/* a struct vector each; to 0xefff */
#define STACK_TOP	0x10000

#define STUB_SIZE	16u
#define WAKE_VECTOR	(GUEST_VECTOR_LAST + 1)
#define MSI_ADDRESS	0xfee00000u	/* to the first processor */
#define APIC_SPURIOUS	0xf0		/* a register, and the bit that lets interrupts in */
#define APIC_ENABLE	0x100u
#define GATE_PRESENT	0x8e00ull	/* of an interrupt gate, for ring 0 */

#define PRESENT_WRITABLE	3ull
#define USER			4ull
#define LARGE_PAGE		0x80ull

#define ANSWER_SECONDS	20

/* At MAILBOX in RAM. The host writes the operation last, the guest sets it to 0 last. */
struct mailbox {
	uint64_t op;
	uint64_t addr;
	uint64_t value;			/* of a store; the result of a load */
	uint64_t stop;			/* of OP_WATCH and OP_SCRIBBLE */
	uint64_t loads, odd, ones;	/* counts of OP_WATCH; loads: passes of OP_SCRIBBLE */
	uint64_t sleeps;		/* until an interrupt, when there is nothing to do */
};

/* At VECTORS in RAM, by number. The guest counts last. */
struct vector {
	uint64_t count;
	uint64_t addr, value;		/* of the store that answers… */
	uint64_t answers;		/* …the next so many interrupts */
};

enum op {
	OP_LOAD1 = 1, OP_LOAD2, OP_LOAD4, OP_LOAD8,
	OP_STORE1, OP_STORE2, OP_STORE4, OP_STORE8,
	OP_IN1, OP_IN2, OP_IN4,
	OP_OUT1, OP_OUT2, OP_OUT4,
	OP_WATCH,
	OP_INS1, OP_INS2, OP_INS4,
	OP_OUTS1, OP_OUTS2, OP_OUTS4,
	OP_SCRIBBLE,
};

/* rsi: the mailbox. A table of jumps would need relocation; this is compared one by one. */
extern const char guest_code[], guest_interrupt[], guest_code_end[];
asm(
".pushsection .rodata\n"
"guest_code:\n"
"0:	pause\n"
"	mov (%rsi), %rcx\n"
"	test %rcx, %rcx\n"
"	jz 30f\n"
"	mov 8(%rsi), %rdi\n"
"	mov %rdi, %rdx\n"
"	mov 16(%rsi), %rax\n"
"	cmp $1, %rcx\n	je 1f\n"
"	cmp $2, %rcx\n	je 2f\n"
"	cmp $3, %rcx\n	je 3f\n"
"	cmp $4, %rcx\n	je 4f\n"
"	cmp $5, %rcx\n	je 5f\n"
"	cmp $6, %rcx\n	je 6f\n"
"	cmp $7, %rcx\n	je 7f\n"
"	cmp $8, %rcx\n	je 8f\n"
"	xor %ebx, %ebx\n"
"	cmp $9, %rcx\n	je 9f\n"
"	cmp $10, %rcx\n	je 10f\n"
"	cmp $11, %rcx\n	je 11f\n"
"	cmp $12, %rcx\n	je 12f\n"
"	cmp $13, %rcx\n	je 13f\n"
"	cmp $14, %rcx\n	je 14f\n"
"	cmp $15, %rcx\n	je 15f\n"
"	cmp $22, %rcx\n	je 25f\n"
"	mov %rsi, %r8\n"
"	mov $" STRING ", %esi\n"
"	mov %rsi, %rdi\n"
"	mov %rcx, %rbx\n"
"	mov %rax, %rcx\n"
"	cld\n"
"	cmp $16, %rbx\n	je 20f\n"
"	cmp $17, %rbx\n	je 21f\n"
"	cmp $18, %rbx\n	je 22f\n"
"	cmp $19, %rbx\n	je 23f\n"
"	cmp $20, %rbx\n	je 24f\n"
"	rep outsl\n		jmp 92f\n"
"20:	rep insb\n		jmp 92f\n"
"21:	rep insw\n		jmp 92f\n"
"22:	rep insl\n		jmp 92f\n"
"23:	rep outsb\n		jmp 92f\n"
"24:	rep outsw\n		jmp 92f\n"
"1:	movzbl (%rdi), %eax\n	jmp 90f\n"
"2:	movzwl (%rdi), %eax\n	jmp 90f\n"
"3:	mov (%rdi), %eax\n	jmp 90f\n"
"4:	mov (%rdi), %rax\n	jmp 90f\n"
"5:	mov %al, (%rdi)\n	jmp 91f\n"
"6:	mov %ax, (%rdi)\n	jmp 91f\n"
"7:	mov %eax, (%rdi)\n	jmp 91f\n"
"8:	mov %rax, (%rdi)\n	jmp 91f\n"
"9:	xor %eax, %eax\n	in %dx, %al\n	jmp 90f\n"
"10:	xor %eax, %eax\n	in %dx, %ax\n	jmp 90f\n"
"11:	in %dx, %eax\n	jmp 90f\n"
"12:	out %al, %dx\n	jmp 91f\n"
"13:	out %ax, %dx\n	jmp 91f\n"
"14:	out %eax, %dx\n	jmp 91f\n"
"15:	mov (%rdi), %rbx\n"
"	incq 32(%rsi)\n"
"	cmp %rax, %rbx\n	je 16f\n"
"	cmp $-1, %rbx\n	je 17f\n"
"	incq 40(%rsi)\n	jmp 16f\n"
"17:	incq 48(%rsi)\n"
"16:	cmpq $0, 24(%rsi)\n"
"	je 15b\n"
"	jmp 91f\n"
"25:	mov %rdi, %rdx\n"
"	mov %rax, %rcx\n"
"26:	incq (%rdx)\n"
"	add $0x1000, %rdx\n"
"	dec %rcx\n"
"	jnz 26b\n"
"	incq 32(%rsi)\n"
"	cmpq $0, 24(%rsi)\n"
"	je 25b\n"
"	jmp 91f\n"
"92:	mov %r8, %rsi\n"
"	jmp 91f\n"
"90:	mov %rax, 16(%rsi)\n"
"91:	movq $0, (%rsi)\n"
"	jmp 0b\n"
"30:	cmpq $0, 56(%rsi)\n"
"	je 0b\n"
"	sti\n"
"	hlt\n"
"	cli\n"
"	jmp 0b\n"
"guest_interrupt:\n"		/* on the stack: the vector; what the processor put there */
"	push %rax\n"
"	push %rbx\n"
"	mov 16(%rsp), %rbx\n"
"	shl $5, %rbx\n"
"	add $" VECTORS ", %rbx\n"
"	mov $0xfee000b0, %eax\n"
"	movl $0, (%rax)\n"
"	cmpq $0, 24(%rbx)\n"
"	je 31f\n"
"	decq 24(%rbx)\n"
"	mov 8(%rbx), %rax\n"
"	push %rcx\n"
"	mov 16(%rbx), %ecx\n"
"	mov %ecx, (%rax)\n"
"	pop %rcx\n"
"31:	incq (%rbx)\n"
"	pop %rbx\n"
"	pop %rax\n"
"	add $8, %rsp\n"
"	iretq\n"
"guest_code_end:\n"
".popsection\n");

const char *guest_unavailable(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = -1, vcpu = -1;

	if (fd >= 0)
		vm = ioctl(fd, KVM_CREATE_VM, 0);
	if (vm >= 0)
		vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	close(vcpu);
	close(vm);
	close(fd);
	if (fd < 0)
		return "/dev/kvm can't be opened (is it there, and are you in the group kvm?)";
	if (vm < 0)
		return "/dev/kvm makes no virtual machine (KVM_CREATE_VM)";
	return vcpu < 0 ? "/dev/kvm makes no vCPU (KVM_CREATE_VCPU)" : NULL;
}

static void guest_write_tables(char *ram)
{
	uint64_t *pml4 = (uint64_t *)(ram + PML4), *pdpt = (uint64_t *)(ram + PDPT);
	uint64_t *dirs = (uint64_t *)(ram + PAGE_DIRS), *gdt = (uint64_t *)(ram + GDT);

	pml4[0] = PDPT | PRESENT_WRITABLE | USER;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (PAGE_DIRS + i * 0x1000) | PRESENT_WRITABLE | USER;
	for (uint64_t i = 0; i < 4 * 512; i++)
		dirs[i] = i << 21 | LARGE_PAGE | PRESENT_WRITABLE | USER;
	gdt[VCPU_SELECTOR_CODE / 8] = VCPU_GDT_CODE;
	gdt[VCPU_SELECTOR_DATA / 8] = VCPU_GDT_DATA;
	memcpy(ram + CODE, guest_code, guest_code_end - guest_code);
}

/* push $number; jmp guest_interrupt */
static void write_stub(uint8_t *stub, uint32_t number)
{
	uint32_t jump = CODE + (guest_interrupt - guest_code) -
			(STUBS + number * STUB_SIZE + 10);

	stub[0] = 0x68;
	memcpy(stub + 1, &number, 4);
	stub[5] = 0xe9;
	memcpy(stub + 6, &jump, 4);
}

static void guest_write_vectors(char *ram)
{
	for (unsigned int n = GUEST_VECTOR_FIRST; n <= WAKE_VECTOR; n++) {
		uint64_t *gate = (uint64_t *)(ram + IDT) + 2 * n, stub = STUBS + n * STUB_SIZE;

		write_stub((uint8_t *)ram + stub, n);
		gate[0] = stub | VCPU_SELECTOR_CODE << 16 | GATE_PRESENT << 32;
	}
}

static int guest_memory(struct guest *g)
{
	int ret = memory_create(&g->mem);

	if (ret)
		return ret;
	ret = memory_region_init(&g->root, g->mem, NULL, "system", MEMORY_SIZE_ALL);
	ret = ret ? ret : memory_region_init(&g->io, g->mem, NULL, "io", 0x10000);
	ret = ret ? ret : memory_region_init_ram(&g->ram, g->mem, NULL, "ram", GUEST_RAM);
	ret = ret ? ret : memory_region_add_subregion(&g->root, 0, &g->ram);
	ret = ret ? ret : address_space_init(&g->as, g->mem, &g->root, "memory");
	return ret ? ret : address_space_init(&g->as_io, g->mem, &g->io, "I/O");
}

static void guest_failed(void *opaque, const char *message)
{
	struct guest *g = opaque;

	snprintf(g->failure, sizeof(g->failure), "%s", message);
	__atomic_store_n(&g->failed, 1, __ATOMIC_RELEASE);
}

static int guest_devices(struct guest *g, const struct guest_options *opts, struct error *err)
{
	int ret = kvm_create(&g->kvm, err);

	if (!ret && opts->dirty_ring)
		ret = kvm_use_dirty_rings(g->kvm, opts->dirty_ring, err);
	if (!ret)
		ret = kvm_slots_create(&g->slots, g->kvm, &g->as, 0, err);
	if (!ret)
		ret = kvm_ioeventfds_create(&g->ioeventfds, g->kvm, &g->as, &g->as_io, err);
	if (!ret)
		ret = kvm_coalesced_create(&g->coalesced, g->kvm, &g->as, &g->as_io, err);
	if (!ret && opts->interrupts)
		ret = kvm_msi_create(&g->msi, g->kvm, err);
	return ret;
}

/* The lowest privilege, but for ports: all of a guest's code can run so. */
static int guest_set_user(struct guest *g)
{
	int fd = g->vcpus->vcpus[0].fd;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0 || ioctl(fd, KVM_GET_REGS, &regs) < 0)
		return -errno;
	sregs.cs.dpl = sregs.ds.dpl = sregs.es.dpl = sregs.ss.dpl = 3;
	sregs.cs.selector |= 3;
	sregs.ds.selector = sregs.es.selector = sregs.ss.selector |= 3;
	regs.rflags |= 3 << 12;
	if (ioctl(fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(fd, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

static int guest_enable_apic(int fd)
{
	struct kvm_lapic_state apic;
	uint32_t spurious;

	if (ioctl(fd, KVM_GET_LAPIC, &apic) < 0)
		return -errno;
	memcpy(&spurious, apic.regs + APIC_SPURIOUS, sizeof(spurious));
	spurious |= APIC_ENABLE;
	memcpy(apic.regs + APIC_SPURIOUS, &spurious, sizeof(spurious));
	return ioctl(fd, KVM_SET_LAPIC, &apic) < 0 ? -errno : 0;
}

/* As if it had made itself ready for interrupts. */
static int guest_set_interrupts(struct guest *g)
{
	int fd = g->vcpus->vcpus[0].fd, ret = guest_enable_apic(fd);
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ret)
		return ret;
	if (ioctl(fd, KVM_GET_SREGS, &sregs) < 0 || ioctl(fd, KVM_GET_REGS, &regs) < 0)
		return -errno;
	sregs.idt = (struct kvm_dtable){ .base = IDT, .limit = 0xfff };
	regs.rsp = STACK_TOP;
	if (ioctl(fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(fd, KVM_SET_REGS, &regs) < 0)
		return -errno;
	g->box->sleeps = 1;
	return 0;
}

static int guest_start(struct guest *g, const struct guest_options *opts, struct error *err)
{
	static const struct vcpu_entry entry = {
		.rip = CODE, .rsi = MAILBOX, .cr3 = PML4, .gdt = GDT,
	};
	struct vcpus_config config = {
		.nr = 1, .memory = &g->as, .io = &g->as_io, .failed = guest_failed, .opaque = g,
	};
	int ret = guest_devices(g, opts, err);

	if (ret)
		return ret;
	config.kvm = g->kvm;
	config.coalesced = g->coalesced;
	ret = vcpus_create(&g->vcpus, &config, err);
	if (ret)
		return ret;
	ret = vcpus_set_entry(g->vcpus, &entry);
	if (!ret && opts->user)
		ret = guest_set_user(g);
	if (!ret && opts->interrupts)
		ret = guest_set_interrupts(g);
	if (ret)
		return error_set(err, ret, "the vCPU's registers: %s", strerror(-ret));
	return vcpus_start(g->vcpus, false, err);
}

int guest_create_with(struct guest *g, const struct guest_options *opts)
{
	struct error err = { .text = "out of memory" };
	int ret;

	memset(g, 0, sizeof(*g));
	ret = guest_memory(g);
	if (!ret) {
		char *ram = memory_region_get_ram_ptr(&g->ram);

		guest_write_tables(ram);
		guest_write_vectors(ram);
		g->box = (volatile struct mailbox *)(ram + MAILBOX);
		ret = guest_start(g, opts, &err);
	}
	if (ret)
		printf("# no guest: %s\n", err.text);
	return ret;
}

int guest_create(struct guest *g)
{
	static const struct guest_options none;

	return guest_create_with(g, &none);
}

void guest_destroy(struct guest *g)
{
	if (g->vcpus)
		vcpus_destroy(g->vcpus);
	if (g->msi)
		kvm_msi_destroy(g->msi);
	if (g->coalesced)
		kvm_coalesced_destroy(g->coalesced);
	if (g->ioeventfds)
		kvm_ioeventfds_destroy(g->ioeventfds);
	if (g->slots)
		kvm_slots_destroy(g->slots);
	if (g->kvm)
		kvm_destroy(g->kvm);
	address_space_fini(&g->as);
	address_space_fini(&g->as_io);
	memory_region_fini(&g->root);
	memory_region_fini(&g->io);
	memory_region_fini(&g->ram);
	memory_destroy(g->mem);
}

int guest_case_with(int (*test)(struct guest *g), const struct guest_options *opts)
{
	struct guest *g = malloc(sizeof(*g));
	int ret;

	EXPECT(g && !guest_create_with(g, opts));
	ret = test(g);
	if (ret) {
		vcpus_pause(g->vcpus);
		return ret;
	}
	guest_destroy(g);
	free(g);
	return 0;
}

int guest_case(int (*test)(struct guest *g))
{
	static const struct guest_options none;

	return guest_case_with(test, &none);
}

static void guest_lost(struct guest *g)
{
	printf("# the guest does not answer: %s\n", __atomic_load_n(&g->failed, __ATOMIC_ACQUIRE) ?
	       g->failure : "no failure was told");
	fflush(stdout);
	exit(1);
}

bool guest_is_done(struct guest *g)
{
	return !__atomic_load_n(&g->box->op, __ATOMIC_ACQUIRE);
}

static void guest_wait(struct guest *g)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	time_t end = time(NULL) + ANSWER_SECONDS;

	while (!guest_is_done(g)) {
		if (time(NULL) > end || __atomic_load_n(&g->failed, __ATOMIC_ACQUIRE))
			guest_lost(g);
		nanosleep(&pause, NULL);
	}
}

/* It looks at the mailbox again after any interrupt. */
static void guest_wake(struct guest *g)
{
	struct kvm_msi wake = { .address_lo = MSI_ADDRESS, .data = WAKE_VECTOR };

	if (g->box->sleeps)
		ioctl(g->kvm->vm_fd, KVM_SIGNAL_MSI, &wake);
}

static void guest_begin(struct guest *g, enum op op)
{
	__atomic_store_n(&g->box->op, op, __ATOMIC_RELEASE);
	guest_wake(g);
}

static uint64_t guest_do(struct guest *g, enum op op, uint64_t addr, uint64_t value)
{
	g->box->addr = addr;
	g->box->value = value;
	guest_begin(g, op);
	guest_wait(g);
	return g->box->value;
}

/* 1, 2, 4, 8 -> 0, 1, 2, 3 */
static unsigned int log2_of(unsigned int size)
{
	return __builtin_ctz(size);
}

uint64_t guest_load(struct guest *g, uint64_t addr, unsigned int size)
{
	return guest_do(g, OP_LOAD1 + log2_of(size), addr, 0);
}

void guest_store(struct guest *g, uint64_t addr, uint64_t value, unsigned int size)
{
	guest_do(g, OP_STORE1 + log2_of(size), addr, value);
}

uint32_t guest_in(struct guest *g, uint16_t port, unsigned int size)
{
	return guest_do(g, OP_IN1 + log2_of(size), port, 0);
}

void guest_out(struct guest *g, uint16_t port, uint32_t value, unsigned int size)
{
	guest_do(g, OP_OUT1 + log2_of(size), port, value);
}

void guest_ins(struct guest *g, uint16_t port, unsigned int size, unsigned int count)
{
	guest_do(g, OP_INS1 + log2_of(size), port, count);
}

void guest_outs(struct guest *g, uint16_t port, unsigned int size, unsigned int count)
{
	guest_do(g, OP_OUTS1 + log2_of(size), port, count);
}

void guest_watch(struct guest *g, uint64_t addr, uint64_t value)
{
	g->box->addr = addr;
	g->box->value = value;
	g->box->stop = g->box->loads = g->box->odd = g->box->ones = 0;
	guest_begin(g, OP_WATCH);
}

uint64_t guest_watched_ones(struct guest *g)
{
	return __atomic_load_n(&g->box->ones, __ATOMIC_RELAXED);
}

static void guest_start_scribble(struct guest *g, uint64_t addr, uint64_t pages, uint64_t stop)
{
	g->box->addr = addr;
	g->box->value = pages;
	g->box->loads = 0;
	g->box->stop = stop;
	guest_begin(g, OP_SCRIBBLE);
}

void guest_scribble(struct guest *g, uint64_t addr, uint64_t pages)
{
	guest_start_scribble(g, addr, pages, 0);
}

void guest_scribble_once(struct guest *g, uint64_t addr, uint64_t pages)
{
	guest_start_scribble(g, addr, pages, 1);
}

uint64_t guest_scribble_end(struct guest *g)
{
	__atomic_store_n(&g->box->stop, 1, __ATOMIC_RELEASE);
	guest_wait(g);
	return g->box->loads;
}

uint64_t guest_watched(struct guest *g)
{
	return __atomic_load_n(&g->box->loads, __ATOMIC_RELAXED);
}

void guest_watch_end(struct guest *g, uint64_t *loads, uint64_t *odd)
{
	__atomic_store_n(&g->box->stop, 1, __ATOMIC_RELEASE);
	guest_wait(g);
	*loads = g->box->loads;
	*odd = g->box->odd;
}

struct msi_message guest_message(unsigned int vector)
{
	return (struct msi_message){ .address = MSI_ADDRESS, .data = vector };
}

static struct vector *vector_of(struct guest *g, unsigned int number)
{
	char *ram = memory_region_get_ram_ptr(&g->ram);

	return (struct vector *)(ram + strtoul(VECTORS, NULL, 0)) + number;
}

uint64_t guest_interrupts(struct guest *g, unsigned int vector)
{
	return __atomic_load_n(&vector_of(g, vector)->count, __ATOMIC_ACQUIRE);
}

void guest_wait_interrupts(struct guest *g, unsigned int vector, uint64_t count)
{
	time_t end = time(NULL) + ANSWER_SECONDS;

	while (guest_interrupts(g, vector) < count) {
		if (time(NULL) > end || __atomic_load_n(&g->failed, __ATOMIC_ACQUIRE))
			guest_lost(g);
		sched_yield();
	}
}

void guest_answer(struct guest *g, unsigned int vector, uint64_t addr, uint32_t value,
		  uint64_t times)
{
	struct vector *v = vector_of(g, vector);

	v->addr = addr;
	v->value = value;
	__atomic_store_n(&v->answers, times, __ATOMIC_RELEASE);
}

char *guest_slots_text(struct guest *g, bool json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	kvm_slots_info(g->slots, out, json);
	fclose(out);
	return text;
}

struct slot_line guest_slot(struct guest *g, uint64_t addr)
{
	char *text = guest_slots_text(g, false), *save, start[32];
	struct slot_line line = { .text = "" };

	snprintf(start, sizeof(start), ": %016" PRIx64 "-", addr);
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		if (strstr(s, start))
			snprintf(line.text, sizeof(line.text), "%s", s);
	}
	free(text);
	return line;
}

unsigned int guest_slots(struct guest *g)
{
	char *text = guest_slots_text(g, false);
	unsigned int n = 0;

	for (char *s = text; (s = strchr(s, '\n')); s++)
		n += !strncmp(s + 1, "slot ", 5);
	n += !strncmp(text, "slot ", 5);
	free(text);
	return n;
}

static enum memtx_result probe_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct probe *p = opaque;

	p->loads++;
	p->size = size;
	*data = addr + p->seed;
	return MEMTX_OK;
}

static enum memtx_result probe_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct probe *p = opaque;

	p->stores++;
	p->size = size;
	p->addr = addr;
	p->data = data;
	return MEMTX_OK;
}

static const struct memory_region_ops probe_ops = { .read = probe_read, .write = probe_write };

int probe_init(struct probe *p, struct guest *g, const char *name, uint64_t size, uint64_t seed)
{
	*p = (struct probe){ .seed = seed };
	return memory_region_init_io(&p->mr, g->mem, NULL, &probe_ops, p, name, size);
}
