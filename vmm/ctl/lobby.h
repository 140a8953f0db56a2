/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has connected and is no client yet. Clients use up ids, of which QEMU bears none twice: a
 * user who connects and closes over and over is let in slowly, while others pass him.
 */
#ifndef VMM_CTL_LOBBY_H
#define VMM_CTL_LOBBY_H

#include <stdint.h>
#include <sys/types.h>

#define LOBBY_BURST		64		/* of a user at once… */
#define LOBBY_INTERVAL_NS	250000000ULL	/* …and then one in so much time */

struct caller;
struct lobby_user;

struct lobby {
	struct caller *first, **end;
	uint32_t count;			/* of callers */
	struct lobby_user *users;	/* that connected of late */
};

void lobby_init(struct lobby *l);
void lobby_fini(struct lobby *l);

/**
 * lobby_enter() - somebody has connected
 * @socket: the lobby's then
 * @most: callers that one user may have
 *
 * Return: 0; -EBUSY this user has @most that wait; -ENOMEM.
 */
int lobby_enter(struct lobby *l, int socket, uid_t uid, uint32_t most);

/*
 * The next socket whose time has come, -1 for none; the caller's then. Those that are closed on the
 * other side, or have sent something, cost no id: they are gone.
 */
int lobby_next(struct lobby *l, uint64_t now_ns);

#endif /* VMM_CTL_LOBBY_H */
