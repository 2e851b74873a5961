/* SPDX-License-Identifier: MIT */
/* Stands for src/handoff: entering the new root, and the shell where no boot is left. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "handoff/mounts.h"
#include "handoff/inroot.h"
#include "handoff/root.h"
#include "recovery/consoles.h"
#include "handoff/run.h"
#include "handoff/watchdog.h"
#include "person.h"
#include "sim.h"
#include "update/world.h"

int mounts_early(void)
{
	return 0;
}

int mounts_move(const char *newroot)
{
	(void)newroot;
	return 0;
}

int inroot_dir(const char *newroot, const char *path, char *buf, size_t size_bytes)
{
	snprintf(buf, size_bytes, "%s%s", newroot, path);
	return 0;
}

int root_check(const char *newroot, const char *init)
{
	int minor = sys_mounted_minor(newroot);

	if (minor < 0)
		violation("I8: nothing is mounted on %s", newroot);
	if (fault(FAULT_DM, "look into", newroot))
		return fail_sys(EIO, "cannot find %s in the new root", init);
	if (plan->new_without_init && shown_on(0, minor) == SHOWN_NEW)
		return fail_sys(ENOENT, "cannot find %s in the new root", init);
	return 0;
}

int root_enter(const char *newroot, const char *init, char *const argv[], char *const envp[])
{
	(void)newroot;
	(void)argv;
	(void)envp;
	if (fault(FAULT_DM, "enter", init))
		return fail_sys(EIO, "cannot run %s", init);
	sys_enter_root();
	sim_leave(LEFT_ENTERED);
}

int consoles_run(const struct consoles_job *job)
{
	saw_recovery(job->text ? job->text : "the menu");
	if (person_has_a_plan())
		sim_leave(LEFT_RECOVERY);
	return job->verdict_min + 1;
}

void consoles_end_all(void)
{
}

/* What checks data: the board has the hook, and it does the worst that it is allowed to. */
int run_bounded(const char *path, char *const argv[], unsigned limit_s,
		void (*line)(const char *text), int *ret_code)
{
	(void)limit_s;
	(void)line;
	if (sys_mounted_minor(WORLD_INIT_DATA) >= 0)
		violation("%s checks %s while it is mounted", path, argv[1]);
	if (!strcmp(argv[3], "force"))
		fs_lose_all();
	*ret_code = 0;
	return 0;
}

/* No board of the simulator has a watchdog: what one does is a cut like any other (crash.c). */
int watchdog_open(const char *path, unsigned timeout_s, bool *ret_reset)
{
	(void)timeout_s;
	(void)ret_reset;
	return fail_sys(ENOENT, "cannot open the watchdog %s", path);
}

void watchdog_step(const char *what, unsigned limit_s)
{
	(void)what;
	(void)limit_s;
}

void watchdog_feed(void)
{
}

void watchdog_hand_on(void)
{
}
