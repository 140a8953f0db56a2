/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For ThreadSanitizer, which can't see into liburcu: what a reader did happens before the end of
 * the next grace period, and what was done before call_rcu() before memory is freed. Included
 * before everything else in such a build.
 */
#ifndef TESTS_UNIT_TSAN_URCU_H
#define TESTS_UNIT_TSAN_URCU_H

#include <stdlib.h>

#include <sanitizer/tsan_interface.h>
#include <urcu/urcu-memb.h>

__attribute__((weak)) char tsan_urcu;

static inline void tsan_urcu_read_unlock(void)
{
	__tsan_release(&tsan_urcu);
	urcu_memb_read_unlock();
}

static inline void tsan_urcu_synchronize(void)
{
	urcu_memb_synchronize_rcu();
	__tsan_acquire(&tsan_urcu);
}

static inline void tsan_urcu_call(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	__tsan_release(&tsan_urcu);
	urcu_memb_call_rcu(head, func);
}

static inline void tsan_urcu_free(void *p)
{
	__tsan_acquire(&tsan_urcu);
	free(p);
}

#undef urcu_memb_call_rcu
#undef urcu_memb_read_unlock
#undef urcu_memb_synchronize_rcu
#define free tsan_urcu_free
/*
 * A function within a function, which takes nothing from around it: no trampoline, valid for ever.
 */
#define urcu_memb_call_rcu(head, func) ({			\
	void tsan_urcu_called(struct rcu_head *called)		\
	{							\
		__tsan_acquire(&tsan_urcu);			\
		func(called);					\
	}							\
	tsan_urcu_call(head, tsan_urcu_called);			\
})
#define urcu_memb_read_unlock tsan_urcu_read_unlock
#define urcu_memb_synchronize_rcu tsan_urcu_synchronize

#endif /* TESTS_UNIT_TSAN_URCU_H */
