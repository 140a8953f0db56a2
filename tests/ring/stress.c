// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring and queue under load: threads and processes that sleep and wake each other, that are killed
 * at any moment and come back, that write noise into all words. Hangs end by the alarm.
 *
 *	stress [threads|all]
 *	stress --role producer|consumer [--records N] [--guest|--host OWN] [--peer ID]
 *	       PATH OFFSET SIZE
 *
 * The second form is one side of a ring in a file that can be mapped: /dev/ivshmem0 in a guest,
 * /dev/ivshmem/NAME on a host, any file for processes that poll. Vector 0 is rung.
 */
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <ivshmem/queue.h>

#include "work.h"

#define CAPACITY	8192
#define DEADLINE	300

/* Both ends of a ring, each with its doorbells. */
struct link {
	unsigned char *mem;
	int fds[2];
	struct bells bells[2];
	struct ivs_ring ring[2];
	uint64_t count;
	int verdict[2];
};

static void link_init(struct link *l)
{
	int i;

	memset(l, 0, sizeof(*l));
	l->mem = memory_get(ivs_bytes(CAPACITY));
	for (i = 0; i < 2; i++)
		l->fds[i] = bells_fd();
	for (i = 0; i < 2; i++)
		l->bells[i] = (struct bells){
			.ops = &bells_eventfd, .own = l->fds[i], .peers = &l->fds[!i],
		};
}

static void link_fini(struct link *l)
{
	close(l->fds[0]);
	close(l->fds[1]);
	memory_put(l->mem, ivs_bytes(CAPACITY));
}

static int link_attach(struct link *l, enum ivs_role role, enum ivs_kind kind)
{
	struct ivs_bell bell = { bells_ring, &l->bells[role] };

	return ivs_ring_attach(&l->ring[role], role, kind, l->mem, CAPACITY, bell);
}

/*
 * Threads
 */

static void *records_producer(void *opaque)
{
	struct link *l = opaque;

	l->verdict[IVS_PRODUCER] = link_attach(l, IVS_PRODUCER, IVS_RECORDS);
	if (!l->verdict[IVS_PRODUCER])
		l->verdict[IVS_PRODUCER] = work_produce(&l->ring[IVS_PRODUCER],
							&l->bells[IVS_PRODUCER], l->count);
	return NULL;
}

static void *records_consumer(void *opaque)
{
	struct link *l = opaque;

	l->verdict[IVS_CONSUMER] = link_attach(l, IVS_CONSUMER, IVS_RECORDS);
	if (!l->verdict[IVS_CONSUMER])
		l->verdict[IVS_CONSUMER] = work_consume(&l->ring[IVS_CONSUMER],
							&l->bells[IVS_CONSUMER], l->count);
	return NULL;
}

#define STREAM	4000000u

static int stream_write(struct ivs_ring *r, struct bells *b)
{
	unsigned char data[3000];
	uint64_t random = 1, n = 0;
	size_t i, len, done;
	int ret;

	while (n < STREAM) {
		len = 1 + rnd_below(&random, sizeof(data) - 1);
		for (i = 0; i < len; i++)
			data[i] = (unsigned char)((n + i) % 251);
		ret = ivs_ring_write(r, data, len < STREAM - n ? len : STREAM - n, &done);
		n += done;
		ivs_ring_publish(r);
		if (ret && !ivs_waits(ret))
			return ret;
		if (ret && ivs_ring_sleep(r, 0))
			bells_wait(b);
		work_pause(&random);
	}
	return 0;
}

static int stream_read(struct ivs_ring *r, struct bells *b)
{
	unsigned char data[3000];
	uint64_t random = 2, n = 0;
	size_t i, done;
	int ret;

	while (n < STREAM) {
		ret = ivs_ring_read(r, data, 1 + rnd_below(&random, sizeof(data) - 1), &done);
		for (i = 0; i < done; i++, n++)
			if (data[i] != (unsigned char)(n % 251))
				return -EBADMSG;
		ivs_ring_publish(r);
		if (ret && !ivs_waits(ret))
			return ret;
		if (ret && ivs_ring_sleep(r, 0))
			bells_wait(b);
		work_pause(&random);
	}
	return 0;
}

