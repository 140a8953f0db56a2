// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ivshmem device with doorbells, without KVM and without the module: peers come and go, and a
 * store raises what it is to raise, by an eventfd or by a call. The extension, and going on with
 * the same id.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "../kvm/fake_membership.h"
#include "hostmem/hostmem.h"
#include "hostmem/membership.h"
#include "hw/ivshmem.h"
#include "io/loop.h"
#include "ivshmem_regs.h"
#include "memory/access.h"
#include "memory/listener.h"
#include "pci/pci.h"
#include "scarce.h"
#include "unit.h"
#include "util.h"

#define DEVFN		PCI_DEVFN(1, 0)
#define REGS		0xe0000000u
#define MSIX		0xe0010000u
#define PEERS		0xe0100000u
#define VECTORS		4u
#define MAX_PEERS	2048u
#define FDS_MAX		8192
#define EXT(reg)	(REGS + IVSHMEM_EXT_##reg)

/* --- what the device needs --- */

/* A loop that runs when a test says so: of events, and a timer. */
struct loop {
	struct loop_handler *news, *timer;
};

int loop_add(struct loop *loop, struct loop_handler *h)
{
	*(loop->news ? &loop->timer : &loop->news) = h;
	return 0;
}

int loop_mod(struct loop *loop, struct loop_handler *h)
{
	assert_ptr_equal(h, loop->news);
	return 0;
}

void loop_del(struct loop *loop, struct loop_handler *h)
{
	if (loop->news == h)
		loop->news = NULL;
	if (loop->timer == h)
		loop->timer = NULL;
}

struct msi_route {
	int eventfd;
};

static int route_create(struct msi_provider *p, int eventfd, struct msi_route **out)
{
	(void)p;
	*out = malloc(sizeof(**out));
	if (*out)
		(*out)->eventfd = eventfd;
	return *out ? 0 : -ENOMEM;
}

static void route_destroy(struct msi_provider *p, struct msi_route *route)
{
	(void)p;
	free(route);
}

static int route_connect(struct msi_provider *p, struct msi_route *route,
			 const struct msi_message *msg)
{
	(void)p;
	(void)route;
	(void)msg;
	return 0;
}

static int routes_prepare(struct msi_provider *p, const struct msi_connection *v, unsigned int nr)
{
	(void)p;
	(void)v;
	(void)nr;
	return 0;
}

static void route_disconnect(struct msi_provider *p, struct msi_route *route)
{
	(void)p;
	(void)route;
}

static const struct msi_ops msi_ops = {
	.create = route_create, .destroy = route_destroy, .connect = route_connect,
	.prepare = routes_prepare, .disconnect = route_disconnect,
};

struct machine {
	struct memory *mem;
	struct memory_region root, io;
	struct address_space as;
	struct pci_bus *bus;
	struct hostmem hostmem;
	struct props object, device;
	struct loop loop;
	struct msi_provider msi;
	struct memory_listener listener;
	unsigned int adds, dels, commits;	/* that the listener heard of */
	uint8_t heard[FDS_MAX];		/* by descriptor: how often it is attached */
	uint32_t doorbells[FDS_MAX];	/* and the store that is to raise it */
};

static bool can_read(int fd)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	return poll(&readable, 1, 0) == 1;
}

struct fixture {
	struct machine *m;
	int fd;				/* the shared file */
};

static int heard_add(struct memory_listener *l, const struct memory_region_section *sec,
		     unsigned int size, bool match, uint64_t data, int fd)
{
	(void)sec;
	assert_int_equal(size, 4);
	assert_true(match);
	assert_true(fd < FDS_MAX);
	container_of(l, struct machine, listener)->doorbells[fd] = data;
	container_of(l, struct machine, listener)->heard[fd]++;
	container_of(l, struct machine, listener)->adds++;
	return 0;
}

static void heard_del(struct memory_listener *l, const struct memory_region_section *sec,
		      unsigned int size, bool match, uint64_t data, int fd)
{
	(void)sec;
	(void)data;
	(void)size;
	(void)match;
	container_of(l, struct machine, listener)->heard[fd]--;
	container_of(l, struct machine, listener)->dels++;
}

static int heard_commit(struct memory_listener *l)
{
	container_of(l, struct machine, listener)->commits++;
	return 0;
}

static void backend_be_region(struct machine *m, int fd, bool readonly)
{
	struct hostmem_backend *b = TAILQ_FIRST(&m->hostmem.backends);

	b->region_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	b->max_peers = MAX_PEERS;
	b->readonly = readonly;
	strcpy(b->region, "pool");
}

static void config(struct machine *m, unsigned int reg, uint32_t value, unsigned int size)
{
	pci_config_write(m->bus, DEVFN, reg, value, size);
}

