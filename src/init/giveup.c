/* SPDX-License-Identifier: MIT */
/*
 * Where a boot ends that enters no system: PID 1 never exits (I10), it hands over to recovery what is
 * known of this boot, and what only the first process can do with it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/lock.h"
#include "handoff/mounts.h"
#include "handoff/watchdog.h"
#include "init/boot.h"
#include "map/dm.h"
#include "recovery/count.h"
#include "recovery/giveup.h"
#include "update/store.h"

#define PRINTK_FILE "/proc/sys/kernel/printk"
#define SYSRQ_FILE "/proc/sys/kernel/sysrq"

/* What the kernel was told before quiet_screen and keep_keys; empty: not known, or not changed. */
static char printk_level[64], sysrq_mask[16];

void start_again_counted(struct boot *boot, const char *reason)
{
	static char why[FAIL_TEXT_MAX];

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, reason);
	if (boot->world.record.phase != PHASE_TRIAL &&
	    !count_late_reboot(&boot->world, boot->reboots)) {
		log_error("%s, and that cannot be noted in the record", why);
		giveup_power_off("a reboot that is not counted would be one of many");
	}
	giveup_reboot(why);
}

/* Nothing of this boot may be in the way of the next one, which may run in the same kernel. */
static void let_go(void *ctx)
{
	struct boot *boot = ctx;
	const struct conf *conf = &boot->conf;
	int rc = sys_umount(BOOT_DATA, 0);

	if (rc < 0 && boot->world.data_dir)
		log_warn("cannot unmount %s: %s", BOOT_DATA, strerror(-rc));
	act_umount(boot);
	/* A boot that gave up before it looked for its partitions has mapped none. */
	if (!boot->world.conf)
		return;
	act_unmap(boot);
	for (unsigned i = 0; i < conf->volume_count; i++)
		if (store_unmap(conf->volume[i].name, false) < 0)
			log_warn("%s", fail_text());
	if (conf->data.name[0] && dm_remove(conf->data.name) < 0)
		log_warn("%s", fail_text());
	world_close(&boot->world);
}

/* The kernel's log goes on; the screen belongs to the person. */
static void quiet_screen(void)
{
	if (sys_read_file(PRINTK_FILE, printk_level, sizeof(printk_level), NULL) < 0)
		printk_level[0] = 0;
	sys_write_file(PRINTK_FILE, "1\n", 2);
}

/*
 * Magic SysRq, which a break on a serial line begins, asks for no password: it ends programs, and shows
 * what is in the processor.
 */
static void keep_keys(const struct conf *conf)
{
	if (conf_lock(conf, LOCK_SHELL) == LOCK_OPEN)
		return;
	if (sys_read_file(SYSRQ_FILE, sysrq_mask, sizeof(sysrq_mask), NULL) < 0)
		sysrq_mask[0] = 0;	/* most likely the kernel has none */
	else if (sys_write_file(SYSRQ_FILE, "0\n", 2) < 0)
		log_error("cannot turn magic SysRq off, which asks for no password");
}

/* The system is to find what the kernel would have shown and given it without recovery. */
static void give_back(void)
{
	sys_write_file(PRINTK_FILE, printk_level, strlen(printk_level));
	if (sysrq_mask[0])
		sys_write_file(SYSRQ_FILE, sysrq_mask, strlen(sysrq_mask));
}

static void show(void *ctx)
{
	struct boot *boot = ctx;

	keep_keys(&boot->conf);
	prepare_recovery(boot);
	report_recovery(boot);
	quiet_screen();
}

/* From the beginning, in this kernel, as if it had just started. */
static void boot_again(void *ctx)
{
	static char *const argv[] = { "/init", NULL };
	int rc;

	let_go(ctx);
	/* Why the second try fails is to be seen as well as why the first did. */
	give_back();
	rc = sys_write_file(MOUNTS_AGAIN, "", 0);
	if (rc == 0)
		rc = sys_exec("/init", argv, environ);
	log_error("cannot boot again without a reboot: %s", strerror(-rc));
}

void give_up(struct boot *boot, enum reason code, const char *why)
{
	/* A copy: why is often fail_text(), which the next failure on the way would change. */
	static char reason[FAIL_TEXT_MAX];
	const struct giveup g = {
		.conf = &boot->conf, .world = &boot->world, .reason = reason, .boot = boot,
		.show = show, .let_go = let_go, .again = boot_again, .feed = watchdog_feed,
	};

	snprintf(reason, sizeof(reason), "%.*s", (int)sizeof(reason) - 1,
		 why ? why : reason_text(code));
	log_error("recovery: %s", reason);
	watchdog_step("recovery", WATCHDOG_NO_LIMIT);
	boot->plan = (struct plan){ PERSIST_NOTHING, MAP_NOTHING, THEN_RECOVERY, code };
	boot->why = reason;
	giveup_run(&g);
}
