/* SPDX-License-Identifier: MIT */
/*
 * The board's configuration: one file for init and the command, "key value" lines, and the kernel
 * command line over it.  Text in, struct out; pure, no heap.  Grammar and meaning of each key:
 * cowboot.conf(5).
 */
#ifndef COWBOOT_CONF_CONF_H
#define COWBOOT_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_VOLUMES_MAX 8
#define CONF_SLOTS 2
#define CONF_SPEC_MAX 96
#define CONF_PATH_MAX 128
#define CONF_OPTIONS_MAX 128
#define CONF_PASSWORD_MAX 129	/* crypto_pwhash_STRBYTES and one */
#define CONF_SHOWN_MAX 16
#define CONF_SHOWN_NAME_MAX 32

struct conf_mount {
	char name[32];			/* dm name: /dev/mapper/NAME */
	char spec[CONF_SPEC_MAX];	/* as base/spec.h; empty: not configured */
	char dir[CONF_PATH_MAX];	/* mount point in the real root, "/" for the root */
	char fstype[16];
	char options[CONF_OPTIONS_MAX];	/* comma separated, as in fstab */
};

/* The first one also stands for a board whose configuration cannot be used. */
enum conf_giveup { GIVEUP_MENU, GIVEUP_SHELL, GIVEUP_REBOOT, GIVEUP_POWEROFF };

/* What becomes of the old system when an update is confirmed. */
enum conf_keep {
	KEEP_OLD,		/* it is kept where there is room; the default */
	KEEP_NOT,
	KEEP_MUST,		/* no update is confirmed without */
};

struct conf {
	char board[32];
	char meta[CONF_SPEC_MAX];
	struct conf_mount data;			/* name is "data" */
	unsigned volume_count;
	struct conf_mount volume[CONF_VOLUMES_MAX];	/* in mount order: "/" first; all have ro */
	char store[CONF_SPEC_MAX];		/* empty: files on data; else the raw partition */
	char esp[CONF_SPEC_MAX];		/* systemd-boot's, with the slots on it; empty: none */
	char boot[CONF_SLOTS][CONF_SPEC_MAX];	/* partitions of slots a and b; empty: no slots */
	bool several_disks;			/* labels may be on any disk, not on meta's alone */
	unsigned tries;				/* 1 to 100, default 3 */
	unsigned device_timeout_s;		/* default 10; rootwait makes it at least 120 */
	char watchdog[CONF_PATH_MAX];		/* its device; empty: off, the default */
	unsigned watchdog_s;			/* 10 to 3600, default 60 */
	bool kernel_flushes;			/* merge whatever the kernel calls itself; default: ask it */
	unsigned verify_rate_mib;		/* MiB a second that a proof reads; default 0: no limit */
	bool unproven_trials;			/* mark-good reads nothing before it confirms; default no */
	enum conf_keep keep_old;
	unsigned keep_days;			/* with KEEP_OLD: then it is dropped; 0: never */
	unsigned check_timeout_s;		/* for data's file system; default 300, 0: no check */
	unsigned panic_s;			/* where panic= says nothing; default 10, 0: leave it */
	enum conf_giveup recovery;		/* default GIVEUP_MENU */
	enum conf_giveup recovery_then;	/* when it has rebooted often enough; never REBOOT */
	unsigned recovery_wait_s;		/* before it reboots or powers off; default 5 */
	unsigned recovery_reboots;		/* by itself, in a row; default 3 */
	bool turns_back;			/* by itself, where no proof of a merge holds; default no */
	unsigned recovery_after;		/* boots in idle that nothing marks good; 0: any number */
	char recovery_password[CONF_PASSWORD_MAX];	/* argon2's string; empty: none */
	bool no_shell;				/* recovery gives no shell */
	bool overrides;				/* cowboot.KEY=VALUE counts; default yes */
	bool take_unsigned;			/* updates and images need no signature; default no */
	unsigned signatures;			/* by so many keys; default 1 */
	bool allow_downgrade;			/* `install --allow-downgrade` counts; default no */
	unsigned shown_count;			/* cmdline-keep: what a locked board shows beside the usual */
	char shown[CONF_SHOWN_MAX][CONF_SHOWN_NAME_MAX];
	char init[CONF_PATH_MAX];		/* in the real root; default /sbin/init */

	/* From the kernel command line only. */
	char root[CONF_SPEC_MAX];		/* root=, where that is another name than volume[0]'s */
	char slot;				/* cowboot.slot=a|b, 0: the loader said nothing */
	bool counted_try;			/* cowboot.try: the loader has counted this boot, and goes back */
	bool ask_recovery;			/* cowboot.recovery */
	bool quiet;				/* quiet */
	bool rw;				/* rw was given; no volume heeds it yet */
};

/*
 * Parses a configuration file. -EINVAL with "line 7: REASON" in base/fail.h; ret_conf is untouched
 * then.  Unknown keys, keys given twice, two volumes of one name, mount point or partition, no root
 * volume, and LABEL= or UUID= are errors.  So is what contradicts itself: stores in files on a
 * `data` that is not ext4, is data=journal or ro; a volume that is rw or lies below `data`.
 */
int conf_parse(const char *text, size_t len_bytes, struct conf *ret_conf);

/*
 * The same of what conf_print has written, in an init that may be newer or older than this program:
 * keys that are not known here are passed over, and what contradicts itself counts as it stands, for
 * the board was booted with it.
 */
int conf_parse_printed(const char *text, size_t len_bytes, struct conf *ret_conf);

/* The values for a board whose configuration says nothing. */
void conf_defaults(struct conf *ret_conf);

/*
 * Lays the kernel command line over conf: ro rw rootwait quiet cowboot.slot=, cowboot.try and
 * cowboot.recovery (no value) always; root= rootfstype= rootflags= init= where the board is not locked;
 * cowboot.tries= cowboot.device-timeout= cowboot.watchdog= cowboot.recovery=POLICY
 * cowboot.recovery-wait= where conf->overrides is set as well.  What cannot be used is passed over, and
 * a line about it is left through warn (may be NULL).
 */
void conf_cmdline(struct conf *conf, const char *cmdline, void (*warn)(const char *line));

/*
 * Writes the configuration as a file that conf_parse reads back to the same: what is not as by
 * conf_defaults, and the command line's keys as comments.  -ENOSPC when it does not fit.
 */
int conf_print(const struct conf *conf, char *buf, size_t size_bytes);

/*
 * Whether the board is locked: recovery asks for a password or gives no shell.  What that keeps from
 * whom is in conf/lock.h.
 */
bool conf_locked(const struct conf *conf);

/* The volume of that name, or NULL. */
const struct conf_mount *conf_volume(const struct conf *conf, const char *name);

/*
 * Splits mount options into mount(2) flags (ro, noatime, nosuid, …) and the rest for the file
 * system; what is only meant for mount(8) and fstab (defaults, nofail, x-…) is dropped.
 * -ENAMETOOLONG when the rest does not fit.
 */
int conf_mount_flags(const char *options, unsigned long *ret_flags, char *ret_data,
		     size_t size_bytes);

#endif
