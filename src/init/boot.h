/* SPDX-License-Identifier: MIT */
/*
 * One boot, as it goes through init: what is known, what was decided, what it took.  One static
 * instance in main.c; no heap.
 */
#ifndef COWBOOT_INIT_BOOT_H
#define COWBOOT_INIT_BOOT_H

#include "decide/decide.h"
#include "update/recovery.h"
#include "update/world.h"

#define BOOT_ROOT "/mnt/root"
#define BOOT_DATA RECOVERY_DATA

/* Milliseconds since the kernel started at which each step was done. */
struct boot_times {
	uint64_t init, modules, devices, decided, mapped, mounted;
};

struct boot {
	struct conf conf;
	struct world world;
	struct facts facts;
	struct plan plan;
	enum phase phase; /* as the record said when this boot began */
	uint32_t tries_left; /* after this boot's try was spent */
	char version_from[RECORD_VERSION_MAX], version_to[RECORD_VERSION_MAX];
	char detail[RECORD_REASON_MAX]; /* what exactly failed, beside plan.reason; may be empty */
	bool watchdog_open, watchdog_reset; /* it is; the board's last reset was its doing */
	bool again; /* somebody chose so in recovery: it is the same kernel */
	struct boot_times times;
};

/*
 * prepare.c: configuration, kernel command line, modules.  A board without a usable configuration
 * is -EINVAL.
 */
int prepare_conf(struct boot *boot);
void prepare_modules(struct boot *boot);
void prepare_recovery(struct boot *boot); /* the modules that only recovery needs */

/*
 * guard.c: the outer layer.  guard_panic makes a panic a reboot where the kernel command line says
 * nothing; guard_watchdog opens the watchdog of the configuration once it is there, and says so
 * when it is not there at last.
 */
void guard_panic(const struct conf *conf);
void guard_watchdog(struct boot *boot, bool last);

/* act.c: data and the volumes through device-mapper, always (I8). */
int act_data(
	struct boot *boot); /* maps and mounts data on BOOT_DATA; failure is not fatal by itself */
int act_map(struct boot *boot); /* plan.map for every volume; on failure nothing stays mapped */
void act_unmap(struct boot *boot);
int act_mount(
	struct boot *boot); /* every volume below BOOT_ROOT; on failure nothing stays mounted */
void act_umount(struct boot *boot);
void act_move_data(struct boot *boot); /* BOOT_DATA to its place in the new root; the last step
					  before root_enter */

/*
 * persist.c: makes plan.persist durable; on failure the record on the disk may be old or new, never
 * damaged.
 */
int persist_plan(struct boot *boot);

/*
 * persist.c: a system is about to start: what recovery counted begins anew, unless only mark-good
 * says so. Writes nothing where nothing was counted (I11); a failure is logged and no more.
 */
void persist_reached(struct boot *boot);

/*
 * report.c: /run/cowboot/{boot.json,cowboot.conf,trial,merging}. A failure is logged and no more.
 */
void report_boot(const struct boot *boot);
void report_recovery(const struct boot *boot); /* the same for a boot that ends in recovery */

/* giveup.c: recovery as the board wants it. Never returns. */
void give_up(struct boot *boot, const char *reason) __attribute__((noreturn));
void start_again(const char *reason) __attribute__((noreturn));

#endif
