// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole machine, with its monitor, is saved while it runs and goes on in another process; what
 * becomes of the file when things end before. The guest is a ROM of a few instructions: it counts
 * in a register and in RAM, says '!' for ever if the two differ, and a letter of its count
 * otherwise.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "machine.h"

#define SECONDS		30
#define WORDS_MAX	32
#define ROM_SIZE	0x10000
#define ROM_CODE	0xff00
#define ROM_RESET	0xfff0
#define LETTERS		16

extern const char counter_code[], counter_code_end[];
asm(
".pushsection .rodata\n"
".code16\n"
"counter_code:\n"
"	mov $0x1000, %ax\n"
"	mov %ax, %es\n"
"	xor %ecx, %ecx\n"
"1:	incl %ecx\n"
"	incl %es:0\n"
"	cmp %ecx, %es:0\n"
"	jne 3f\n"
"	mov $0x3f8, %dx\n"
"	mov %cl, %al\n"
"	and $15, %al\n"
"	add $'A', %al\n"
"	out %al, %dx\n"
"	mov $500, %bx\n"
"2:	dec %bx\n"
"	jnz 2b\n"
"	jmp 1b\n"
"3:	mov $0x3f8, %dx\n"
"	mov $'!', %al\n"
"	out %al, %dx\n"
"	jmp 3b\n"
"counter_code_end:\n"
".code64\n"
".popsection\n");

/* --- a machine in a process of its own --- */

struct run {
	char folder[32], rom[64], serial[64], monitor[64], snap[64], partial[80], file[64];
	pid_t pid;
};

static int rom_write(const char *path)
{
	static const char jump[] = { (char)0xe9, 0x0d, (char)0xff };	/* to ROM_CODE */
	static char rom[ROM_SIZE];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	memcpy(rom + ROM_CODE, counter_code, counter_code_end - counter_code);
	memcpy(rom + ROM_RESET, jump, sizeof(jump));
	EXPECT(write(fd, rom, sizeof(rom)) == sizeof(rom));
	close(fd);
	return 0;
}

static int run_init(struct run *r)
{
	*r = (struct run){ .folder = "/tmp/ivmm-restore-XXXXXX" };
	EXPECT(mkdtemp(r->folder));
	snprintf(r->rom, sizeof(r->rom), "%s/rom", r->folder);
	snprintf(r->serial, sizeof(r->serial), "%s/serial", r->folder);
	snprintf(r->monitor, sizeof(r->monitor), "%s/monitor", r->folder);
	snprintf(r->snap, sizeof(r->snap), "%s/snap", r->folder);
	snprintf(r->partial, sizeof(r->partial), "%s.partial", r->snap);
	snprintf(r->file, sizeof(r->file), "%s/file", r->folder);
	return rom_write(r->rom);
}

/* A machine that does not end when it is told to fails the case that told it. */
static int run_end(struct run *r, int signum)
{
	time_t end = time(NULL) + SECONDS;
	pid_t pid = r->pid;

	r->pid = 0;
	if (!pid)
		return 0;
	kill(pid, signum);
	while (time(NULL) < end) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ktap_fail("signal %d does not end the machine", signum);
}

static void run_fini(struct run *r)
{
	char command[64];

	run_end(r, SIGKILL);
	snprintf(command, sizeof(command), "rm -rf %s", r->folder);
	if (system(command))
		printf("# %s stays\n", r->folder);
}

