/* SPDX-License-Identifier: MIT */
/*
 * The last resort: PID 1 never exits (I10).  Everything ends in the recovery the board asked for,
 * and that in a reboot or in power off.
 */
#include <sys/reboot.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "handoff/shell.h"
#include "handoff/watchdog.h"
#include "init/boot.h"

#define BREATH_MS 5000 /* so that a person can read the console, and a loop does not burn */

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

void give_up(const struct conf *conf, const char *reason)
{
	log_error("recovery: %s", reason);
	watchdog_step("recovery", WATCHDOG_NO_LIMIT);
	if (conf->recovery == RECOVERY_POWEROFF) {
		sys_sleep_ms(BREATH_MS);
		stop_board(RB_POWER_OFF);
	}
	if (conf->recovery == RECOVERY_SHELL && shell_run(reason) < 0)
		log_error("no shell could be started");
	sys_sleep_ms(BREATH_MS);
	start_again("recovery has ended");
}
