// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO: accesses of every size at every offset, through devices of every size and both byte orders,
 * against a plain array of bytes; who may not call itself; when coalesced stores arrive.
 */
#include <pthread.h>

#include "memory/access.h"
#include "unit.h"

#define BASE	0x1000
#define BYTES	64

/* Registers that are bytes. Every call is checked against what the device says it implements. */
struct bytes {
	struct memory_region_ops ops;
	uint8_t reg[BYTES];
	unsigned int touched[BYTES];	/* by how many calls */
	unsigned int calls, bad;
};

struct fixture {
	struct memory *mem;
	struct memory_region root, mr;
	struct address_space as;
	struct bytes dev;
};

static unsigned int or_else(unsigned int n, unsigned int otherwise)
{
	return n ? n : otherwise;
}

static void bytes_check(struct bytes *d, hwaddr addr, unsigned int size)
{
	d->calls++;
	if (size < d->ops.impl.min || size > or_else(d->ops.impl.max, 8) || addr + size > BYTES ||
	    (!d->ops.impl.unaligned && addr % size)) {
		d->bad++;
		return;
	}
	for (unsigned int i = 0; i < size; i++)
		d->touched[addr + i]++;
}

/* Which byte of a value of @size lies at @i. */
static unsigned int bytes_shift(const struct bytes *d, unsigned int i, unsigned int size)
{
	return 8 * (d->ops.endianness == MEMORY_BIG_ENDIAN ? size - 1 - i : i);
}

/* What is above @size is none of the caller's business. */
static enum memtx_result bytes_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct bytes *d = opaque;

	bytes_check(d, addr, size);
	*data = size < 8 ? 0xabababababababab << 8 * size : 0;
	for (unsigned int i = 0; i < size; i++)
		*data |= (uint64_t)d->reg[(addr + i) % BYTES] << bytes_shift(d, i, size);
	return MEMTX_OK;
}

static enum memtx_result bytes_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct bytes *d = opaque;

	bytes_check(d, addr, size);
	if (size < 8 && data >> 8 * size)
		d->bad++;
	for (unsigned int i = 0; i < size; i++)
		d->reg[(addr + i) % BYTES] = data >> bytes_shift(d, i, size);
	return MEMTX_OK;
}

static void bytes_reset(struct bytes *d)
{
	for (unsigned int i = 0; i < BYTES; i++) {
		d->reg[i] = 0x40 + i;
		d->touched[i] = 0;
	}
	d->calls = 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	f->dev.ops.read = bytes_read;
	f->dev.ops.write = bytes_write;
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_io(&f->mr, f->mem, NULL, &f->dev.ops, &f->dev, "bytes",
					BYTES));
	assert_ok(memory_region_add_subregion(&f->root, BASE, &f->mr));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
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
	memory_region_fini(&f->mr);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

/* --- the model --- */

/* What an access is to do: what it reads, what is in the registers after a write. */
struct outcome {
	enum memtx_result result;
	uint8_t read[8];
	uint8_t written[BYTES];
	bool touched[BYTES];
};

static bool model_valid(const struct bytes *d, unsigned int offset, unsigned int size)
{
	return size >= d->ops.valid.min && size <= or_else(d->ops.valid.max, 8) &&
	       (d->ops.valid.unaligned || offset % size == 0);
}

/*
 * The bytes that the device must see: those of the access, and what it can't leave out around them.
 */
static bool model_touches(const struct bytes *d, unsigned int offset, unsigned int size,
			  unsigned int byte)
{
	unsigned int min = or_else(d->ops.impl.min, 1);

	if (d->ops.impl.unaligned && size >= min)
		min = 1;
	return byte / min >= offset / min && byte / min <= (offset + size - 1) / min;
}

/* One access of a CPU: @size is 1, 2, 4 or 8. */
static void model_access(const struct bytes *d, struct outcome *o, unsigned int start,
			 unsigned int offset, unsigned int size, const uint8_t *value)
{
	if (!model_valid(d, offset, size)) {
		memset(o->read + offset - start, 0xff, size);
		o->result = MEMTX_DECODE_ERROR;
		return;
	}
	for (unsigned int i = 0; i < BYTES; i++) {
		if (!model_touches(d, offset, size, i))
			continue;
		o->touched[i] = true;
		o->written[i] = i - offset < size ? value[i - start] : 0;
	}
	memcpy(o->read + offset - start, d->reg + offset, size);
}

