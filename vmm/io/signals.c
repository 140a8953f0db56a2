// SPDX-License-Identifier: GPL-2.0-only
/* Signals that end the program, through a signalfd, and those that do nothing. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/signals.h"
#include "util.h"

/* A gone reader, and a file at the limit of its size: what can't be written is lost. */
static const int signals_ignored[] = { SIGPIPE, SIGXFSZ };
static const int signals_watched[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

struct signals {
	struct loop *loop;
	struct loop_handler handler;
	void (*raised)(void *opaque, int signum);
	void *opaque;
	sigset_t old_mask;
	struct sigaction old[ARRAY_SIZE(signals_ignored)];
};

static void signals_ready(struct loop_handler *h, uint32_t events)
{
	struct signals *s = container_of(h, struct signals, handler);
	struct signalfd_siginfo info;

	(void)events;
	if (read(h->fd, &info, sizeof(info)) == sizeof(info))
		s->raised(s->opaque, info.ssi_signo);
}

/* What the parent has set to be ignored stays so: nohup does that with SIGHUP. */
static void signals_choose(sigset_t *set)
{
	struct sigaction action;

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals_watched); i++) {
		if (!sigaction(signals_watched[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(set, signals_watched[i]);
	}
}

static int signals_watch(struct signals *s, const sigset_t *set)
{
	int ret;

	s->handler.fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->handler.fd < 0)
		return -errno;
	s->handler.events = EPOLLIN;
	s->handler.ready = signals_ready;
	ret = loop_add(s->loop, &s->handler);
	if (ret)
		close(s->handler.fd);
	return ret;
}

int signals_create(struct signals **out, struct loop *loop,
		   void (*raised)(void *opaque, int signum), void *opaque)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct signals *s = calloc(1, sizeof(*s));
	sigset_t set;
	int ret;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->raised = raised;
	s->opaque = opaque;
	signals_choose(&set);
	pthread_sigmask(SIG_BLOCK, &set, &s->old_mask);
	ret = signals_watch(s, &set);
	if (ret) {
		pthread_sigmask(SIG_SETMASK, &s->old_mask, NULL);
		free(s);
		return ret;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals_ignored); i++)
		sigaction(signals_ignored[i], &ignore, &s->old[i]);
	*out = s;
	return 0;
}

void signals_destroy(struct signals *s)
{
	loop_del(s->loop, &s->handler);
	close(s->handler.fd);
	for (size_t i = 0; i < ARRAY_SIZE(signals_ignored); i++)
		sigaction(signals_ignored[i], &s->old[i], NULL);
	pthread_sigmask(SIG_SETMASK, &s->old_mask, NULL);
	free(s);
}
