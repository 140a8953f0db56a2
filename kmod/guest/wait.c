// SPDX-License-Identifier: GPL-2.0-only
/*
 * WAIT and poll(): an open file is told of interrupts that it was not told of yet. Nobody is inside
 * the device while asleep; who wakes because it goes sees that it is gone.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/ivshmem.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "device.h"
#include "file.h"
#include "vectors.h"
#include "wait.h"

/*
 * Is there any news? A vector's interrupt that the file was told of is in the device's sum already,
 * so the file's sum is never ahead of it.
 */
static bool wait_any_news(const struct ivshmem_file *ifile)
{
	lockdep_assert_held(&ifile->told_lock);
	return (u64)atomic64_read(&ifile->idev->fired) != ifile->told;
}

static bool wait_take_vector(struct ivshmem_file *ifile, u32 vector, struct ivshmem_wait *wait)
{
	u64 fired = atomic64_read(&ifile->idev->vector[vector].fired);
	u64 count = fired - ifile->vectors[vector].told;

	if (!count)
		return false;
	ifile->vectors[vector].told = fired;
	ifile->told += count;
	wait->vector = vector;
	wait->count = count;
	wait->total = fired;
	return true;
}

/* The sum first: of many vectors, one look tells that none fired. */
static bool wait_take_any(struct ivshmem_file *ifile, struct ivshmem_wait *wait)
{
	if (!wait_any_news(ifile))
		return false;
	for (u32 i = 0; i < ifile->idev->interrupts; i++)
		if (wait_take_vector(ifile, i, wait))
			return true;
	return false;
}

/* Is there something to tell of @vector, which was checked? Then the file has been told of it. */
static bool wait_take(struct ivshmem_file *ifile, u32 vector, struct ivshmem_wait *wait)
{
	u32 interrupts = ifile->idev->interrupts;
	bool taken;

	spin_lock(&ifile->told_lock);
	if (vector == IVSHMEM_VECTOR_ANY)
		taken = wait_take_any(ifile, wait);
	else
		taken = wait_take_vector(ifile, array_index_nospec(vector, interrupts), wait);
	spin_unlock(&ifile->told_lock);
	return taken;
}

/* When a wait is over; NULL if never. */
static ktime_t *wait_deadline(s64 timeout_ns, ktime_t *deadline)
{
	if (timeout_ns == IVSHMEM_WAIT_FOREVER)
		return NULL;
	*deadline = ktime_add_safe(ktime_get(), ns_to_ktime(timeout_ns));
	return deadline;
}

static wait_queue_head_t *wait_queue_of(struct ivshmem_device *idev, u32 vector)
{
	if (vector == IVSHMEM_VECTOR_ANY)
		return &idev->waiters;
	return &idev->vector[array_index_nospec(vector, idev->interrupts)].waiters;
}

/* -EAGAIN: there is nothing to tell yet. */
static int wait_ask(struct ivshmem_file *ifile, u32 vector, struct ivshmem_wait *wait)
{
	if (ivshmem_device_is_gone(ifile->idev))
		return -ENODEV;
	return wait_take(ifile, vector, wait) ? 0 : -EAGAIN;
}

/* -ERESTARTNOHAND is EINTR to whoever has a handler, and a wait that goes on to all others. */
static int wait_sleep(struct ivshmem_file *ifile, struct ivshmem_wait *wait, ktime_t *deadline)
{
	wait_queue_head_t *queue = wait_queue_of(ifile->idev, wait->vector);
	u32 vector = wait->vector;
	bool late = false;
	DEFINE_WAIT(entry);
	int ret;

	for (;;) {
		bool interrupted = prepare_to_wait_event(queue, &entry, TASK_INTERRUPTIBLE);

		ret = wait_ask(ifile, vector, wait);
		if (ret == -EAGAIN && late)
			ret = -ETIMEDOUT;
		else if (ret == -EAGAIN && interrupted)
			ret = -ERESTARTNOHAND;
		if (ret != -EAGAIN)
			break;
		late = !schedule_hrtimeout(deadline, HRTIMER_MODE_ABS);
	}
	finish_wait(queue, &entry);
	return ret;
}

