/* SPDX-License-Identifier: MIT */
/*
 * What recovery keeps in the record, so that whatever it does by itself has a bound (I10): the
 * reboots, and what has led there.  Each is saved before what it counts is done.
 */
#ifndef COWBOOT_RECOVERY_COUNT_H
#define COWBOOT_RECOVERY_COUNT_H

#include "update/world.h"

/* Whether something can be noted in the record. */
bool count_possible(const struct world *w);

/* Takes a request for recovery, and a used-up count of boots, back: neither leads there twice. */
void count_take_back(struct world *w);

/* One more reboot of recovery; false: it is not noted. */
bool count_reboot(struct world *w);

/*
 * The same after the point of no return (handoff/root.c), where meta was closed and is opened once
 * more. before: the reboots that the record counted when this boot began.  Beyond `recovery-reboots` of
 * them the next boot is asked to end in recovery.
 */
bool count_late_reboot(struct world *w, uint32_t before);

#endif