static int line_cut(char *line, char **argv)
{
	int argc = 0;
	char *save;

	for (char *word = strtok_r(line, " ", &save); word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return argc;
}

static void machine_main(char *line)
{
	char *argv[WORDS_MAX];
	struct options opts;
	struct machine *m;
	struct error err = { .text = "" };
	int argc = line_cut(line, argv), ret;

	if (options_parse(&opts, argc, argv, &err) || machine_create(&m, &opts, &err)) {
		printf("# %s\n", err.text);
		fflush(stdout);
		_exit(error_status(&err));
	}
	ret = machine_run(m, &err);
	machine_destroy(m);
	_exit(ret);
}

/* @more: options behind those that are always the same. */
/* Who started the tests may ignore some (nohup): the machine would, too. */
static void signals_default(void)
{
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static void run_fork(struct run *r, const char *more)
{
	char line[1024];

	unlink(r->serial);
	snprintf(line, sizeof(line),
		 "ivmm -m 16 -bios %s -serial file:%s -monitor unix:%s "
		 "-object memory-backend-memfd,id=m0,size=1M "
		 "-object memory-backend-file,id=m1,size=1M,share=on,mem-path=%s "
		 "-device ivshmem-plain,memdev=m0 -device ivshmem-plain,memdev=m1 %s",
		 r->rom, r->serial, r->monitor, r->file, more);
	fflush(stdout);
	r->pid = fork();
	if (!r->pid) {
		signals_default();
		machine_main(line);
	}
}

/* Starts a machine and waits until it says something. */
static int run_start(struct run *r, const char *more)
{
	struct stat st;

	run_fork(r, more);
	for (time_t end = time(NULL) + SECONDS; time(NULL) < end;) {
		if (!stat(r->serial, &st) && st.st_size > 2 * LETTERS)
			return 0;
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	r->pid = 0;
	return ktap_fail("the machine does not run");
}

/* The status of a machine that is not to come up. */
static int run_status(struct run *r, const char *more)
{
	int status = 0;

	run_fork(r, more);
	waitpid(r->pid, &status, 0);
	r->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Sends lines to the monitor, and collects the answers up to that many empty lines. */
static int ask(struct run *r, const char *lines, unsigned int answers, char *out, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t len = 0;
	ssize_t n;

	strcpy(address.sun_path, r->monitor);
	EXPECT(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	EXPECT(write(fd, lines, strlen(lines)) == (ssize_t)strlen(lines));
	alarm(SECONDS);
	while (answers && len + 1 < size) {
		n = read(fd, out + len, 1);
		EXPECT(n == 1);
		len++;
		answers -= len > 1 && out[len - 1] == '\n' && out[len - 2] == '\n';
	}
	alarm(0);
	out[len] = '\0';
	close(fd);
	return 0;
}

static int snapshot_done(struct run *r)
{
	char answer[1024] = "";

	for (time_t end = time(NULL) + SECONDS; time(NULL) < end;) {
		EXPECT_PASS(ask(r, "info snapshot -j\n", 1, answer, sizeof(answer)));
		if (strstr(answer, "\"done\""))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return ktap_fail("%s", answer);
}

static int snapshot(struct run *r)
{
	char line[128], answer[1024];

	snprintf(line, sizeof(line), "snapshot-live %s\n", r->snap);
	EXPECT_PASS(ask(r, line, 1, answer, sizeof(answer)));
	EXPECT(!strncmp(answer, "snapshot: begun", 15));
	return snapshot_done(r);
}

/* What the guest has said is letter after letter, without a gap. */
static int says_what_follows(struct run *r)
{
	static char text[1 << 20];
	int fd = open(r->serial, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	close(fd);
	EXPECT(n > 2 * LETTERS);
	for (ssize_t i = 0; i < n; i++) {
		EXPECT(text[i] >= 'A' && text[i] < 'A' + LETTERS);
		EXPECT(!i || (text[i] - text[i - 1] + LETTERS) % LETTERS == 1);
	}
	return 0;
}

/* --- cases --- */

static int goes_on(struct run *r)
{
	char restore[96];

	EXPECT_PASS(run_start(r, ""));
	EXPECT_PASS(snapshot(r));
	EXPECT_PASS(says_what_follows(r));
	run_end(r, SIGKILL);
	snprintf(restore, sizeof(restore), "-restore %s", r->snap);
	for (int i = 0; i < 2; i++) {
		EXPECT_PASS(run_start(r, restore));
		EXPECT_PASS(says_what_follows(r));
		run_end(r, SIGKILL);
	}
	return 0;
}

/* RAM, ROM and the memfd, which would be gone; not the file, which is there by its name. */
static int holds_what_would_be_gone(struct run *r)
{
	const off_t copied = (16 << 20) + ROM_SIZE + (1 << 20);
	struct stat st;

	EXPECT_PASS(run_start(r, ""));
	EXPECT_PASS(snapshot(r));
	EXPECT(!stat(r->snap, &st));
	EXPECT(st.st_size > copied && st.st_size < copied + (1 << 20));
	EXPECT(st.st_blocks * 512 < 1 << 20);		/* the guest uses next to nothing */
	return 0;
}

/* A guest that is on hold stays so, in both machines; one that is not is not. */
static int on_hold(struct run *r)
{
	char answer[1024], restore[96];
	struct stat before, after;

	EXPECT_PASS(run_start(r, ""));
	EXPECT_PASS(ask(r, "stop\n", 1, answer, sizeof(answer)));
	EXPECT(!stat(r->serial, &before));
	EXPECT_PASS(snapshot(r));
	EXPECT_PASS(ask(r, "info status\n", 1, answer, sizeof(answer)));
	EXPECT(!strcmp(answer, "VM status: paused\n\n"));
	EXPECT(!stat(r->serial, &after) && before.st_size == after.st_size);
	EXPECT_PASS(ask(r, "cont\n", 1, answer, sizeof(answer)));
	EXPECT_PASS(says_what_follows(r));
	EXPECT_PASS(run_end(r, SIGTERM));
	snprintf(restore, sizeof(restore), "-restore %s", r->snap);
	return run_start(r, restore);
}

/* Whatever ends the program amid a snapshot: nothing is left that could be taken for one. */
static int ended_amid(struct run *r)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	char line[128], answer[1024];

	snprintf(line, sizeof(line), "snapshot-live %s\nquit\n", r->snap);
	EXPECT_PASS(run_start(r, ""));
	EXPECT_PASS(ask(r, line, 2, answer, sizeof(answer)));
	EXPECT_PASS(run_end(r, 0));
	EXPECT(access(r->partial, F_OK));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		unlink(r->snap);
		EXPECT_PASS(run_start(r, ""));
		snprintf(line, sizeof(line), "snapshot-live %s\n", r->snap);
		EXPECT_PASS(ask(r, line, 1, answer, sizeof(answer)));
		EXPECT_PASS(run_end(r, signals[i]));
		EXPECT(access(r->partial, F_OK));
	}
	return 0;
}

/* As a SIGKILL leaves it: all of it is there, but not its end. */
static int half_a_file(struct run *r)
{
	char restore[96];
	struct stat st;

	EXPECT_PASS(run_start(r, ""));
	EXPECT_PASS(snapshot(r));
	run_end(r, SIGKILL);
	EXPECT(!stat(r->snap, &st));
	EXPECT(!truncate(r->snap, st.st_size - 64));
	snprintf(restore, sizeof(restore), "-restore %s", r->snap);
	EXPECT(run_status(r, restore) == ERROR_STATUS_USAGE);
	return 0;
}

static int one_at_a_time(struct run *r)
{
	char lines[256], answer[4096];

	/* so that it takes a while */
	EXPECT_PASS(run_start(r, "-m 1024"));
	snprintf(lines, sizeof(lines), "dirty-rate 1\nsnapshot-live %s\ninfo version\n", r->snap);
	EXPECT_PASS(ask(r, lines, 3, answer, sizeof(answer)));
	/* the first answer comes after a second, before that of the lines behind it */
	EXPECT(!strncmp(answer, "pc.ram ", 7));
	EXPECT(strstr(answer, " 1 pages/s") || strstr(answer, "(1 of 262144 pages)"));
	EXPECT(strstr(answer, "snapshot: begun"));
	EXPECT(strstr(answer, "ivmm " IVSHMEM_VERSION));
	EXPECT_PASS(snapshot_done(r));
	snprintf(lines, sizeof(lines), "snapshot-live %s\nsnapshot-live %s\nsnapshot-cancel\n",
		 r->snap, r->snap);
	EXPECT_PASS(ask(r, lines, 3, answer, sizeof(answer)));
	EXPECT(strstr(answer, "error: snapshot-live: a snapshot is being taken"));
	snprintf(lines, sizeof(lines), "snapshot-live /nonexistent/snap\n");
	EXPECT_PASS(ask(r, lines, 1, answer, sizeof(answer)));
	EXPECT(strstr(answer, "error: snapshot-live: "));
	return 0;
}

static int with_run(int (*test)(struct run *r))
{
	const char *why = guest_unavailable();
	struct run r;
	int ret;

	if (why)
		return ktap_skip("%s", why);
	ret = run_init(&r);
	if (!ret)
		ret = test(&r);
	run_fini(&r);
	return ret;
}

#define CASE(test)						\
	static int run_##test(void)				\
	{							\
		return with_run(test);				\
	}

CASE(goes_on)
CASE(holds_what_would_be_gone)
CASE(on_hold)
CASE(ended_amid)
CASE(half_a_file)
CASE(one_at_a_time)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a machine goes on in another process, and once more", run_goes_on },
		{ "the file holds what would be gone, and no more",
		  run_holds_what_would_be_gone },
		{ "a guest that is on hold stays so", run_on_hold },
		{ "a snapshot that is cut short leaves nothing", run_ended_amid },
		{ "without its end it is not taken", run_half_a_file },
		{ "one thing at a time follows the guest's stores", run_one_at_a_time },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