static void machine_drive(struct machine *m)
{
	config(m, PCI_BASE_ADDRESS_0, REGS, 4);
	config(m, PCI_BASE_ADDRESS_0 + 4 * IVSHMEM_BAR_MSIX, MSIX, 4);
	config(m, PCI_BASE_ADDRESS_0 + 4 * IVSHMEM_BAR_PEERS, PEERS, 4);
	config(m, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

struct how {
	const char *options;
	bool restoring, readonly, no_region;
};

/* 0, or what ivshmem_create() gives. */
static int machine_try(struct machine **out, int fd, const struct how *how, struct error *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct ivshmem_host host = { .restoring = how->restoring };
	char object[128];

	*out = m;
	m->msi.ops = &msi_ops;
	snprintf(object, sizeof(object),
		 "memory-backend-file,id=m,size=1M,share=on,mem-path=/proc/self/fd/%d", fd);
	assert_ok(memory_create(&m->mem));
	assert_ok(memory_region_init(&m->root, m->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&m->io, m->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&m->as, m->mem, &m->root, "memory"));
	assert_ok(pci_bus_create(&m->bus, m->mem, &m->root, &m->io, err));
	m->listener = (struct memory_listener){
		.name = "test", .eventfd_add = heard_add, .eventfd_del = heard_del,
		.commit = heard_commit,
	};
	assert_ok(memory_listener_register(&m->listener, &m->as));
	hostmem_init(&m->hostmem, m->mem);
	assert_ok(props_parse(&m->object, "-object", object, err));
	assert_ok(props_parse(&m->device, "-device", how->options, err));
	assert_ok(hostmem_add(&m->hostmem, &m->object, err));
	if (!how->no_region)
		backend_be_region(m, fd, how->readonly);
	host.bus = m->bus;
	host.mem = m->mem;
	host.hostmem = &m->hostmem;
	host.loop = &m->loop;
	host.msi = &m->msi;
	return ivshmem_create(&host, &m->device, err);
}

static struct machine *machine_new(int fd, const char *options)
{
	const struct how how = { .options = options };
	struct machine *m;
	struct error err;

	if (machine_try(&m, fd, &how, &err))
		fail_msg("%s", err.text);
	machine_drive(m);
	return m;
}

static void machine_free(struct machine *m)
{
	pci_bus_destroy(m->bus);
	assert_true(!m->loop.news && !m->loop.timer);
	assert_int_equal(m->adds, m->dels);
	hostmem_fini(&m->hostmem);
	props_fini(&m->device);
	props_fini(&m->object);
	memory_listener_unregister(&m->listener);
	address_space_fini(&m->as);
	memory_region_fini(&m->io);
	memory_region_fini(&m->root);
	memory_destroy(m->mem);
	free(m);
}

static void refused(int fd, const struct how *how, const char *why)
{
	struct machine *m;
	struct error err;

	assert_true(machine_try(&m, fd, how, &err) < 0);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not in '%s'", why, err.text);
	assert_true(err.arg);
	machine_free(m);
}

/* One turn of the main thread: there is news, or it is time to go on. */
static void pump(struct machine *m)
{
	struct loop_handler *h = m->loop.news->events ? m->loop.news : m->loop.timer;
	struct itimerspec left;

	assert_ok(timerfd_gettime(m->loop.timer->fd, &left));
	assert_true(h == m->loop.news || left.it_value.tv_nsec || can_read(h->fd));
	h->ready(h, EPOLLIN);
}

/* Until there is nothing to do. Return: turns. */
static unsigned int settle(struct machine *m)
{
	unsigned int turns = 0;

	for (; !m->loop.news->events || can_read(m->loop.news->fd); turns++)
		pump(m);
	return turns;
}

/* KVM takes back what is attached by its descriptor: until then that is not closed. */
static void all_attached_are_open(const struct machine *m)
{
	urcu_memb_barrier();
	for (int fd = 0; fd < FDS_MAX; fd++)
		assert_true(!m->heard[fd] || fcntl(fd, F_GETFD) >= 0);
}

static unsigned int open_fds(void)
{
	unsigned int nr = 0;

	urcu_memb_barrier();
	for (int fd = 0; fd < FDS_MAX; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

static unsigned int attached(const struct machine *m)
{
	return m->adds - m->dels;
}

/* A store that no eventfd took. */
static void ring_slowly(struct machine *m, uint32_t peer, uint32_t vector)
{
	assert_int_equal(address_space_stl_le(&m->as, REGS + IVSHMEM_DOORBELL,
					      peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector),
			 MEMTX_OK);
}

/* As KVM does it, by the eventfds that it heard of. */
static void ring(struct machine *m, uint32_t peer, uint32_t vector)
{
	uint32_t value = peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector;

	for (int fd = 0; fd < FDS_MAX; fd++) {
		if (!m->heard[fd] || m->doorbells[fd] != value)
			continue;
		assert_ok(eventfd_write(fd, 1));
		return;
	}
	ring_slowly(m, peer, vector);
}

/* Which vector the extension raises when peers change. */
static void change_vector(struct machine *m, uint32_t vector)
{
	config(m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_VECTOR, vector, 2);
}

static uint32_t load(struct machine *m, uint32_t addr)
{
	return address_space_ldl_le(&m->as, addr, NULL);
}

static void store(struct machine *m, uint32_t addr, uint32_t value)
{
	assert_int_equal(address_space_stl_le(&m->as, addr, value), MEMTX_OK);
}

/* --- other peers, which are processes --- */

struct other {
	struct membership me;
	int fds[64];
};

static void other_join(struct other *o, int region, uint32_t id, unsigned int vectors)
{
	const struct membership_request req = { .peer = id, .vectors = vectors, .fds = o->fds };
	struct error err;

	for (unsigned int i = 0; i < vectors; i++)
		o->fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (membership_join(&o->me, region, "pool", &req, &err))
		fail_msg("%s", err.text);
}

static void other_leave(struct other *o)
{
	for (unsigned int i = 0; i < o->me.vectors; i++)
		close(o->fds[i]);
	membership_leave(&o->me);
}

static uint64_t rung(struct other *o, unsigned int vector)
{
	eventfd_t n;

	return eventfd_read(o->fds[vector], &n) ? 0 : n;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->fd = memfd_create("pool", MFD_CLOEXEC);
	assert_true(f->fd >= 0 && !ftruncate(f->fd, 1 << 20));
	memory_thread_register();
	f->m = machine_new(f->fd, "ivshmem-doorbell,memdev=m,vectors=4,peer=9");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->m)
		machine_free(f->m);
	assert_int_equal(fake_members(), 0);
	fake_doorbells_left(-1);
	fake_set_readonly(false);
	memory_thread_unregister();
	close(f->fd);
	free(f);
	return 0;
}

/* --- doorbells --- */

static void a_peer_is_rung_by_its_eventfd(void **state)
{
	struct fixture *f = *state;
	struct fake_counts before = fake_counts();
	struct other o;

	assert_int_equal(load(f->m, REGS + IVSHMEM_IV_POSITION), 9);
	assert_int_equal(load(f->m, REGS + IVSHMEM_DOORBELL), 0);
	assert_int_equal(attached(f->m), VECTORS);
	other_join(&o, f->fd, 3, 8);
	f->m->commits = 0;
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 8);
	assert_int_equal(f->m->commits, 1);
	for (unsigned int i = 0; i < 8; i++) {
		ring(f->m, 3, i);
		ring(f->m, 3, i);
		assert_int_equal(rung(&o, i), 2);
	}
	assert_int_equal(fake_counts().rings, before.rings);
	other_leave(&o);
	f->m->commits = 0;
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS);
	assert_int_equal(f->m->commits, 1);
}

/* Oneself is a peer like others; the interrupt waits, as nothing is enabled. */
static void one_may_ring_oneself(void **state)
{
	struct fixture *f = *state;

	ring(f->m, 9, 2);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
	ring(f->m, 9, 4);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
}

/*
 * A peer has the eventfd of another, and so can take O_NONBLOCK off it and fill it: neither a vCPU,
 * whose store KVM did not take, nor the main thread may wait for somebody to read it.
 */
static void a_full_eventfd_blocks_nobody(void **state)
{
	struct fixture *f = *state;
	struct fake_counts before = fake_counts();
	struct other o, b;
	int own;

	other_join(&o, f->fd, 3, 1);
	pump(f->m);
	own = membership_get_doorbell(&o.me, 9, 0, 1);
	assert_true(own >= 0);
	assert_ok(fcntl(own, F_SETFL, 0));
	assert_ok(fcntl(o.fds[0], F_SETFL, 0));
	assert_ok(eventfd_write(own, UINT64_MAX - 1));
	assert_ok(eventfd_write(o.fds[0], UINT64_MAX - 1));
	ring_slowly(f->m, 3, 0);
	ring_slowly(f->m, 9, 1);
	assert_int_equal(fake_counts().rings, before.rings + 2);
	config(f->m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_CONTROL, IVSHMEM_EXT_ENABLE, 2);
	change_vector(f->m, 1);
	other_join(&b, f->fd, 4, 1);
	pump(f->m);
	assert_int_equal(fake_counts().rings, before.rings + 3);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 1);
	other_leave(&b);
	other_leave(&o);
	close(own);
}

