/* SPDX-License-Identifier: MIT */
/*
 * The last resort: PID 1 never exits (I10).  Everything ends in the recovery the board asked for.
 * What recovery does by itself is bounded, and noted in the record before it is done; what a person
 * chooses is done by the command, and told to init by its exit code.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "handoff/consoles.h"
#include "handoff/mounts.h"
#include "handoff/watchdog.h"
#include "init/boot.h"
#include "init/policy.h"
#include "map/dm.h"
#include "update/recovery.h"
#include "update/store.h"

#define BREATH_MS 5000 /* so that a loop does not burn */
#define STEP_MS 200
#define PRINTK_FILE "/proc/sys/kernel/printk"

/*
 * reboot(2) that fails has nothing behind it; the hardware watchdog, where there is one, ends this
 * wait.
 */
static void stop_board(int cmd) __attribute__((noreturn));
static void stop_board(int cmd)
{
	for (;;) {
		sys_reboot(cmd);
		sys_sleep_ms(BREATH_MS);
	}
}

void start_again(const char *reason)
{
	log_error("starting again: %s", reason);
	stop_board(RB_AUTOBOOT);
}

static void power_off(const char *reason)
{
	log_error("powering off: %s", reason);
	stop_board(RB_POWER_OFF);
}

static void wait_fed(unsigned wait_s)
{
	const uint64_t end_ms = sys_now_ms() + wait_s * 1000ull;

	while (sys_now_ms() < end_ms) {
		watchdog_feed();
		sys_sleep_ms(STEP_MS);
	}
}

/* Whether something can be noted in the record. */
static bool countable(const struct boot *boot)
{
	return boot->world.meta.fd >= 0 && boot->world.copies.health != RECORD_DAMAGED;
}

static int note(struct boot *boot, const struct record_recovery *recovery)
{
	static struct record next; /* believed only once it is saved */
	int rc;

	next = boot->world.record;
	next.recovery = *recovery;
	rc = copies_save(&boot->world.meta, &next, &boot->world.copies, false);
	if (rc < 0) {
		log_error("%s", fail_text());
		return rc;
	}
	boot->world.record = next;
	return 0;
}

/* What led here once must not lead here again by itself. */
static void take_back(struct boot *boot)
{
	struct record_recovery recovery = boot->world.record.recovery;
	const unsigned after = boot->conf.recovery_after;

	if (!countable(boot) || (!recovery.asked && (!after || recovery.idle_boots < after)))
		return;
	recovery.asked = false;
	recovery.idle_boots = 0;
	note(boot, &recovery);
}

static bool note_reboot(struct boot *boot)
{
	struct record_recovery recovery = boot->world.record.recovery;

	recovery.reboots++;
	return note(boot, &recovery) == 0;
}

/* Nothing of this boot may be in the way of the next one, which has the same kernel. */
static void let_go(struct boot *boot)
{
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
		if (store_unmap(conf->volume[i].name) < 0)
			log_warn("%s", fail_text());
	if (conf->data.name[0] && dm_remove(conf->data.name) < 0)
		log_warn("%s", fail_text());
	world_close(&boot->world);
}

/* From the beginning, in this kernel, as if it had just started. */
static void boot_again(struct boot *boot)
{
	static char *const argv[] = { "/init", NULL };
	int rc;

	let_go(boot);
	rc = sys_write_file(MOUNTS_AGAIN, "", 0);
	if (rc == 0)
		rc = sys_exec("/init", argv, environ);
	log_error("cannot boot again without a reboot: %s", strerror(-rc));
}

/* Does what a person chose; returns where there was no such choice. */
static void follow(struct boot *boot, int answer)
{
	switch (answer) {
	case RECOVERY_AGAIN:
		boot_again(boot);
		start_again("asked for in recovery");
		break;
	case RECOVERY_RESTART:
		let_go(boot);
		start_again("asked for in recovery");
		break;
	case RECOVERY_OFF:
		let_go(boot);
		power_off("asked for in recovery");
		break;
	}
}

/* 0: somebody has left the shell; negative: none can be shown. */
static int run_shell(struct boot *boot, const char *reason)
{
	static char text[FAIL_TEXT_MAX + 512];
	static char *const argv[] = { "sh", NULL };
	const struct consoles_job job = { .argv = argv, .text = text, .tick = watchdog_feed };
	int answer;

	snprintf(text, sizeof(text),
		 "\n\n*** cowboot: recovery ***\n\nNo system was started: %s.\n\n"
		 "This is a shell in the initramfs. `dmesg | grep cowboot` shows what was tried.\n"
		 "`exit` starts the board again, `exec cowboot recovery` shows a menu.\n\n",
		 reason);
	answer = consoles_run(&job);
	follow(boot, answer); /* a menu may have taken the shell's place */
	if (answer >= 0)
		return 0;
	log_error("no shell could be started");
	return -ENOEXEC;
}

/* 0: a shell had to stand in for it, and somebody has left that; negative: nothing can be shown. */
static int run_menu(struct boot *boot, const char *reason)
{
	static char *const argv[] = { "cowboot", "recovery", NULL };
	const struct consoles_job job = { .argv = argv, .verdict_min = RECOVERY_ANSWERS,
					  .tick = watchdog_feed };

	follow(boot, consoles_run(&job));
	log_error("no menu could be started");
	return conf_locked(&boot->conf) ? -EPERM : run_shell(boot, reason);
}

/* What reboots by itself, or not at all: nobody can be asked. */
static void act_alone(struct boot *boot, enum conf_recovery way)
{
	wait_fed(boot->conf.recovery_wait_s ? boot->conf.recovery_wait_s : 1);
	if (way == RECOVERY_REBOOT) {
		let_go(boot);
		start_again("recovery has ended");
	}
	let_go(boot);
	power_off("recovery has ended");
}

/* Nobody can be shown anything: a reboot may help, and not for ever. */
static enum conf_recovery without_console(struct boot *boot)
{
	const unsigned most = boot->conf.recovery_reboots;

	if (countable(boot) && boot->world.record.recovery.reboots < most && note_reboot(boot))
		return RECOVERY_REBOOT;
	return RECOVERY_POWEROFF;
}

void give_up(struct boot *boot, const char *reason)
{
	const struct record_recovery *recovery = &boot->world.record.recovery;
	const bool asked = boot->conf.ask_recovery || recovery->asked;
	enum conf_recovery way;
	int rc;

	log_error("recovery: %s", reason);
	watchdog_step("recovery", WATCHDOG_NO_LIMIT);
	take_back(boot);
	way = recovery_way(&boot->conf, asked, countable(boot), recovery->reboots);
	if (way == RECOVERY_REBOOT && !note_reboot(boot))
		way = boot->conf.recovery_then;
	if (way == RECOVERY_REBOOT || way == RECOVERY_POWEROFF)
		act_alone(boot, way);
	prepare_recovery(boot);
	boot->plan = (struct plan){ PERSIST_NOTHING, MAP_NOTHING, THEN_RECOVERY, reason };
	report_recovery(boot);
	/* The kernel's log goes on; the screen belongs to the person. */
	sys_write_file(PRINTK_FILE, "1\n", 2);
	rc = way == RECOVERY_SHELL ? run_shell(boot, reason) : run_menu(boot, reason);
	if (rc < 0)
		act_alone(boot, without_console(boot));
	let_go(boot);
	start_again("recovery has ended");
}
