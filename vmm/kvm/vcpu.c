// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPU threads: entering the guest, holding still, ending.
 *
 * A kick is immediate_exit plus a signal. The kicker sets hold before immediate_exit; the thread
 * clears immediate_exit before it looks at hold: whichever order they meet in, it doesn't enter the
 * guest again without having seen hold. Likewise for a moment's bar, with which a thread waits for
 * no other that is out of the guest: those may wait for a lock of its own.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/fatal.h"
#include "kvm/cpuid.h"
#include "kvm/dirty_ring.h"
#include "kvm/vcpu_internal.h"

#define VCPU_KICK_SIGNAL	SIGUSR1
#define VCPU_STACK		(256 * 1024)

static void vcpu_kick_handler(int signum)
{
	(void)signum;
}

static void vcpu_kick(struct vcpu *v)
{
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(v->thread, VCPU_KICK_SIGNAL);
}

static void vcpus_kick_locked(struct vcpus *set)
{
	for (unsigned int i = 0; i < set->nr_threads; i++)
		vcpu_kick(&set->vcpus[i]);
}

/* Each reason is one of the flags below the lock. */
static void vcpus_hold(struct vcpus *set, bool *reason)
{
	pthread_mutex_lock(&set->lock);
	*reason = true;
	atomic_store(&set->hold, true);
	vcpus_kick_locked(set);
	pthread_mutex_unlock(&set->lock);
}

static void vcpus_let_go(struct vcpus *set, bool *reason)
{
	pthread_mutex_lock(&set->lock);
	*reason = false;
	atomic_store(&set->hold, set->stopped || set->paused || set->frozen);
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
}

static void vcpus_wait_held(struct vcpus *set)
{
	pthread_mutex_lock(&set->lock);
	while (set->running)
		pthread_cond_wait(&set->changed, &set->lock);
	pthread_mutex_unlock(&set->lock);
}

void vcpus_stop(struct vcpus *set)
{
	vcpus_hold(set, &set->stopped);
}

void vcpus_pause(struct vcpus *set)
{
	vcpus_hold(set, &set->paused);
	vcpus_wait_held(set);
}

void vcpus_resume(struct vcpus *set)
{
	vcpus_let_go(set, &set->paused);
}

void vcpus_freeze(struct vcpus *set)
{
	vcpus_hold(set, &set->frozen);
	vcpus_wait_held(set);
}

void vcpus_thaw(struct vcpus *set)
{
	vcpus_let_go(set, &set->frozen);
}

bool vcpus_paused(struct vcpus *set)
{
	bool paused;

	pthread_mutex_lock(&set->lock);
	paused = set->paused || set->stopped;
	pthread_mutex_unlock(&set->lock);
	return paused;
}

/* Waits while the vCPUs are on hold; false when the thread is to end. */
static bool vcpu_wait(struct vcpus *set)
{
	bool quit;

	pthread_mutex_lock(&set->lock);
	set->running--;
	pthread_cond_broadcast(&set->changed);
	while (atomic_load(&set->hold) && !set->quit)
		pthread_cond_wait(&set->changed, &set->lock);
	set->running++;
	quit = set->quit;
	pthread_mutex_unlock(&set->lock);
	return !quit;
}

/* --- the bar: kvm/guard.h --- */

static bool vcpus_inside(const struct vcpus *set)
{
	for (unsigned int i = 0; i < set->nr_threads; i++) {
		if (atomic_load(&set->vcpus[i].inside))
			return true;
	}
	return false;
}

static void vcpus_bar(void *opaque)
{
	struct vcpus *set = opaque;

	pthread_mutex_lock(&set->lock);
	atomic_store(&set->barred, true);
	for (unsigned int i = 0; i < set->nr_threads; i++) {
		if (atomic_load(&set->vcpus[i].inside))
			vcpu_kick(&set->vcpus[i]);
	}
	while (vcpus_inside(set))
		pthread_cond_wait(&set->changed, &set->lock);
	pthread_mutex_unlock(&set->lock);
}

static void vcpus_unbar(void *opaque)
{
	struct vcpus *set = opaque;

	pthread_mutex_lock(&set->lock);
	atomic_store(&set->barred, false);
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
}

static void vcpus_set_guard(struct vcpus *set, bool on)
{
	struct kvm_guard *guard = &set->config.kvm->guard;

	memory_transaction_begin(set->config.memory->mem);
	guard->hold = on ? vcpus_bar : NULL;
	guard->release = on ? vcpus_unbar : NULL;
	guard->opaque = set;
	memory_transaction_commit(set->config.memory->mem);
}