static void *stream_producer(void *opaque)
{
	struct link *l = opaque;

	l->verdict[IVS_PRODUCER] = link_attach(l, IVS_PRODUCER, IVS_BYTES) ?:
		stream_write(&l->ring[IVS_PRODUCER], &l->bells[IVS_PRODUCER]);
	return NULL;
}

static void *stream_consumer(void *opaque)
{
	struct link *l = opaque;

	l->verdict[IVS_CONSUMER] = link_attach(l, IVS_CONSUMER, IVS_BYTES) ?:
		stream_read(&l->ring[IVS_CONSUMER], &l->bells[IVS_CONSUMER]);
	return NULL;
}

static int two_threads(void *(*producer)(void *), void *(*consumer)(void *), uint64_t count)
{
	pthread_t thread;
	struct link l;

	link_init(&l);
	l.count = count;
	EXPECT(!pthread_create(&thread, NULL, producer, &l));
	consumer(&l);
	EXPECT(!pthread_join(thread, NULL));
	EXPECT(!l.verdict[IVS_PRODUCER] && !l.verdict[IVS_CONSUMER]);
	EXPECT(l.bells[IVS_CONSUMER].waits > 0);
	printf("# doorbells: %llu to the consumer, which waited %llu times; %llu and %llu\n",
	       (unsigned long long)l.bells[IVS_PRODUCER].rings,
	       (unsigned long long)l.bells[IVS_CONSUMER].waits,
	       (unsigned long long)l.bells[IVS_CONSUMER].rings,
	       (unsigned long long)l.bells[IVS_PRODUCER].waits);
	link_fini(&l);
	return 0;
}

static int threads_records(void)
{
	return two_threads(records_producer, records_consumer, 100000);
}

static int threads_bytes(void)
{
	return two_threads(stream_producer, stream_consumer, 0);
}

/*
 * Many producers
 */

#define PRODUCERS	4
#define SLOT		256
#define DEAD_MAX	1500

/* What outlives each process of a test. */
struct ledger {
	uint32_t dead[DEAD_MAX];	/* owners that died */
	uint32_t dead_count;
	uint32_t wrong;
	uint64_t seen;			/* positions that were checked, by any consumer */
	uint32_t owner[PRODUCERS];	/* of the record checked last, by number */
	uint64_t last[PRODUCERS];	/* and its own number */
};

#define LEDGER_BYTES	((sizeof(struct ledger) + 4095) & ~4095ul)

struct crowd {
	unsigned char *mem;
	struct ledger *ledger;
	int consumer_fd;
	int fds[IVS_NUMBERS];		/* the producers', by number; others: that of 0 */
	int progress[2];		/* a pipe: a byte each PROGRESS records */
	uint64_t count;			/* of each producer */
};

#define PROGRESS	200

static void crowd_init(struct crowd *t)
{
	int i;

	t->mem = memory_get(ivs_bytes(CAPACITY));
	t->ledger = (struct ledger *)memory_get(LEDGER_BYTES);
	t->consumer_fd = bells_fd();
	for (i = 0; i < IVS_NUMBERS; i++)
		t->fds[i] = i < PRODUCERS ? bells_fd() : t->fds[0];
	if (pipe2(t->progress, O_CLOEXEC))
		bells_die("pipe2");
}

static void crowd_fini(struct crowd *t)
{
	int i;

	close(t->consumer_fd);
	for (i = 0; i < PRODUCERS; i++)
		close(t->fds[i]);
	close(t->progress[0]);
	close(t->progress[1]);
	memory_put(t->mem, ivs_bytes(CAPACITY));
	memory_put(t->ledger, LEDGER_BYTES);
}

/* Sends its records, for ever if @count is 0. */
static int crowd_produce(struct crowd *t, uint32_t owner)
{
	struct bells b = { .ops = &bells_eventfd, .peers = &t->consumer_fd };
	struct ivs_bell bell = { bells_ring, &b };
	struct ivs_queue_producer p;
	uint64_t random = work_mix(owner + 3) | 1, n;
	void *to;
	int ret;

	b.own = t->fds[owner % IVS_NUMBERS];
	ret = ivs_queue_producer_attach(&p, t->mem, CAPACITY, SLOT, owner, bell);
	for (n = 0; !ret && (n < t->count || !t->count); n++) {
		while (ivs_waits(ret = ivs_queue_reserve(&p, &to)))
			if (ivs_queue_sleep_for_room(&p))
				bells_wait(&b);
		if (ret)
			break;
		work_fill((unsigned char *)to, n, work_length(n) % (SLOT - 24) + 8);
		ret = ivs_queue_commit(&p, work_length(n) % (SLOT - 24) + 8);
		work_pause(&random);
	}
	return ret;
}