/**
 * ivshmem_wait() - wait until there is something to tell of a vector, and tell it
 * @ifile: an open file, not inside the device
 * @wait: checked but for its vector; filled in if 0 is returned, with the time that is left if
 *	-ERESTARTNOHAND
 *
 * Return: 0; -EINVAL no such vector, -ETIMEDOUT, -ERESTARTNOHAND a signal came, -ENODEV the device
 * is gone.
 */
int ivshmem_wait(struct ivshmem_file *ifile, struct ivshmem_wait *wait)
{
	struct ivshmem_device *idev = ifile->idev;
	ktime_t end, *deadline;
	int ret;

	if (wait->vector >= idev->interrupts &&
	    (wait->vector != IVSHMEM_VECTOR_ANY || !idev->interrupts))
		return -EINVAL;
	ret = wait_ask(ifile, wait->vector, wait);
	if (ret != -EAGAIN)
		return ret;
	if (!wait->timeout_ns)
		return -ETIMEDOUT;
	deadline = wait_deadline(wait->timeout_ns, &end);
	ret = wait_sleep(ifile, wait, deadline);
	if (ret == -ERESTARTNOHAND && deadline)
		wait->timeout_ns = max_t(s64, ktime_to_ns(ktime_sub(end, ktime_get())), 0);
	return ret;
}

/**
 * ivshmem_wake() - wake who waits for any vector, for peers, or in poll()
 * @idev: the device
 * @events: what poll() may tell
 *
 * Of those that wait exclusively not one but all: each file has news of its own. From any context.
 */
void ivshmem_wake(struct ivshmem_device *idev, __poll_t events)
{
	__wake_up(&idev->waiters, TASK_NORMAL, 0, poll_to_key(events));
}

/**
 * ivshmem_wait_undo() - what was told did not reach user space: it is to be told again
 * @ifile: an open file, not inside the device
 * @wait: what ivshmem_wait() filled in
 *
 * Others may have gone to sleep on the file meanwhile. The key keeps eventfds from being raised.
 */
void ivshmem_wait_undo(struct ivshmem_file *ifile, const struct ivshmem_wait *wait)
{
	spin_lock(&ifile->told_lock);
	ifile->vectors[wait->vector].told -= wait->count;
	ifile->told -= wait->count;
	spin_unlock(&ifile->told_lock);
	wake_up_poll(&ifile->idev->vector[wait->vector].waiters, EPOLLIN | EPOLLRDNORM);
	ivshmem_wake(ifile->idev, EPOLLIN | EPOLLRDNORM);
}

static __poll_t poll_vectors(struct ivshmem_file *ifile)
{
	bool news;

	spin_lock(&ifile->told_lock);
	news = wait_any_news(ifile);
	spin_unlock(&ifile->told_lock);
	return news ? EPOLLIN | EPOLLRDNORM : 0;
}

/**
 * ivshmem_poll() - poll()
 * @file: an open file
 * @table: what to wait in
 *
 * Only who asks for EPOLLPRI pays for a look at the device.
 *
 * Return: EPOLLIN a vector fired, EPOLLPRI peers came or went, and the file was not told of it;
 * EPOLLERR and EPOLLHUP the device is gone.
 */
__poll_t ivshmem_poll(struct file *file, struct poll_table_struct *table)
{
	struct ivshmem_file *ifile = file->private_data;
	struct ivshmem_device *idev = ifile->idev;
	__poll_t events;

	poll_wait(file, &idev->waiters, table);
	smp_mb(); /* for wq_has_sleeper() in the interrupt; poll_wait() has none before 6.13 */
	if (ivshmem_device_enter(idev))
		return EPOLLERR | EPOLLHUP;
	events = poll_vectors(ifile);
	if ((poll_requested_events(table) & EPOLLPRI) &&
	    ivshmem_extension_changes(idev) != READ_ONCE(ifile->changes))
		events |= EPOLLPRI;
	ivshmem_device_exit(idev);
	return events;
}
