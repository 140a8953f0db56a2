// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memberships of each user hold in one region, so that nobody's leave others without. It
 * is an estimate: the memory control group knows the bytes.
 */
#include <linux/capability.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "members.h"

static struct account *account_find(struct members *members, kuid_t uid)
{
	struct account *account;

	list_for_each_entry(account, &members->accounts, node)
		if (uid_eq(account->uid, uid))
			return account;
	return NULL;
}

/**
 * account_get() - the account of a user, for one more membership
 * @members: locked
 * @uid: the user
 *
 * Return: what account_put() gives back, or NULL: no memory.
 */
struct account *account_get(struct members *members, kuid_t uid)
{
	struct account *account;

	lockdep_assert_held(&members->lock);
	account = account_find(members, uid);
	if (!account) {
		account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
		if (!account)
			return NULL;
		account->uid = uid;
		list_add(&account->node, &members->accounts);
	}
	account->users++;
	return account;
}

void account_put(struct account *account)
{
	if (--account->users)
		return;
	list_del(&account->node);
	kfree(account);
}

/**
 * account_charge() - let a user hold more
 * @members: locked
 * @account: of the user
 * @bytes: how much
 *
 * Return: 0, or -EMFILE: it would be more than the limit, and the caller has no CAP_SYS_RESOURCE.
 */
int account_charge(const struct members *members, struct account *account, u64 bytes)
{
	lockdep_assert_held(&members->lock);
	if (account->bytes + bytes > (u64)members->limits.user_kb * SZ_1K &&
	    !capable(CAP_SYS_RESOURCE))
		return -EMFILE;
	account->bytes += bytes;
	return 0;
}

void account_uncharge(struct account *account, u64 bytes)
{
	account->bytes -= bytes;
}
