// SPDX-License-Identifier: GPL-2.0-only
/* Eventfds and coalesced ranges: where they are shown, and in which order they come and go. */
#include <errno.h>
#include <inttypes.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "memory/access.h"
#include "memory/attachments.h"
#include "memory/change.h"
#include "memory/internal.h"
#include "memory/listener.h"
#include "scarce.h"
#include "unit.h"
#include "util.h"

/*
 * A listener that writes down what is attached: "+fd:10/4=7" an eventfd of 4 bytes that matches 7.
 */
struct scribe {
	struct memory_listener listener;
	char log[2048];
	int refuse;			/* what eventfd_add returns */
};

struct fixture {
	struct memory *mem;
	struct memory_region root, dev, other;
	struct address_space as;
	struct scribe scribe;
	unsigned int stores;		/* that reached a device */
};

static enum memtx_result dev_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct fixture *f = opaque;

	(void)addr;
	(void)data;
	(void)size;
	f->stores++;
	return MEMTX_OK;
}

static const struct memory_region_ops dev_ops = { .write = dev_write };

static void note(struct memory_listener *l, const char *format, ...)
{
	struct scribe *s = container_of(l, struct scribe, listener);
	size_t used = strlen(s->log);
	va_list args;

	va_start(args, format);
	used += snprintf(s->log + used, sizeof(s->log) - used, "%s", used ? " " : "");
	vsnprintf(s->log + used, sizeof(s->log) - used, format, args);
	va_end(args);
}

static void note_eventfd(struct memory_listener *l, char sign, hwaddr addr, unsigned int size,
			 bool match, uint64_t data)
{
	if (match)
		note(l, "%cfd:%" PRIx64 "/%u=%" PRIu64, sign, addr, size, data);
	else
		note(l, "%cfd:%" PRIx64 "/%u", sign, addr, size);
}

static int scribe_eventfd_add(struct memory_listener *l, const struct memory_region_section *sec,
			      unsigned int size, bool match, uint64_t data, int fd)
{
	(void)fd;
	note_eventfd(l, '+', sec->offset_within_address_space, size, match, data);
	return container_of(l, struct scribe, listener)->refuse;
}

static void scribe_eventfd_del(struct memory_listener *l, const struct memory_region_section *sec,
			       unsigned int size, bool match, uint64_t data, int fd)
{
	(void)fd;
	note_eventfd(l, '-', sec->offset_within_address_space, size, match, data);
}

static int scribe_coalesced_add(struct memory_listener *l, const struct memory_region_section *sec,
				hwaddr addr, uint64_t len)
{
	(void)sec;
	note(l, "+co:%" PRIx64 "/%" PRIx64, addr, len);
	return 0;
}

static void scribe_coalesced_del(struct memory_listener *l,
				 const struct memory_region_section *sec, hwaddr addr, uint64_t len)
{
	(void)sec;
	note(l, "-co:%" PRIx64 "/%" PRIx64, addr, len);
}

static int scribe_region_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	note(l, "+%s", memory_region_name(sec->mr));
	return 0;
}

static void scribe_region_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	note(l, "-%s", memory_region_name(sec->mr));
}

static void assert_heard(struct fixture *f, const char *expected)
{
	assert_string_equal(f->scribe.log, expected);
	f->scribe.log[0] = '\0';
}

