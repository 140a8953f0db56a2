// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chardevs with their loop in a thread of its own: what comes in reaches the client whole and in
 * order, peers come and go, and a peer that takes nothing stops nobody.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "io/chardev.h"
#include "io/loop.h"
#include "io/terminal.h"
#include "unit.h"

#define PASTE		4000
#define MUCH		(512 * 1024)
#define FIFO		16		/* bytes that the client takes at a time */
#define SOON_MS		5000

struct fixture {
	struct loop *loop;
	struct terminal terminal;
	struct chardev_host host;
	struct chardev *chardev;
	pthread_t thread;
	int in, out;			/* what stdin and stdout were; -1: they still are */
	int far;			/* the other end of stdin or stdout */
	char path[64];			/* of a socket */

	pthread_mutex_t lock;		/* guards what follows */
	size_t room;			/* how much the client takes */
	size_t got;
	uint8_t bytes[MUCH];
	unsigned int opened, closed, quits;
};

static size_t client_can_read(void *opaque)
{
	struct fixture *f = opaque;
	size_t room;

	pthread_mutex_lock(&f->lock);
	room = f->room < FIFO ? f->room : FIFO;
	pthread_mutex_unlock(&f->lock);
	return room;
}

static void client_read(void *opaque, const uint8_t *buf, size_t len)
{
	struct fixture *f = opaque;

	pthread_mutex_lock(&f->lock);
	memcpy(f->bytes + f->got, buf, len);
	f->got += len;
	f->room -= len;
	pthread_mutex_unlock(&f->lock);
}

static void client_event(void *opaque, enum chardev_event event)
{
	struct fixture *f = opaque;

	pthread_mutex_lock(&f->lock);
	*(event == CHARDEV_OPENED ? &f->opened : &f->closed) += 1;
	pthread_mutex_unlock(&f->lock);
}

static void host_quit(void *opaque)
{
	struct fixture *f = opaque;

	pthread_mutex_lock(&f->lock);
	f->quits++;
	pthread_mutex_unlock(&f->lock);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(loop_create(&f->loop));
	f->host = (struct chardev_host){ f->loop, &f->terminal, host_quit, f };
	f->in = f->out = f->far = -1;
	f->room = MUCH;
	snprintf(f->path, sizeof(f->path), "build/test_chardev.%d", getpid());
	pthread_mutex_init(&f->lock, NULL);
	*state = f;
	return 0;
}

static void *loop_thread(void *opaque)
{
	struct fixture *f = opaque;

	assert_ok(loop_run(f->loop));
	return NULL;
}

static void start(struct fixture *f, const char *spec)
{
	struct chardev_client client = { client_can_read, client_read, client_event, f };
	struct error err = { .text = "" };
	int ret = chardev_create(&f->chardev, &f->host, spec, &err);

	if (ret)
		print_message("# %s\n", err.text);
	assert_ok(ret);
	assert_ok(chardev_set_client(f->chardev, &client));
	assert_ok(pthread_create(&f->thread, NULL, loop_thread, f));
}

/* Puts @fd in the place of stdin or stdout; returns what was there. */
static int redirect(int number, int fd)
{
	int old = dup(number);

	assert_true(old >= 0 && dup2(fd, number) == number);
	close(fd);
	return old;
}

static void restore(int number, int *old)
{
	if (*old >= 0) {
		dup2(*old, number);
		close(*old);
	}
	*old = -1;
}

static void finish(struct fixture *f)
{
	if (!f->chardev)
		return;
	loop_stop(f->loop);
	pthread_join(f->thread, NULL);
	chardev_destroy(f->chardev);
	f->chardev = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->far >= 0)
		close(f->far);
	finish(f);
	restore(STDIN_FILENO, &f->in);
	restore(STDOUT_FILENO, &f->out);
	loop_destroy(f->loop);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* The value of a counter of the fixture, once it is @wanted or it has not become that soon. */
#define eventually(f, counter, wanted)						\
	({									\
		size_t now_;							\
		int left_ = SOON_MS;						\
		do {								\
			pthread_mutex_lock(&(f)->lock);				\
			now_ = (f)->counter;					\
			pthread_mutex_unlock(&(f)->lock);			\
		} while (now_ != (wanted) && left_-- && (nap(), true));		\
		now_;								\
	})

