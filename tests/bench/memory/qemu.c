// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU over qtest, its CPUs stopped: pci-testdev has one BAR of 4 KiB, 256 of them are a bus, each
 * bus is behind a bridge with a window of 8 MiB. There is a free page behind each BAR.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu.h"

#define PROGRAM		"qemu-system-x86_64"
#define REPLY_SECONDS	60
#define SETTLE_US	100000		/* QEMU frees what a commit left 50 ms later at most */

#define BUS_FNS		256u
#define BRIDGE_FN	0x20u		/* devices and functions of bus 0 from slot 4 on */
#define WINDOW		0x800000u
#define BARS_BASE	0xc0000000u
#define BAR_STRIDE	0x2000u
#define BAR_SIZE	0x1000u

#define PORT_NOTHING	0x80u
#define PORT_ADDRESS	0xcf8u
#define PORT_DATA	0xcfcu

#define REG_COMMAND	0x04u
#define REG_BAR0	0x10u
#define REG_BUSES	0x18u
#define REG_WINDOW	0x20u
#define COMMAND_MEMORY	0x2u

/* The device's own: a test is chosen by its number, then its name can be read. */
#define TESTDEV_SELECT	0x00u
#define TESTDEV_NAME	0x10u

/* An argument list that grows; the process ends without memory for it, being a child. */
struct args {
	char **v;
	unsigned int nr;
};

__attribute__((format(printf, 2, 3))) static void arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	a->v = realloc(a->v, (a->nr + 2) * sizeof(*a->v));
	if (!a->v)
		_exit(EXIT_FAILURE);
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->nr], fmt, ap) < 0)
		_exit(EXIT_FAILURE);
	va_end(ap);
	a->v[++a->nr] = NULL;
}

static void args_machine(struct args *a, int sock, const char *accel)
{
	static const char *const fixed[] = {
		PROGRAM, "-machine", "pc,smm=off", "-S", "-m", "64", "-nodefaults", "-display",
		"none", "-qtest", "chardev:qtest", "-qtest-log", "/dev/null",
	};

	for (unsigned int i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		arg(a, "%s", fixed[i]);
	arg(a, "-chardev");
	arg(a, "socket,id=qtest,fd=%d", sock);
	arg(a, "-accel");
	arg(a, "%s", accel);
}

static unsigned int buses(const struct qemu *q)
{
	return (q->bars + BUS_FNS - 1) / BUS_FNS;
}

static unsigned int bridge_fn(unsigned int bus)
{
	return BRIDGE_FN + bus;
}

static void args_devices(struct args *a, const struct qemu *q)
{
	for (unsigned int i = 0; i < buses(q); i++) {
		arg(a, "-device");
		arg(a, "pci-bridge,id=b%u,chassis_nr=%u,shpc=off,addr=%x.%u,multifunction=on", i,
		    i + 1, bridge_fn(i) / 8, bridge_fn(i) % 8);
	}
	for (unsigned int i = 0; i < q->bars; i++) {
		arg(a, "-device");
		arg(a, "pci-testdev,bus=b%u,addr=%x.%u,multifunction=on", i / BUS_FNS,
		    i % BUS_FNS / 8, i % 8);
	}
}

static void child(const struct qemu *q, int sock, const char *accel)
{
	struct args a = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	args_machine(&a, sock, accel);
	args_devices(&a, q);
	if (!freopen("/dev/null", "w", stderr))
		_exit(EXIT_FAILURE);
	execvp(PROGRAM, a.v);
	_exit(EXIT_FAILURE);
}

/* The answer to one command; whatever follows OK goes to @answer. */
static bool command(struct qemu *q, char *answer, const char *cmd)
{
	char line[128] = "";
	size_t used = 0;
	ssize_t n;

	if (send(q->sock, cmd, strlen(cmd), MSG_NOSIGNAL) != (ssize_t)strlen(cmd))
		return false;
	do {
		n = recv(q->sock, line + used, sizeof(line) - 1 - used, 0);
		if (n <= 0)
			return false;
		used += n;
	} while (line[used - 1] != '\n');
	if (answer)
		strcpy(answer, line);
	return !strncmp(line, "OK", 2);
}

static bool access_do(struct qemu *q, const char *what, uint32_t addr, uint32_t value)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "%s 0x%x 0x%x\n", what, addr, value);
	return command(q, NULL, cmd);
}

static bool config_select(struct qemu *q, unsigned int bus, unsigned int fn, unsigned int reg)
{
	return access_do(q, "outl", PORT_ADDRESS, 1u << 31 | bus << 16 | fn << 8 | reg);
}

static bool config_write(struct qemu *q, unsigned int bus, unsigned int fn, unsigned int reg,
			 uint32_t value)
{
	return config_select(q, bus, fn, reg) && access_do(q, "outl", PORT_DATA, value);
}

static uint32_t window_base(unsigned int bus)
{
	return BARS_BASE + bus * WINDOW;
}

