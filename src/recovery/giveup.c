/* SPDX-License-Identifier: MIT */
/*
 * The last resort.  Must never return, nor do anything by itself that is not bounded and noted in
 * the record before (I10).  What a person chooses is done by the menu, whose exit code tells what is
 * left to do here.
 */
#include "recovery/giveup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/reboot.h>

#include "base/child.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "conf/lock.h"
#include "recovery/answer.h"
#include "recovery/consoles.h"
#include "recovery/count.h"
#include "recovery/policy.h"

#define BREATH_MS 5000 /* so that a loop leaves the processor idle */
#define STEP_MS 200
#define LET_GO_MS 30000

/* Behind a reboot(2) that fails there is nothing but the hardware watchdog, which ends this wait. */
static void stop_board(int cmd) __attribute__((noreturn));
static void stop_board(int cmd)
{
	for (;;) {
		sys_reboot(cmd);
		sys_sleep_ms(BREATH_MS);
	}
}

void giveup_reboot(const char *reason)
{
	log_error("starting again: %s", reason);
	stop_board(RB_AUTOBOOT);
}

void giveup_power_off(const char *reason)
{
	log_error("powering off: %s", reason);
	stop_board(RB_POWER_OFF);
}

bool giveup_asked(const struct conf *conf, const struct record *record)
{
	return conf->ask_recovery || record->recovery.asked;
}

static void wait_fed(const struct giveup *g)
{
	const unsigned wait_s = g->conf->recovery_wait_s ? g->conf->recovery_wait_s : 1;
	const uint64_t end_ms = sys_now_ms() + wait_s * 1000ull;

	while (sys_now_ms() < end_ms) {
		g->feed();
		sys_sleep_ms(STEP_MS);
	}
}

/*
 * Unmounts and unmaps before the board stops; a dead disk that never lets this end must not hold the
 * board up.
 */
static bool let_go(const struct giveup *g)
{
	if (child_run(g->let_go, g->boot, LET_GO_MS, sys_unwritten_kib) == 0)
		return true;
	log_warn("data cannot be unmounted: going on without");
	return false;
}

static void reboot_after(const struct giveup *g, const char *reason) __attribute__((noreturn));
static void reboot_after(const struct giveup *g, const char *reason)
{
	(void)let_go(g);
	giveup_reboot(reason);
}

static void power_off_after(const struct giveup *g, const char *reason) __attribute__((noreturn));
static void power_off_after(const struct giveup *g, const char *reason)
{
	(void)let_go(g);
	giveup_power_off(reason);
}

/* Does what a person chose; returns where there was no such choice. */
static void follow(const struct giveup *g, int answer)
{
	switch (answer) {
	case RECOVERY_AGAIN:
		/* Sticks are seen by now: one that calls itself the board's disk must not be booted. */
		if (conf_lock(g->conf, LOCK_AGAIN) != LOCK_REFUSED && let_go(g))
			g->again(g->boot);
		reboot_after(g, "asked for in recovery");
	case RECOVERY_RESTART:
		reboot_after(g, "asked for in recovery");
	case RECOVERY_OFF:
		power_off_after(g, "asked for in recovery");
	}
}

/* 0: somebody has left the shell; negative: none can be shown. */
static int run_shell(const struct giveup *g)
{
	static char text[FAIL_TEXT_MAX + 512];
	static char *const argv[] = { "sh", NULL };
	const struct consoles_job job = { .argv = argv, .board = g->conf->board, .text = text,
					  .tick = g->feed };
	int answer;

	snprintf(text, sizeof(text),
		 "\n\n*** cowboot: recovery ***\n\nNo system was started: %s.\n\n"
		 "This is a shell in the initramfs. `dmesg | grep cowboot` shows what was tried.\n"
		 "`exit` starts the board again, `exec cowboot recovery` shows a menu.\n\n",
		 g->reason);
	answer = consoles_run(&job);
	follow(g, answer); /* a menu may have taken the shell's place */
	if (answer >= 0)
		return 0;
	log_error("no shell could be started");
	return -ENOEXEC;
}

/* 0: a shell had to stand in for it, and somebody has left that; negative: nothing can be shown. */
static int run_menu(const struct giveup *g)
{
	static char *const argv[] = { "cowboot", "recovery", NULL };
	const struct consoles_job job = { .argv = argv, .board = g->conf->board,
					  .verdict_min = RECOVERY_ANSWERS, .tick = g->feed };

	follow(g, consoles_run(&job));
	log_error("no menu could be started");
	return conf_lock(g->conf, LOCK_SHELL) == LOCK_OPEN ? run_shell(g) : -EPERM;
}

/* Waits, and then reboots or powers off without asking anybody. */
static void act_alone(const struct giveup *g, enum conf_giveup way) __attribute__((noreturn));
static void act_alone(const struct giveup *g, enum conf_giveup way)
{
	wait_fed(g);
	if (way == GIVEUP_REBOOT)
		reboot_after(g, "recovery has ended");
	power_off_after(g, "recovery has ended");
}

/* There is no console at all: a reboot may help, a bounded number of times. */
static enum conf_giveup without_console(const struct giveup *g)
{
	if (count_possible(g->world) &&
	    g->world->record.recovery.reboots < g->conf->recovery_reboots && count_reboot(g->world))
		return GIVEUP_REBOOT;
	return GIVEUP_POWEROFF;
}

/* What recovery does this time; a reboot is noted in the record before it is chosen. */
static enum conf_giveup choose(const struct giveup *g)
{
	const struct record_recovery *recovery = &g->world->record.recovery;
	const bool asked = giveup_asked(g->conf, &g->world->record);
	enum conf_giveup way;

	count_take_back(g->world);
	if (policy_is_try(g->conf, asked, g->world->meta.fd >= 0 &&
			  g->world->copies.health == RECORD_GOOD))
		return GIVEUP_REBOOT;
	way = policy_way(g->conf, asked, count_possible(g->world), recovery->reboots);
	if (way == GIVEUP_REBOOT && !count_reboot(g->world))
		way = policy_way(g->conf, asked, false, recovery->reboots);
	return way;
}

void giveup_run(const struct giveup *g)
{
	enum conf_giveup way = choose(g);

	if (way == GIVEUP_REBOOT || way == GIVEUP_POWEROFF)
		act_alone(g, way);
	g->show(g->boot);
	if ((way == GIVEUP_SHELL ? run_shell(g) : run_menu(g)) < 0)
		act_alone(g, without_console(g));
	reboot_after(g, "recovery has ended");
}