/* Each producer's come in its order; twice only what the last consumer did not give back. */
static int crowd_check(struct ledger *l, uint64_t position, uint32_t owner, uint64_t n)
{
	uint32_t number = owner % IVS_NUMBERS;
	bool same;

	if (n == UINT64_MAX || number >= PRODUCERS)
		return -EBADMSG;
	if (position < l->seen)
		return 0;
	same = l->owner[number] == owner;
	if (n != (same ? l->last[number] + 1 : 0) && !(same && n == l->last[number]))
		return -EBADMSG;
	__atomic_store_n(&l->last[number], n, __ATOMIC_RELEASE);
	__atomic_store_n(&l->owner[number], owner, __ATOMIC_RELEASE);
	__atomic_store_n(&l->seen, position + 1, __ATOMIC_RELEASE);
	return 0;
}

static int crowd_receive(struct crowd *t, struct ivs_queue_consumer *c, struct bells *b,
			 uint32_t *buried)
{
	const void *from;
	uint32_t owner;
	size_t len;
	int ret;

	while ((ret = ivs_queue_next(c, &from, &len, &owner)) == -EAGAIN) {
		while (*buried < __atomic_load_n(&t->ledger->dead_count, __ATOMIC_ACQUIRE))
			ivs_queue_bury(c, t->ledger->dead[(*buried)++]);
		if (ivs_queue_sleep(c))
			bells_wait(b);
	}
	if (ret)
		return ret;
	return crowd_check(t->ledger, c->next - 1, owner,
			   work_check((const unsigned char *)from, len));
}

/* Receives records, for ever if @count is 0. */
static int crowd_consume(struct crowd *t, uint64_t count)
{
	struct bells b = { .ops = &bells_eventfd, .own = t->consumer_fd, .peers = t->fds };
	struct ivs_bell bell = { bells_ring, &b };
	struct ivs_queue_consumer c;
	uint64_t random = 77, n;
	uint32_t buried = 0;
	int ret;

	ret = ivs_queue_consumer_attach(&c, t->mem, CAPACITY, SLOT, bell);
	for (n = 0; !ret && (n < count || !count); n++) {
		ret = crowd_receive(t, &c, &b, &buried);
		if (!rnd_below(&random, 4))
			ivs_queue_publish(&c);
		if (!count && n % PROGRESS == 0 && write(t->progress[1], "", 1) != 1)
			bells_die("pipe");
		work_pause(&random);
	}
	ivs_queue_publish(&c);
	return ret;
}

struct crowd_thread {
	struct crowd *crowd;
	uint32_t owner;
	int verdict;
};

static void *crowd_thread(void *opaque)
{
	struct crowd_thread *p = opaque;

	p->verdict = crowd_produce(p->crowd, p->owner);
	return NULL;
}

static int threads_queue(void)
{
	struct crowd_thread p[PRODUCERS];
	pthread_t threads[PRODUCERS];
	struct crowd t;
	int i;

	crowd_init(&t);
	t.count = 30000;
	for (i = 0; i < PRODUCERS; i++) {
		p[i] = (struct crowd_thread){ &t, ivs_owner((uint16_t)i, 1), 0 };
		EXPECT(!pthread_create(&threads[i], NULL, crowd_thread, &p[i]));
	}
	EXPECT(!crowd_consume(&t, PRODUCERS * t.count));
	for (i = 0; i < PRODUCERS; i++) {
		EXPECT(!pthread_join(threads[i], NULL));
		EXPECT(!p[i].verdict);
	}
	crowd_fini(&t);
	return 0;
}

/*
 * Processes that are killed
 */