static void who_is_nobody_is_not_rung(void **state)
{
	struct fixture *f = *state;
	struct fake_counts before = fake_counts();
	struct other o;

	other_join(&o, f->fd, 3, 1);
	pump(f->m);
	ring(f->m, 4, 0);
	ring(f->m, 65535, 65535);
	ring(f->m, 3, 1);
	ring(f->m, 3, 0x100);	/* QEMU takes 8 bits of it here */
	assert_int_equal(rung(&o, 0), 0);
	assert_int_equal(fake_counts().misses, before.misses + 4);
	other_leave(&o);
}

static void only_a_word_at_its_place_rings(void **state)
{
	struct fixture *f = *state;
	struct fake_counts before;
	struct other o;

	other_join(&o, f->fd, 0, 1);
	pump(f->m);
	before = fake_counts();
	for (unsigned int i = 0; i < 4; i++)
		address_space_stb(&f->m->as, REGS + IVSHMEM_DOORBELL + i, 0);
	address_space_stw_le(&f->m->as, REGS + IVSHMEM_DOORBELL, 0);
	address_space_stw_le(&f->m->as, REGS + IVSHMEM_DOORBELL + 2, 0);
	address_space_stq_le(&f->m->as, REGS + IVSHMEM_DOORBELL - 4, 0);
	address_space_stq_le(&f->m->as, REGS + IVSHMEM_DOORBELL, 0);
	address_space_stl_le(&f->m->as, REGS + IVSHMEM_DOORBELL + 2, 0);
	address_space_stl_le(&f->m->as, REGS + IVSHMEM_DOORBELL - 1, 0);
	assert_int_equal(rung(&o, 0), 0);
	assert_int_equal(fake_counts().rings, before.rings);
	assert_int_equal(fake_counts().misses, before.misses);
	ring(f->m, 0, 0);
	assert_int_equal(rung(&o, 0), 1);
	other_leave(&o);
}

static void vectors_change_while_it_lives(void **state)
{
	struct fixture *f = *state;
	struct other o;
	int another = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	other_join(&o, f->fd, 3, 4);
	pump(f->m);
	assert_ok(fake_set_vector(&o.me, 1, -1));
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 3);
	ring(f->m, 3, 1);
	assert_int_equal(rung(&o, 1), 0);
	assert_ok(fake_set_vector(&o.me, 1, another));
	assert_ok(fake_set_vector(&o.me, 2, another));
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 4);
	ring(f->m, 3, 1);
	ring(f->m, 3, 2);
	assert_int_equal(rung(&o, 1) + rung(&o, 2), 0);
	close(o.fds[0]);
	o.fds[0] = another;
	assert_int_equal(rung(&o, 0), 2);
	other_leave(&o);
}

