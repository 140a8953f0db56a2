// SPDX-License-Identifier: GPL-2.0-only
/* Lines come in and answers go out; what a line means is command.c's business. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/chardev.h"
#include "machine.h"
#include "monitor/command.h"
#include "monitor/monitor.h"

struct monitor {
	struct machine *machine;
	struct chardev *chardev;
	char line[COMMAND_LINE_MAX + 1];
	size_t len;
	bool too_long;			/* the rest of this line is skipped */
	bool deferred;			/* an answer is to come: nothing is read */
	uint8_t held[COMMAND_LINE_MAX];	/* what had been read by then */
	size_t nr_held;
};

/* Send @text without its empty lines, and the empty line that ends an answer. */
static void answer_send(struct monitor *mon, char *text, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' || (kept && text[kept - 1] != '\n'))
			text[kept++] = text[i];
	chardev_write(mon->chardev, text, kept);
	chardev_write(mon->chardev, "\n", 1);
}

static void line_answer(struct monitor *mon)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	command_run(mon->machine, mon->line, mon->too_long, out);
	if (!fclose(out) && len)
		answer_send(mon, text, len);
	free(text);
}

/* What is no text becomes a '?': neither a NUL nor an escape sequence gets into an answer. */
static char text_char(uint8_t byte)
{
	if (byte == '\t' || byte == '\r')
		return ' ';
	return byte >= ' ' && byte <= '~' ? byte : '?';
}

static void line_reset(struct monitor *mon)
{
	mon->len = 0;
	mon->too_long = false;
}

static void line_take(struct monitor *mon, uint8_t byte)
{
	if (byte == '\n') {
		mon->line[mon->len] = '\0';
		line_answer(mon);
		line_reset(mon);
	} else if (mon->len < COMMAND_LINE_MAX) {
		mon->line[mon->len++] = text_char(byte);
	} else {
		mon->too_long = true;
	}
}

static size_t monitor_can_read(void *opaque)
{
	struct monitor *mon = opaque;

	return mon->deferred ? 0 : COMMAND_LINE_MAX;
}

static void monitor_read(void *opaque, const uint8_t *buf, size_t len)
{
	struct monitor *mon = opaque;
	size_t i = 0;

	while (i < len && !mon->deferred)
		line_take(mon, buf[i++]);
	mon->nr_held = len - i;
	memcpy(mon->held, buf + i, mon->nr_held);
}

/* Half a line of one client is nothing for the next; nor is the answer that it was to get. */
static void monitor_event(void *opaque, enum chardev_event event)
{
	struct monitor *mon = opaque;

	(void)event;
	line_reset(mon);
	mon->deferred = false;
	mon->nr_held = 0;
}

void monitor_defer(struct monitor *mon)
{
	mon->deferred = true;
}

void monitor_answer(struct monitor *mon, char *text, size_t len)
{
	uint8_t held[COMMAND_LINE_MAX];

	if (!mon->deferred)
		return;
	mon->deferred = false;
	answer_send(mon, text, len);
	memcpy(held, mon->held, mon->nr_held);
	monitor_read(mon, held, mon->nr_held);
	chardev_accept_input(mon->chardev);
}

int monitor_create(struct monitor **out, struct machine *m, const char *spec, struct error *err)
{
	struct monitor *mon = calloc(1, sizeof(*mon));
	struct chardev_client client = {
		.can_read = monitor_can_read,
		.read = monitor_read,
		.event = monitor_event,
		.opaque = mon,
	};
	int ret;

	if (!mon)
		return error_set(err, -ENOMEM, "-monitor %s: out of memory", spec);
	mon->machine = m;
	ret = chardev_create(&mon->chardev, &m->chardev_host, spec, err);
	if (ret) {
		free(mon);
		return error_prefix(err, ret, "-monitor");
	}
	ret = chardev_set_client(mon->chardev, &client);
	if (ret) {
		monitor_destroy(mon);
		return error_set(err, ret, "-monitor %s: %s", spec, strerror(-ret));
	}
	*out = mon;
	return 0;
}

void monitor_destroy(struct monitor *mon)
{
	chardev_destroy(mon->chardev);
	free(mon);
}
