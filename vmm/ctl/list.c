// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl list: the regions of a host and the PCI devices of a guest, for people or as JSON. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/device.h"
#include "ctl/names.h"
#include "ctl/pci.h"
#include "hostmem/region.h"
#include "ivshmem_regs.h"
#include "json.h"
#include "size.h"

enum { LIST_JSON = CTL_LONG_OPTION, LIST_PCI };

static const struct option list_options[] = {
	{ "json", no_argument, NULL, LIST_JSON },
	{ "pci", no_argument, NULL, LIST_PCI },
	{}
};

/* Ids in a line for people; programs get all. */
#define PEERS_SHOWN	16

/* A device of the guest driver, beside its PCI device of the same index; closed: no node of it. */
struct guest {
	bool open;
	struct device device;
	struct device_peers peers;
};

/* What there is to show. */
struct listing {
	bool json, pci_only;
	bool host;			/* the host module is loaded */
	struct ivshmem_region_info *regions;
	size_t nr_regions;
	struct ctl_pci *pci;
	struct guest *guests;
	size_t nr_pci, nr_guests;
};

static void region_print(const struct ivshmem_region_info *r)
{
	printf("%-24s %8s  %04o  %-10s %-10s %5" PRIu32 " %5" PRIu32 " %10s %10s\n", r->name,
	       size_text(r->size).text, r->mode, name_of_user(r->uid).text,
	       name_of_group(r->gid).text, r->users, r->peers, size_text(r->allocated).text,
	       size_text(r->huge).text);
}

static void regions_print(const struct listing *l)
{
	size_t i;

	if (!l->nr_regions) {
		puts("The module ivshmem_host has no region; `ivshmemctl create NAME SIZE` makes "
		     "one.");
		return;
	}
	printf("%-24s %8s  %-4s  %-10s %-10s %5s %5s %10s %10s\n", "REGION", "SIZE", "MODE",
	       "OWNER", "GROUP", "USERS", "PEERS", "ALLOCATED", "HUGE");
	for (i = 0; i < l->nr_regions; i++)
		region_print(&l->regions[i]);
}

static const char *pci_kind(const struct ctl_pci *p)
{
	return p->bar[IVSHMEM_BAR_MSIX].size ? "doorbell" : "plain";
}

static void pci_print(const struct ctl_pci *p)
{
	size_t i;

	printf("%-12s  %04x:%04x %04x:%04x %3u  %-8s  %-14s %-14s", p->address, p->vendor,
	       p->device, p->subsystem_vendor, p->subsystem, p->revision, pci_kind(p),
	       p->driver ? p->driver : "-", p->node ? p->node : "-");
	for (i = 0; i < 6; i++)
		if (p->bar[i].size)
			printf(" %zu:%s@%#" PRIx64, i, size_text(p->bar[i].size).text,
			       p->bar[i].address);
	putchar('\n');
}

static void pcis_print(const struct listing *l)
{
	size_t i;

	if (!l->nr_pci) {
		puts("There is no ivshmem PCI device (1af4:1110) in this machine.");
		return;
	}
	printf("%-12s  %-9s %-9s %3s  %-8s  %-14s %-14s %s\n", "PCI DEVICE", "ID", "SUBSYSTEM",
	       "REV", "KIND", "DRIVER", "NODE", "BARS (SIZE@ADDRESS)");
	for (i = 0; i < l->nr_pci; i++)
		pci_print(&l->pci[i]);
}

static void ids_print(const struct device_peers *peers)
{
	size_t i;

	if (!peers->known)
		putchar('-');
	for (i = 0; i < peers->count && i < PEERS_SHOWN; i++)
		printf("%s%" PRIu32, i ? " " : "", peers->list[i].peer);
	if (peers->count > PEERS_SHOWN)
		printf(" and %zu more", peers->count - PEERS_SHOWN);
}

static void guest_print(const struct guest *g)
{
	printf("%-14s %-24s %8" PRIu32 " ", g->device.path, g->peers.known ? g->peers.region : "-",
	       g->device.info.vectors);
	if (g->device.info.vectors)
		printf("%5" PRIu32 "  ", g->device.info.position);
	else
		printf("%5s  ", "-");
	ids_print(&g->peers);
	putchar('\n');
}

