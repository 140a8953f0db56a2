// SPDX-License-Identifier: GPL-2.0-only
// The serving end, in a guest or nested host: runs the commands that arrive on a serial line, one
// at a time. A command of a new session ends that of the session before: its client is gone.

#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "frame.h"

#define NOBODY_THERE_MS 50
#define OUTPUT_CHUNK 1024

struct server {
	struct link link;
	struct command command;
	int child_signal; /* readable when a child ended */
	bool input_ends; /* the input at hand is the last */
	size_t input_size, input_done; /* of what the command has yet to take */
	uint8_t input[FRAME_PAYLOAD_MAX];
};

static int line_open(const char *path)
{
	struct termios mode;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		mode.c_cflag |= CLOCAL | CREAD;
		cfsetspeed(&mode, B115200);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

static int serve_exec(struct server *server, const struct frame *frame)
{
	struct exec_request request;
	char text[FRAME_PAYLOAD_MAX + 1] = "";
	uint8_t failed = 126;

	if (frame->session == server->link.session)
		return link_send(&server->link, FRAME_STARTED, NULL, 0);
	if (frame->size < sizeof(request))
		return 0;
	command_kill(&server->command);
	command_close(&server->command);
	server->link.session = frame->session;
	server->link.number = 0;
	server->input_size = 0;
	memcpy(&request, frame->data, sizeof(request));
	memcpy(text, frame->data + sizeof(request), frame->size - sizeof(request));
	if (command_start(&server->command, &request, text))
		return link_send(&server->link, FRAME_EXIT, &failed, 1);
	return link_send(&server->link, FRAME_STARTED, NULL, 0);
}

static int input_taken(struct server *server)
{
	server->input_size = 0;
	if (server->input_ends && server->command.in >= 0)
		command_close_input(&server->command);
	return link_send(&server->link, FRAME_TAKEN, NULL, 0);
}

/* A command that reads no more loses its input, as in a pipe. */
static int input_flush(struct server *server)
{
	ssize_t done;

	if (server->command.in < 0)
		return input_taken(server);
	done = write(server->command.in, server->input + server->input_done,
		     server->input_size - server->input_done);
	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (done < 0)
		return input_taken(server);
	server->input_done += done;
	return server->input_done == server->input_size ? input_taken(server) : 0;
}

static int serve_input(struct server *server, const struct frame *frame)
{
	server->input_ends = frame->size == 0;
	server->input_size = frame->size;
	server->input_done = 0;
	memcpy(server->input, frame->data, frame->size);
	return frame->size ? input_flush(server) : input_taken(server);
}

static int serve_hello(struct server *server, const struct frame *frame)
{
	uint32_t session = server->link.session;
	uint16_t number = server->link.number;
	int error;

	server->link.session = frame->session;
	error = link_send(&server->link, FRAME_HELLO, NULL, 0);
	server->link.session = session;
	server->link.number = number;
	return error;
}

static void serve_window(struct server *server, const struct frame *frame)
{
	struct exec_request request;

	if (frame->size != sizeof(request))
		return;
	memcpy(&request, frame->data, sizeof(request));
	command_set_window(&server->command, &request);
}

static int serve_frame(void *opaque, const struct frame *frame)
{
	struct server *server = opaque;

	if (frame->type == FRAME_HELLO)
		return serve_hello(server, frame);
	if (frame->type == FRAME_EXEC)
		return serve_exec(server, frame);
	if (frame->session != server->link.session)
		return 0;
	if (frame->type == FRAME_INPUT)
		return serve_input(server, frame);
	if (frame->type == FRAME_WINDOW)
		serve_window(server, frame);
	if (frame->type == FRAME_KILL)
		command_kill(&server->command);
	return 0;
}

/* Passes on what a stream holds: one chunk, or all there is. Closes it at its end. */
static int pass_output(struct server *server, int *fd, enum frame_type type, bool all)
{
	uint8_t buffer[OUTPUT_CHUNK];
	int error = 0;

	while (*fd >= 0 && !error) {
		ssize_t got = read(*fd, buffer, sizeof(buffer));

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got > 0) {
			error = link_send(&server->link, type, buffer, got);
		} else {
			if (server->command.in == *fd)
				server->command.in = -1;
			close(*fd);
			*fd = -1;
		}
		if (!all)
			break;
	}
	return error;
}

/*
 * What the command wrote goes out before its status; what its left-behind children hold does not
 * matter.
 */
static int serve_end(struct server *server)
{
	struct signalfd_siginfo ignored;
	uint8_t last;
	int error, status;

	if (read(server->child_signal, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		return -errno;
	if (!command_ended(&server->command, &status))
		return 0;
	last = status;
	error = pass_output(server, &server->command.out, FRAME_OUT, true);
	if (!error)
		error = pass_output(server, &server->command.err, FRAME_ERR, true);
	if (!error)
		error = link_send(&server->link, FRAME_EXIT, &last, 1);
	command_close(&server->command);
	return error;
}

static int serve_line(struct server *server, short events)
{
	int error;

	if (events & POLLIN) {
		error = link_receive(&server->link, serve_frame, server);
		return error == -ECONNRESET ? 0 : error;
	}
	if (events & (POLLHUP | POLLERR))
		usleep(NOBODY_THERE_MS * 1000);
	return 0;
}

static int serve_once(struct server *server)
{
	bool input = server->input_size > 0;
	struct pollfd polled[] = {
		{ .fd = server->link.fd, .events = POLLIN },
		{ .fd = server->child_signal, .events = POLLIN },
		{ .fd = server->command.out, .events = POLLIN },
		{ .fd = server->command.err, .events = POLLIN },
		{ .fd = input ? server->command.in : -1, .events = POLLOUT },
	};
	int error = 0;

	if (poll(polled, 5, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[2].revents)
		error = pass_output(server, &server->command.out, FRAME_OUT, false);
	if (!error && polled[3].revents)
		error = pass_output(server, &server->command.err, FRAME_ERR, false);
	if (!error && polled[4].revents)
		error = input_flush(server);
	if (!error && polled[1].revents)
		error = serve_end(server);
	if (!error && polled[0].revents)
		error = serve_line(server, polled[0].revents);
	return error;
}

static int child_signal_open(void)
{
	sigset_t child;
	int fd;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int agent_serve(const char *path)
{
	struct server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return -ENOMEM;
	signal(SIGPIPE, SIG_IGN);
	server->command = (struct command){ .in = -1, .out = -1, .err = -1 };
	server->link.fd = line_open(path);
	server->child_signal = child_signal_open();
	error = server->link.fd < 0 ? server->link.fd : server->child_signal;
	if (error >= 0)
		fprintf(stderr, "agent: %s: listening\n", path);
	while (error >= 0)
		error = serve_once(server);
	fprintf(stderr, "agent: %s: %s\n", path, strerror(-error));
	free(server);
	return EXIT_LINK;
}