/* Any length: what is no CPU's access goes in steps that are as wide as can be. */
static void model(const struct bytes *d, struct outcome *o, unsigned int offset, unsigned int len,
		  const uint8_t *value)
{
	unsigned int at = offset, left = len, step;

	memset(o, 0, sizeof(*o));
	memcpy(o->written, d->reg, BYTES);
	if (len == 1 || len == 2 || len == 4 || len == 8) {
		model_access(d, o, offset, offset, len, value);
		return;
	}
	for (; left; at += step, left -= step) {
		for (step = 4; step > 1 && (step > left || !model_valid(d, at, step)); step /= 2)
			;
		model_access(d, o, offset, at, step, value);
	}
}

/* --- the device against the model --- */

/* Reads a byte once, and no more than it must: registers may be cleared by that. */
static bool touched_as(const struct bytes *d, const struct outcome *o, bool once)
{
	for (unsigned int i = 0; i < BYTES; i++) {
		if (!!d->touched[i] != o->touched[i] || (once && d->touched[i] > 1))
			return false;
	}
	return true;
}

static bool one_read(struct fixture *f, unsigned int offset, unsigned int len)
{
	bool once = len == 1 || len == 2 || len == 4 || len == 8;
	uint8_t buf[8], value[8] = { 0 };
	enum memtx_result res;
	struct outcome o;

	bytes_reset(&f->dev);
	model(&f->dev, &o, offset, len, value);
	res = address_space_read(&f->as, BASE + offset, buf, len);
	return res == o.result && !memcmp(buf, o.read, len) && touched_as(&f->dev, &o, once);
}

static bool one_write(struct fixture *f, unsigned int offset, unsigned int len)
{
	bool once = len == 1 || len == 2 || len == 4 || len == 8;
	uint8_t value[8] = { 0x91, 0x82, 0x73, 0x64, 0x55, 0x46, 0x37, 0x28 };
	enum memtx_result res;
	struct outcome o;

	bytes_reset(&f->dev);
	model(&f->dev, &o, offset, len, value);
	res = address_space_write(&f->as, BASE + offset, value, len);
	return res == o.result && !memcmp(f->dev.reg, o.written, BYTES) &&
	       touched_as(&f->dev, &o, once);
}

static void every_access(struct fixture *f)
{
	for (unsigned int offset = 16; offset < 32; offset++) {
		for (unsigned int len = 1; len <= 8; len++) {
			if (one_read(f, offset, len) && one_write(f, offset, len))
				continue;
			fail_msg("%u bytes at %u: valid %u-%u%s, implemented %u-%u%s, %s-endian",
				 len, offset, f->dev.ops.valid.min, f->dev.ops.valid.max,
				 f->dev.ops.valid.unaligned ? " unaligned" : "",
				 f->dev.ops.impl.min, f->dev.ops.impl.max,
				 f->dev.ops.impl.unaligned ? " unaligned" : "",
				 f->dev.ops.endianness == MEMORY_BIG_ENDIAN ? "big" : "little");
		}
	}
}

/* Pairs of a least and a largest size; 0 is what a device has that does not say. */
static const struct {
	unsigned int min, max;
} sizes[] = {
	{ 0, 0 }, { 1, 1 }, { 1, 2 }, { 1, 4 }, { 1, 8 }, { 2, 2 },
	{ 2, 4 }, { 2, 8 }, { 4, 4 }, { 4, 8 }, { 8, 8 },
};

#define SIZES	(sizeof(sizes) / sizeof(sizes[0]))

static void of_bytes(void **state)
{
	struct fixture *f = *state;
	struct memory_region_ops *ops = &f->dev.ops;

	for (unsigned int c = 0; c < SIZES * SIZES * 8; c++) {
		unsigned int valid = c / 8 % SIZES, impl = c / 8 / SIZES;

		ops->endianness = c & 1 ? MEMORY_BIG_ENDIAN : MEMORY_LITTLE_ENDIAN;
		ops->valid.unaligned = c & 2;
		ops->impl.unaligned = c & 4;
		ops->valid.min = sizes[valid].min;
		ops->valid.max = sizes[valid].max;
		ops->impl.min = sizes[impl].min;
		ops->impl.max = sizes[impl].max;
		every_access(f);
	}
	assert_int_equal(f->dev.bad, 0);
}

static bool not_at_8(void *opaque, hwaddr addr, unsigned int size, bool is_write)
{
	(void)opaque;
	return addr != 8 || size != 2 || is_write;
}

