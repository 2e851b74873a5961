/* SPDX-License-Identifier: MIT */
/* The board's policy for recovery. Pure. Holds I10: what acts by itself has a bound. */
#include "init/policy.h"

enum conf_recovery recovery_way(const struct conf *conf, bool asked, bool countable,
				uint32_t reboots)
{
	enum conf_recovery way = conf->recovery;

	/* Whoever asks for it waits there. */
	if (asked && (way == RECOVERY_REBOOT || way == RECOVERY_POWEROFF))
		way = RECOVERY_MENU;
	if (way == RECOVERY_REBOOT && (!countable || reboots >= conf->recovery_reboots))
		way = conf->recovery_then;
	/* Only the menu asks for a password, and knows what a locked board must not give. */
	if (way == RECOVERY_SHELL && conf_locked(conf))
		way = RECOVERY_MENU;
	return way;
}
