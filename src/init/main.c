/* SPDX-License-Identifier: MIT */
/*
 * cowboot-init: the first process.  main reads as the boot, top to bottom:
 *
 *	prepare, find, read the record, gather facts -> decide -> persist -> map -> mount -> enter the root
 *
 * Must never exit, wait without a deadline or loop without a bound (I10); must never map anything
 * before what the plan persists is durable (I1, I2).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/lock.h"
#include "decide/plan.h"
#include "handoff/mounts.h"
#include "handoff/root.h"
#include "handoff/watchdog.h"
#include "init/boot.h"
#include "map/dm.h"
#include "recovery/giveup.h"
#include "update/settle.h"
#include "update/slots.h"

/*
 * How long the steps may take at most, with all that they get done on the way, before the watchdog
 * is not fed any more (I10).  A step that gets nothing done is over after the watchdog's own time.
 */
#define MODULES_S 120
#define FIND_MORE_S 60		/* beyond device-timeout */
#define GATHER_S 900		/* beyond check-timeout: a journal, and the lists of all stores on a slow disk */
#define CARRY_OUT_S 300
#define MEND_S 900		/* every merged chunk is compared with its store, or what is kept with its list */

static struct boot boot;

/* Only what it holds; what could not be read has its own line. */
static void log_record(void)
{
	const struct record *record = &boot.world.record;

	if (boot.world.copies.health == RECORD_NEW)
		log_info("record: new");
	else if (boot.world.copies.health == RECORD_GOOD && boot.phase == PHASE_TRIAL)
		log_info("record: phase trial, %u of %u tries left", record->tries_left,
			 record->tries_total);
	else if (boot.world.copies.health == RECORD_GOOD)
		log_info("record: phase %s", phase_name(boot.phase));
}

static void find_and_load(void)
{
	uint64_t deadline_ms = sys_now_ms() + boot.conf.device_timeout_s * 1000ull;

	watchdog_step("waiting for partitions", boot.conf.device_timeout_s + FIND_MORE_S);
	world_find(&boot.world, &boot.conf, NULL, deadline_ms);
	guard_watchdog(&boot, true);
	boot.times.devices = sys_now_ms();
	if (world_load(&boot.world, DEV_WRITE) < 0)
		log_error("%s", fail_text());
	if (boot.world.write_protected)
		log_warn("%s is write-protected: nothing can be saved", boot.world.meta_part.path);
	if (boot.world.copies.why[0])
		log_warn("record: %s", boot.world.copies.why);
	boot.phase = boot.world.record.phase;
	boot.reboots = boot.world.record.recovery.reboots;
	boot.tries_left = boot.world.record.tries_left;
	memcpy(boot.version_from, boot.world.record.version_from, sizeof(boot.version_from));
	memcpy(boot.version_to, boot.world.record.version_to, sizeof(boot.version_to));
	log_record();
}

/*
 * Makes one damaged or stale copy good again (I4), and with it the newest one surely durable: what
 * it says, "merging" above all, may so far have been in the disk's cache only.  false: it may still
 * be there only.
 */
static bool repair(void)
{
	const bool only_flushed = boot.world.copies.volatile_copy;

	if (boot.world.copies.health != RECORD_GOOD || !boot.world.copies.repairable)
		return true;
	if (copies_repair(&boot.world.meta, &boot.world.record, &boot.world.copies) < 0) {
		log_error("%s", fail_text());
		return false;
	}
	if (!only_flushed)
		log_note("record: the damaged copy is repaired");
	return true;
}

/*
 * What this init knows of the record, for whatever is saved next; a quiet boot saves nothing (I11).  A
 * loader that does not name the slot gets no other kernel to start either: there is one init then.
 */
static void note_init(void)
{
	const bool has_slots = slots_configured(&boot.conf);

	record_note_init(&boot.world.record, has_slots ? boot.conf.slot : 0);
}

/* A record of zeros counts as a new board's only where no store says otherwise. */
static void doubt_new(void)
{
	if (boot.world.copies.health != RECORD_NEW)
		return;
	world_doubt_new(&boot.world);
	if (boot.world.copies.health == RECORD_NEW)
		return;
	log_error("record: %s", boot.world.copies.why);
	snprintf(boot.detail, sizeof(boot.detail), "%s", boot.world.copies.why);
}

/*
 * Facts, with data mounted first: a store file's place is compared with the record before it is
 * trusted.
 */
static void gather(void)
{
	bool durable;

	watchdog_step("looking at data and the stores",
		      GATHER_S + 2 * boot.conf.check_timeout_s);
	if (act_data(&boot) < 0)
		log_error("%s", fail_text());
	doubt_new();
	durable = repair();
	note_init();
	world_facts(&boot.world, &boot.facts);
	/* A merge that a cut can make the record forget must not go on (I2). */
	if (!durable && boot.facts.phase == FACT_MERGING)
		boot.facts.failed = FACT_FAILED_SAVE;
	if (boot.world.copies.read_only)
		snprintf(boot.detail, sizeof(boot.detail), "%s", boot.world.copies.why);
	if (boot.world.stores_why[0])
		snprintf(boot.detail, sizeof(boot.detail), "%s", boot.world.stores_why);
	if (boot.facts.refused)
		snprintf(boot.detail, sizeof(boot.detail), "%s", boot.world.record.refused);
	else if (!boot.detail[0] && boot.watchdog_reset && boot.facts.phase == FACT_TRIAL &&
		 !boot.facts.tries_left)
		snprintf(boot.detail, sizeof(boot.detail), "the watchdog ended the last try");
}

/*
 * Makes the failure a fact for the next decision, with the record as it is by now. Returns false,
 * for carry_out.
 */
