/* SPDX-License-Identifier: MIT */
/* Which recovery it is to be this time. Pure. */
#ifndef COWBOOT_INIT_POLICY_H
#define COWBOOT_INIT_POLICY_H

#include <stdint.h>

#include "conf/conf.h"

/*
 * asked: somebody wants it, nothing failed.  countable: one more reboot can be noted in the record,
 * which has reboots of them.  Never RECOVERY_REBOOT more than conf->recovery_reboots times, nor
 * without a note (I10); never RECOVERY_SHELL on a locked board.
 */
enum conf_recovery recovery_way(const struct conf *conf, bool asked, bool countable,
				uint32_t reboots);

#endif