static void accepts_has_the_last_word(void **state)
{
	struct fixture *f = *state;
	uint64_t v = 0;

	f->dev.ops.valid.accepts = not_at_8;
	assert_int_equal(address_space_read(&f->as, BASE + 8, &v, 2), MEMTX_DECODE_ERROR);
	assert_int_equal(v, 0xffff);
	assert_int_equal(f->dev.calls, 0);
	assert_int_equal(address_space_read(&f->as, BASE + 8, &v, 4), MEMTX_OK);
	assert_int_equal(address_space_write(&f->as, BASE + 8, &v, 2), MEMTX_OK);
	assert_int_equal(f->dev.calls, 2);
	f->dev.ops.valid.max = 1;
	assert_int_equal(address_space_write(&f->as, BASE + 8, &v, 2), MEMTX_DECODE_ERROR);
	assert_int_equal(f->dev.calls, 2);
}

static void nobody_for_one_direction(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0;

	f->dev.ops.read = NULL;
	assert_int_equal(address_space_read(&f->as, BASE, &v, 4), MEMTX_DECODE_ERROR);
	assert_int_equal(v, 0xffffffff);
	assert_int_equal(address_space_write(&f->as, BASE, &v, 4), MEMTX_OK);
	f->dev.ops.read = bytes_read;
	f->dev.ops.write = NULL;
	assert_int_equal(address_space_read(&f->as, BASE, &v, 4), MEMTX_OK);
	assert_int_equal(address_space_write(&f->as, BASE, &v, 4), MEMTX_DECODE_ERROR);
	assert_int_equal(f->dev.calls, 2);
}

static enum memtx_result fails_at_2(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	enum memtx_result res = bytes_read(opaque, addr, data, size);

	return addr == 2 ? MEMTX_ERROR : addr == 4 ? MEMTX_DECODE_ERROR : res;
}

/* A part that fails fails all, but the other parts are made; the first failure is told. */
static void a_part_may_fail(void **state)
{
	struct fixture *f = *state;
	uint64_t v = 0;

	f->dev.ops.read = fails_at_2;
	f->dev.ops.impl.max = 2;
	assert_int_equal(address_space_read(&f->as, BASE, &v, 8), MEMTX_ERROR);
	assert_true(v == UINT64_MAX);
	assert_int_equal(f->dev.calls, 4);
	assert_int_equal(address_space_read(&f->as, BASE + 4, &v, 4), MEMTX_DECODE_ERROR);
}

/* --- devices that make accesses themselves --- */

/* A device that reads 4 bytes at @to when it is read itself, and tells what came of it. */
struct caller {
	struct memory_region mr;
	struct address_space *as;
	hwaddr to;
	enum memtx_result result;
	unsigned int calls;
};

static enum memtx_result caller_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct caller *c = opaque;
	uint32_t v;

	(void)addr;
	(void)size;
	*data = 7;
	if (c->calls++ < 3)
		c->result = address_space_read(c->as, c->to, &v, 4);
	return MEMTX_OK;
}

static const struct memory_region_ops caller_ops = { .read = caller_read };

static void caller_init(struct fixture *f, struct caller *c, struct memory_owner *owner,
			void *opaque, hwaddr at, hwaddr to)
{
	*c = (struct caller){ .as = &f->as, .to = to, .result = MEMTX_OK };
	assert_ok(memory_region_init_io(&c->mr, f->mem, owner, &caller_ops, opaque, "caller", 8));
	assert_ok(memory_region_add_subregion(&f->root, at, &c->mr));
}

static void a_device_does_not_call_itself(void **state)
{
	struct fixture *f = *state;
	struct caller c;
	uint32_t v = 0;

	caller_init(f, &c, NULL, &c, 0x2000, 0x2004);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(v, 7);
	assert_int_equal(c.calls, 1);
	assert_int_equal(c.result, MEMTX_ERROR);
	/* once it is over, it is as before */
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(c.calls, 2);
	memory_region_fini(&c.mr);
}

static void one_that_is_allowed_to_does(void **state)
{
	struct fixture *f = *state;
	struct caller c;
	uint32_t v = 0;

	caller_init(f, &c, NULL, &c, 0x2000, 0x2004);
	memory_region_allow_reentrancy(&c.mr);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(c.calls, 4);
	assert_int_equal(c.result, MEMTX_OK);
	memory_region_fini(&c.mr);
}

static void nor_through_another_device(void **state)
{
	struct fixture *f = *state;
	struct caller a, b;
	uint32_t v = 0;

	caller_init(f, &a, NULL, &a, 0x2000, 0x3000);
	caller_init(f, &b, NULL, &b, 0x3000, 0x2000);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(a.result, MEMTX_OK);
	assert_int_equal(b.result, MEMTX_ERROR);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	memory_region_fini(&a.mr);
	memory_region_fini(&b.mr);
}

