// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl serve: lets QEMU's guests be peers of a region. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/option.h"
#include "ctl/run.h"
#include "ctl/server.h"
#include "descriptors.h"
#include "hostmem/region.h"
#include "io/log.h"
#include "size.h"

#define MAX_CLIENTS	256
#define PATIENCE_NS	30000000000ULL
#define PEERS_FEW	4096

enum {
	SERVE_SOCKET = CTL_LONG_OPTION, SERVE_MODE, SERVE_OWNER, SERVE_VECTORS, SERVE_MAX_CLIENTS,
	SERVE_TIMEOUT, SERVE_VERBOSE,
};

static const struct option serve_options[] = {
	{ "socket", required_argument, NULL, SERVE_SOCKET },
	{ "mode", required_argument, NULL, SERVE_MODE },
	{ "owner", required_argument, NULL, SERVE_OWNER },
	{ "vectors", required_argument, NULL, SERVE_VECTORS },
	{ "max-clients", required_argument, NULL, SERVE_MAX_CLIENTS },
	{ "timeout", required_argument, NULL, SERVE_TIMEOUT },
	{ "verbose", no_argument, NULL, SERVE_VERBOSE },
	{}
};

/* What the command line asks for. */
struct serve {
	struct listener_spec socket;
	struct server_spec server;
};

/* USER, USER:GROUP or :GROUP */
static enum ctl_status serve_owner(char **argv, char *text, struct listener_spec *spec,
				   struct error *err)
{
	char *group = strchr(text, ':');
	enum ctl_status status = CTL_OK;

	if (group)
		*group++ = '\0';
	if (*text || !group)
		status = option_user(argv[0], "--owner", text, &spec->uid, err);
	if (!status && group)
		status = option_group(argv[0], "--owner", group, &spec->gid, err);
	return status;
}

static enum ctl_status serve_option(int option, char **argv, struct serve *serve,
				    struct error *err)
{
	struct server_spec *server = &serve->server;

	switch (option) {
	case SERVE_SOCKET:
		serve->socket.path = optarg;
		return CTL_OK;
	case SERVE_MODE:
		return option_mode(argv[0], "--mode", optarg, &serve->socket.mode, err);
	case SERVE_OWNER:
		return serve_owner(argv, optarg, &serve->socket, err);
	case SERVE_VECTORS:
		return option_number(argv[0], "--vectors", optarg, 1, IVSHMEM_VECTORS_MAX,
				     &server->vectors, err);
	case SERVE_MAX_CLIENTS:
		return option_number(argv[0], "--max-clients", optarg, 1, IVSHMEM_PEERS_MAX,
				     &server->max_clients, err);
	case SERVE_TIMEOUT:
		return option_seconds(argv[0], "--timeout", optarg, &server->patience_ns, err);
	case SERVE_VERBOSE:
		server->verbose = true;
		return CTL_OK;
	default:
		return ctl_bad_option(option, argv, err);
	}
}

static enum ctl_status serve_operands(int argc, char **argv, struct serve *serve,
				      struct error *err)
{
	if (argc - optind != 1 || !serve->socket.path) {
		error_set(err, 0, "serve: a NAME and a --socket PATH are wanted, such as "
			  "`ivshmemctl serve alpha --socket /run/alpha.sock`");
		return CTL_USAGE;
	}
	serve->server.name = argv[optind];
	return region_name_check(serve->server.name, err) ? CTL_USAGE : CTL_OK;
}

static enum ctl_status serve_loop(const struct serve *serve, struct run *run, uint64_t size,
				  struct error *err)
{
	struct server *server;
	enum ctl_status status;
	int ret = server_create(&server, run->loop, &serve->server);

	if (ret) {
		error_set(err, ret, "serve: %s: %s", serve->socket.path, strerror(-ret));
		return CTL_FAILED;
	}
	printf("Serving the region '%s' (%s) at %s, %u vectors a client; Ctrl-C ends it.\n",
	       serve->server.name, size_text(size).text, serve->socket.path,
	       serve->server.vectors);
	run_show(run);
	status = run_loop(run, err);
	server_destroy(server);
	return status;
}

