/* SPDX-License-Identifier: MIT */
/*
 * Recovery as the board's configuration wants it, from the moment on at which a boot has ended. What
 * only init can do with that boot is passed as functions.
 */
#ifndef COWBOOT_RECOVERY_GIVEUP_H
#define COWBOOT_RECOVERY_GIVEUP_H

#include "update/world.h"

struct giveup {
	const struct conf *conf;
	struct world *world;
	const char *reason;		/* a line; stays */
	void *boot;			/* for the three below */
	void (*show)(void *boot);	/* modules and files, before anybody is shown anything */
	void (*let_go)(void *boot);	/* of whatever is mounted and mapped; a dead disk may keep it */
	void (*again)(void *boot);	/* boots from the beginning; returns where that is not possible */
	void (*feed)(void);		/* the watchdog: some times a second while anybody is waited for */
};

/* Never returns: the board is booted again, reboots, powers off, or waits for a person (I10). */
void giveup_run(const struct giveup *g) __attribute__((noreturn));

/* Whether conf or the record asks for recovery, without anything having failed. */
bool giveup_asked(const struct conf *conf, const struct record *record);

/* Reboots, whatever a disk answers; with a line in the log. */
void giveup_reboot(const char *reason) __attribute__((noreturn));
void giveup_power_off(const char *reason) __attribute__((noreturn));

#endif