/* The client takes @room bytes more. */
static void make_room(struct fixture *f, size_t room)
{
	pthread_mutex_lock(&f->lock);
	f->room = room;
	pthread_mutex_unlock(&f->lock);
	chardev_accept_input(f->chardev);
}

static uint8_t pattern(size_t i)
{
	return '!' + i % 89;
}

static void send_pattern(int fd, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint8_t buf[512];
		size_t n = len - i < sizeof(buf) ? len - i : sizeof(buf);

		for (size_t j = 0; j < n; j++)
			buf[j] = pattern(i + j);
		assert_int_equal(write(fd, buf, n), n);
		i += n;
	}
}

static void assert_pattern(const struct fixture *f, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(f->bytes[i], pattern(i));
}

static void stdin_pipe(struct fixture *f)
{
	int ends[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_ok(pipe2(ends, O_CLOEXEC));
	f->in = redirect(STDIN_FILENO, ends[0]);
	f->far = ends[1];
	f->out = redirect(STDOUT_FILENO, null);
	start(f, "stdio");
	restore(STDOUT_FILENO, &f->out);
}

static void a_paste_arrives_whole(void **state)
{
	struct fixture *f = *state;

	f->room = 0;
	stdin_pipe(f);
	send_pattern(f->far, PASTE);
	nap();
	assert_int_equal(eventually(f, got, 0), 0);
	for (size_t i = 0; i < PASTE; i += 2 * FIFO) {
		make_room(f, 2 * FIFO);
		assert_int_equal(eventually(f, got, i + 2 * FIFO), i + 2 * FIFO);
	}
	assert_pattern(f, PASTE);
}

static void *send_much(void *opaque)
{
	struct fixture *f = opaque;

	send_pattern(f->far, MUCH);
	return NULL;
}

/* More than is read ahead: the pipe fills, its writer waits, and nothing is lost. */
static void a_pipe_arrives_whole(void **state)
{
	struct fixture *f = *state;
	pthread_t writer;

	f->room = 0;
	stdin_pipe(f);
	assert_ok(pthread_create(&writer, NULL, send_much, f));
	for (int i = 0; i < 100; i++)
		nap();
	make_room(f, MUCH);
	assert_int_equal(eventually(f, got, MUCH), MUCH);
	pthread_join(writer, NULL);
	assert_pattern(f, MUCH);
}

static void the_key_for_ivmm_is_found(void **state)
{
	struct fixture *f = *state;

	stdin_pipe(f);
	assert_int_equal(write(f->far, "a\001\001b\001yc\001", 8), 8);
	assert_int_equal(eventually(f, got, 4), 4);
	assert_memory_equal(f->bytes, "a\001bc", 4);
	assert_int_equal(eventually(f, quits, 0), 0);
	assert_int_equal(write(f->far, "xd", 2), 2);
	assert_int_equal(eventually(f, quits, 1), 1);
	assert_int_equal(eventually(f, got, 5), 5);
	assert_int_equal(f->bytes[4], 'd');
}

/* A guest that takes nothing any more, and a user who has typed more than can be kept. */
static void a_terminal_is_always_read(void **state)
{
	struct fixture *f = *state;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), tty;

	f->far = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_ok(grantpt(f->far) || unlockpt(f->far));
	tty = open(ptsname(f->far), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(tty >= 0);
	f->room = 0;
	f->in = redirect(STDIN_FILENO, tty);
	f->out = redirect(STDOUT_FILENO, null);
	start(f, "stdio");
	restore(STDOUT_FILENO, &f->out);
	send_pattern(f->far, 100000);
	assert_int_equal(write(f->far, "\001x", 2), 2);
	assert_int_equal(eventually(f, quits, 1), 1);
	make_room(f, MUCH);
	assert_int_equal(eventually(f, got, 65536), 65536);
	assert_pattern(f, 65536);
}

static int new_client(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void join_as(const struct fixture *f, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, f->path);
	assert_ok(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)));
}

static int join(const struct fixture *f)
{
	int fd = new_client();

	join_as(f, fd);
	return fd;
}