/* Told in one turn with all that came before it. */
static void who_came_and_went_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int before = open_fds();
	struct other o;

	for (unsigned int i = 0; i < 5; i++) {
		other_join(&o, f->fd, 3, 4);
		assert_ok(fake_set_vector(&o.me, 1, o.fds[2]));
		if (i % 2)
			pump(f->m);
		other_leave(&o);
	}
	other_join(&o, f->fd, 3, 4);
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 4);
	ring(f->m, 3, 1);
	assert_int_equal(rung(&o, 1), 1);
	other_leave(&o);
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS);
	assert_int_equal(open_fds(), before);
}

static void a_resync_is_a_difference(void **state)
{
	struct fixture *f = *state;
	struct other stays, goes, comes, changes;
	unsigned int adds, dels;

	other_join(&stays, f->fd, 1, 8);
	other_join(&goes, f->fd, 2, 8);
	other_join(&changes, f->fd, 3, 8);
	pump(f->m);
	adds = f->m->adds;
	dels = f->m->dels;
	other_leave(&goes);
	other_join(&comes, f->fd, 2, 6);	/* an id that comes back */
	assert_ok(fake_set_vector(&changes.me, 5, changes.fds[4]));
	fake_overrun(9);
	f->m->commits = 0;
	pump(f->m);
	assert_int_equal(f->m->commits, 1);
	assert_int_equal(f->m->dels - dels, 8 + 1);
	assert_int_equal(f->m->adds - adds, 6 + 1);
	ring(f->m, 2, 5);
	assert_int_equal(rung(&comes, 5), 1);
	ring(f->m, 1, 7);
	assert_int_equal(rung(&stays, 7), 1);
	ring(f->m, 3, 5);
	assert_int_equal(rung(&changes, 4), 1);
	adds = f->m->adds;
	fake_overrun(9);
	pump(f->m);
	assert_int_equal(f->m->adds, adds);
	other_leave(&stays);
	other_leave(&comes);
	other_leave(&changes);
	fake_overrun(9);
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS);
}

/* A list that is longer than one read(). */
static void many_peers(void **state)
{
	struct fixture *f = *state;
	struct other *o = calloc(200, sizeof(*o));

	for (unsigned int i = 0; i < 200; i++)
		other_join(&o[i], f->fd, 10 + i, 2);
	fake_overrun(9);
	f->m->commits = 0;
	assert_int_equal(settle(f->m), 3);	/* of 3 * 200 events and vectors */
	assert_int_equal(attached(f->m), VECTORS + 400);
	assert_int_equal(f->m->commits, 3);
	for (unsigned int i = 0; i < 200; i++) {
		ring(f->m, 10 + i, 1);
		assert_int_equal(rung(&o[i], 1), 1);
		other_leave(&o[i]);
	}
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS);
	free(o);
}

#define CROWD	20u

/* So many with as many vectors as there are, from id 10 on. */
static void crowd_join(struct other *o, int region)
{
	for (unsigned int i = 0; i < CROWD; i++)
		other_join(&o[i], region, 10 + i, ARRAY_SIZE(o[i].fds));
}

/* The main thread has more to do than to follow peers: whatever they do, a turn ends. */
static void a_turn_is_short(void **state)
{
	struct fixture *f = *state;
	struct other *o = calloc(CROWD, sizeof(*o));
	const unsigned int all = CROWD * ARRAY_SIZE(o->fds), most = 256 + ARRAY_SIZE(o->fds);
	unsigned int before;

	crowd_join(o, f->fd);
	pump(f->m);
	assert_in_range(attached(f->m), VECTORS + 1, VECTORS + most);
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS + all);
	for (unsigned int i = 0; i < CROWD; i++)
		other_leave(&o[i]);
	fake_overrun(9);		/* gone all at once, in two events */
	for (unsigned int left = all; left; left = attached(f->m) - VECTORS) {
		before = f->m->dels;
		pump(f->m);
		assert_in_range(f->m->dels - before, 1, most);
		assert_true(attached(f->m) == VECTORS || !f->m->loop.news->events);
	}
	pump(f->m);
	assert_int_equal(f->m->loop.news->events, EPOLLIN);
	assert_false(can_read(f->m->loop.timer->fd));
	free(o);
}

/* Nor does a crowd keep a machine from starting. */
static void a_start_is_short(void **state)
{
	const struct membership_request req = { .vectors = IVSHMEM_VECTORS_MAX };
	struct fixture *f = *state;
	struct membership crowd[100];
	struct machine *m;
	struct error err;

	for (unsigned int i = 0; i < ARRAY_SIZE(crowd); i++) {
		struct membership_request wanted = req;

		wanted.peer = 10 + i;
		assert_ok(membership_join(&crowd[i], f->fd, "pool", &wanted, &err));
	}
	m = machine_new(f->fd, "ivshmem-doorbell,memdev=m,peer=5");
	config(m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_CONTROL, IVSHMEM_EXT_ENABLE, 2);
	assert_int_not_equal(load(m, PEERS + 4 * 10), 0);
	assert_int_equal(load(m, PEERS + 4 * 109), 0);
	settle(m);
	assert_int_not_equal(load(m, PEERS + 4 * 109), 0);
	machine_free(m);
	for (unsigned int i = 0; i < ARRAY_SIZE(crowd); i++)
		membership_leave(&crowd[i]);
}

