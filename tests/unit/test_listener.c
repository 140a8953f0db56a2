// SPDX-License-Identifier: GPL-2.0-only
/* Listeners: the order of events, what a change says and what it does not, refusals. */
#include <errno.h>

#include "memory/access.h"
#include "recorder.h"
#include "unit.h"
#include "util.h"

struct fixture {
	struct memory *mem;
	struct memory_region root, a, b, c;
	struct address_space as;
	struct recorder rec;
	uint8_t ram[0x3000];
};

/* a, b and c of RAM at 0, 0x1000 and 0x2000. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct memory_region *leaf[] = { &f->a, &f->b, &f->c };
	static const char *const names[] = { "a", "b", "c" };

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	for (int i = 0; i < 3; i++) {
		assert_ok(memory_region_init_ram_ptr(leaf[i], f->mem, NULL, names[i], 0x1000,
						     f->ram + i * 0x1000));
		assert_ok(memory_region_add_subregion(&f->root, i * 0x1000, leaf[i]));
	}
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	recorder_init(&f->rec, 10);
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
	memory_region_fini(&f->a);
	memory_region_fini(&f->b);
	memory_region_fini(&f->c);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void registering_replays_and_unregistering_takes_back(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	assert_string_equal(recorder_take(&f->rec), "[ +a:0-fff +b:1000-1fff +c:2000-2fff ]");
	memory_listener_unregister(&f->rec.listener);
	assert_string_equal(recorder_take(&f->rec), "[ -c:2000-2fff -b:1000-1fff -a:0-fff ]");
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_string_equal(recorder_take(&f->rec), "");
}

static void a_move_is_a_deletion_and_an_addition(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	recorder_take(&f->rec);
	assert_ok(memory_region_set_address(&f->b, 0x8000));
	assert_string_equal(recorder_take(&f->rec),
			    "[ -b:1000-1fff =a:0-fff =c:2000-2fff +b:8000-8fff ]");
	memory_listener_unregister(&f->rec.listener);
}

static void deletions_come_first_and_backwards(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	recorder_take(&f->rec);
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_set_address(&f->a, 0x4000));
	assert_ok(memory_region_set_address(&f->c, 0));
	assert_ok(memory_region_set_readonly(&f->b, true));
	assert_string_equal(recorder_take(&f->rec), "");
	assert_ok(memory_transaction_commit(f->mem));
	assert_string_equal(recorder_take(&f->rec), "[ -c:2000-2fff -b:1000-1fff -a:0-fff "
			    "+c:0-fff +b:1000-1fff! +a:4000-4fff ]");
	memory_listener_unregister(&f->rec.listener);
}

static void an_overlay_splits_and_heals(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_del_subregion(&f->root, &f->b));
	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	recorder_take(&f->rec);
	assert_ok(memory_region_add_subregion(&f->root, 0x800, &f->b));
	assert_string_equal(recorder_take(&f->rec),
			    "[ -a:0-fff +a:0-7ff +b:800-17ff =c:2000-2fff ]");
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_string_equal(recorder_take(&f->rec),
			    "[ -b:800-17ff -a:0-7ff +a:0-fff =c:2000-2fff ]");
	memory_listener_unregister(&f->rec.listener);
}

static void what_cancels_out_is_not_told(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	recorder_take(&f->rec);
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_del_subregion(&f->root, &f->b));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->b));
	assert_ok(memory_transaction_commit(f->mem));
	assert_string_equal(recorder_take(&f->rec), "[ =a:0-fff =b:1000-1fff =c:2000-2fff ]");
	memory_listener_unregister(&f->rec.listener);
}

static void priorities_order_listeners(void **state)
{
	struct fixture *f = *state;
	struct recorder low, high;

	recorder_init(&low, 1);
	recorder_init(&high, 20);
	low.prefix = "low:";
	high.prefix = "high:";
	low.log = high.log = f->rec.log;
	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	assert_ok(memory_listener_register(&high.listener, &f->as));
	assert_ok(memory_listener_register(&low.listener, &f->as));
	recorder_take(&f->rec);
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_ok(memory_region_set_enabled(&f->c, false));
	assert_ok(memory_region_set_address(&f->a, 0x9000));
	assert_ok(memory_transaction_commit(f->mem));
	assert_string_equal(recorder_take(&f->rec), "low:[ [ high:[ "
			    "high:-c:2000-2fff -c:2000-2fff low:-c:2000-2fff "
			    "high:-b:1000-1fff -b:1000-1fff low:-b:1000-1fff "
			    "high:-a:0-fff -a:0-fff low:-a:0-fff "
			    "low:+a:9000-9fff +a:9000-9fff high:+a:9000-9fff "
			    "low:] ] high:]");
	memory_listener_unregister(&low.listener);
	memory_listener_unregister(&high.listener);
	memory_listener_unregister(&f->rec.listener);
}

static void a_listener_hears_of_its_space_alone(void **state)
{
	struct fixture *f = *state;
	struct address_space other;

	assert_ok(address_space_init(&other, f->mem, &f->b, "other"));
	assert_ok(memory_listener_register(&f->rec.listener, &other));
	assert_string_equal(recorder_take(&f->rec), "[ +b:0-fff ]");
	assert_ok(memory_region_set_enabled(&f->a, false));
	assert_string_equal(recorder_take(&f->rec), "[ =b:0-fff ]");
	memory_listener_unregister(&f->rec.listener);
	address_space_fini(&other);
}

/* A refusal reaches who made the change; the rest is told, the model serves what was refused. */
static void a_refusal_travels_and_stops_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0x12345678;

	f->rec.refuse = "b";
	assert_int_equal(memory_listener_register(&f->rec.listener, &f->as), -ENOSPC);
	assert_string_equal(recorder_take(&f->rec), "[ +a:0-fff +b:1000-1fff +c:2000-2fff ]");
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_set_address(&f->b, 0x4000));
	assert_ok(memory_region_set_address(&f->c, 0x5000));
	assert_int_equal(memory_transaction_commit(f->mem), -ENOSPC);
	assert_string_equal(recorder_take(&f->rec), "[ -c:2000-2fff -b:1000-1fff =a:0-fff "
			    "+b:4000-4fff +c:5000-5fff ]");
	assert_int_equal(address_space_write(&f->as, 0x4010, &v, 4), MEMTX_OK);
	assert_memory_equal(f->ram + 0x1010, &v, 4);
	f->rec.refuse = NULL;
	assert_ok(memory_region_set_address(&f->b, 0x1000));
	assert_string_equal(recorder_take(&f->rec),
			    "[ -b:4000-4fff =a:0-fff +b:1000-1fff =c:5000-5fff ]");
	memory_listener_unregister(&f->rec.listener);
}