static void guests_print(const struct listing *l)
{
	size_t i;

	if (!l->nr_guests)
		return;
	printf("\n%-14s %-24s %8s %5s  %s\n", "NODE", "REGION", "VECTORS", "OWN", "PEERS");
	for (i = 0; i < l->nr_pci; i++)
		if (l->guests[i].open)
			guest_print(&l->guests[i]);
}

static void tables_print(const struct listing *l)
{
	bool regions = l->host && !l->pci_only, pci = l->nr_pci || l->pci_only;

	if (regions)
		regions_print(l);
	if (regions && pci)
		putchar('\n');
	if (pci)
		pcis_print(l);
	guests_print(l);
}

static void region_json(const struct ivshmem_region_info *r)
{
	fputs("{\"name\": ", stdout);
	json_string(stdout, r->name);
	printf(", \"id\": %" PRIu64 ", \"size\": %" PRIu64 ", \"mode\": \"%04o\", \"uid\": %" PRIu32
	       ", \"gid\": %" PRIu32 ", \"owner\": ", (uint64_t)r->id, (uint64_t)r->size, r->mode,
	       r->uid, r->gid);
	json_string(stdout, name_of_user(r->uid).text);
	fputs(", \"group\": ", stdout);
	json_string(stdout, name_of_group(r->gid).text);
	printf(", \"users\": %" PRIu32 ", \"allocated\": %" PRIu64 ", \"huge\": %" PRIu64
	       ", \"peers\": %" PRIu32 ", \"max_peers\": %" PRIu32 ", \"max_vectors\": %" PRIu32
	       ", \"max_user_kb\": %" PRIu32 ", \"abi\": %" PRIu32 "}",
	       r->users, (uint64_t)r->allocated, (uint64_t)r->huge, r->peers, r->max_peers,
	       r->max_vectors, r->max_user_kb, r->abi);
}

static void bars_json(const struct ctl_pci *p)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < 6; i++) {
		if (!p->bar[i].size)
			continue;
		printf("%s{\"bar\": %zu, \"address\": \"0x%" PRIx64 "\", \"size\": %" PRIu64 "}",
		       separator, i, p->bar[i].address, p->bar[i].size);
		separator = ", ";
	}
}

static void ids_json(const struct device_peers *peers)
{
	size_t i;

	fputs(peers->known ? "[" : "null", stdout);
	for (i = 0; i < peers->count; i++)
		printf("%s%" PRIu32, i ? ", " : "", peers->list[i].peer);
	if (peers->known)
		putchar(']');
}

/* null: not to be known, or a plain device, which has no id. */
static void guest_json(const struct guest *g)
{
	const struct ivshmem_info *info = &g->device.info;

	fputs(", \"region\": ", stdout);
	json_string(stdout, g->peers.known ? g->peers.region : NULL);
	if (g->open && info->vectors)
		printf(", \"position\": %" PRIu32, info->position);
	else
		fputs(", \"position\": null", stdout);
	if (g->open)
		printf(", \"vectors\": %" PRIu32 ", \"interrupts\": %" PRIu32, info->vectors,
		       info->interrupts);
	else
		fputs(", \"vectors\": null, \"interrupts\": null", stdout);
	fputs(", \"peers\": ", stdout);
	ids_json(&g->peers);
}

static void pci_json(const struct ctl_pci *p, const struct guest *g)
{
	printf("{\"address\": \"%s\", \"vendor\": %u, \"device\": %u, \"subsystem_vendor\": %u, "
	       "\"subsystem\": %u, \"revision\": %u, \"kind\": \"%s\", \"driver\": ", p->address,
	       p->vendor, p->device, p->subsystem_vendor, p->subsystem, p->revision, pci_kind(p));
	json_string(stdout, p->driver);
	fputs(", \"node\": ", stdout);
	json_string(stdout, p->node);
	fputs(", \"bars\": [", stdout);
	bars_json(p);
	putchar(']');
	guest_json(g);
	putchar('}');
}

