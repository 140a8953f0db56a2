// SPDX-License-Identifier: GPL-2.0-only
// The asking end: connects to a machine's line, has one command run there, shows its output as it
// comes and returns its status.

#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define ASK_AGAIN_MS 500
#define CONNECT_AGAIN_MS 100
#define INPUT_CHUNK 1024
#define FOREVER INT64_MAX

enum client_state { ASKING, STARTING, RUNNING, ENDED };

struct client {
	struct link link;
	enum client_state state;
	enum agent_input input;
	const char *text;
	int64_t deadline_ms; /* on the monotonic clock */
	int64_t asked_ms; /* when HELLO or EXEC went out last */
	uint16_t expected; /* number of the next frame of the command */
	bool input_open; /* there is more to read from our standard input */
	bool input_free; /* the other side took what we sent */
	int window_signal; /* readable when our terminal changed its size, -1 without one */
	int status;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static int connect_once(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* The machine may be so young that its line is not there yet. */
static int connect_until(const char *path, int64_t deadline_ms)
{
	int fd;

	for (;;) {
		fd = connect_once(path);
		if (fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN)
			return fd;
		if (now_ms() >= deadline_ms)
			return fd;
		usleep(CONNECT_AGAIN_MS * 1000);
	}
}

static void request_fill(struct client *client, struct exec_request *request)
{
	struct winsize window = { .ws_row = 24, .ws_col = 80 };

	ioctl(STDIN_FILENO, TIOCGWINSZ, &window);
	request->terminal = client->input == INPUT_TERMINAL;
	request->input = client->input != INPUT_NONE;
	request->rows = window.ws_row;
	request->columns = window.ws_col;
}

static int send_exec(struct client *client)
{
	struct exec_request request;
	size_t size = sizeof(request) + strlen(client->text);
	char *payload = malloc(size);
	int error;

	if (!payload)
		return -ENOMEM;
	request_fill(client, &request);
	memcpy(payload, &request, sizeof(request));
	memcpy(payload + sizeof(request), client->text, strlen(client->text));
	error = link_send(&client->link, FRAME_EXEC, payload, size);
	free(payload);
	return error;
}

/* HELLO and EXEC may get lost before anybody listens: they are repeated until answered. */
static int ask(struct client *client)
{
	int64_t now = now_ms();

	if (client->state > STARTING || now < client->asked_ms + ASK_AGAIN_MS)
		return 0;
	client->asked_ms = now;
	return client->state == ASKING ? link_send(&client->link, FRAME_HELLO, NULL, 0) :
					 send_exec(client);
}

static int handle_hello(struct client *client)
{
	if (client->state != ASKING)
		return 0;
	client->state = STARTING;
	client->asked_ms = 0;
	return ask(client);
}

static int handle_frame(void *opaque, const struct frame *frame)
{
	struct client *client = opaque;

	if (frame->session != client->link.session)
		return 0;
	if (frame->type == FRAME_HELLO)
		return handle_hello(client);
	if (frame->number != client->expected++)
		return -EPROTO;
	client->state = RUNNING;
	switch (frame->type) {
	case FRAME_OUT:
		return write_all(STDOUT_FILENO, frame->data, frame->size);
	case FRAME_ERR:
		return write_all(STDERR_FILENO, frame->data, frame->size);
	case FRAME_TAKEN:
		client->input_free = true;
		return 0;
	case FRAME_EXIT:
		client->status = frame->size ? frame->data[0] : EXIT_LINK;
		client->state = ENDED;
		return 0;
	default:
		return 0;
	}
}

static int send_input(struct client *client)
{
	char buffer[INPUT_CHUNK];
	ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	client->input_open = got > 0;
	client->input_free = false;
	return link_send(&client->link, FRAME_INPUT, buffer, got);
}

static int send_window(struct client *client)
{
	struct signalfd_siginfo ignored;
	struct exec_request request;

	if (read(client->window_signal, &ignored, sizeof(ignored)) < 0)
		return -errno;
	request_fill(client, &request);
	return link_send(&client->link, FRAME_WINDOW, &request, sizeof(request));
}

static int wait_ms(const struct client *client)
{
	int64_t left = client->deadline_ms - now_ms();

	if (client->state <= STARTING && left > ASK_AGAIN_MS)
		left = ASK_AGAIN_MS;
	if (left < 0)
		left = 0;
	return left > 1000 ? 1000 : left;
}

static int converse_once(struct client *client)
{
	bool input = client->state == RUNNING && client->input_open && client->input_free;
	struct pollfd polled[] = {
		{ .fd = client->link.fd, .events = POLLIN },
		{ .fd = input ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = client->state == RUNNING ? client->window_signal : -1, .events = POLLIN },
	};
	int error = ask(client);

	if (error)
		return error;
	if (poll(polled, 3, wait_ms(client)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[0].revents)
		error = link_receive(&client->link, handle_frame, client);
	if (!error && polled[1].revents)
		error = send_input(client);
	if (!error && polled[2].revents)
		error = send_window(client);
	if (!error && client->state != ENDED && now_ms() >= client->deadline_ms)
		error = -ETIMEDOUT;
	return error;
}

static int converse(struct client *client)
{
	int error = 0;

	while (!error && client->state != ENDED)
		error = converse_once(client);
	if (error == -ETIMEDOUT && link_send(&client->link, FRAME_KILL, NULL, 0))
		return -ECONNRESET;
	return error;
}

static int window_signal_open(void)
{
	sigset_t window;

	sigemptyset(&window);
	sigaddset(&window, SIGWINCH);
	sigprocmask(SIG_BLOCK, &window, NULL);
	return signalfd(-1, &window, SFD_CLOEXEC);
}

static int converse_on_terminal(struct client *client)
{
	struct termios before, raw;
	int error;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	raw = before;
	cfmakeraw(&raw);
	client->window_signal = window_signal_open();
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	error = converse(client);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return error;
}

static int client_status(const struct client *client, const char *socket, int error)
{
	if (!error)
		return client->status;
	if (error == -EPROTO)
		fprintf(stderr, "agent: %s: output was lost on the line\n", socket);
	else if (error == -ETIMEDOUT && client->state <= STARTING)
		fprintf(stderr, "agent: %s: no answer in time\n", socket);
	else if (error == -ETIMEDOUT)
		fprintf(stderr, "agent: %s: not done in time\n", socket);
	else
		fprintf(stderr, "agent: %s: %s\n", socket, strerror(-error));
	return error == -ETIMEDOUT ? EXIT_TIMEOUT : EXIT_LINK;
}

/**
 * agent_exec() - run a command on the other side of a line
 * @timeout_s: for all of it, connecting included; 0: as long as it takes
 *
 * Return: the command's exit status, EXIT_TIMEOUT, or EXIT_LINK.
 */
int agent_exec(const char *socket, unsigned int timeout_s, const char *text, enum agent_input input)
{
	struct client *client = calloc(1, sizeof(*client));
	int error, status;

	if (!client)
		return EXIT_LINK;
	signal(SIGPIPE, SIG_IGN);
	*client = (struct client){ .input = input, .text = text, .window_signal = -1 };
	client->deadline_ms = timeout_s ? now_ms() + timeout_s * 1000ll : FOREVER;
	client->input_open = input != INPUT_NONE;
	client->input_free = true;
	client->asked_ms = -ASK_AGAIN_MS;
	client->link.fd = connect_until(socket, client->deadline_ms);
	error = client->link.fd < 0 ? client->link.fd : 0;
	if (!error && getrandom(&client->link.session, sizeof(client->link.session), 0) < 0)
		error = -errno;
	if (!error)
		error = input == INPUT_TERMINAL ? converse_on_terminal(client) : converse(client);
	status = client_status(client, socket, error);
	free(client);
	return status;
}
