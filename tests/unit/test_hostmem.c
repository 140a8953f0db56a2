// SPDX-License-Identifier: GPL-2.0-only
/* Backends: what -object says of memory is what the memory is like. Needs no module. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostmem/hostmem.h"
#include "memory/ram.h"
#include "unit.h"

#define MIB	(1ull << 20)
#define PAGE	4096ull

struct fixture {
	struct memory *mem;
	struct hostmem hostmem;
	char path[32];			/* of a file of 4 MiB, a number in each page */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	memory_thread_register();
	assert_ok(memory_create(&f->mem));
	hostmem_init(&f->hostmem, f->mem);
	strcpy(f->path, "/tmp/test_hostmem.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_ok(ftruncate(fd, 4 * MIB));
	for (uint32_t i = 0; i < 4 * MIB / PAGE; i++)
		assert_int_equal(pwrite(fd, &i, 4, i * PAGE), 4);
	close(fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hostmem_fini(&f->hostmem);
	memory_destroy(f->mem);
	memory_thread_unregister();
	unlink(f->path);
	free(f);
	return 0;
}

/* The backend m0 that the text describes. */
static struct memory_region *backend(struct fixture *f, const char *text)
{
	struct hostmem_backend *b;
	struct error err;
	struct props o = { 0 };

	assert_ok(props_parse(&o, "-object", text, &err));
	if (hostmem_add(&f->hostmem, &o, &err))
		fail_msg("%s: %s", text, err.text);
	props_fini(&o);
	assert_ok(hostmem_get(&f->hostmem, "m0", "test", &b, &err));
	return &b->mr;
}

static void refused(struct fixture *f, const char *text, const char *why)
{
	struct error err = { .text = "" };
	struct props o = { 0 };

	assert_ok(props_parse(&o, "-object", text, &err));
	assert_int_not_equal(hostmem_add(&f->hostmem, &o, &err), 0);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\", not \"%s\"", text, err.text, why);
	props_fini(&o);
}

static char *policies(struct fixture *f)
{
	static char line[1000];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ramblock_info(f->mem, out, MTREE_JSON);
	fclose(out);
	snprintf(line, sizeof(line), "%s", strstr(text, "\"policy\""));
	free(text);
	return line;
}

static unsigned int resident(const struct memory_region *mr)
{
	unsigned char in[1024];
	unsigned int n = 0;

	assert_ok(mincore(memory_region_get_ram_ptr(mr), 4 * MIB, in));
	for (int i = 0; i < 1024; i++)
		n += in[i] & 1;
	return n;
}

static void pages_are_had_when_asked_for(void **state)
{
	struct memory_region *mr = backend(*state, "memory-backend-ram,id=m0,size=4M,prealloc=on,"
					   "prealloc-threads=2");

	assert_int_equal(resident(mr), 1024);
	assert_string_equal(policies(*state), "\"policy\": \"-\"}]\n");
}

static void pages_are_not_had_by_themselves(void **state)
{
	assert_int_equal(resident(backend(*state, "memory-backend-memfd,id=m0,size=4M,"
					  "prealloc-threads=2,prealloc=off")), 0);
}

static void advice_is_passed_on(void **state)
{
	if (access("/sys/kernel/mm/ksm/run", F_OK)) {
		refused(*state, "memory-backend-ram,id=m0,size=4M,merge=on", "merge=on");
		skip();
	}
	backend(*state, "memory-backend-ram,id=m0,size=4M,merge=on,dump=off");
	assert_string_equal(policies(*state), "\"policy\": \"merge,dontdump\"}]\n");
}

static void what_is_so_anyhow_may_be_said(void **state)
{
	backend(*state, "memory-backend-ram,id=m0,size=4M,merge=off,dump=on,policy=default");
	assert_string_equal(policies(*state), "\"policy\": \"-\"}]\n");
}

static void pages_come_from_nodes(void **state)
{
	if (access("/sys/devices/system/node/node0", F_OK))
		skip();
	refused(*state, "memory-backend-ram,id=m0,size=4M,policy=bind,host-nodes=63",
		"can't have memory of these host-nodes");
	backend(*state, "memory-backend-ram,id=m0,size=4M,policy=bind,host-nodes=0-3,"
		"host-nodes=5,,7");
	assert_string_equal(policies(*state), "\"policy\": \"bind:0xaf\"}]\n");
}

static void a_file_from_an_offset(void **state)
{
	struct fixture *f = *state;
	struct memory_region *mr;
	char text[200];

	snprintf(text, sizeof(text), "memory-backend-file,id=m0,size=2M,mem-path=%s,offset=3M,"
		 "share=on", f->path);
	refused(f, text, "less than size=2M behind offset=; `truncate -s 5M");
	snprintf(text, sizeof(text), "memory-backend-file,id=m0,size=2M,mem-path=%s,offset=1M,"
		 "share=on,align=1M", f->path);
	mr = backend(f, text);
	assert_int_equal(*(uint32_t *)memory_region_get_ram_ptr(mr), 256);
	assert_int_equal((uintptr_t)memory_region_get_ram_ptr(mr) % MIB, 0);
}

static void a_file_that_is_made_has_its_offset_too(void **state)
{
	struct fixture *f = *state;
	struct memory_region *mr;
	char text[200];
	off_t offset;
	int fd;

	unlink(f->path);
	snprintf(text, sizeof(text), "memory-backend-file,id=m0,size=1M,mem-path=%s,offset=2M,"
		 "share=on", f->path);
	mr = backend(f, text);
	fd = memory_region_get_ram_fd(mr, &offset);
	assert_int_equal(offset, 2 * MIB);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3 * MIB);
}

/* A signal that is to end the program does not wait for all pages. */
static void a_signal_stops_it(void **state)
{
	sigset_t set, old;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGTERM);
	refused(*state, "memory-backend-ram,id=m0,size=64M,prealloc=on",
		"can't have all of its 64M now: Interrupted");
	sigwait(&set, &got);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* One line, written over and over, and gone at the end. */
static void progress_is_shown_on_a_terminal(void **state)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY), err = dup(STDERR_FILENO), tty, n;
	struct pollfd in = { .fd = pty, .events = POLLIN };
	char got[4000];
	int len = 0;

	assert_true(pty >= 0 && !grantpt(pty) && !unlockpt(pty));
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY);
	assert_true(tty >= 0);
	dup2(tty, STDERR_FILENO);
	backend(*state, "memory-backend-ram,id=m0,size=64M,prealloc=on");
	dup2(err, STDERR_FILENO);
	/* it comes in pieces */
	while (len < (int)sizeof(got) - 1 && poll(&in, 1, 500) > 0 &&
	       (n = read(pty, got + len, sizeof(got) - 1 - len)) > 0)
		len += n;
	assert_true(len > 4);
	got[len] = 0;
	assert_non_null(strstr(got, ": m0: 25 % of 64M\033[K"));
	assert_null(strchr(got, '\n'));
	assert_string_equal(got + len - 4, "\r\033[K");
	close(tty);
	close(pty);
	close(err);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pages_are_had_when_asked_for),
		CASE(pages_are_not_had_by_themselves),
		CASE(advice_is_passed_on),
		CASE(what_is_so_anyhow_may_be_said),
		CASE(pages_come_from_nodes),
		CASE(a_file_from_an_offset),
		CASE(a_file_that_is_made_has_its_offset_too),
		CASE(a_signal_stops_it),
		CASE(progress_is_shown_on_a_terminal),
	};

	return cmocka_run_group_tests_name("hostmem", tests, NULL, NULL);
}
