/* SPDX-License-Identifier: MIT */
/*
 * One boot, as it goes through init: what is known, what was decided, what it took.  One static
 * instance in main.c; no heap.
 */
#ifndef COWBOOT_INIT_BOOT_H
#define COWBOOT_INIT_BOOT_H

#include "decide/decide.h"
#include "update/world.h"

#define BOOT_ROOT "/mnt/root"
#define BOOT_DATA WORLD_INIT_DATA

/* Milliseconds since the kernel started at which each step was done. */
struct boot_times {
	uint64_t init, modules, devices, decided, mapped, mounted;
};

struct boot {
	struct conf conf;
	struct world world;
	struct facts facts;
	struct plan plan;
	const char *why; /* of the plan, where its reason in words would say less; or NULL */
	enum phase phase; /* as the record said when this boot began */
	uint32_t tries_left; /* after this boot's try was spent */
	char version_from[RECORD_VERSION_MAX], version_to[RECORD_VERSION_MAX];
	char detail[RECORD_REASON_MAX]; /* what exactly failed, beside plan.reason; may be empty */
	bool mend_failed; /* what was merged is lost, and could not be written again */
	bool watchdog_open, watchdog_reset; /* it is; the board's last reset was its doing */
	uint32_t reboots; /* of recovery, as the record said when this boot began */
	bool again; /* somebody chose `again` in recovery: the same kernel */
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

/* kmsg.c: the log goes to the kernel's from here on; what later programs say there is limited again. */
void kmsg_begin(void);
void kmsg_end(void);

/*
 * check.c: has data's file system checked, where the initramfs has what does it: what loses nothing
 * is mended.  check_data_again is for one that cannot be mounted all the same, with the negative errno
 * of that: where it says damage, and no update may be pending, everything is mended, whatever is lost;
 * false: nothing was done.  Both are bounded by `check-timeout`, and what comes of them is in the log
 * only.
 */
void check_data(struct boot *boot);
bool check_data_again(struct boot *boot, int why);

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
void report_forget(void); /* what an earlier life of this process has left there */

/*
 * giveup.c: the end of a boot that enters no system: src/recovery/giveup.h.  why: in words, or NULL
 * for the reason's own.
 */
void give_up(struct boot *boot, enum reason reason, const char *why) __attribute__((noreturn));

/*
 * A reboot after the point of no return (handoff/root.c), when there is no initramfs any more to
 * recover in.  Outside a trial, whose tries end it, each is counted in the record with recovery's own
 * reboots, and beyond `recovery-reboots` of them the next boot is asked to end in recovery.  A board
 * that cannot count powers off (I10).
 */
void start_again_counted(struct boot *boot, const char *reason) __attribute__((noreturn));

#endif