static bool failed(enum fact_failed what)
{
	log_error("%s", fail_text());
	snprintf(boot.detail, sizeof(boot.detail), "%.*s", (int)sizeof(boot.detail) - 1,
		 fail_text());
	boot.facts.failed =
		what != FACT_FAILED_SAVE && what != FACT_FAILED_MEND && boot.plan.map == MAP_LINEAR ? FACT_FAILED_ORIGIN : what;
	boot.facts.phase = (enum fact_phase)boot.world.record.phase;
	boot.facts.tries_left = boot.world.record.tries_left > 0;
	return false;
}

/*
 * Carries out boot.plan up to a root that can be entered. false: facts.failed says what went wrong,
 * decide again.
 */
static bool carry_out(void)
{
	if (persist_plan(&boot) < 0)
		return failed(boot.mend_failed			? FACT_FAILED_MEND :
			      boot.plan.persist == PERSIST_SLOT ? FACT_FAILED_SLOT :
								  FACT_FAILED_SAVE);
	if (boot.plan.then == THEN_REBOOT)
		giveup_reboot(reason_text(boot.plan.reason));
	if (act_map(&boot) < 0)
		return failed(FACT_FAILED_MAP);
	boot.times.mapped = sys_now_ms();
	if (act_mount(&boot) < 0) {
		failed(FACT_FAILED_MOUNT);
		act_unmap(&boot);
		return false;
	}
	if (root_check(BOOT_ROOT, boot.conf.init) < 0) {
		failed(FACT_FAILED_INIT);
		act_umount(&boot);
		act_unmap(&boot);
		return false;
	}
	boot.times.mounted = sys_now_ms();
	return true;
}

/* For decide(), a partition that cannot be used is missing; a person is told why it cannot be used. */
static const char *why_recovery(void)
{
	const struct world *w = &boot.world;
	bool missing = boot.facts.record == FACT_RECORD_ABSENT ?
			       w->why_is_meta :
			       !boot.facts.volumes_present || boot.facts.misplaced;

	return missing && w->why_missing[0] && !boot.facts.recovery_asked ? w->why_missing : NULL;
}

static void decide_and_carry_out(void)
{
	for (unsigned round = 0; round < PLANS_MAX; round++) {
		boot.plan = decide(&boot.facts);
		boot.times.decided = sys_now_ms();
		log_note("plan: persist %s, map %s, then %s: %s", persist_name(boot.plan.persist),
			 map_name(boot.plan.map), then_name(boot.plan.then),
			 reason_text(boot.plan.reason));
		if (boot.plan.then == THEN_RECOVERY)
			give_up(&boot, boot.plan.reason, why_recovery());
		watchdog_step("carrying out the plan",
			      CARRY_OUT_S + (boot.plan.persist == PERSIST_MEND ||
					     boot.plan.persist == PERSIST_BACK ? MEND_S : 0));
		if (carry_out())
			return;
	}
	give_up(&boot, REASON_NO_WAY_LEFT, NULL);
}

/*
 * init's own arguments and environment go on to the real one, under its name.  They are words of the
 * kernel command line that no one knew ("single", LD_PRELOAD=): a locked board heeds none of them.
 */
static void enter(char *argv[], char *envp[])
{
	static char *const bare_env[] = { "HOME=/", "TERM=linux", NULL };
	char *const bare_argv[] = { boot.conf.init, NULL };
	const bool open = conf_lock(&boot.conf, LOCK_LINE) == LOCK_OPEN;

	persist_reached(&boot);
	report_boot(&boot);
	act_move_data(&boot);
	log_info("entering %s", boot.conf.init);
	kmsg_end();
	world_close(&boot.world);
	watchdog_hand_on();
	argv[0] = boot.conf.init;
	root_enter(BOOT_ROOT, boot.conf.init, open ? argv : bare_argv, open ? envp : bare_env);
	start_again_counted(&boot, fail_text());
}

int main(int argc, char *argv[], char *envp[])
{
	if (!sys_is_first() || argc < 1) {
		fprintf(stderr, "cowboot-init: cannot run: this is the first process of a boot, "
				"not a command\n");
		return 1;
	}
	(void)sys_hold_standard();	/* a kernel without a console leaves them closed */
	boot.world.meta.fd = -1;
	conf_unusable(NULL, 0, &boot.conf);	/* a board of which nothing is known is locked */
	boot.times.init = sys_now_ms();
	if (mounts_early() < 0)
		give_up(&boot, REASON_INITRAMFS, fail_text());
	boot.again = sys_unlink(MOUNTS_AGAIN) == 0;
	if (boot.again)
		report_forget();
	kmsg_begin();
	log_info("cowboot-init %s", COWBOOT_VERSION);
	if (prepare_conf(&boot) < 0)
		give_up(&boot, REASON_CONF_UNUSABLE, fail_text());
	guard_panic(&boot.conf);
	watchdog_step("loading modules", MODULES_S);
	prepare_modules(&boot);
	boot.times.modules = sys_now_ms();
	if (sys_mkdir("/mnt", 0755) < 0 || sys_mkdir(BOOT_ROOT, 0755) < 0 ||
	    sys_mkdir(BOOT_DATA, 0755) < 0)
		give_up(&boot, REASON_INITRAMFS, NULL);
	dm_setup();
	find_and_load();
	gather();
	decide_and_carry_out();
	/*
	 * A quiet boot finds nothing to free and writes nothing (I11); after a cut, a store that no
	 * record names is freed here (I9).
	 */
	if (boot.world.record.phase == PHASE_IDLE && settle_space(&boot.world) < 0)
		log_warn("%s", fail_text());
	enter(argv, envp);
	return 0;
}