static void start_unix(struct fixture *f)
{
	char spec[sizeof(f->path) + 5];

	snprintf(spec, sizeof(spec), "unix:%s", f->path);
	start(f, spec);
}

static void assert_hears(int fd, const char *text)
{
	char buf[64];
	size_t len = 0;

	while (len < strlen(text)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		assert_int_equal(poll(&p, 1, SOON_MS), 1);
		ssize_t n = read(fd, buf + len, strlen(text) - len);
		assert_true(n > 0);
		len += n;
	}
	assert_memory_equal(buf, text, len);
}

static void clients_come_and_go(void **state)
{
	struct fixture *f = *state;

	start_unix(f);
	for (unsigned int i = 1; i <= 5; i++) {
		int fd = join(f);

		assert_int_equal(eventually(f, opened, i), i);
		assert_int_equal(write(fd, "ping", 4), 4);
		assert_int_equal(eventually(f, got, 4 * i), 4 * i);
		chardev_write(f->chardev, "pong", 4);
		assert_hears(fd, "pong");
		close(fd);
		assert_int_equal(eventually(f, closed, i), i);
	}
}

/* The client takes nothing: what the first peer leaves behind is not in the next one's way. */
static void the_next_one_gets_the_line(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->room = 0;
	start_unix(f);
	fd = join(f);
	send_pattern(fd, 66000);
	close(fd);
	assert_int_equal(eventually(f, closed, 1), 1);
	fd = join(f);
	assert_int_equal(eventually(f, opened, 2), 2);
	chardev_write(f->chardev, "here", 4);
	assert_hears(fd, "here");
	make_room(f, MUCH);
	assert_int_equal(eventually(f, got, 65536), 65536);
	assert_pattern(f, 65536);
	assert_int_equal(write(fd, "there", 5), 5);
	assert_int_equal(eventually(f, got, 65541), 65541);
	assert_memory_equal(f->bytes + 65536, "there", 5);
	close(fd);
}

/* "echo text | socat - UNIX:…" has gone before the guest takes a thing. */
static void what_was_sent_arrives(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->room = 0;
	start_unix(f);
	fd = join(f);
	send_pattern(fd, PASTE);
	close(fd);
	assert_int_equal(eventually(f, closed, 1), 1);
	make_room(f, MUCH);
	assert_int_equal(eventually(f, got, PASTE), PASTE);
	assert_pattern(f, PASTE);
}