static void vcpu_leave(struct vcpu *v)
{
	struct vcpus *set = v->set;

	atomic_store(&v->inside, false);
	if (!atomic_load(&set->barred))
		return;
	pthread_mutex_lock(&set->lock);
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
}

/* False after a wait: look again at what else may have changed. */
static bool vcpu_get_inside(struct vcpu *v)
{
	struct vcpus *set = v->set;

	atomic_store(&v->inside, true);
	if (!atomic_load(&set->barred))
		return true;
	vcpu_leave(v);
	pthread_mutex_lock(&set->lock);
	while (atomic_load(&set->barred))
		pthread_cond_wait(&set->changed, &set->lock);
	pthread_mutex_unlock(&set->lock);
	return false;
}

/* --- a vCPU's thread --- */

/* Returns with the vCPU as good as in the guest; false when the thread is to end. */
static bool vcpu_may_run(struct vcpu *v)
{
	do {
		__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
		if (atomic_load(&v->set->hold) && !vcpu_wait(v->set))
			return false;
	} while (!vcpu_get_inside(v));
	return true;
}

/* Nobody else writes it. */
static void vcpu_count_exit(struct vcpu *v, bool ran)
{
	uint32_t reason = v->run->exit_reason;
	enum vcpu_exit_kind kind = !ran ? VCPU_EXIT_OTHER :
				   reason == KVM_EXIT_MMIO ? VCPU_EXIT_MMIO :
				   reason == KVM_EXIT_IO ? VCPU_EXIT_IO : VCPU_EXIT_OTHER;
	uint64_t nr = atomic_load_explicit(&v->exits[kind], memory_order_relaxed);

	atomic_store_explicit(&v->exits[kind], nr + 1, memory_order_relaxed);
}

/* One stay in the guest. 0, or -errno with @err filled: this vCPU can't go on. */
static int vcpu_run_once(struct vcpu *v, struct error *err)
{
	int ret = ioctl(v->fd, KVM_RUN, 0) < 0 ? -errno : 0;

	vcpu_leave(v);
	vcpu_count_exit(v, !ret);
	if (v->set->config.coalesced)
		kvm_coalesced_drain(v->set->config.coalesced);
	switch (-ret) {
	case 0:
		return vcpu_exit(v, err);
	case EINTR:
	case EAGAIN:
		return 0;
	case EFAULT:
		return error_set(err, -EFAULT,
				 "vCPU %u: memory of the guest can't be reached: the file behind "
				 "it has become shorter, or the host is out of memory",
				 v->id);
	default:
		return error_set(err, ret, "vCPU %u: KVM_RUN: %s", v->id, strerror(-ret));
	}
}

static void vcpu_fail(struct vcpu *v, struct error *err)
{
	struct vcpus *set = v->set;
	bool first;

	vcpu_describe(v, err);
	vcpus_stop(set);
	pthread_mutex_lock(&set->lock);
	first = !set->failed;
	set->failed = true;
	pthread_mutex_unlock(&set->lock);
	if (first)
		set->config.failed(set->config.opaque, err->text);
}

static void vcpu_loop(struct vcpu *v)
{
	struct error err;

	while (vcpu_may_run(v)) {
		if (vcpu_run_once(v, &err))
			vcpu_fail(v, &err);
	}
}

/* Whoever started this program may have left the signal blocked, and a mask is inherited. */
static void vcpu_unblock_kick(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, VCPU_KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct fatal_stack *stack;
	bool guarded = !fatal_enter(&stack, v->set->config.terminal);

	vcpu_unblock_kick();
	memory_thread_register();
	vcpu_loop(v);
	memory_thread_unregister();
	if (guarded)
		fatal_leave(stack);
	return NULL;
}

static int vcpu_init(struct vcpu *v, struct vcpus *set, unsigned int id)
{
	int ret;

	v->set = set;
	v->id = id;
	v->fd = kvm_create_vcpu(set->config.kvm, id);
	if (v->fd < 0)
		return v->fd;
	v->run = mmap(NULL, set->config.kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd,
		      0);
	if (v->run == MAP_FAILED) {
		ret = -errno;
		close(v->fd);
		return ret;
	}
	return 0;
}

