// SPDX-License-Identifier: GPL-2.0-only
// Sends and receives frames over a file descriptor (see frame.h); what they mean is for others.

#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAG 0x7e
#define ESCAPE 0x7d
#define ESCAPE_FLIP 0x20

static uint32_t crc32(const uint8_t *data, size_t size)
{
	uint32_t crc = ~0u;

	while (size--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void put_le(uint8_t *at, uint32_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = value >> 8 * i;
}

static uint32_t get_le(const uint8_t *at, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

/**
 * write_all() - write everything, whatever the descriptor takes at a time
 *
 * Return: 0 or -errno.
 */
int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		size -= done;
	}
	return 0;
}

static uint8_t *encode(uint8_t *out, const uint8_t *data, size_t size)
{
	while (size--) {
		uint8_t byte = *data++;

		if (byte == FLAG || byte == ESCAPE) {
			*out++ = ESCAPE;
			byte ^= ESCAPE_FLIP;
		}
		*out++ = byte;
	}
	return out;
}

/**
 * link_send() - send one frame of the link's session
 * @data: up to FRAME_PAYLOAD_MAX bytes
 *
 * Return: 0 or -errno (EMSGSIZE: too large; or write()'s).
 */
int link_send(struct link *link, enum frame_type type, const void *data, size_t size)
{
	size_t plain = FRAME_HEAD + size;
	uint8_t *frame, *wire, *end;
	int error;

	if (size > FRAME_PAYLOAD_MAX)
		return -EMSGSIZE;
	frame = malloc(3 * (plain + FRAME_TAIL) + 2);
	if (!frame)
		return -ENOMEM;
	wire = frame + plain + FRAME_TAIL;
	frame[0] = type;
	put_le(frame + 1, link->session, 4);
	put_le(frame + 5, link->number++, 2);
	if (size)
		memcpy(frame + FRAME_HEAD, data, size);
	put_le(frame + plain, crc32(frame, plain), 4);
	wire[0] = FLAG;
	end = encode(wire + 1, frame, plain + FRAME_TAIL);
	*end++ = FLAG;
	error = write_all(link->fd, wire, end - wire);
	free(frame);
	return error;
}

static int frame_end(struct link *link, frame_handler handle, void *opaque)
{
	size_t plain = link->size - FRAME_TAIL;
	struct frame frame;
	bool whole = !link->broken && link->size >= FRAME_HEAD + FRAME_TAIL &&
		     get_le(link->frame + plain, 4) == crc32(link->frame, plain);

	link->size = 0;
	link->escaped = false;
	link->broken = false;
	if (!whole)
		return 0;
	frame.type = link->frame[0];
	frame.session = get_le(link->frame + 1, 4);
	frame.number = get_le(link->frame + 5, 2);
	frame.data = link->frame + FRAME_HEAD;
	frame.size = plain - FRAME_HEAD;
	return handle(opaque, &frame);
}

static void frame_byte(struct link *link, uint8_t byte)
{
	if (byte == ESCAPE) {
		link->escaped = true;
		return;
	}
	if (link->size == sizeof(link->frame)) {
		link->broken = true;
		return;
	}
	link->frame[link->size++] = link->escaped ? byte ^ ESCAPE_FLIP : byte;
	link->escaped = false;
}

/**
 * link_receive() - read once and hand each frame that became whole to a handler
 * @handle: what it returns other than 0 ends the reading and is returned
 *
 * Return: 0, what @handle returned, or -errno (ECONNRESET: the other end is gone).
 */
int link_receive(struct link *link, frame_handler handle, void *opaque)
{
	uint8_t buffer[4096];
	ssize_t got = read(link->fd, buffer, sizeof(buffer));
	int result = 0;

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	for (ssize_t i = 0; i < got && !result; i++) {
		if (buffer[i] == FLAG)
			result = frame_end(link, handle, opaque);
		else
			frame_byte(link, buffer[i]);
	}
	return result;
}
