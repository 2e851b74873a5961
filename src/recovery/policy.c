/* SPDX-License-Identifier: MIT */
/* The board's policy for recovery. Pure. Holds I10: what acts by itself has a bound. */
#include "recovery/policy.h"

#include "conf/lock.h"

enum conf_giveup policy_way(const struct conf *conf, bool asked, bool countable,
			    uint32_t reboots)
{
	enum conf_giveup way = conf->recovery;

	/* Somebody is there, and nothing failed: nothing is done before they say so. */
	if (asked && (way == GIVEUP_REBOOT || way == GIVEUP_POWEROFF))
		way = GIVEUP_MENU;
	if (way == GIVEUP_REBOOT && (!countable || reboots >= conf->recovery_reboots))
		way = conf->recovery_then;
	/* Only the menu asks for a password, and knows what a locked board must not give. */
	if (way == GIVEUP_SHELL && conf_lock(conf, LOCK_SHELL) != LOCK_OPEN)
		way = GIVEUP_MENU;
	return way;
}

bool policy_is_try(const struct conf *conf, bool asked, bool record_is_good)
{
	return conf->counted_try && !asked && !record_is_good;
}