/* In a new process that ends with this one; 1 as its status is what was wrong. */
static pid_t spawn(int (*run)(void *opaque, int which), void *opaque, int which)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bells_die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		_exit(run(opaque, which) ? 1 : 0);
	}
	return pid;
}

/* Kills it; false if it was not alive any more, as it had found something wrong. */
static bool killed(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

struct chaos {
	struct link link;
	int progress[2];
};

/* Each session begins with record 0, and goes on without a gap. */
static int chaos_consume(struct chaos *t)
{
	struct ivs_ring *r = &t->link.ring[IVS_CONSUMER];
	uint64_t random = (uint64_t)getpid() * 2 + 1, expected = 0, n;
	int ret;

	for (;;) {
		ret = work_receive(r, &t->link.bells[IVS_CONSUMER], &n);
		if (ret == -ECONNRESET) {
			expected = 0;
			continue;
		}
		if (ret || n != expected++)
			return 1;
		if (expected % PROGRESS == 0 && write(t->progress[1], "", 1) != 1)
			return 1;
		if (!rnd_below(&random, 8))
			ivs_ring_publish(r);
		work_pause(&random);
	}
}

static int chaos_produce(struct chaos *t)
{
	struct ivs_ring *r = &t->link.ring[IVS_PRODUCER];
	uint64_t random = (uint64_t)getpid() * 2 + 1, n = 0;
	int ret;

	for (;;) {
		ret = work_send(r, &t->link.bells[IVS_PRODUCER], n);
		n = ret ? 0 : n + 1;
		if (ret && ret != -ECONNRESET)
			return 1;
		if (!rnd_below(&random, 8))
			ivs_ring_publish(r);
		work_pause(&random);
	}
}

static int chaos_side(void *opaque, int role)
{
	struct chaos *t = opaque;

	if (link_attach(&t->link, (enum ivs_role)role, IVS_RECORDS))
		return 1;
	return role == IVS_PRODUCER ? chaos_produce(t) : chaos_consume(t);
}

/* At once, or when they have met, and a little later. */
static void any_moment(int progress, uint64_t *random)
{
	char byte;

	if (rnd_below(random, 2) && read(progress, &byte, 1) != 1)
		bells_die("pipe");
	if (rnd_below(random, 2))
		usleep(rnd_below(random, 1000));
}

#define KILLS	1500

static int kill_either_side(void)
{
	uint64_t random = rnd_seed();
	struct chaos t;
	pid_t pids[2];
	int i, which;

	link_init(&t.link);
	EXPECT(!pipe2(t.progress, O_CLOEXEC));
	for (i = 0; i < 2; i++)
		pids[i] = spawn(chaos_side, &t, i);
	for (i = 0; i < KILLS; i++) {
		any_moment(t.progress[0], &random);
		which = (int)rnd_below(&random, 2);
		EXPECT(killed(pids[which]));
		/* what the host module does, before the other can be rung by who comes next */
		bells_raise(t.link.fds[!which]);
		pids[which] = spawn(chaos_side, &t, which);
	}
	for (i = 0; i < 2; i++)
		EXPECT(killed(pids[i]));
	close(t.progress[0]);
	close(t.progress[1]);
	link_fini(&t.link);
	return 0;
}

struct crowd_process {
	struct crowd *crowd;
	uint32_t owner;
};

static int crowd_process(void *opaque, int which)
{
	struct crowd_process *p = opaque;

	return which == PRODUCERS ? crowd_consume(p->crowd, 0) :
				    crowd_produce(p->crowd, p->owner);
}

static int kill_some_of_many(void)
{
	struct crowd_process p[PRODUCERS + 1];
	uint64_t random = rnd_seed();
	pid_t pids[PRODUCERS + 1];
	struct crowd t;
	int i, which;

	crowd_init(&t);
	t.count = 0;
	for (i = 0; i <= PRODUCERS; i++) {
		p[i] = (struct crowd_process){ &t, ivs_owner((uint16_t)i, 1) };
		pids[i] = spawn(crowd_process, &p[i], i);
	}
	for (i = 0; i < KILLS; i++) {
		any_moment(t.progress[0], &random);
		which = (int)rnd_below(&random, PRODUCERS + 1);
		EXPECT(killed(pids[which]));
		if (which < PRODUCERS) {
			t.ledger->dead[t.ledger->dead_count] = p[which].owner;
			__atomic_store_n(&t.ledger->dead_count, t.ledger->dead_count + 1,
					 __ATOMIC_RELEASE);
			bells_raise(t.consumer_fd);
		}
		p[which].owner = ivs_owner((uint16_t)which, (uint32_t)i + 2);
		pids[which] = spawn(crowd_process, &p[which], which);
	}
	for (i = 0; i <= PRODUCERS; i++)
		EXPECT(killed(pids[i]));
	crowd_fini(&t);
	return 0;
}

/*
 * Noise
 */

static int noise(void *opaque, int which)
{
	unsigned char *mem = opaque;
	uint64_t random = rnd_seed() + (uint64_t)which * 2, n;
	volatile uint64_t *word;

	for (;;) {
		if (rnd_below(&random, 4))
			word = (uint64_t *)(mem + rnd_below(&random, 2) * 4096 +
					    rnd_below(&random, 17) * 8);
		else
			word = (uint64_t *)(mem + IVS_DATA_OFFSET +
					    rnd_below(&random, CAPACITY / 8) * 8);
		n = random_next(&random);
		*word = rnd_below(&random, 2) ? n >> rnd_below(&random, 64) : *word + (n & 63);
	}
	return 0;
}

static void no_ring(void *opaque, unsigned int number)
{
	(void)number;
	++*(uint64_t *)opaque;
}

/* All calls return, whatever they return, and stay within the data and the buffers. */
static int noise_in_ring(void)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY)), *buf = malloc(CAPACITY);
	uint64_t rings = 0, records = 0, random = rnd_seed();
	struct ivs_bell bell = { no_ring, &rings };
	struct ivs_ring p, c;
	size_t len, done;
	pid_t pid;
	int i;

	memset(buf, 1, CAPACITY);
	pid = spawn(noise, mem, 0);
	for (i = 0; i < 1000000; i++) {
		if (i % 1000 == 0)
			EXPECT(!ivs_ring_attach(&p, IVS_PRODUCER, IVS_RECORDS + i / 1000 % 2, mem,
						CAPACITY, bell));
		if (i % 1000 == 500)
			EXPECT(!ivs_ring_attach(&c, IVS_CONSUMER, IVS_RECORDS + i / 1000 % 2, mem,
						CAPACITY, bell));
		if (i < 500)
			continue;
		if (p.kind == IVS_RECORDS)
			ivs_ring_put(&p, buf, rnd_below(&random, CAPACITY / 2));
		else
			ivs_ring_write(&p, buf, rnd_below(&random, CAPACITY), &done);
		if (c.kind == IVS_RECORDS)
			records += !ivs_ring_get(&c, buf, CAPACITY, &len);
		else
			ivs_ring_read(&c, buf, rnd_below(&random, CAPACITY), &done);
		ivs_ring_sleep(&p, 0);
		ivs_ring_sleep(&c, 0);
	}
	EXPECT(killed(pid));
	EXPECT(records > 0);
	free(buf);
	memory_put(mem, ivs_bytes(CAPACITY));
	return 0;
}

