// SPDX-License-Identifier: GPL-2.0-only
/* UNIX stream sockets: published when they are ready, and messages with a descriptor. */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/wire.h"

#define LISTEN_BACKLOG	64
#define LISTEN_TRIES	8
/* Of the name that a socket has until it is ready: ".", 8 digits. */
#define SUFFIX_SIZE	9
#define SUFFIX_DIGITS	"0123456789abcdef"
/* What has that name for so long is nobody's any more: a server's has it for an instant. */
#define LEFTOVER_S	60

static int listen_explain(const char *path, int code, struct error *err)
{
	if (code == -EADDRINUSE)
		return error_set(err, code, "serve: somebody listens at %s: end that program, or "
				 "give another --socket", path);
	if (code == -EEXIST)
		return error_set(err, code, "serve: %s is there and is no socket: remove it, or "
				 "give another --socket", path);
	if (code == -EINVAL)
		return error_set(err, code, "serve: the file system of %s can't rename without "
				 "replacing: give a --socket in /run or /tmp", path);
	return error_set(err, code, "serve: listening at %s: %s", path, strerror(-code));
}

static int address_check(const char *path, struct error *err)
{
	size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1 - SUFFIX_SIZE;

	if (*path && strlen(path) <= most)
		return 0;
	return error_set(err, -ENAMETOOLONG, "serve: --socket '%s': a path of 1 to %zu bytes is "
			 "wanted", path, most);
}

/* @l->fd at a name of its own beside @spec->path, with its mode from the first moment. */
static int bind_aside(struct listener *l, const struct listener_spec *spec, struct sockaddr_un *at)
{
	mode_t old = umask(~spec->mode & 0777);
	int ret = -EADDRINUSE, i;
	uint32_t number;

	for (i = 0; i < LISTEN_TRIES && ret == -EADDRINUSE; i++) {
		ret = 0;
		if (getrandom(&number, sizeof(number), 0) < 0)
			break;
		snprintf(at->sun_path, sizeof(at->sun_path), "%s.%08x", spec->path, number);
		if (bind(l->fd, (struct sockaddr *)at, sizeof(*at)) < 0)
			ret = -errno;
	}
	umask(old);
	return ret;
}

static int make_ready(struct listener *l, const struct listener_spec *spec, const char *aside)
{
	struct stat st;

	if ((spec->uid != (uid_t)-1 || spec->gid != (gid_t)-1) &&
	    lchown(aside, spec->uid, spec->gid) < 0)
		return -errno;
	if (listen(l->fd, LISTEN_BACKLOG) < 0 || lstat(aside, &st) < 0)
		return -errno;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

/* Is it a socket that nobody listens at? 0 with @st of it, -EEXIST no socket, -EADDRINUSE. */
static int stale_check(const char *path, struct stat *st)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (lstat(path, st) < 0)
		return -errno;
	if (!S_ISSOCK(st->st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	strcpy(addr.sun_path, path);
	ret = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno == ECONNREFUSED ?
	      0 : -EADDRINUSE;
	close(fd);
	return ret;
}

/* Where in @name the suffix of such a name of @socket begins; NULL: it is none. */
static const char *aside_suffix(const char *name, const char *socket)
{
	size_t len = strlen(socket);

	if (strncmp(name, socket, len) || name[len] != '.' ||
	    strspn(name + len + 1, SUFFIX_DIGITS) != SUFFIX_SIZE - 1 || name[len + SUFFIX_SIZE])
		return NULL;
	return name + len;
}

/* Before it listens, or when it was exchanged for a stale one, another server's looks the same. */
static bool is_leftover(const char *aside)
{
	struct stat st;

	return !stale_check(aside, &st) && time(NULL) - st.st_mtime > LEFTOVER_S;
}

static DIR *folder_open(const char *path, const char *name)
{
	struct sockaddr_un folder;

	snprintf(folder.sun_path, sizeof(folder.sun_path), "%.*s", (int)(name - path), path);
	return opendir(name == path ? "." : folder.sun_path);
}

/* A server that was killed between bind() and rename leaves its socket. */
static void remove_leftovers(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *suffix;
	DIR *folder = folder_open(path, name);
	const struct dirent *entry;
	struct sockaddr_un aside;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		suffix = aside_suffix(entry->d_name, name);
		if (!suffix)
			continue;
		snprintf(aside.sun_path, sizeof(aside.sun_path), "%s%.*s", path, SUFFIX_SIZE,
			 suffix);
		if (is_leftover(aside.sun_path))
			unlink(aside.sun_path);
	}
	closedir(folder);
}

static int exchange(const char *one, const char *two)
{
	return renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/*
 * Two servers may find the same stale socket. Who exchanges it for his own sees what he got, and
 * gives it back unless it is what he looked at.
 */
static int replace_stale(const char *aside, const char *path)
{
	struct stat stale, got;
	int ret = stale_check(path, &stale);

	if (!ret)
		ret = exchange(aside, path);
	if (ret)
		return ret;
	if (!lstat(aside, &got) && got.st_dev == stale.st_dev && got.st_ino == stale.st_ino)
		return unlink(aside) < 0 && errno != ENOENT ? -errno : 0;
	exchange(aside, path);
	return -EADDRINUSE;
}

static int publish(const char *aside, const char *path)
{
	int ret = -ENOENT, i;

	/* what was in the way may be gone a moment later */
	for (i = 0; i < LISTEN_TRIES && ret == -ENOENT; i++) {
		ret = renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE) < 0 ?
		      -errno : 0;
		if (ret == -EEXIST)
			ret = replace_stale(aside, path);
	}
	return ret;
}

int listener_open(struct listener *l, const struct listener_spec *spec, struct error *err)
{
	struct sockaddr_un aside = { .sun_family = AF_UNIX };
	int ret = address_check(spec->path, err);

	if (ret)
		return ret;
	*l = (struct listener){ .path = spec->path };
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return listen_explain(spec->path, -errno, err);
	ret = bind_aside(l, spec, &aside);
	if (ret)
		goto close_fd;
	ret = make_ready(l, spec, aside.sun_path);
	if (!ret)
		ret = publish(aside.sun_path, spec->path);
	if (ret)
		goto remove_aside;
	remove_leftovers(spec->path);
	return 0;

remove_aside:
	unlink(aside.sun_path);
close_fd:
	close(l->fd);
	return listen_explain(spec->path, ret, err);
}

void listener_close(struct listener *l)
{
	struct stat st;

	if (!lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	close(l->fd);
}

int message_send(int client, const struct message *msg)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	int64_t value = htole64(msg->value);
	struct iovec data = { &value, sizeof(value) };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t sent;

	if (msg->fd >= 0) {
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &msg->fd, sizeof(int));
	}
	sent = sendmsg(client, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return sent == sizeof(value) ? 0 : -EIO;
}