/* Also if another space has nothing to complain of after it. */
static void a_refusal_of_one_space_is_not_forgotten(void **state)
{
	struct fixture *f = *state;
	struct address_space other;
	struct recorder rec;

	assert_ok(address_space_init(&other, f->mem, &f->root, "other"));
	recorder_init(&rec, 20);
	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	assert_ok(memory_listener_register(&rec.listener, &other));
	f->rec.refuse = "b";
	assert_int_equal(memory_region_set_address(&f->b, 0x8000), -ENOSPC);
	memory_listener_unregister(&rec.listener);
	memory_listener_unregister(&f->rec.listener);
	address_space_fini(&other);
}

static void a_failed_commit_travels_too(void **state)
{
	struct fixture *f = *state;

	f->rec.commit_result = -EIO;
	assert_int_equal(memory_listener_register(&f->rec.listener, &f->as), -EIO);
	assert_int_equal(memory_region_set_enabled(&f->a, false), -EIO);
	f->rec.commit_result = 0;
	assert_ok(memory_region_set_enabled(&f->a, true));
	memory_listener_unregister(&f->rec.listener);
}

/* Between deletions and additions the new view is live already: no exit is lost to the old one. */
struct prober {
	struct memory_listener listener;
	enum memtx_result old_at_del, new_at_add;
};

static void probe_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	uint8_t byte;

	container_of(l, struct prober, listener)->old_at_del =
		address_space_read(l->as, sec->offset_within_address_space, &byte, 1);
}

static int probe_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	uint8_t byte;

	container_of(l, struct prober, listener)->new_at_add =
		address_space_read(l->as, sec->offset_within_address_space, &byte, 1);
	return 0;
}

static void the_view_changes_between_deletions_and_additions(void **state)
{
	struct fixture *f = *state;
	struct prober p = {
		.listener = { .name = "prober", .region_del = probe_del, .region_add = probe_add },
		.old_at_del = MEMTX_ERROR, .new_at_add = MEMTX_ERROR,
	};

	assert_ok(memory_listener_register(&p.listener, &f->as));
	p.new_at_add = MEMTX_ERROR;
	assert_ok(memory_region_set_address(&f->c, 0x7000));
	assert_int_equal(p.old_at_del, MEMTX_OK);
	assert_int_equal(p.new_at_add, MEMTX_OK);
	memory_listener_unregister(&p.listener);
}

/* A veto: nobody hears of the change, the view is as before, and the next commit asks again. */
struct vetoer {
	struct memory_listener listener;
	const char *against;		/* a region of this name may not come */
	unsigned int asked, told;
	size_t nr_del, nr_add;
};

static int veto_check(struct memory_listener *l, const struct memory_change *change)
{
	struct vetoer *v = container_of(l, struct vetoer, listener);

	v->asked++;
	v->nr_del = change->nr_del;
	v->nr_add = change->nr_add;
	for (size_t i = 0; i < change->nr_add; i++) {
		struct memory_region_section sec = memory_change_add(change, i);

		if (v->against && !strcmp(memory_region_name(sec.mr), v->against))
			return -ENOSPC;
	}
	return 0;
}