/* "echo question | socat - UNIX:…": no more is to come, but the answer is waited for. */
static void the_answer_is_waited_for(void **state)
{
	struct fixture *f = *state;
	uint8_t byte;
	int fd;

	f->room = 1;
	start_unix(f);
	fd = join(f);
	assert_int_equal(write(fd, "?", 1), 1);
	assert_int_equal(eventually(f, got, 1), 1);
	assert_ok(shutdown(fd, SHUT_WR));
	for (unsigned int i = 0; i < 50; i++)
		nap();
	chardev_write(f->chardev, "wait", 4);
	assert_hears(fd, "wait");
	assert_int_equal(eventually(f, closed, 0), 0);
	chardev_write(f->chardev, "this", 4);
	make_room(f, MUCH);
	assert_hears(fd, "this");
	assert_int_equal(eventually(f, closed, 1), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

/* Who does not wait any more is noticed. */
static void nobody_waits_for_the_answer(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->room = 0;
	start_unix(f);
	fd = join(f);
	assert_ok(shutdown(fd, SHUT_WR));
	assert_int_equal(eventually(f, opened, 1), 1);
	close(fd);
	assert_int_equal(eventually(f, closed, 1), 1);
	fd = join(f);
	assert_int_equal(eventually(f, opened, 2), 2);
	close(fd);
}

static void *write_much(void *opaque)
{
	struct fixture *f = opaque;

	for (size_t i = 0; i < MUCH; i++) {
		uint8_t byte = pattern(i);

		chardev_write(f->chardev, &byte, 1);
	}
	return NULL;
}

/* Nobody reads at the far end of stdout. Whether the loop goes on is shown by input. */
static void assert_lives_without_reader(struct fixture *f, int out)
{
	int ends[2];
	pthread_t writer;

	assert_ok(pipe2(ends, O_CLOEXEC));
	f->in = redirect(STDIN_FILENO, ends[0]);
	f->out = redirect(STDOUT_FILENO, out);
	start(f, "stdio");
	assert_ok(pthread_create(&writer, NULL, write_much, f));
	pthread_join(writer, NULL);
	assert_int_equal(write(ends[1], "key", 3), 3);
	close(ends[1]);
	assert_int_equal(eventually(f, got, 3), 3);
	finish(f);
	assert_false(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK);
	restore(STDOUT_FILENO, &f->out);
}

static void stdout_is_a_socket(void **state)
{
	struct fixture *f = *state;
	int pair[2];

	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	f->far = pair[0];
	assert_lives_without_reader(f, pair[1]);
}

static void stdout_is_a_pipe(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	assert_ok(pipe2(ends, O_CLOEXEC));
	f->far = ends[0];
	assert_lives_without_reader(f, ends[1]);
}

/* Another user's, as after su: it can be used but not opened. */
static void stdout_is_a_pipe_of_another_user(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	if (geteuid())
		skip();
	assert_ok(pipe2(ends, O_CLOEXEC));
	assert_ok(fchmod(ends[1], 0600));
	f->far = ends[0];
	assert_ok(seteuid(65534));
	assert_lives_without_reader(f, ends[1]);
	assert_ok(seteuid(0));
}

/* A writer is no hostage of the loop's thread, which may wait for the writer: nothing gets lost. */
static void a_writer_does_without_the_loop(void **state)
{
	struct fixture *f = *state;
	pthread_t writer;
	size_t got = 0;
	int fd;

	start_unix(f);
	fd = join(f);
	assert_int_equal(eventually(f, opened, 1), 1);
	pthread_mutex_lock(&f->lock);		/* the loop's thread waits for it, with a key */
	assert_int_equal(write(fd, "k", 1), 1);
	assert_ok(pthread_create(&writer, NULL, write_much, f));
	while (got < MUCH - 65536) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint8_t buf[4096];
		ssize_t n;

		assert_int_equal(poll(&p, 1, SOON_MS), 1);
		n = read(fd, buf, sizeof(buf));
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], pattern(got++));
	}
	pthread_mutex_unlock(&f->lock);
	pthread_join(writer, NULL);
	close(fd);
}

static long cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The descriptors are all in use: a client waits, costs nothing, and is served when one is free. */
static void a_client_waits_for_a_descriptor(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, low;
	int fd, spare;
	long before;

	start_unix(f);
	fd = new_client();
	spare = dup(fd);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	low = (struct rlimit){ spare + 1, old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &low));
	join_as(f, fd);
	before = cpu_ms();
	for (int i = 0; i < 300; i++)
		nap();
	assert_in_range(cpu_ms() - before, 0, 150);
	assert_int_equal(eventually(f, opened, 0), 0);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(eventually(f, opened, 1), 1);
	close(spare);
	close(fd);
}

/* The socket's name is somebody else's by the end: it stays. */
static void a_socket_taken_over_stays(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	start_unix(f);
	assert_ok(unlink(f->path));
	assert_ok(mknod(f->path, S_IFSOCK | 0600, 0));
	finish(f);
	assert_ok(lstat(f->path, &st));
	assert_ok(unlink(f->path));
}

static void its_own_socket_goes(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	start_unix(f);
	assert_ok(lstat(f->path, &st));
	finish(f);
	assert_int_equal(lstat(f->path, &st), -1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_paste_arrives_whole),
		test(a_pipe_arrives_whole),
		test(the_key_for_ivmm_is_found),
		test(a_terminal_is_always_read),
		test(clients_come_and_go),
		test(the_next_one_gets_the_line),
		test(what_was_sent_arrives),
		test(the_answer_is_waited_for),
		test(nobody_waits_for_the_answer),
		test(stdout_is_a_socket),
		test(stdout_is_a_pipe),
		test(stdout_is_a_pipe_of_another_user),
		test(a_writer_does_without_the_loop),
		test(a_client_waits_for_a_descriptor),
		test(a_socket_taken_over_stays),
		test(its_own_socket_goes),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