/* Who comes and goes fast enough starts the list anew before it ends, each time. */
static void who_left_is_forgotten_in_a_storm(void **state)
{
	struct fixture *f = *state;
	struct other *o = calloc(200, sizeof(*o));

	for (unsigned int i = 0; i < 200; i++)
		other_join(&o[i], f->fd, 10 + i, 2);
	settle(f->m);
	other_leave(&o[5]);
	for (unsigned int i = 0; i < 10; i++) {
		fake_overrun(9);
		pump(f->m);
		assert_true(can_read(f->m->loop.news->fd));
	}
	assert_int_equal(attached(f->m), VECTORS + 398);
	for (unsigned int i = 0; i < 200; i++)
		if (i != 5)
			other_leave(&o[i]);
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS);
	free(o);
}

static void without_a_descriptor_it_rings_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct fake_counts before = fake_counts();
	struct other a, b;

	other_join(&a, f->fd, 3, 8);
	other_join(&b, f->fd, 4, 8);
	fake_doorbells_left(11);
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 11);
	for (unsigned int i = 0; i < 8; i++) {
		ring(f->m, 3, i);
		ring(f->m, 4, i);
		assert_int_equal(rung(&a, i), 1);
		assert_int_equal(rung(&b, i), 1);
	}
	assert_int_equal(fake_counts().rings, before.rings + 5);
	fake_doorbells_left(-1);
	fake_overrun(9);
	pump(f->m);
	assert_int_equal(attached(f->m), VECTORS + 16);
	other_leave(&a);
	other_leave(&b);
}

/* Numbers near the limit are for all else: the monitor's clients, say. */
static void not_all_descriptors_are_for_doorbells(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, few;
	struct machine *m;
	struct other o;
	int next;

	other_join(&o, f->fd, 3, 32);
	next = dup(f->fd);
	close(next);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	few = (struct rlimit){ .rlim_cur = next + 20 + 64, .rlim_max = old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &few));
	m = machine_new(f->fd, "ivshmem-doorbell,memdev=m,peer=5");
	assert_in_range(attached(m), 1 + 1, 1 + 20);
	for (int fd = next + 20; fd < next + 20 + 64; fd++)
		assert_true(fcntl(fd, F_GETFD) < 0);
	for (unsigned int i = 0; i < 32; i++) {
		ring(m, 3, i);
		assert_int_equal(rung(&o, i), 1);
	}
	machine_free(m);
	other_leave(&o);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
}

/* Nor for one's own vectors: it is said at once, and not when the monitor can't be reached. */
static void too_few_descriptors_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct {
		unsigned int limit;
		const char *options, *why;
	} cases[] = {
		{ 64, "ivshmem-doorbell,memdev=m,peer=5", "vectors=1: no eventfd for each" },
		{ 64 + 64, "ivshmem-doorbell,memdev=m,peer=5,vectors=64", "(ulimit -n)" },
	};
	struct rlimit old;

	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rlimit few = { .rlim_cur = cases[i].limit, .rlim_max = old.rlim_max };

		assert_ok(setrlimit(RLIMIT_NOFILE, &few));
		refused(f->fd, &(struct how){ .options = cases[i].options }, cases[i].why);
	}
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(fake_members(), 1);
}

static void who_may_only_read_rings_oneself(void **state)
{
	const struct how how = { .options = "ivshmem-doorbell,memdev=m,peer=5", .readonly = true };
	struct fixture *f = *state;
	struct machine *m;
	struct error err;
	struct other o;

	fake_set_readonly(true);
	assert_ok(machine_try(&m, f->fd, &how, &err));
	machine_drive(m);
	other_join(&o, f->fd, 3, 1);
	pump(m);
	assert_int_equal(attached(m), 1);
	ring(m, 3, 0);
	assert_int_equal(rung(&o, 0), 0);
	ring_slowly(m, 5, 0);
	assert_int_equal(load(m, MSIX + IVSHMEM_MSIX_PBA), 1);
	other_leave(&o);
	machine_free(m);
}

static void pump_scarcely(struct machine *m, unsigned int good, unsigned int bad)
{
	scarce_begin(good, bad);
	pump(m);
	scarce_end();
	all_attached_are_open(m);
}

/* Whichever allocation fails, it is made up for: all is as if there had been enough. */
static void what_failed_is_tried_again(void **state)
{
	struct fixture *f = *state;
	unsigned int before = open_fds();
	int another = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t slow = fake_counts().rings;
	struct other o;

	config(f->m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_CONTROL, IVSHMEM_EXT_ENABLE, 2);
	other_join(&o, f->fd, 50, 4);
	pump_scarcely(f->m, 1, 1);	/* a peer, but no room for its vectors */
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS + 4);
	other_leave(&o);
	settle(f->m);
	for (unsigned int i = 0; i < 60; i++) {
		other_join(&o, f->fd, 100 + i, 4);
		pump_scarcely(f->m, i / 3, i % 3 + 1);
		settle(f->m);
		assert_int_equal(attached(f->m), VECTORS + 4);
		assert_true(load(f->m, PEERS + 4 * (100 + i)) & IVSHMEM_PEER_JOINED);
		assert_ok(fake_set_vector(&o.me, 2, another));
		pump_scarcely(f->m, i / 3, i % 3 + 1);
		assert_ok(fake_set_vector(&o.me, 3, another));
		settle(f->m);
		assert_int_equal(attached(f->m), VECTORS + 4);
		for (unsigned int v = 0; v < 4; v++)
			ring(f->m, 100 + i, v);
		assert_true(rung(&o, 0) == 1 && rung(&o, 1) == 1 && !rung(&o, 2) && !rung(&o, 3));
		other_leave(&o);
		pump_scarcely(f->m, i / 3, i % 3 + 1);
		settle(f->m);
		assert_int_equal(attached(f->m), VECTORS);
	}
	assert_int_equal(fake_counts().rings, slow);
	close(another);
	assert_int_equal(open_fds(), before);
}

