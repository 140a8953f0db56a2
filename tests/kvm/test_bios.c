// SPDX-License-Identifier: GPL-2.0-only
/*
 * SeaBIOS from Debian in a whole machine: from the reset vector in real mode to its last words,
 * which are that there is nothing to boot. That takes the ROM in both its places, RAM over it and
 * write-protected again, sizes from CMOS, and PCI.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "machine.h"

#define SECONDS		60	/* it takes one to five */
#define LOG_MAX		65536
#define WORDS_MAX	32

/* As Debian installs it, and where the lab has it unpacked. */
static const char *const roms[] = {
	"/usr/share/seabios/bios-256k.bin",
	"build/lab/root-qemu/usr/share/seabios/bios-256k.bin",
};

static const char *rom(void)
{
	for (size_t i = 0; i < sizeof(roms) / sizeof(roms[0]); i++)
		if (!access(roms[i], R_OK))
			return roms[i];
	return NULL;
}

/* A command line, cut into words. */
static int line_cut(char *line, char **argv)
{
	int argc = 0;
	char *save;

	for (char *word = strtok_r(line, " ", &save); word && argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return argc;
}

/*
 * In a process of its own: a machine takes signals and the terminal. Its status is the machine's.
 */
static pid_t machine_fork(char *line)
{
	pid_t pid = fork();
	char *argv[WORDS_MAX];
	struct options opts;
	struct machine *m;
	struct error err;
	int argc;

	if (pid)
		return pid;
	argc = line_cut(line, argv);
	if (options_parse(&opts, argc, argv, &err) || machine_create(&m, &opts, &err)) {
		printf("# no machine: %s\n", err.text);
		fflush(stdout);
		_exit(126);
	}
	_exit(machine_run(m, &err));
}

struct run {
	char path[32];		/* of the log, empty at first */
	char log[LOG_MAX];
	pid_t pid;
};

static void run_read(struct run *r)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, r->log, sizeof(r->log) - 1);

	r->log[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* Whether @text comes in time, and the machine lives on. */
static bool run_says(struct run *r, const char *text)
{
	const struct timespec pause = { .tv_nsec = 50000000 };

	for (time_t end = time(NULL) + SECONDS; time(NULL) < end; nanosleep(&pause, NULL)) {
		run_read(r);
		if (strstr(r->log, text))
			return true;
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid) {
			r->pid = 0;
			return false;
		}
	}
	return false;
}

static int run_start(struct run *r, const char *ram, const char *smp)
{
	char line[512];
	int fd;

	strcpy(r->path, "/tmp/ivmm-bios-XXXXXX");
	fd = mkstemp(r->path);
	if (fd < 0)
		return -errno;
	close(fd);
	snprintf(line, sizeof(line),
		 "ivmm -bios %s -m %s -smp %s -serial none -debugcon file:%s "
		 "-object memory-backend-memfd,id=m0,size=1M -device ivshmem-plain,memdev=m0",
		 rom(), ram, smp, r->path);
	fflush(stdout);
	r->pid = machine_fork(line);
	return r->pid < 0 ? -errno : 0;
}

static void run_end(struct run *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	unlink(r->path);
}

static int boots(const char *ram, const char *smp, const char *const *texts)
{
	struct run *r;
	const char *why = guest_unavailable();
	int ret = 0;

	if (why)
		return ktap_skip("%s", why);
	if (!rom())
		return ktap_skip("no %s: install seabios", roms[0]);
	r = calloc(1, sizeof(*r));
	EXPECT(r && !run_start(r, ram, smp));
	for (; !ret && *texts; texts++)
		if (!run_says(r, *texts))
			ret = ktap_fail("'%s' never came; the log: %s", *texts, r->log);
	run_end(r);
	free(r);
	return ret;
}

static int to_the_banner(void)
{
	return boots("16", "1", (const char *const[]){ "SeaBIOS (version ", NULL });
}

/* The machine it finds is the one that the command line says. */
static int to_the_end(void)
{
	return boots("128", "1", (const char *const[]){
		"Running on QEMU (i440fx)",
		"RamSize: 0x08000000 [cmos]",
		"map device bdf=00:01.0  bar 2",
		"id=1af4:1110",
		"Found 1 cpu(s) max supported 1 cpu(s)",
		"Found 2 serial ports",
		"1: 000000000009fc00 - 00000000000a0000 = 2 RESERVED",
		"0000000000100000 - 0000000008000000 = 1 RAM",
		"No bootable device.",
		NULL,
	});
}

static int with_much_ram_and_more_cpus(void)
{
	return boots("4096", "3", (const char *const[]){
		"RamSize: 0xc0000000 [cmos]",
		"Found 3 cpu(s) max supported 3 cpu(s)",
		"0000000000100000 - 00000000c0000000 = 1 RAM",
		"No bootable device.",
		NULL,
	});
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "SeaBIOS prints its banner", to_the_banner },
		{ "SeaBIOS looks for something to boot, on the machine there is", to_the_end },
		{ "SeaBIOS finds all RAM below 4 GiB and more CPUs", with_much_ram_and_more_cpus },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
