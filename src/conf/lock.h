/* SPDX-License-Identifier: MIT */
/*
 * What a locked board gives to whoever stands before it: with its console, its boot loader's prompt
 * or a stick.  Everyone who is about to give something asks here, and nowhere else is it decided.
 * Pure.
 */
#ifndef COWBOOT_CONF_LOCK_H
#define COWBOOT_CONF_LOCK_H

#include "conf/conf.h"

enum lock_wish {
	LOCK_LINE,	/* the kernel command line says what is booted, and how */
	LOCK_MENU,	/* what the menu of recovery does beside the next two */
	LOCK_SHELL,	/* a shell */
	LOCK_CHANGE,	/* recovery writes a system or a record: install, image, anew */
	LOCK_AGAIN,	/* recovery boots in the same kernel, which has seen every stick by now */
};

enum lock_answer { LOCK_REFUSED, LOCK_BY_PASSWORD, LOCK_OPEN };

/*
 * Whether the board gives that: never, behind its password, or to everybody.  A board without
 * `recovery-password` and `recovery-shell no` gives everything to everybody.
 */
enum lock_answer conf_lock(const struct conf *conf, enum lock_wish wish);

/*
 * What stands in for a configuration that cannot be used: zeros, and the lock that its text was meant
 * to be.  A lock whose password cannot be read there is opened by no password.  text NULL: it could not
 * be read at all, or not yet; then the board counts as locked.
 */
void conf_unusable(const char *text, size_t len_bytes, struct conf *ret_conf);

/*
 * What the system of a locked board is shown of the kernel command line: its init finds orders there
 * as well, "systemd.debug_shell" or "single".  Shown are parameters of modules, NAME.PARAMETER, those of
 * cowboot, a few words of the kernel's, and those that conf names; not what an init system may take for
 * its own, nor what two programs may cut up in two ways.  Returns how many words are left out; buf has
 * room for all of cmdline.
 */
unsigned conf_lock_line(const struct conf *conf, const char *cmdline, char *buf);

/*
 * Whether a configuration may name that word for the above.  Never one that says what is booted, or how:
 * whoever has the loader's console would say it.  -EINVAL, with the reason in base/fail.h.
 */
int conf_lock_may_show(const char *name);

/* Whether conf's lock has a password that could open it. */
bool conf_lock_opens(const struct conf *conf);

#endif