/* Signals are watched first: whatever ends the program, the socket's file goes with it. */
static enum ctl_status serve_socket(struct serve *serve, uint64_t size, struct error *err)
{
	enum ctl_status status;
	struct run run;

	status = run_init(&run, 0, err);
	if (status)
		return status;
	if (listener_open(&serve->server.listener, &serve->socket, err)) {
		status = CTL_FAILED;
	} else {
		status = serve_loop(serve, &run, size, err);
		listener_close(&serve->server.listener);
	}
	run_fini(&run);
	return status;
}

/* QEMU's guests hear nothing of who has the id of another that they knew. */
static void serve_warn(const struct serve *serve, const struct region *region)
{
	if (region->info.max_peers < PEERS_FEW)
		log_warn(NULL, "the region '%s' has ids for %u peers only: clients that stay while "
			 "so many come and go do not hear of newcomers; create it with more "
			 "--peers",
			 serve->server.name, region->info.max_peers);
}

static bool serve_can(const struct serve *serve, const struct region *region, struct error *err)
{
	const char *name = serve->server.name;

	if (region->readonly)
		error_set(err, 0, "serve: the region '%s' may only be read by you: its owner or "
			  "root can grant more with chmod or chgrp", name);
	else if (serve->server.vectors > region->info.max_vectors)
		error_set(err, 0, "serve: --vectors %u is more than the %u that a peer of the "
			  "region '%s' may have", serve->server.vectors, region->info.max_vectors,
			  name);
	else
		return true;
	return false;
}

static enum ctl_status serve_region(struct serve *serve, const struct region *region,
				    struct error *err)
{
	enum ctl_status status;
	int fd = region_file(region, serve->server.name, err);

	if (fd < 0)
		return CTL_FAILED;
	serve->server.region_fd = region->fd;
	serve->server.memory_fd = fd;
	status = CTL_FAILED;
	if (serve_can(serve, region, err)) {
		serve_warn(serve, region);
		status = serve_socket(serve, region->info.size, err);
	}
	close(fd);
	return status;
}

static enum ctl_status serve_run(int argc, char **argv, struct error *err)
{
	struct serve serve = {
		.socket = { .mode = 0660, .uid = -1, .gid = -1 },
		.server = {
			.vectors = 1, .max_clients = MAX_CLIENTS, .patience_ns = PATIENCE_NS,
		},
	};
	enum ctl_status status;
	struct region region;
	int option;

	while ((option = getopt_long(argc, argv, ":", serve_options, NULL)) != -1) {
		status = serve_option(option, argv, &serve, err);
		if (status)
			return status;
	}
	status = serve_operands(argc, argv, &serve, err);
	if (status)
		return status;
	descriptors_raise();
	if (region_open(&region, serve.server.name, false, err))
		return CTL_FAILED;
	status = serve_region(&serve, &region, err);
	region_close(&region);
	return status;
}

const struct ctl_command ctl_serve = {
	.name = "serve",
	.synopsis = "NAME --socket PATH [--mode MODE] [--owner USER[:GROUP]] [--vectors N]\n"
		    "             [--max-clients N] [--timeout SECONDS] [--verbose]",
	.summary = "lets QEMU's guests be peers of a region, by QEMU's server protocol",
	.help =
	"For -chardev socket,path=PATH,id=ID -device ivshmem-doorbell,chardev=ID,vectors=N.\n\n"
	"  --socket PATH      where clients connect; a socket that nobody listens at is replaced\n"
	"  --mode MODE        who may connect, as of chmod, in octal (0660)\n"
	"  --owner USER[:GROUP]  of the socket, names or numbers (the caller)\n"
	"  --vectors N        of each client (1); QEMU's own vectors= should be the same\n"
	"  --max-clients N    more are sent away (256)\n"
	"  --timeout SECONDS  drop a client that takes no message for so long (30)\n"
	"  --verbose          tell of clients that come and go\n",
	.run = serve_run,
};
