// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X: an interrupt for each vector that the device has, or none at all. The handler counts, and
 * wakes who waits, eventfds included, straight from the interrupt. Counters and queues outlive the
 * interrupts, since files of a device that is gone still look at them.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "device.h"
#include "vectors.h"
#include "wait.h"

/*
 * In hard interrupt context. The sum is counted first, so that who sees the vector's own count sees
 * it in the sum as well: wait_any_news() builds on that.
 */
static irqreturn_t vector_fired(int irq, void *arg)
{
	struct ivshmem_vector *vector = arg;
	struct ivshmem_device *idev = vector->idev;

	atomic64_inc(&idev->fired);
	smp_mb__after_atomic();
	atomic64_inc(&vector->fired);
	if (wq_has_sleeper(&vector->waiters))
		wake_up(&vector->waiters);
	if (wq_has_sleeper(&idev->waiters))
		ivshmem_wake(idev, vector->events);
	return IRQ_HANDLED;
}

static int vectors_alloc(struct ivshmem_device *idev)
{
	idev->vector = kvcalloc(idev->vectors, sizeof(*idev->vector), GFP_KERNEL);
	if (!idev->vector)
		return -ENOMEM;
	for (u32 i = 0; i < idev->vectors; i++) {
		idev->vector[i].idev = idev;
		init_waitqueue_head(&idev->vector[i].waiters);
		idev->vector[i].events = EPOLLIN | EPOLLRDNORM;
	}
	/* The last one tells of peers as well, where the device knows them. */
	idev->vector[idev->vectors - 1].events |= EPOLLPRI;
	return 0;
}

static void vectors_free_irqs(struct ivshmem_device *idev, struct pci_dev *pdev, u32 count)
{
	while (count--)
		pci_free_irq(pdev, count, &idev->vector[count]);
}

static int vectors_request_irqs(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err;

	for (u32 i = 0; i < idev->vectors; i++) {
		err = pci_request_irq(pdev, i, vector_fired, NULL, &idev->vector[i],
				      "ivshmem-%s-%u", pci_name(pdev), i);
		if (err) {
			vectors_free_irqs(idev, pdev, i);
			return err;
		}
	}
	return 0;
}

static int vectors_enable(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = pci_alloc_irq_vectors(pdev, idev->vectors, idev->vectors, PCI_IRQ_MSIX);

	if (err < 0)
		return err;
	err = vectors_request_irqs(idev, pdev);
	if (err)
		pci_free_irq_vectors(pdev);
	return err;
}

static void vectors_disable(void *arg)
{
	struct ivshmem_device *idev = arg;

	vectors_free_irqs(idev, idev->pdev, idev->interrupts);
	pci_free_irq_vectors(idev->pdev);
}

/**
 * ivshmem_vectors_init() - get an interrupt for each vector of the device
 * @idev: a device that is not live yet, with its registers
 * @pdev: its PCI device, whose devres gives the interrupts back
 *
 * A kernel that lacks them, for want of processors or with pci=nomsi, is no reason to fail: all but
 * interrupts works.
 *
 * Return: 0 or -errno.
 */
int ivshmem_vectors_init(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err;

	idev->vectors = max(pci_msix_vec_count(pdev), 0);
	if (!idev->vectors)
		return 0;
	err = vectors_alloc(idev);
	if (err)
		return err;
	pci_set_master(pdev);
	err = vectors_enable(idev, pdev);
	if (err) {
		dev_warn(&pdev->dev,
			 "no interrupts, all else works: %u vectors are not to be had (%pe); ask "
			 "for fewer, or have more processors\n",
			 idev->vectors, ERR_PTR(err));
		return 0;
	}
	idev->interrupts = idev->vectors;
	return devm_add_action_or_reset(&pdev->dev, vectors_disable, idev);
}

/**
 * ivshmem_vectors_fini() - free the counters
 * @idev: a device that nobody has open, without interrupts
 */
void ivshmem_vectors_fini(struct ivshmem_device *idev)
{
	kvfree(idev->vector);
}

/**
 * ivshmem_vectors_wake() - wake everybody, since the device is gone
 * @idev: a revoked device, without eventfds
 */
void ivshmem_vectors_wake(struct ivshmem_device *idev)
{
	for (u32 i = 0; i < idev->interrupts; i++)
		wake_up_all(&idev->vector[i].waiters);
	ivshmem_wake(idev, EPOLLERR | EPOLLHUP);
}