/* One comes and goes, and memory runs out when it does the one or the other. */
static void come_and_go(struct fixture *f, uint32_t id, unsigned int good, unsigned int bad,
			bool at_join)
{
	struct other o;

	other_join(&o, f->fd, id, 4);
	pump_scarcely(f->m, good, at_join ? bad : 0);
	for (unsigned int i = 0; i < 4; i++) {
		ring(f->m, id, i);
		assert_int_equal(rung(&o, i), 1);
	}
	other_leave(&o);
	pump_scarcely(f->m, good, at_join ? 0 : bad);
}

/* What was to be attached and could not be yet, and then is not to be any more. */
static void vectors_change_before_they_are_attached(void **state)
{
	struct fixture *f = *state;
	uint64_t slow = fake_counts().rings;
	unsigned int before = open_fds();
	struct other o;

	other_join(&o, f->fd, 3, 4);
	pump_scarcely(f->m, 5, 1);	/* the peer and four lists; not the change of the model */
	assert_int_equal(attached(f->m), VECTORS);
	assert_int_equal(open_fds(), before + 4 + 1 + 4 + 4);	/* his, the fake's, ours */
	assert_ok(fake_set_vector(&o.me, 0, -1));
	assert_ok(fake_set_vector(&o.me, 3, -1));
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS + 2);
	for (unsigned int i = 0; i < 4; i++) {
		ring(f->m, 3, i);
		assert_int_equal(rung(&o, i), i == 1 || i == 2);
	}
	assert_int_equal(fake_counts().rings, slow);
	other_leave(&o);
	settle(f->m);
	assert_int_equal(open_fds(), before);
}

/* Whichever allocation fails: who is a peer is rung, and nothing is left. */
static void without_memory_it_rings_all_the_same(void **state)
{
	struct fixture *f = *state;
	unsigned int before = open_fds();
	struct other o;

	for (unsigned int i = 0; i < 80; i++)
		come_and_go(f, 100 + i, i / 4, i & 1 ? 1 : 1000, i & 2);
	other_join(&o, f->fd, 4, 4);
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS + 4);
	other_leave(&o);
	settle(f->m);
	assert_int_equal(attached(f->m), VECTORS);
	assert_int_equal(open_fds(), before);
}

/* Registers are words at their places, those of the extension too. */
static void between_words_is_nothing(void **state)
{
	struct fixture *f = *state;

	config(f->m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_CONTROL, IVSHMEM_EXT_ENABLE, 2);
	store(f->m, REGS + IVSHMEM_INTR_MASK, UINT32_MAX);
	for (uint32_t reg = 0; reg <= IVSHMEM_REGS_SIZE - 4; reg++) {
		assert_int_equal(address_space_ldub(&f->m->as, REGS + reg, NULL), 0);
		assert_int_equal(address_space_lduw_le(&f->m->as, REGS + reg, NULL), 0);
		if (reg % 4)
			assert_int_equal(load(f->m, REGS + reg), 0);
	}
}

/* --- the extension --- */

static void enable(struct machine *m, bool on)
{
	config(m, IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_CONTROL, on ? IVSHMEM_EXT_ENABLE : 0, 2);
}

static uint32_t word(struct machine *m, uint32_t peer)
{
	return load(m, PEERS + 4 * peer);
}

/* As the page has it: of the @generation of those that had the id. */
static uint32_t joined(uint32_t generation)
{
	return generation << IVSHMEM_PEER_GENERATION_SHIFT | IVSHMEM_PEER_JOINED;
}

static uint32_t gone(uint32_t generation)
{
	return generation << IVSHMEM_PEER_GENERATION_SHIFT;
}

static void it_is_hidden_until_it_is_enabled(void **state)
{
	struct fixture *f = *state;

	change_vector(f->m, 1);
	for (uint32_t reg = IVSHMEM_EXT_ABI; reg < IVSHMEM_REGS_SIZE; reg += 4)
		assert_int_equal(load(f->m, REGS + reg), 0);
	for (uint32_t peer = 0; peer < MAX_PEERS; peer++)
		assert_int_equal(word(f->m, peer), 0);
	enable(f->m, true);
	assert_int_equal(load(f->m, EXT(ABI)), IVSHMEM_EXT_VERSION);
	assert_int_equal(load(f->m, EXT(MAX_PEERS)), MAX_PEERS);
	assert_int_equal(load(f->m, EXT(CHANGES)), 1);
	assert_int_equal(load(f->m, EXT(NAME)), 'p' | 'o' << 8 | 'o' << 16 | 'l' << 24);
	for (uint32_t reg = IVSHMEM_EXT_NAME + 4; reg < IVSHMEM_REGS_SIZE; reg += 4)
		assert_int_equal(load(f->m, REGS + reg), 0);
	assert_int_equal(word(f->m, 9), joined(1));
	enable(f->m, false);
	for (uint32_t reg = IVSHMEM_EXT_ABI; reg < IVSHMEM_REGS_SIZE; reg += 4)
		assert_int_equal(load(f->m, REGS + reg), 0);
	assert_int_equal(word(f->m, 9), 0);
	enable(f->m, true);
	assert_int_equal(word(f->m, 9), joined(1));
}

