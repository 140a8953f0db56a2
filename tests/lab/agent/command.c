// SPDX-License-Identifier: GPL-2.0-only
// Starts, watches and ends one shell command (see command.h); knows nothing of frames on a line.

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_NO_SHELL 127
#define EXIT_SIGNAL_BASE 128

static void child_exec(const char *text)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", text, NULL);
	_exit(EXIT_NO_SHELL);
}

static struct winsize window_of(const struct exec_request *request)
{
	return (struct winsize){ .ws_row = request->rows, .ws_col = request->columns };
}

static int start_on_terminal(struct command *command, const struct exec_request *request,
			     const char *text)
{
	struct winsize window = window_of(request);
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, &window);

	if (pid < 0)
		return -errno;
	if (!pid)
		child_exec(text);
	*command = (struct command){
		.pid = pid, .terminal = true, .in = terminal, .out = terminal, .err = -1,
	};
	return 0;
}

static void close_pipes(int pipes[3][2])
{
	for (int i = 0; i < 3; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static int open_pipes(int pipes[3][2])
{
	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) == 0)
			continue;
		while (i--) {
			close(pipes[i][0]);
			close(pipes[i][1]);
		}
		return -errno;
	}
	return 0;
}

static void child_on_pipes(int pipes[3][2], const char *text)
{
	setsid();
	dup2(pipes[0][0], STDIN_FILENO);
	dup2(pipes[1][1], STDOUT_FILENO);
	dup2(pipes[2][1], STDERR_FILENO);
	child_exec(text);
}

static int start_on_pipes(struct command *command, const struct exec_request *request,
			  const char *text)
{
	int pipes[3][2];
	int error = open_pipes(pipes);
	pid_t pid;

	if (error)
		return error;
	pid = fork();
	if (pid < 0) {
		error = -errno;
		close_pipes(pipes);
		return error;
	}
	if (!pid)
		child_on_pipes(pipes, text);
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	*command = (struct command){
		.pid = pid, .in = pipes[0][1], .out = pipes[1][0], .err = pipes[2][0],
	};
	if (!request->input)
		command_close_input(command);
	return 0;
}

static void set_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/**
 * command_start() - run a shell command in a session of its own
 *
 * Return: 0 or -errno (of pipe2(), fork(), forkpty()).
 */
int command_start(struct command *command, const struct exec_request *request, const char *text)
{
	int error = request->terminal ? start_on_terminal(command, request, text) :
					start_on_pipes(command, request, text);

	if (error)
		return error;
	set_nonblocking(command->in);
	set_nonblocking(command->out);
	set_nonblocking(command->err);
	return 0;
}

/**
 * command_ended() - reap the command if it is over
 * @status: gets its exit status, 128 + the signal if one ended it
 */
bool command_ended(struct command *command, int *status)
{
	int wait_status;

	if (!command->pid || waitpid(command->pid, &wait_status, WNOHANG) != command->pid)
		return false;
	command->pid = 0;
	*status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) :
					   EXIT_SIGNAL_BASE + WTERMSIG(wait_status);
	return true;
}

void command_set_window(struct command *command, const struct exec_request *request)
{
	struct winsize window = window_of(request);

	if (command->terminal && command->in >= 0)
		ioctl(command->in, TIOCSWINSZ, &window);
}

static void close_once(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A terminal has no end of its own to close: it is told by its end-of-file key. */
void command_close_input(struct command *command)
{
	const char end_of_file = 4;

	if (!command->terminal)
		close_once(&command->in);
	else if (write(command->in, &end_of_file, 1) < 0)
		command_kill(command);
}

void command_close(struct command *command)
{
	if (command->in == command->out)
		command->in = -1;
	close_once(&command->in);
	close_once(&command->out);
	close_once(&command->err);
}

/* Ends the whole process group and reaps its leader. */
void command_kill(struct command *command)
{
	if (!command->pid)
		return;
	kill(-command->pid, SIGKILL);
	kill(command->pid, SIGKILL);
	waitpid(command->pid, NULL, 0);
	command->pid = 0;
}