/* dev at 0x1000; other is in nobody. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_io(&f->dev, f->mem, NULL, &dev_ops, f, "dev", 0x1000));
	assert_ok(memory_region_init_io(&f->other, f->mem, NULL, &dev_ops, f, "other", 0x100));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->dev));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	f->scribe.listener = (struct memory_listener){
		.name = "scribe",
		.eventfd_add = scribe_eventfd_add, .eventfd_del = scribe_eventfd_del,
		.coalesced_io_add = scribe_coalesced_add, .coalesced_io_del = scribe_coalesced_del,
		.region_add = scribe_region_add, .region_del = scribe_region_del,
	};
	memory_thread_register();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_thread_unregister();
	address_space_fini(&f->as);
	memory_region_fini(&f->root);
	memory_region_fini(&f->dev);
	memory_region_fini(&f->other);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void listen_quietly(struct fixture *f)
{
	assert_ok(memory_listener_register(&f->scribe.listener, &f->as));
	f->scribe.log[0] = '\0';
}

static void an_eventfd_is_told_and_taken_back(void **state)
{
	struct fixture *f = *state;

	listen_quietly(f);
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 7, 5));
	assert_heard(f, "+fd:1010/4=7");
	assert_ok(memory_region_del_eventfd(&f->dev, 0x10, 4, true, 7, 5));
	assert_heard(f, "-fd:1010/4=7");
	memory_listener_unregister(&f->scribe.listener);
}

static void removals_come_before_additions(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x20, 8, false, 0, 6));
	listen_quietly(f);
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_add_eventfd(&f->dev, 0, 2, false, 0, 7));
	assert_ok(memory_region_del_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	assert_ok(memory_region_del_eventfd(&f->dev, 0x20, 8, false, 0, 6));
	assert_ok(memory_transaction_commit(f->mem));
	assert_heard(f, "-fd:1020/8 -fd:1010/4 +fd:1000/2");
	memory_listener_unregister(&f->scribe.listener);
}

static void eventfds_follow_their_region(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	listen_quietly(f);
	assert_ok(memory_region_set_address(&f->dev, 0x8000));
	assert_heard(f, "-fd:1010/4 -dev +dev +fd:8010/4");
	assert_ok(memory_region_set_enabled(&f->dev, false));
	assert_heard(f, "-fd:8010/4 -dev");
	memory_listener_unregister(&f->scribe.listener);
	assert_heard(f, "");
}

static void registering_replays_what_is_attached(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_coalescing(&f->dev, 0x100, 0x40));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 0, false, 0, 5));
	assert_ok(memory_listener_register(&f->scribe.listener, &f->as));
	assert_heard(f, "+dev +fd:1010/0 +co:1100/40");
	memory_listener_unregister(&f->scribe.listener);
	assert_heard(f, "-co:1100/40 -fd:1010/0 -dev");
}

static void what_was_attached_while_nobody_listened_is_replayed(void **state)
{
	struct fixture *f = *state;

	listen_quietly(f);
	memory_listener_unregister(&f->scribe.listener);
	f->scribe.log[0] = '\0';
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 0, false, 0, 5));
	assert_ok(memory_listener_register(&f->scribe.listener, &f->as));
	assert_heard(f, "+dev +fd:1010/0");
	memory_listener_unregister(&f->scribe.listener);
}

/* However many there are: a change somewhere else looks at none of them. */
static void a_change_elsewhere_leaves_them_alone(void **state)
{
	struct fixture *f = *state;
	const struct attachment *before;

	listen_quietly(f);
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	before = f->as.change->attached.v;
	assert_int_equal(f->as.change->attached.nr, 1);
	assert_ok(memory_region_add_subregion(&f->root, 0x8000, &f->other));
	assert_ptr_equal(f->as.change->attached.v, before);
	assert_ok(memory_region_set_address(&f->other, 0xa000));
	assert_ptr_equal(f->as.change->attached.v, before);
	assert_ok(memory_region_add_eventfd(&f->other, 0, 4, false, 0, 6));
	assert_int_equal(f->as.change->attached.nr, 2);
	assert_ok(memory_region_set_address(&f->other, 0xc000));
	assert_int_equal(f->as.change->attached.v[1].at.first, 0xc000);
	assert_ok(memory_region_del_subregion(&f->root, &f->other));
	assert_int_equal(f->as.change->attached.nr, 1);
	memory_listener_unregister(&f->scribe.listener);
}

static void an_eventfd_must_be_seen_whole(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x18, 8, false, 0, 6));
	listen_quietly(f);
	assert_ok(memory_region_add_subregion(&f->root, 0x1012, &f->other));
	assert_heard(f, "-fd:1018/8 -fd:1010/4 -dev +dev +other +dev");
	assert_ok(memory_region_set_address(&f->other, 0x1014));
	assert_heard(f, "-dev -other -dev +dev +other +dev +fd:1010/4");
	memory_listener_unregister(&f->scribe.listener);
}

