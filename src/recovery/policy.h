/* SPDX-License-Identifier: MIT */
/* What recovery does this time. Pure. */
#ifndef COWBOOT_RECOVERY_POLICY_H
#define COWBOOT_RECOVERY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

/*
 * asked: somebody wants it, nothing failed.  countable: one more reboot can be noted in the record,
 * which has reboots of them.  Never GIVEUP_REBOOT more than conf->recovery_reboots times, nor
 * without a note (I10); never GIVEUP_SHELL on a locked board.
 */
enum conf_giveup policy_way(const struct conf *conf, bool asked, bool countable,
			    uint32_t reboots);

/*
 * Whether the system that was tried ends here, without a person: the boot loader has counted this boot
 * as a try (cowboot.try), and there is no record by which init could go back.  It may be the new
 * kernel that does not find the disk, or the new initramfs whose configuration cannot be used.  Then a
 * reboot leads back, whatever the policy: the loader's count is its bound (I10).
 */
bool policy_is_try(const struct conf *conf, bool asked, bool record_is_good);

#endif