static void keep(struct memory_owner *owner)
{
	(void)owner;
}

/* Two regions are one device if one owner has both; else if they have one opaque. */
static void a_device_is_its_owner(void **state)
{
	struct fixture *f = *state;
	struct memory_owner first, second;
	struct caller a, b;
	uint32_t v = 0;

	memory_owner_init(&first, keep);
	memory_owner_init(&second, keep);
	caller_init(f, &a, &first, &a, 0x2000, 0x3000);
	caller_init(f, &b, &first, &b, 0x3000, BASE);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(a.result, MEMTX_ERROR);
	memory_region_fini(&b.mr);
	caller_init(f, &b, &second, &b, 0x3000, BASE);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(a.result, MEMTX_OK);
	memory_region_fini(&a.mr);
	memory_region_fini(&b.mr);
	caller_init(f, &a, NULL, &a, 0x2000, 0x3000);
	caller_init(f, &b, NULL, &a, 0x3000, BASE);
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(a.result, MEMTX_ERROR);
	memory_region_fini(&a.mr);
	memory_region_fini(&b.mr);
}

static void *read_in_a_thread(void *opaque)
{
	struct caller *c = opaque;
	uint32_t v;

	memory_thread_register();
	c->result = address_space_read(c->as, 0x2000, &v, 4);
	memory_thread_unregister();
	return NULL;
}

static enum memtx_result threaded_read(void *opaque, hwaddr addr, uint64_t *data,
				       unsigned int size)
{
	struct caller *c = opaque;
	pthread_t thread;

	(void)addr;
	(void)size;
	*data = 0;
	if (!c->calls++) {
		assert_ok(pthread_create(&thread, NULL, read_in_a_thread, c));
		pthread_join(thread, NULL);
	}
	return MEMTX_OK;
}

/* Two vCPUs may be in a device at the same time: that is none of its own accesses. */
static void two_threads_may(void **state)
{
	static const struct memory_region_ops ops = { .read = threaded_read };
	struct caller c = { .result = MEMTX_ERROR };
	struct fixture *f = *state;
	uint32_t v;

	c.as = &f->as;
	assert_ok(memory_region_init_io(&c.mr, f->mem, NULL, &ops, &c, "threaded", 8));
	assert_ok(memory_region_add_subregion(&f->root, 0x2000, &c.mr));
	assert_int_equal(address_space_read(&f->as, 0x2000, &v, 4), MEMTX_OK);
	assert_int_equal(c.calls, 2);
	assert_int_equal(c.result, MEMTX_OK);
	memory_region_fini(&c.mr);
}

/* --- coalesced stores --- */

/* Delivers one store that is under way, to the very region whose access asked for it. */
static void flush(void *opaque)
{
	struct fixture *f = opaque;
	uint8_t v = 0xee;

	f->dev.touched[BYTES - 1]++;
	address_space_write(&f->as, BASE + 4, &v, 1);
}

static void what_is_coalesced_comes_first(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0;

	memory_set_coalesced_source(f->mem, flush, f);
	assert_int_equal(address_space_read(&f->as, BASE + 4, &v, 1), MEMTX_OK);
	assert_int_equal(v, 0);
	assert_int_equal(f->dev.touched[BYTES - 1], 0);
	memory_region_set_flush_coalesced(&f->mr, true);
	assert_int_equal(address_space_read(&f->as, BASE + 4, &v, 1), MEMTX_OK);
	assert_int_equal(v, 0xee);
	assert_int_equal(f->dev.touched[BYTES - 1], 1);
	v = 0x11;
	assert_int_equal(address_space_write(&f->as, BASE + 4, &v, 1), MEMTX_OK);
	assert_int_equal(f->dev.reg[4], 0x11);
	assert_int_equal(f->dev.touched[BYTES - 1], 2);
	memory_region_set_flush_coalesced(&f->mr, false);
	assert_int_equal(address_space_read(&f->as, BASE, &v, 1), MEMTX_OK);
	assert_int_equal(f->dev.touched[BYTES - 1], 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(of_bytes),
		CASE(accepts_has_the_last_word),
		CASE(nobody_for_one_direction),
		CASE(a_part_may_fail),
		CASE(a_device_does_not_call_itself),
		CASE(one_that_is_allowed_to_does),
		CASE(nor_through_another_device),
		CASE(a_device_is_its_owner),
		CASE(two_threads_may),
		CASE(what_is_coalesced_comes_first),
	};

	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