static void coalesced_ranges_are_cut_to_what_is_seen(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_coalescing(&f->dev, 0, 0x1000));
	listen_quietly(f);
	assert_ok(memory_region_add_subregion(&f->root, 0x1400, &f->other));
	assert_heard(f, "-co:1000/1000 -dev +dev +other +dev +co:1000/400 +co:1500/b00");
	assert_ok(memory_region_del_subregion(&f->root, &f->other));
	assert_heard(f, "-co:1500/b00 -co:1000/400 -dev -other -dev +dev +co:1000/1000");
	assert_ok(memory_region_clear_coalescing(&f->dev));
	assert_heard(f, "-co:1000/1000");
	memory_listener_unregister(&f->scribe.listener);
}

/*
 * Two ranges that are cut to the same one are told as one, and what is left of them is right again.
 */
static void coalesced_ranges_that_look_alike_are_one(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_coalescing(&f->dev, 0x10, 0x60));
	assert_ok(memory_region_add_coalescing(&f->dev, 0x40, 0x100));
	assert_ok(memory_region_add_subregion(&f->root, 0x0f40, &f->other));
	assert_ok(memory_region_set_size(&f->dev, 0x60));
	listen_quietly(f);
	memory_listener_unregister(&f->scribe.listener);
	assert_heard(f, "-co:1040/20 -dev -other");
	assert_ok(memory_listener_register(&f->scribe.listener, &f->as));
	assert_heard(f, "+other +dev +co:1040/20");
	assert_ok(memory_region_del_subregion(&f->root, &f->other));
	assert_heard(f, "-dev -other +dev +co:1010/50");
	memory_listener_unregister(&f->scribe.listener);
}

/* Devices take their own locks then, which go before the model's. */
static void note_holder(void *opaque)
{
	struct fixture *f = opaque;

	f->stores++;
	assert_null(f->mem->holder);
}

static void stores_under_way_arrive_without_the_lock(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_coalescing(&f->dev, 0, 8));
	memory_set_coalesced_source(f->mem, note_holder, f);
	assert_ok(memory_region_clear_coalescing(&f->dev));
	assert_int_equal(f->stores, 1);
	memory_set_coalesced_source(f->mem, NULL, NULL);
}

static void what_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x10, 3, false, 0, 5), -EINVAL);
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x10, 16, false, 0, 5), -EINVAL);
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0xffd, 4, false, 0, 5), -EINVAL);
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x1000, 0, false, 0, 5), -EINVAL);
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, -1), -EINVAL);
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 1, 5));
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 1, 6), -EEXIST);
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 2, 5));
	assert_int_equal(memory_region_del_eventfd(&f->dev, 0x10, 4, true, 3, 5), -ENOENT);
	assert_int_equal(memory_region_del_eventfd(&f->dev, 0x10, 4, true, 1, 6), -ENOENT);
	assert_int_equal(memory_region_add_coalescing(&f->dev, 0x800, 0x801), -EINVAL);
	assert_int_equal(memory_region_add_coalescing(&f->dev, 0, 0), -EINVAL);
	assert_ok(memory_region_clear_coalescing(&f->dev));
}

static void a_refusal_goes_to_who_attached(void **state)
{
	struct fixture *f = *state;

	listen_quietly(f);
	f->scribe.refuse = -ENOSPC;
	assert_int_equal(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, 5), -ENOSPC);
	assert_ok(memory_region_del_eventfd(&f->dev, 0x10, 4, false, 0, 5));
	assert_heard(f, "+fd:1010/4 -fd:1010/4");
	memory_listener_unregister(&f->scribe.listener);
}

static uint64_t raised(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void a_store_that_comes_here_raises_the_eventfd(void **state)
{
	struct fixture *f = *state;
	int one = eventfd(0, EFD_NONBLOCK), any = eventfd(0, EFD_NONBLOCK);

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 7, one));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x20, 0, false, 0, any));
	assert_true(attachments_signal(&f->dev, 0x10, 4, 7));
	assert_false(attachments_signal(&f->dev, 0x10, 4, 8));
	assert_false(attachments_signal(&f->dev, 0x10, 2, 7));
	assert_false(attachments_signal(&f->dev, 0x11, 4, 7));
	assert_int_equal(raised(one), 1);
	assert_true(attachments_signal(&f->dev, 0x20, 1, 99));
	assert_true(attachments_signal(&f->dev, 0x20, 8, 1));
	assert_int_equal(raised(any), 2);
	close(one);
	close(any);
}

