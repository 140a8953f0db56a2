// SPDX-License-Identifier: GPL-2.0-only
/* Range arithmetic by exhaustion: the same code with addresses of 8 bits against wide integers. */
#define RANGE_WORD uint8_t
#include "memory/range.h"
#include "unit.h"

#define MAX 255

static int min(int a, int b)
{
	return a < b ? a : b;
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

static void at(void **state)
{
	(void)state;
	for (int first = 0; first <= MAX; first++) {
		for (int extent = 0; extent <= MAX; extent++) {
			struct range r = range_at(first, extent);

			assert_int_equal(r.first, first);
			assert_int_equal(r.last, min(first + extent, MAX));
			if (first + extent <= MAX)
				assert_int_equal(range_extent(r), extent);
		}
	}
}

static void extent(void **state)
{
	(void)state;
	for (int first = 0; first <= MAX; first++) {
		for (int last = first; last <= MAX; last++) {
			struct range r = { first, last };

			assert_int_equal(range_extent(r), last - first);
			assert_int_equal(range_at(first, range_extent(r)).last, last);
		}
	}
}

/* All ranges, each against a few thousand others. */
static void intersect(void **state)
{
	(void)state;
	for (int af = 0; af <= MAX; af++) {
		for (int al = af; al <= MAX; al++) {
			for (int bf = 0; bf <= MAX; bf += 1 + bf % 5) {
				for (int bl = bf; bl <= MAX; bl += 1 + bl % 7) {
					struct range a = { af, al }, b = { bf, bl }, out;
					bool some = max(af, bf) <= min(al, bl);

					assert_int_equal(range_intersect(a, b, &out), some);
					if (some && (out.first != max(af, bf) ||
						     out.last != min(al, bl)))
						fail();
				}
			}
		}
	}
}

static void adjoins(void **state)
{
	(void)state;
	for (int last = 0; last <= MAX; last++) {
		for (int first = 0; first <= MAX; first++) {
			struct range a = { 0, last }, b = { first, MAX };

			assert_int_equal(range_adjoins(a, b), last + 1 == first);
		}
	}
}

static void check_moved(bool some, struct range out, int first, int last)
{
	bool expected = first <= MAX && last >= 0;

	if (some != expected)
		fail();
	if (some && (out.first != max(first, 0) || out.last != min(last, MAX)))
		fail();
}

static void up_and_down(void **state)
{
	(void)state;
	for (int first = 0; first <= MAX; first++) {
		for (int last = first; last <= MAX; last++) {
			for (int by = 0; by <= MAX; by++) {
				struct range r = { first, last }, out = { 0 };
				bool some = range_up(r, by, &out);

				check_moved(some, out, first + by, last + by);
				some = range_down(r, by, &out);
				check_moved(some, out, first - by, last - by);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at),
		cmocka_unit_test(extent),
		cmocka_unit_test(intersect),
		cmocka_unit_test(adjoins),
		cmocka_unit_test(up_and_down),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
