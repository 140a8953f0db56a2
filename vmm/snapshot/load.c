// SPDX-License-Identifier: GPL-2.0-only
/* A snapshot from its header to its END. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/load.h"
#include "snapshot/ram.h"

struct snapshot_load {
	struct snapshot_file file;
	struct state_set states;
	uint8_t *payload;		/* STATE_LEN_MAX bytes, for one state */
};

static int load_fd(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return error_arg(err, -errno, "-restore %s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return error_arg(err, -EINVAL, "-restore %s: this is no regular file", path);
}

/* A section that must be a STATE: it is added. */
static int load_state(struct snapshot_load *l, const struct snapshot_section *sec,
		      struct error *err)
{
	int ret = snapshot_read_payload(&l->file, sec, l->payload, err);

	if (ret)
		return ret;
	ret = state_parse(&l->states, sec->name, sec->instance, sec->version, l->payload,
			  sec->length);
	if (ret == -ENOMEM)
		return error_set(err, ret, "-restore %s: out of memory", l->file.path);
	return ret ? snapshot_damaged(&l->file, "the state of a device", err) : 0;
}

/* The next section, which is a STATE or an END. */
static int load_next(struct snapshot_load *l, bool *end, struct error *err)
{
	struct snapshot_section sec;
	int ret = snapshot_read_section(&l->file, &sec, STATE_LEN_MAX, err);

	if (ret)
		return ret;
	*end = sec.type == SNAPSHOT_END && !sec.length;
	if (*end)
		return snapshot_read_payload(&l->file, &sec, l->payload, err);
	if (sec.type != SNAPSHOT_STATE)
		return snapshot_damaged(&l->file, "a section that does not belong there", err);
	return load_state(l, &sec, err);
}

static int load_begin(struct snapshot_load *l, struct error *err)
{
	bool end;
	int ret;

	l->payload = malloc(STATE_LEN_MAX);
	if (!l->payload)
		return error_set(err, -ENOMEM, "-restore %s: out of memory", l->file.path);
	ret = snapshot_read_header(&l->file, err);
	if (!ret)
		ret = load_next(l, &end, err);
	if (!ret && end)
		ret = snapshot_damaged(&l->file, "it says nothing of its machine", err);
	return ret;
}

int snapshot_load_open(struct snapshot_load **out, const char *path, struct error *err)
{
	struct snapshot_load *l = calloc(1, sizeof(*l));
	int ret;

	if (!l)
		return error_set(err, -ENOMEM, "-restore %s: out of memory", path);
	state_set_init(&l->states);
	l->file.path = path;
	ret = l->file.fd = load_fd(path, err);
	if (ret < 0) {
		free(l);
		return ret;
	}
	ret = load_begin(l, err);
	if (ret)
		snapshot_load_close(l);
	else
		*out = l;
	return ret;
}

void snapshot_load_close(struct snapshot_load *l)
{
	close(l->file.fd);
	state_set_fini(&l->states);
	free(l->payload);
	free(l);
}

static int load_ram(struct snapshot_load *l, struct memory *mem,
		    bool (*joined)(const struct memory_region *mr),
		    const struct snapshot_watcher *watcher, struct error *err)
{
	struct snapshot_ram ram;
	int ret = snapshot_ram_init(&ram, mem, joined);

	if (ret)
		return error_set(err, ret, "-restore %s: the guest's RAM: %s", l->file.path,
				 strerror(-ret));
	ret = snapshot_ram_read_blocks(&ram, &l->file, err);
	if (!ret)
		ret = snapshot_ram_read(&ram, &l->file, watcher, err);
	snapshot_ram_fini(&ram);
	return ret;
}

int snapshot_load_read(struct snapshot_load *l, struct memory *mem,
		       bool (*joined)(const struct memory_region *mr),
		       const struct snapshot_watcher *watcher, struct error *err)
{
	int ret = load_ram(l, mem, joined, watcher, err);
	bool end = false;

	while (!ret && !end)
		ret = load_next(l, &end, err);
	return ret ? ret : snapshot_read_end(&l->file, err);
}

struct state_set *snapshot_load_states(struct snapshot_load *l)
{
	return &l->states;
}