/* Two eventfds of one store (any size, and a size) are both raised. */
static void two_eventfds_may_mean_one_store(void **state)
{
	struct fixture *f = *state;
	int one = eventfd(0, EFD_NONBLOCK), any = eventfd(0, EFD_NONBLOCK);

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, false, 0, one));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 0, false, 0, any));
	assert_true(attachments_signal(&f->dev, 0x10, 4, 7));
	assert_int_equal(raised(one), 1);
	assert_int_equal(raised(any), 1);
	close(one);
	close(any);
}

/* KVM could not have it, or has not got it yet: the store has the same effect. */
static void an_access_raises_it_instead_of_reaching_the_device(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_NONBLOCK);

	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 7, fd));
	assert_int_equal(address_space_stl_le(&f->as, 0x1010, 7), MEMTX_OK);
	assert_int_equal(f->stores, 0);
	assert_int_equal(raised(fd), 1);
	assert_int_equal(address_space_stl_le(&f->as, 0x1010, 8), MEMTX_OK);
	assert_int_equal(address_space_stb(&f->as, 0x1010, 7), MEMTX_OK);
	assert_int_equal(f->stores, 2);
	assert_int_equal(raised(fd), 0);
	close(fd);
}

/* Somebody else made it block, and filled it: a vCPU thread that writes would wait for ever. */
static void a_device_may_ring_by_itself(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(0, 0);

	memory_region_ring_by_device(&f->dev);
	assert_ok(eventfd_write(fd, UINT64_MAX - 1));
	assert_ok(memory_region_add_eventfd(&f->dev, 0x10, 4, true, 7, fd));
	assert_int_equal(address_space_stl_le(&f->as, 0x1010, 7), MEMTX_OK);
	assert_int_equal(f->stores, 1);
	assert_int_equal(raised(fd), UINT64_MAX - 1);
	close(fd);
}

#define BATCH	64

/* Stores of 0 to BATCH - 1 to one place, in no order. */
static void batch_fill(struct memory_eventfd v[BATCH])
{
	for (unsigned int i = 0; i < BATCH; i++)
		v[i] = (struct memory_eventfd){ 0x10, 4, true, i * 37 % BATCH, 100 + i };
}

static unsigned int attached_now(const struct fixture *f)
{
	return f->as.change->attached.nr;
}

static void a_batch_is_one_change(void **state)
{
	struct fixture *f = *state;
	struct memory_eventfd v[BATCH];
	uint64_t before;

	listen_quietly(f);
	batch_fill(v);
	before = f->mem->generation;
	assert_ok(memory_region_add_eventfds(&f->dev, v, BATCH));
	assert_int_equal(f->mem->generation, before + 1);
	assert_int_equal(attached_now(f), BATCH);
	assert_memory_equal(f->scribe.log, "+fd:1010/4=0 +fd:1010/4=1 +fd:1010/4=2 ", 39);
	for (unsigned int i = 0; i < BATCH; i++)
		assert_int_equal(f->as.change->attached.v[i].fd, 100 + i * 45 % BATCH);
	assert_ok(memory_region_del_eventfds(&f->dev, v + 8, BATCH - 8));
	assert_int_equal(attached_now(f), 8);
	assert_ok(memory_region_del_eventfds(&f->dev, v, 8));
	assert_int_equal(attached_now(f), 0);
	assert_ok(memory_region_add_eventfds(&f->dev, v, 0));
	assert_ok(memory_region_del_eventfds(&f->dev, v, 0));
	memory_listener_unregister(&f->scribe.listener);
}

