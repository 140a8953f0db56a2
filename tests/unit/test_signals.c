// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: which of them are told to the loop, and that the terminal is as it was after all others.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/fatal.h"
#include "io/loop.h"
#include "io/signals.h"
#include "unit.h"

struct heard {
	struct loop *loop;
	int signum;
};

static void raised(void *opaque, int signum)
{
	struct heard *heard = opaque;

	if (!heard->signum)
		heard->signum = signum;
	loop_stop(heard->loop);
}

/* The first signal that the loop is told of, when @first and then @second are sent. */
static int hear(int first, int second)
{
	struct heard heard = { 0 };
	struct signals *signals;

	assert_ok(loop_create(&heard.loop));
	assert_ok(signals_create(&signals, heard.loop, raised, &heard));
	kill(getpid(), first);
	kill(getpid(), second);
	alarm(10);
	assert_ok(loop_run(heard.loop));
	alarm(0);
	/* none of them is left for the time when they are not blocked any more */
	signal(first, SIG_IGN);
	signal(second, SIG_IGN);
	signals_destroy(signals);
	loop_destroy(heard.loop);
	signal(first, SIG_DFL);
	signal(second, SIG_DFL);
	return heard.signum;
}

static void each_is_heard(void **state)
{
	static const int signums[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		signal(signums[i], SIG_DFL);
		assert_int_equal(hear(signums[i], SIGTERM), signums[i]);
	}
}

static void what_is_ignored_stays_so(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(hear(SIGHUP, SIGTERM), SIGTERM);
	signal(SIGQUIT, SIG_IGN);
	assert_int_equal(hear(SIGQUIT, SIGTERM), SIGTERM);
}

static void a_full_file_is_no_end(void **state)
{
	const struct rlimit small = { 16, 16 };
	struct signals *signals;
	struct loop *loop;
	FILE *file;
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_FSIZE, &small);
		file = tmpfile();
		if (!file || loop_create(&loop) || signals_create(&signals, loop, raised, NULL))
			_exit(1);
		_exit(pwrite(fileno(file), "x", 1, 16) != -1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void die_raw(int tty, int signum)
{
	const struct rlimit no_core = { 0, 0 };
	struct terminal terminal = { 0 };
	struct fatal_stack *stack;

	setrlimit(RLIMIT_CORE, &no_core);
	close(STDERR_FILENO);
	if (terminal_set_raw(&terminal, tty) || !terminal.raw || fatal_enter(&stack, &terminal))
		_exit(99);
	fatal_install();
	raise(signum);
	_exit(98);
}

static void the_terminal_is_as_it_was(void **state)
{
	static const int signums[] = { SIGUSR2, SIGALRM, SIGXCPU, SIGSEGV, SIGILL };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), tty;
	struct termios before, after;

	(void)state;
	assert_true(!grantpt(master) && !unlockpt(master));
	tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_ok(tcgetattr(tty, &before));
	for (size_t i = 0; i < sizeof(signums) / sizeof(signums[0]); i++) {
		int status;
		pid_t pid = fork();

		if (!pid)
			die_raw(tty, signums[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signums[i]);
		assert_ok(tcgetattr(tty, &after));
		assert_int_equal(after.c_lflag, before.c_lflag);
		assert_int_equal(after.c_iflag, before.c_iflag);
	}
	close(tty);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_heard),
		cmocka_unit_test(what_is_ignored_stays_so),
		cmocka_unit_test(a_full_file_is_no_end),
		cmocka_unit_test(the_terminal_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