static int noise_in_queue(void)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY)), *buf = malloc(SLOT);
	uint64_t rings = 0, records = 0;
	struct ivs_bell bell = { no_ring, &rings };
	struct ivs_queue_producer p;
	struct ivs_queue_consumer c;
	const void *from;
	uint32_t owner;
	size_t len;
	pid_t pid;
	int i, ret;

	memset(buf, 1, SLOT);
	EXPECT(!ivs_queue_producer_attach(&p, mem, CAPACITY, SLOT, 1, bell));
	pid = spawn(noise, mem, 1);
	for (i = 0; i < 1000000; i++) {
		if (i % 1000 == 0)
			EXPECT(!ivs_queue_consumer_attach(&c, mem, CAPACITY, SLOT, bell));
		ivs_queue_put(&p, buf, (size_t)i % SLOT);
		ivs_queue_sleep_for_room(&p);
		ret = ivs_queue_next(&c, &from, &len, &owner);
		if (!ret) {
			records++;
			memcpy(buf, from, len);
		}
		ivs_queue_sleep(&c);
		ivs_queue_bury(&c, 1);
		if (ret == -EPROTO)
			ivs_queue_reset(&c);
	}
	EXPECT(killed(pid));
	EXPECT(records > 0);
	free(buf);
	memory_put(mem, ivs_bytes(CAPACITY));
	return 0;
}

