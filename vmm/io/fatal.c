// SPDX-License-Identifier: GPL-2.0-only
/* The last words of a program that faults, or that a signal ends. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "io/fatal.h"
#include "util.h"

struct fatal_stack {
	struct terminal *terminal;
};

static void fatal_say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static const int fatal_faults[] = { SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGABRT };

/* Nobody's fault, but the end all the same unless somebody has set them to be ignored. */
static const int fatal_ends[] = { SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR };

static void fatal_restore(void *context)
{
	struct fatal_stack *stack = ((ucontext_t *)context)->uc_stack.ss_sp;

	if (stack)
		terminal_restore(stack->terminal);
}

/* The signal is blocked until the handler returns. */
static void fatal_end(int signum)
{
	signal(signum, SIG_DFL);
	raise(signum);
}

/* Memory of the guest that isn't there is the file's fault; anything else is ours: a core helps. */
static void fatal_fault_handler(int signum, siginfo_t *info, void *context)
{
	(void)info;
	fatal_restore(context);
	if (signum == SIGBUS) {
		fatal_say(program_invocation_short_name);
		fatal_say(": bus error: a file behind the guest's memory has become shorter, "
			  "or the host is out of memory or of huge pages\n");
		_exit(1);
	}
	fatal_say(program_invocation_short_name);
	fatal_say(": internal fault, please report it\n");
	fatal_end(signum);
}

static void fatal_end_handler(int signum, siginfo_t *info, void *context)
{
	(void)info;
	fatal_restore(context);
	fatal_end(signum);
}

void fatal_install(void)
{
	struct sigaction action = {
		.sa_sigaction = fatal_fault_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	struct sigaction old;

	for (size_t i = 0; i < ARRAY_SIZE(fatal_faults); i++)
		sigaction(fatal_faults[i], &action, NULL);
	action.sa_sigaction = fatal_end_handler;
	for (size_t i = 0; i < ARRAY_SIZE(fatal_ends); i++) {
		if (!sigaction(fatal_ends[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(fatal_ends[i], &action, NULL);
	}
}

int fatal_enter(struct fatal_stack **out, struct terminal *terminal)
{
	stack_t alternate = { .ss_size = sysconf(_SC_SIGSTKSZ) };
	struct fatal_stack *stack = malloc(alternate.ss_size);

	if (!stack)
		return -ENOMEM;
	stack->terminal = terminal;
	alternate.ss_sp = stack;
	if (sigaltstack(&alternate, NULL) < 0) {
		free(stack);
		return -ENOMEM;
	}
	*out = stack;
	return 0;
}

void fatal_leave(struct fatal_stack *stack)
{
	stack_t off = { .ss_flags = SS_DISABLE };

	sigaltstack(&off, NULL);
	free(stack);
}