/* Who maps BAR 0 to ring can change nothing of what the others are told. */
static void its_registers_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	uint32_t before[IVSHMEM_REGS_SIZE / 4];
	struct other o;

	enable(f->m, true);
	change_vector(f->m, 2);
	for (uint32_t reg = IVSHMEM_EXT_ABI; reg < IVSHMEM_REGS_SIZE; reg += 4) {
		before[reg / 4] = load(f->m, REGS + reg);
		store(f->m, REGS + reg, ~before[reg / 4]);
	}
	for (uint32_t reg = IVSHMEM_EXT_ABI; reg < IVSHMEM_REGS_SIZE; reg += 4)
		assert_int_equal(load(f->m, REGS + reg), before[reg / 4]);
	other_join(&o, f->fd, 3, 1);
	pump(f->m);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
	other_leave(&o);
}

static void no_vector_is_raised_while_it_is_disabled(void **state)
{
	struct fixture *f = *state;
	struct other o;

	change_vector(f->m, 2);
	other_join(&o, f->fd, 3, 1);
	pump(f->m);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 0);
	enable(f->m, true);
	enable(f->m, false);
	other_leave(&o);
	pump(f->m);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 0);
}

static void its_capability_can_be_found(void **state)
{
	struct fixture *f = *state;
	uint8_t cap = pci_config_read(f->m->bus, DEVFN, PCI_CAPABILITY_LIST, 1);

	assert_int_equal(cap, IVSHMEM_MSIX_CAP);
	cap = pci_config_read(f->m->bus, DEVFN, cap + 1, 1);
	assert_int_equal(cap, IVSHMEM_EXT_CAP);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 1, 1), 0);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 12, 4), IVSHMEM_EXT_NO_VECTOR);
	config(f->m, cap, UINT32_MAX, 4);
	config(f->m, cap + 4, 0, 4);
	config(f->m, cap + 8, UINT32_MAX, 4);
	config(f->m, cap + 12, UINT32_MAX, 4);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap, 4), 0x01100009);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 4, 4), IVSHMEM_EXT_MAGIC);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 8, 4), 0x00040001);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 12, 4), 0x0000ffff);
	config(f->m, cap + 12, 0x1234, 4);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN, cap + 12, 4), 0x1234);
}

static void peers_come_and_go_on_the_page(void **state)
{
	struct fixture *f = *state;
	struct other o;

	enable(f->m, true);
	change_vector(f->m, 2);
	other_join(&o, f->fd, 3, 1);
	assert_int_equal(word(f->m, 3), 0);
	pump(f->m);
	assert_int_equal(word(f->m, 3), joined(1));
	assert_int_equal(load(f->m, EXT(CHANGES)), 2);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
	other_leave(&o);
	pump(f->m);
	assert_int_equal(word(f->m, 3), gone(1));
	assert_int_equal(load(f->m, EXT(CHANGES)), 3);
	change_vector(f->m, VECTORS);
	other_join(&o, f->fd, 3, 1);
	pump(f->m);
	assert_int_equal(word(f->m, 3), joined(2));
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
	change_vector(f->m, 0);
	fake_overrun(9);
	pump(f->m);
	assert_int_equal(load(f->m, EXT(CHANGES)), 4);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2);
	other_leave(&o);
	pump(f->m);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 2 | 1);
}

static void a_guest_does_not_write_to_the_page(void **state)
{
	struct fixture *f = *state;

	enable(f->m, true);
	assert_int_equal(address_space_stl_le(&f->m->as, PEERS + 4 * 9, 0), MEMTX_ERROR);
	assert_int_equal(word(f->m, 9), joined(1));
}

/* --- going on --- */

static void machine_save(struct machine *m, struct state_set *set)
{
	pci_bus_save(m->bus, set);
	assert_false(set->error);
}

/* Another machine in @f->m's place, or why there is none; the page came back with the RAM. */
static int machine_go_on(struct fixture *f, const char *options, struct error *err)
{
	const struct how how = { .options = options, .restoring = true };
	uint32_t page[MAX_PEERS];
	struct state_set set;
	struct machine *to;
	int ret;

	state_set_init(&set);
	machine_save(f->m, &set);
	assert_int_equal(address_space_read(&f->m->as, PEERS, page, sizeof(page)), MEMTX_OK);
	machine_free(f->m);
	f->m = NULL;
	assert_ok(machine_try(&to, f->fd, &how, err));
	config(to, PCI_BASE_ADDRESS_0 + 4 * IVSHMEM_BAR_PEERS, PEERS, 4);
	config(to, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(address_space_write_rom(&to->as, PEERS, page, sizeof(page)), MEMTX_OK);
	ret = pci_bus_load(to->bus, &set, err);
	state_set_fini(&set);
	f->m = to;
	return ret;
}

static void it_goes_on_with_the_same_id(void **state)
{
	struct fixture *f = *state;
	struct other stays, goes;
	struct error err;

	enable(f->m, true);
	change_vector(f->m, 1);
	store(f->m, REGS + IVSHMEM_INTR_MASK, 0x1234);
	other_join(&stays, f->fd, 3, 2);
	other_join(&goes, f->fd, 4, 2);
	pump(f->m);
	other_leave(&goes);
	assert_ok(machine_go_on(f, "ivshmem-doorbell,memdev=m,vectors=4", &err));
	assert_int_equal(load(f->m, REGS + IVSHMEM_IV_POSITION), 9);
	assert_int_equal(load(f->m, REGS + IVSHMEM_INTR_MASK), 0x1234);
	assert_int_equal(pci_config_read(f->m->bus, DEVFN,
					 IVSHMEM_EXT_CAP + IVSHMEM_EXT_CAP_VECTOR, 2), 1);
	assert_int_equal(word(f->m, 3), joined(2));
	assert_int_equal(word(f->m, 4), gone(1));
	assert_int_equal(word(f->m, 9), joined(2));
	assert_true(load(f->m, EXT(CHANGES)) > 3);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 1 << 1);
	assert_int_equal(attached(f->m), VECTORS + 2);
	ring(f->m, 3, 1);
	assert_int_equal(rung(&stays, 1), 1);
	other_leave(&stays);
}

