/* SPDX-License-Identifier: MIT */
/*
 * The hardware watchdog.  From the moment it is open the board is reset unless it is fed, and it is
 * fed by progress only: each step of the boot begins with a limit, and what the step gets done
 * feeds until that limit.  It is handed on running, never stopped.  Where there is none, every call
 * but watchdog_open does nothing.
 */
#ifndef COWBOOT_HANDOFF_WATCHDOG_H
#define COWBOOT_HANDOFF_WATCHDOG_H

#include <stdbool.h>

#define WATCHDOG_NO_LIMIT 0

/*
 * Opens and with that starts the watchdog at path, which then resets the board timeout_s seconds after
 * it was fed last; a device that knows no such time keeps its own, with a line in the log. There is
 * also a line for one that may stop when it is closed. ret_reset: the device says that it caused the
 * last reset of the board.  Negative errno, with the reason in base/fail.h, when there is none.
 */
int watchdog_open(const char *path, unsigned timeout_s, bool *ret_reset);

/*
 * Begins a step of at most limit_s seconds and feeds. what, kept by reference, names the step in the
 * log. WATCHDOG_NO_LIMIT is for a step in which a person is waited for, and for nothing else.
 */
void watchdog_step(const char *what, unsigned limit_s);

/* Feeds, within the step's limit. To be called where something was got done; costs next to nothing. */
void watchdog_feed(void);

/* Feeds once more and lets go of it running: the next who opens it takes over. */
void watchdog_hand_on(void);

#endif