/* "regions" is null where the host module is not loaded. */
static void json_print(const struct listing *l)
{
	size_t i;

	fputs("{\"regions\": ", stdout);
	fputs(l->host ? "[" : "null", stdout);
	for (i = 0; i < l->nr_regions; i++) {
		fputs(i ? ",\n\t" : "\n\t", stdout);
		region_json(&l->regions[i]);
	}
	fputs(l->host ? "],\n \"pci\": [" : ",\n \"pci\": [", stdout);
	for (i = 0; i < l->nr_pci; i++) {
		fputs(i ? ",\n\t" : "\n\t", stdout);
		pci_json(&l->pci[i], &l->guests[i]);
	}
	puts("]}");
}

static enum ctl_status list_options_parse(int argc, char **argv, struct listing *l,
					  struct error *err)
{
	int option;

	while ((option = getopt_long(argc, argv, ":", list_options, NULL)) != -1) {
		if (option < CTL_LONG_OPTION)
			return ctl_bad_option(option, argv, err);
		l->json |= option == LIST_JSON;
		l->pci_only |= option == LIST_PCI;
	}
	if (optind == argc)
		return CTL_OK;
	error_set(err, 0, "list: '%s' is one word too many; `ivshmemctl list --help` tells more",
		  argv[optind]);
	return CTL_USAGE;
}

/* Who may not open the device, or has another driver's, sees the PCI device alone. */
static void guest_read(struct guest *g, const struct ctl_pci *pci)
{
	struct error err;

	if (!pci->node || !pci->driver || strcmp(pci->driver, "ivshmem") ||
	    device_open(&g->device, pci->node, false, &err))
		return;
	g->open = true;
	device_peers_read(&g->peers, &g->device, &err);
}

static int guests_read(struct listing *l, struct error *err)
{
	size_t i;

	l->guests = calloc(l->nr_pci + 1, sizeof(*l->guests));
	if (!l->guests)
		return error_set(err, -ENOMEM, "listing PCI devices: no memory");
	for (i = 0; i < l->nr_pci; i++) {
		guest_read(&l->guests[i], &l->pci[i]);
		l->nr_guests += l->guests[i].open;
	}
	return 0;
}

static void guests_free(struct listing *l)
{
	size_t i;

	for (i = 0; l->guests && i < l->nr_pci; i++) {
		if (l->guests[i].open)
			device_close(&l->guests[i].device);
		device_peers_free(&l->guests[i].peers);
	}
	free(l->guests);
}

static enum ctl_status listing_gather(struct listing *l, struct error *err)
{
	l->host = !l->pci_only && region_module_loaded();
	if (l->host && region_list(&l->regions, &l->nr_regions, err))
		return CTL_FAILED;
	if (pci_list(&l->pci, &l->nr_pci, err) || guests_read(l, err))
		return CTL_FAILED;
	if (l->host || l->nr_pci || l->pci_only || l->json)
		return CTL_OK;
	error_set(err, 0,
		  "nothing to list: on a host, load the module with `modprobe ivshmem_host` or "
		  "`insmod ivshmem_host.ko`; in a guest, there is no ivshmem PCI device "
		  "(1af4:1110)");
	return CTL_FAILED;
}

static enum ctl_status list_run(int argc, char **argv, struct error *err)
{
	struct listing listing = {};
	enum ctl_status status = list_options_parse(argc, argv, &listing, err);

	if (!status)
		status = listing_gather(&listing, err);
	if (!status)
		(listing.json ? json_print : tables_print)(&listing);
	free(listing.regions);
	guests_free(&listing);
	pci_list_free(listing.pci, listing.nr_pci);
	return status;
}

const struct ctl_command ctl_list = {
	.name = "list",
	.synopsis = "[--json] [--pci]",
	.summary = "shows the regions of a host, and a guest's ivshmem PCI devices and their peers",
	.help =
	"  --json  for programs: {\"regions\": [...] or null without the module, \"pci\": [...]}\n"
	"  --pci   PCI devices only\n",
	.run = list_run,
};