static void veto_begin(struct memory_listener *l)
{
	container_of(l, struct vetoer, listener)->told++;
}

static struct vetoer vetoer(const char *against)
{
	return (struct vetoer){
		.listener = { .name = "vetoer", .check = veto_check, .begin = veto_begin },
		.against = against,
	};
}

static void a_veto_leaves_the_view_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct vetoer v = vetoer("c");
	uint8_t byte;

	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	assert_ok(memory_listener_register(&v.listener, &f->as));
	recorder_take(&f->rec);
	v.told = 0;
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_set_address(&f->a, 0x8000));
	assert_ok(memory_region_set_address(&f->c, 0x9000));
	assert_int_equal(memory_transaction_commit(f->mem), -ENOSPC);
	assert_int_equal(v.nr_del, 2);
	assert_int_equal(v.nr_add, 2);
	assert_int_equal(v.told, 0);
	assert_string_equal(recorder_take(&f->rec), "");
	assert_int_equal(address_space_read(&f->as, 0x8000, &byte, 1), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_read(&f->as, 0, &byte, 1), MEMTX_OK);
	/* taking back what was refused lets the rest through */
	assert_ok(memory_region_set_address(&f->c, 0x2000));
	assert_string_equal(recorder_take(&f->rec),
			    "[ -a:0-fff =b:1000-1fff =c:2000-2fff +a:8000-8fff ]");
	memory_listener_unregister(&v.listener);
	memory_listener_unregister(&f->rec.listener);
}

/* The end of a region can't be refused. */
static void a_veto_does_not_keep_a_region_alive(void **state)
{
	struct fixture *f = *state;
	struct vetoer v = vetoer("c");

	assert_ok(memory_listener_register(&v.listener, &f->as));
	assert_int_equal(memory_region_set_address(&f->c, 0x9000), -ENOSPC);
	memory_region_fini(&f->a);
	assert_space_shows(&f->as, "+b:1000-1fff +c:9000-9fff");
	memory_listener_unregister(&v.listener);
}

static void a_veto_of_one_space_holds_for_all(void **state)
{
	struct fixture *f = *state;
	struct address_space other;
	struct vetoer v = vetoer("c");

	assert_ok(address_space_init(&other, f->mem, &f->c, "other"));
	assert_ok(memory_listener_register(&v.listener, &f->as));
	assert_int_equal(memory_region_set_readonly(&f->c, true), -ENOSPC);
	assert_space_shows(&other, "+c:0-fff");
	v.against = NULL;
	assert_ok(memory_region_set_enabled(&f->a, false));
	assert_space_shows(&other, "+c:0-fff!");
	memory_listener_unregister(&v.listener);
	address_space_fini(&other);
}

static void a_listener_of_all_spaces_hears_them_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct address_space other;

	assert_ok(memory_listener_register_all(&f->rec.listener, f->mem));
	assert_string_equal(recorder_take(&f->rec), "[ +a:0-fff +b:1000-1fff +c:2000-2fff ]");
	assert_ok(address_space_init(&other, f->mem, &f->b, "other"));
	assert_string_equal(recorder_take(&f->rec),
			    "[ =a:0-fff =b:1000-1fff =c:2000-2fff +b:0-fff ]");
	assert_ok(memory_region_set_readonly(&f->b, true));
	assert_string_equal(recorder_take(&f->rec), "[ -b:0-fff -b:1000-1fff "
			    "=a:0-fff +b:1000-1fff! =c:2000-2fff +b:0-fff! ]");
	address_space_fini(&other);
	assert_string_equal(recorder_take(&f->rec), "[ -b:0-fff! ]");
	memory_listener_unregister(&f->rec.listener);
	assert_string_equal(recorder_take(&f->rec), "[ -c:2000-2fff -b:1000-1fff! -a:0-fff ]");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(registering_replays_and_unregistering_takes_back),
		CASE(a_move_is_a_deletion_and_an_addition),
		CASE(deletions_come_first_and_backwards),
		CASE(an_overlay_splits_and_heals),
		CASE(what_cancels_out_is_not_told),
		CASE(priorities_order_listeners),
		CASE(a_listener_hears_of_its_space_alone),
		CASE(a_refusal_travels_and_stops_nothing),
		CASE(a_refusal_of_one_space_is_not_forgotten),
		CASE(a_failed_commit_travels_too),
		CASE(the_view_changes_between_deletions_and_additions),
		CASE(a_veto_leaves_the_view_as_it_was),
		CASE(a_veto_does_not_keep_a_region_alive),
		CASE(a_veto_of_one_space_holds_for_all),
		CASE(a_listener_of_all_spaces_hears_them_come_and_go),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