static void an_id_that_is_taken_is_said(void **state)
{
	struct fixture *f = *state;
	const struct how how = { .options = "ivshmem-doorbell,memdev=m", .restoring = true };
	struct machine *to;
	struct state_set set;
	struct error err;

	state_set_init(&set);
	machine_save(f->m, &set);
	assert_ok(machine_try(&to, f->fd, &(struct how){
		.options = "ivshmem-doorbell,memdev=m,vectors=4", .restoring = true }, &err));
	assert_int_equal(pci_bus_load(to->bus, &set, &err), -EBUSY);
	assert_non_null(strstr(err.text, "it has the id 9 in the snapshot"));
	assert_non_null(strstr(err.text, "ivshmemctl peers pool"));
	assert_true(err.arg);
	state_set_fini(&set);
	machine_free(to);

	/* and one vector less is another device */
	state_set_init(&set);
	machine_save(f->m, &set);
	assert_ok(machine_try(&to, f->fd, &how, &err));
	assert_int_equal(pci_bus_load(to->bus, &set, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is another where the snapshot was taken"));
	state_set_fini(&set);
	machine_free(to);
}

static void another_id_than_that_is_refused(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_int_equal(machine_go_on(f, "ivshmem-doorbell,memdev=m,vectors=4,peer=8", &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "peer=8, but it has the id 9 in the snapshot"));
}

/* --- what can't be --- */

static void what_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned int before = open_fds();

	refused(f->fd, &(struct how){ .options = "ivshmem-doorbell,memdev=m", .no_region = true },
		"memdev=m is no region of the module ivshmem_host");
	refused(f->fd, &(struct how){ .options = "ivshmem-doorbell,memdev=m,peer=9" },
		"-device ivshmem-doorbell: region 'pool': the id is taken");
	assert_int_equal(open_fds(), before);
	assert_int_equal(fake_members(), 1);
}

static void the_plain_device_has_none_of_it(void **state)
{
	struct fixture *f = *state;
	struct machine *m = machine_new(f->fd, "ivshmem-plain,memdev=m");

	assert_int_equal(fake_members(), 1);
	assert_true(!m->loop.news && !m->loop.timer);
	assert_int_equal(pci_config_read(m->bus, DEVFN, PCI_STATUS, 2), 0);
	assert_int_equal(pci_config_read(m->bus, DEVFN, PCI_CAPABILITY_LIST, 1), 0);
	for (unsigned int reg = IVSHMEM_MSIX_CAP; reg < PCI_CONFIG_SIZE; reg += 4)
		assert_int_equal(pci_config_read(m->bus, DEVFN, reg, 4), 0);
	config(m, PCI_BASE_ADDRESS_1, UINT32_MAX, 4);
	config(m, PCI_BASE_ADDRESS_4, UINT32_MAX, 4);
	assert_int_equal(pci_config_read(m->bus, DEVFN, PCI_BASE_ADDRESS_1, 4), 0);
	assert_int_equal(pci_config_read(m->bus, DEVFN, PCI_BASE_ADDRESS_4, 4), 0);
	ring(m, 9, 0);
	assert_int_equal(load(f->m, MSIX + IVSHMEM_MSIX_PBA), 0);
	for (uint32_t reg = IVSHMEM_IV_POSITION; reg < IVSHMEM_REGS_SIZE; reg += 4)
		assert_int_equal(load(m, REGS + reg), 0);
	machine_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_peer_is_rung_by_its_eventfd),
		TEST(one_may_ring_oneself),
		TEST(a_full_eventfd_blocks_nobody),
		TEST(who_is_nobody_is_not_rung),
		TEST(only_a_word_at_its_place_rings),
		TEST(vectors_change_while_it_lives),
		TEST(who_came_and_went_leaves_nothing),
		TEST(a_resync_is_a_difference),
		TEST(many_peers),
		TEST(a_turn_is_short),
		TEST(a_start_is_short),
		TEST(who_left_is_forgotten_in_a_storm),
		TEST(without_a_descriptor_it_rings_all_the_same),
		TEST(not_all_descriptors_are_for_doorbells),
		TEST(too_few_descriptors_are_refused),
		TEST(who_may_only_read_rings_oneself),
		TEST(what_failed_is_tried_again),
		TEST(vectors_change_before_they_are_attached),
		TEST(without_memory_it_rings_all_the_same),
		TEST(between_words_is_nothing),
		TEST(it_is_hidden_until_it_is_enabled),
		TEST(its_registers_cannot_be_written),
		TEST(no_vector_is_raised_while_it_is_disabled),
		TEST(its_capability_can_be_found),
		TEST(peers_come_and_go_on_the_page),
		TEST(a_guest_does_not_write_to_the_page),
		TEST(it_goes_on_with_the_same_id),
		TEST(an_id_that_is_taken_is_said),
		TEST(another_id_than_that_is_refused),
		TEST(what_cannot_be_is_refused),
		TEST(the_plain_device_has_none_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