static const struct ktap_case cases[] = {
	{ "two threads, a ring of records", threads_records },
	{ "two threads, a ring of bytes", threads_bytes },
	{ "five threads, a queue", threads_queue },
	{ "a ring, either side killed at any moment", kill_either_side },
	{ "a queue, any side killed at any moment", kill_some_of_many },
	{ "a ring that somebody else writes to all the time", noise_in_ring },
	{ "a queue that somebody else writes to all the time", noise_in_queue },
};

#define CASES_THREADS	3

/*
 * One side of a ring in a file
 */

struct side {
	enum ivs_role role;
	const char *path;
	uint64_t offset, size, records;
	bool guest, host;
	uint32_t own;
	struct bells bells;
};

static void side_usage(void)
{
	fprintf(stderr, "usage: stress [threads|all]\n"
		"       stress --role producer|consumer [--records N] [--guest|--host OWN]\n"
		"              [--peer ID] PATH OFFSET SIZE\n");
	exit(2);
}

static void side_parse(struct side *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "role", required_argument, NULL, 'r' },
		{ "records", required_argument, NULL, 'n' },
		{ "guest", no_argument, NULL, 'g' },
		{ "host", required_argument, NULL, 'h' },
		{ "peer", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			s->role = strcmp(optarg, "producer") ? IVS_CONSUMER : IVS_PRODUCER;
			break;
		case 'n':
			s->records = strtoull(optarg, NULL, 0);
			break;
		case 'g':
			s->guest = true;
			break;
		case 'h':
			s->host = true;
			s->own = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'p':
			s->bells.peer = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		default:
			side_usage();
		}
	}
	if (argc - optind != 3)
		side_usage();
	s->path = argv[optind];
	s->offset = strtoull(argv[optind + 1], NULL, 0);
	s->size = strtoull(argv[optind + 2], NULL, 0);
}

static void side_join(struct side *s, int fd)
{
	struct ivshmem_join join = { .peer = s->own, .vectors = 1 };
	int32_t bell = bells_fd();

	join.fds = (uintptr_t)&bell;
	s->bells.membership = ioctl(fd, IVSHMEM_JOIN, &join);
	if (s->bells.membership < 0)
		bells_die("IVSHMEM_JOIN");
	s->bells.own = bell;
	s->bells.ops = &bells_host;
}

/* The largest ring that fits. */
static int side_main(struct side *s)
{
	struct ivs_bell bell = { bells_ring, &s->bells };
	uint64_t capacity = IVS_CAPACITY_MIN;
	struct ivs_ring r;
	int fd, ret;
	void *mem;

	while (ivs_bytes(2 * capacity) <= s->size)
		capacity *= 2;
	fd = open(s->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bells_die(s->path);
	mem = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)s->offset);
	if (mem == MAP_FAILED)
		bells_die("mmap");
	s->bells.ops = s->guest ? &bells_guest : &bells_none;
	s->bells.own = fd;
	if (s->host)
		side_join(s, fd);
	ret = ivs_ring_attach(&r, s->role, IVS_RECORDS, mem, capacity, bell);
	if (!ret)
		ret = s->role == IVS_PRODUCER ? work_produce(&r, &s->bells, s->records) :
						work_consume(&r, &s->bells, s->records);
	printf("%s: %s, %llu records, %llu doorbells, %llu waits\n",
	       s->role == IVS_PRODUCER ? "producer" : "consumer", ret ? strerror(-ret) : "done",
	       (unsigned long long)s->records, (unsigned long long)s->bells.rings,
	       (unsigned long long)s->bells.waits);
	return ret != 0;
}

int main(int argc, char **argv)
{
	struct side side = { .records = 100000 };
	bool threads = argc == 2 && !strcmp(argv[1], "threads");

	if (argc > 2) {
		side_parse(&side, argc, argv);
		return side_main(&side);
	}
	alarm(DEADLINE);
	return ktap_run(cases, threads ? CASES_THREADS : sizeof(cases) / sizeof(cases[0]));
}
