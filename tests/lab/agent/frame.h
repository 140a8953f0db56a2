/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames on a line that may lose bytes, or start in the middle: each is closed by a flag byte and
 * carries a checksum, so that whatever was torn is dropped and the next one is whole again.
 */
#ifndef LAB_AGENT_FRAME_H
#define LAB_AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_PAYLOAD_MAX 32768u
#define FRAME_HEAD 7u
#define FRAME_TAIL 4u

enum frame_type {
	FRAME_HELLO = 1, /* both ways: are you there? yes */
	FRAME_EXEC, /* to the server: struct exec_request, then the command */
	FRAME_STARTED, /* to the client: the command runs, don't ask again */
	FRAME_INPUT, /* to the server: standard input, empty at its end */
	FRAME_TAKEN, /* to the client: the last input was consumed, send more */
	FRAME_WINDOW, /* to the server: struct exec_request with a new window size */
	FRAME_KILL, /* to the server: end the command */
	FRAME_OUT, /* to the client: standard output */
	FRAME_ERR, /* to the client: standard error */
	FRAME_EXIT, /* to the client: one byte, the exit status */
};

struct exec_request {
	uint8_t terminal; /* 0: pipes, 1: a terminal of rows × columns */
	uint8_t input; /* 0: no standard input, 1: INPUT frames follow */
	uint16_t rows;
	uint16_t columns;
};

/* One received frame; data points into the link and is gone with the next one. */
struct frame {
	enum frame_type type;
	uint32_t session; /* chosen by the client, the same in all frames of one command */
	uint16_t number; /* counts the frames of a session and direction, from 0 */
	const uint8_t *data;
	size_t size;
};

struct link {
	int fd;
	uint32_t session; /* put into what is sent */
	uint16_t number; /* of the next frame to send */
	bool escaped, broken; /* state of the frame being received */
	size_t size; /* bytes of it so far */
	uint8_t frame[FRAME_HEAD + FRAME_PAYLOAD_MAX + FRAME_TAIL];
};

typedef int (*frame_handler)(void *opaque, const struct frame *frame);

int link_send(struct link *link, enum frame_type type, const void *data, size_t size)
	__attribute__((warn_unused_result));
int link_receive(struct link *link, frame_handler handle, void *opaque)
	__attribute__((warn_unused_result));
int write_all(int fd, const void *data, size_t size) __attribute__((warn_unused_result));

#endif