/* What KVM shares with us beside the vCPU's own area. */
static int vcpu_share(struct vcpu *v)
{
	const struct vcpus_config *config = &v->set->config;

	if (config->coalesced && !v->id)
		kvm_coalesced_set_ring(config->coalesced, v->run);
	return config->kvm->rings ? dirty_rings_add(config->kvm->rings, v->fd) : 0;
}

static int vcpus_init(struct vcpus *set, struct kvm_cpuid2 *cpuid, struct error *err)
{
	for (; set->nr < set->config.nr; set->nr++) {
		struct vcpu *v = &set->vcpus[set->nr];
		int ret = vcpu_init(v, set, set->nr);

		if (ret)
			return error_set(err, ret, "KVM can't make vCPU %u: %s", set->nr,
					 strerror(-ret));
		ret = vcpu_share(v);
		if (!ret)
			ret = cpuid_set(cpuid, v->fd, v->id, set->config.nr);
		if (!ret)
			ret = vcpu_reset(v);
		if (ret) {
			set->nr++;
			return error_set(err, ret, "KVM can't set up vCPU %u: %s", v->id,
					 strerror(-ret));
		}
	}
	return 0;
}

int vcpus_create(struct vcpus **out, const struct vcpus_config *config, struct error *err)
{
	struct sigaction action = { .sa_handler = vcpu_kick_handler };
	struct kvm_cpuid2 *cpuid;
	struct vcpus *set;
	int ret = cpuid_prepare(config->kvm, &cpuid);

	if (ret)
		return error_set(err, ret, "KVM_GET_SUPPORTED_CPUID: %s", strerror(-ret));
	set = calloc(1, sizeof(*set) + config->nr * sizeof(set->vcpus[0]));
	if (!set) {
		free(cpuid);
		return error_set(err, -ENOMEM, "no memory for %u vCPUs", config->nr);
	}
	set->config = *config;
	sigaction(VCPU_KICK_SIGNAL, &action, NULL);
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->changed, NULL);
	vcpus_set_guard(set, true);
	ret = vcpus_init(set, cpuid, err);
	free(cpuid);
	if (ret) {
		vcpus_destroy(set);
		return ret;
	}
	*out = set;
	return 0;
}

static void vcpus_join(struct vcpus *set)
{
	pthread_mutex_lock(&set->lock);
	set->quit = true;
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
	vcpus_stop(set);
	for (unsigned int i = 0; i < set->nr_threads; i++)
		pthread_join(set->vcpus[i].thread, NULL);
}

void vcpus_destroy(struct vcpus *set)
{
	vcpus_join(set);
	vcpus_set_guard(set, false);
	if (set->config.coalesced)
		kvm_coalesced_set_ring(set->config.coalesced, NULL);
	for (unsigned int i = 0; i < set->nr; i++) {
		munmap(set->vcpus[i].run, set->config.kvm->run_size);
		close(set->vcpus[i].fd);
	}
	pthread_cond_destroy(&set->changed);
	pthread_mutex_destroy(&set->lock);
	free(set);
}

int vcpus_set_entry(struct vcpus *set, const struct vcpu_entry *entry)
{
	return vcpu_enter(&set->vcpus[0], entry);
}

/* What top and taskset see. */
static void vcpu_name_thread(const struct vcpu *v)
{
	char name[16];

	snprintf(name, sizeof(name), "vCPU %u", v->id);
	pthread_setname_np(v->thread, name);
}

static int vcpus_start_thread(struct vcpus *set, pthread_attr_t *attr)
{
	struct vcpu *v = &set->vcpus[set->nr_threads];
	int ret;

	pthread_mutex_lock(&set->lock);
	ret = -pthread_create(&v->thread, attr, vcpu_thread, v);
	if (!ret) {
		vcpu_name_thread(v);
		set->running++;
		set->nr_threads++;
	}
	pthread_mutex_unlock(&set->lock);
	return ret;
}

int vcpus_start(struct vcpus *set, bool hold, struct error *err)
{
	pthread_attr_t attr;
	int ret = 0;

	if (hold)
		vcpus_hold(set, &set->paused);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, VCPU_STACK);
	while (!ret && set->nr_threads < set->nr)
		ret = vcpus_start_thread(set, &attr);
	pthread_attr_destroy(&attr);
	if (ret)
		return error_set(err, ret, "can't start a thread for vCPU %u: %s", set->nr_threads,
				 strerror(-ret));
	return 0;
}