static uint32_t bar_address(unsigned int bar)
{
	return window_base(bar / BUS_FNS) + bar % BUS_FNS * BAR_STRIDE;
}

static bool bridge_program(struct qemu *q, unsigned int bus)
{
	uint32_t first = window_base(bus), last = first + WINDOW - 1;

	return config_write(q, 0, bridge_fn(bus), REG_BUSES, (bus + 1) << 8 | (bus + 1) << 16) &&
	       config_write(q, 0, bridge_fn(bus), REG_WINDOW, first >> 16 | (last & 0xfff00000u));
}

static bool bar_program(struct qemu *q, unsigned int bar)
{
	unsigned int bus = bar / BUS_FNS + 1, fn = bar % BUS_FNS;

	return config_write(q, bus, fn, REG_BAR0, bar_address(bar)) &&
	       config_write(q, bus, fn, REG_COMMAND, COMMAND_MEMORY);
}

/* Bridges decode last, so that nothing shows until all is in its place. */
static bool program(struct qemu *q)
{
	bool ok = true;

	for (unsigned int i = 0; i < buses(q); i++)
		ok = ok && bridge_program(q, i);
	for (unsigned int i = 0; i < q->bars; i++)
		ok = ok && bar_program(q, i);
	for (unsigned int i = 0; i < buses(q); i++)
		ok = ok && config_write(q, 0, bridge_fn(i), REG_COMMAND, COMMAND_MEMORY);
	return ok;
}

/* Whether a device answers at @addr, where its BAR is to be: by the first letter of "mmio-...". */
static bool device_at(struct qemu *q, uint32_t addr)
{
	char cmd[32], answer[128];

	snprintf(cmd, sizeof(cmd), "readb 0x%x\n", addr + TESTDEV_NAME);
	return access_do(q, "writeb", addr + TESTDEV_SELECT, 0) && command(q, answer, cmd) &&
	       strtoul(answer + strlen("OK "), NULL, 0) == 'm';
}

const char *qemu_start(struct qemu *q, const struct qemu_program *p)
{
	struct timeval patience = { .tv_sec = REPLY_SECONDS };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return "no socket for QEMU";
	q->pid = fork();
	if (!q->pid) {
		close(pair[0]);
		child(q, pair[1], p->accel);
	}
	close(pair[1]);
	q->sock = pair[0];
	setsockopt(q->sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (q->pid > 0 && !clock_getcpuclockid(q->pid, &q->clock) && program(q) &&
	    device_at(q, bar_address(0)) && device_at(q, bar_address(q->bars - 1)))
		return NULL;
	qemu_stop(q);
	return "QEMU does not come up with so many devices";
}

void qemu_stop(struct qemu *q)
{
	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		waitpid(q->pid, NULL, 0);
		close(q->sock);
	}
	q->pid = 0;
}

static double settled_us(const struct qemu *q)
{
	struct timespec t;

	usleep(SETTLE_US);
	clock_gettime(q->clock, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* To @port the address of the first BAR one page up, and down again, by turns. */
static bool writes(struct qemu *q, uint32_t port)
{
	bool ok = true;

	for (unsigned int i = 0; i < q->moves; i++)
		ok = ok && access_do(q, "outl", port, bar_address(0) + (i % 2 ? 0 : BAR_SIZE));
	return ok;
}

const char *qemu_bar_move(void *arg, double *us)
{
	struct qemu *q = arg;
	double start, between, end;
	bool ok;

	if (!q->pid)
		return "QEMU is not running";
	ok = config_select(q, 1, 0, REG_BAR0);
	start = settled_us(q);
	ok = ok && writes(q, PORT_NOTHING);
	between = settled_us(q);
	ok = ok && writes(q, PORT_DATA);
	end = settled_us(q);
	*us = ((end - between) - (between - start)) / q->moves;
	return ok && device_at(q, bar_address(0)) ? NULL : "QEMU stopped answering";
}

static bool version_read(struct qemu_program *p)
{
	char version[32] = "";
	FILE *f = popen(PROGRAM " --version 2>/dev/null", "re");

	if (!f)
		return false;
	if (fscanf(f, "QEMU emulator version %31s", version) != 1)
		version[0] = '\0';
	pclose(f);
	snprintf(p->name, sizeof(p->name), "QEMU %s, -accel %s", version, p->accel);
	return version[0];
}

const char *qemu_find(struct qemu_program *p)
{
	static const char *const accels[] = { "kvm", "tcg" };

	for (unsigned int i = 0; i < sizeof(accels) / sizeof(accels[0]); i++) {
		struct qemu q = { .bars = 1 };

		p->accel = accels[i];
		if (version_read(p) && !qemu_start(&q, p)) {
			qemu_stop(&q);
			return NULL;
		}
	}
	return "no " PROGRAM " that runs: apt-get install qemu-system-x86";
}