static void a_batch_is_taken_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct memory_eventfd v[BATCH], wrong;

	listen_quietly(f);
	batch_fill(v);
	wrong = v[5];
	v[5].fd = -1;
	assert_int_equal(memory_region_add_eventfds(&f->dev, v, BATCH), -EINVAL);
	v[5] = v[6];
	assert_int_equal(memory_region_add_eventfds(&f->dev, v, BATCH), -EEXIST);
	v[5] = wrong;
	assert_int_equal(attached_now(f), 0);
	assert_ok(memory_region_add_eventfds(&f->dev, &v[9], 1));
	assert_int_equal(memory_region_add_eventfds(&f->dev, v, BATCH), -EEXIST);
	assert_int_equal(memory_region_del_eventfds(&f->dev, v + 9, 2), -ENOENT);
	assert_int_equal(attached_now(f), 1);
	v[9].fd++;
	assert_int_equal(memory_region_del_eventfds(&f->dev, v + 9, 1), -ENOENT);
	assert_int_equal(attached_now(f), 1);
	memory_listener_unregister(&f->scribe.listener);
}

/* Whichever allocation fails: a region has all of it or nothing, and a later commit catches up. */
static void without_memory_a_batch_stays_whole(void **state)
{
	struct fixture *f = *state;
	struct memory_eventfd v[BATCH];
	unsigned int good, nr;
	int ret;

	listen_quietly(f);
	batch_fill(v);
	for (good = 0, ret = -ENOMEM; ret; good++) {
		scarce_begin(good, 1000);
		ret = memory_region_add_eventfds(&f->dev, v, BATCH);
		scarce_end();
		nr = f->dev.attachments ? f->dev.attachments->nr : 0;
		assert_true(!ret || ret == -ENOMEM);
		assert_true(nr == (ret ? 0 : BATCH) || (ret && nr == BATCH));
		if (ret && nr)
			assert_ok(memory_region_del_eventfds(&f->dev, v, BATCH));
		f->scribe.log[0] = '\0';
	}
	assert_true(good > 2);
	for (good = 0, ret = -ENOMEM; ret; good++) {
		scarce_begin(good, 1000);
		ret = memory_region_del_eventfds(&f->dev, v, BATCH);
		scarce_end();
		assert_true(!ret || ret == -ENOMEM);
		if (ret && !f->dev.attachments->nr)
			break;
		f->scribe.log[0] = '\0';
	}
	assert_ok(memory_region_add_eventfd(&f->dev, 0x20, 4, true, 1, 5));
	assert_int_equal(attached_now(f), 1);
	memory_listener_unregister(&f->scribe.listener);
}

/* Who looks may still write: nothing is closed while an access is under way. */
static void descriptors_are_closed_after_the_last_access(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	urcu_memb_read_lock();
	memory_close_fds(&fd, 1);
	assert_ok(eventfd_write(fd, 1));
	urcu_memb_read_unlock();
	urcu_memb_barrier();
	assert_int_equal(eventfd_write(fd, 1), -1);
	assert_int_equal(errno, EBADF);
	memory_close_fds(NULL, 0);
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	scarce_begin(0, 1);
	memory_close_fds(&fd, 1);
	assert_int_equal(scarce_end(), 1);
	assert_int_equal(eventfd_write(fd, 1), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(an_eventfd_is_told_and_taken_back),
		TEST(removals_come_before_additions),
		TEST(eventfds_follow_their_region),
		TEST(registering_replays_what_is_attached),
		TEST(what_was_attached_while_nobody_listened_is_replayed),
		TEST(a_change_elsewhere_leaves_them_alone),
		TEST(an_eventfd_must_be_seen_whole),
		TEST(coalesced_ranges_are_cut_to_what_is_seen),
		TEST(coalesced_ranges_that_look_alike_are_one),
		TEST(stores_under_way_arrive_without_the_lock),
		TEST(what_cannot_be_is_refused),
		TEST(a_refusal_goes_to_who_attached),
		TEST(a_store_that_comes_here_raises_the_eventfd),
		TEST(two_eventfds_may_mean_one_store),
		TEST(an_access_raises_it_instead_of_reaching_the_device),
		TEST(a_device_may_ring_by_itself),
		TEST(a_batch_is_one_change),
		TEST(a_batch_is_taken_whole_or_not_at_all),
		TEST(without_memory_a_batch_stays_whole),
		TEST(descriptors_are_closed_after_the_last_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
