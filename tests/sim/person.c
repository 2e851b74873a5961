/* SPDX-License-Identifier: MIT */
/* What the person at the board does, or its new system by itself, and what is looked at meanwhile.
 */
#include "person.h"

#include <stdio.h>
#include <string.h>

#include "esp.h"

static const struct policy *policy;
static bool goes_again;

/* What was killed is given once more: every verb is safe to repeat. */
static int again(enum verb verb)
{
	int code = run_verb(verb);

	return code == KILLED ? run_verb(verb) : code;
}

/* The same bundle once more, whatever of it was there, waits for its trial as it did before. */
static int install(void)
{
	int code = run_verb(VERB_INSTALL);

	if (code != KILLED)
		return code;
	code = run_verb(VERB_INSTALL);
	if (code != 4)
		violation("the install that was killed is given again, and ends with %d", code);
	return code;
}

static void reboot(void)
{
	for (unsigned d = 0; d < DISK_COUNT; d++)
		disk_flush((enum disk)d);
	goes_again = true;
}

/* Whoever stands before the board sees what recovery says, and puts things in their places. */
static bool mend_astray(void)
{
	if (!ledger.astray)
		return false;
	ledger.astray = 0;
	trace_ledger();
	return true;
}

static bool goes_back(void)
{
	if (ledger.rollbacks >= policy->rollbacks)
		return false;
	again(VERB_ROLLBACK);
	reboot();
	return true;
}

/* After a way back, over what is kept of it. */
static bool installs_again(void)
{
	return ledger.back && ledger.installs < policy->installs;
}

static bool wants_more(void)
{
	return ledger.rollbacks < policy->rollbacks || (policy->forgets && !ledger.forgotten) ||
	       installs_again();
}

/* The confirmed system, and nothing is pending. */
static void on_rest(void)
{
	if (plan->releases)
		again(VERB_OLDER);
	if (installs_again()) {
		install();
		reboot();
		return;
	}
	if (goes_back() || !policy->forgets || ledger.forgotten)
		return;
	again(VERB_FORGET);
	reboot();
}

static void on_old(void)
{
	if (mend_astray()) {
		reboot();
		return;
	}
	if (ledger.rollbacks) {
		on_rest();
		return;
	}
	if (ledger.installs >= policy->installs)
		return;
	if (install() == 4 && policy->cancel)
		again(VERB_CANCEL);
	reboot();
}

/* Once in a history: what is asked for twice would lead there twice. */
static bool ask_for_recovery(void)
{
	if (policy->in_recovery == RECOVERY_WAITS || ledger.lazy)
		return false;
	ledger.lazy++;
	trace_ledger();
	again(VERB_RECOVERY);
	reboot();
	return true;
}

static void on_merging(void)
{
	if (ask_for_recovery())
		return;
	if (ledger.lazy < policy->lazy) {
		ledger.lazy++;
		trace_ledger();
		for (unsigned i = 0; i < policy->lazy_steps; i++)
			dm_merge_one();
		goes_again = true;
	} else if (policy->never_wait) {
		while (dm_merge_one())
			;
		reboot();
	} else if (mend_astray(), again(VERB_MERGE) != 0) {
		reboot();
	}
}

/* The unit that init's file starts: what is merged is proven. */
static void on_proving(void)
{
	if (again(VERB_MERGE) != 0)
		reboot();
}

/* Only the first way back may fail; what is kept is still there for the next. */
static int how_back(void)
{
	if (ledger.rollbacks > 1)
		return NEW_IS_GOOD;
	return policy->on_back == BACK_HANGS	    ? NEW_HANGS
	       : policy->on_back == BACK_IS_REFUSED ? NEW_IS_REFUSED
						    : NEW_IS_GOOD;
}

static void on_trial(void)
{
	int code;

	if (policy->in_recovery == RECOVERY_PUTS_IMAGE && ask_for_recovery())
		return;
	switch (ledger.rollbacks ? how_back() : (int)policy->on_new) {
	case NEW_HANGS:
		goes_again = true;
		return;
	case NEW_IS_REFUSED:
		again(VERB_BAD);
		reboot();
		return;
	case NEW_IS_GOOD:
		/* The unit that merges starts when the one that confirms has ended, however it did.
		 */
		code = run_verb(VERB_GOOD);
		if (code == 0 || code == KILLED)
			on_merging();
		else
			reboot();
	}
}

/* What is mounted, looked at through its devices. */
static bool look(enum shown shown[VOLUMES_MAX])
{
	bool bare = true;

	for (unsigned v = 0; v < plan->volumes; v++) {
		char path[64];
		int minor;

		snprintf(path, sizeof(path), "/dev/mapper/%s", volume_names[v]);
		minor = dm_minor_of_path(path);
		if (minor < 0 || sys_mounted_minor(v ? "/vendor" : "/") != minor)
			violation("I8: %s is not mounted through its device", volume_names[v]);
		shown[v] = shown_on(v, minor);
		bare = bare && dm_bare(minor);
	}
	return bare;
}

static void act(void)
{
	enum shown shown[VOLUMES_MAX];
	bool bare = look(shown), new = oracle_role(shown[0]) == SHOWN_NEW;
	const enum shown first = shown[0];

	/* What can never be right again must never be taken for right either. */
	if (ledger.hopeless && !saw_turned(shown, plan->volumes)) {
		on_proving();
		return;
	}
	/* Whether it may come up is judged as it is loaded; what it shows is nobody's. */
	if (ledger.spoiled && !bare) {
		on_trial();
		return;
	}
	say("-- the %s system is up%s", shown[0] == SHOWN_NEW ? "new" : "old", bare ? "" : ", on its store");
	saw_root(shown, plan->volumes, bare);
	new = oracle_role(first) == SHOWN_NEW; /* a merge may have been turned back */
	if (!new)
		on_old();
	else if (!bare && !ledger.confirmed)
		on_trial();
	else if (!bare)
		on_merging();
	else if (sys_has("/run/cowboot/merging"))
		on_proving();
	else
		on_rest();
	if (!goes_again && (ledger.confirmed || ledger.rollbacks) && wants_more())
		reboot();
	look(shown);
	saw_root_still(shown, plan->volumes, oracle_role(first) == SHOWN_NEW);
}

static void rest(void)
{
	enum shown origin[VOLUMES_MAX];
	unsigned files = plan->raw ? 0 : fs_files();

	/* What a fault kept from being given back is given back later. */
	if (ledger.faults && (files > oracle_may_stay() || dm_store_devices())) {
		reboot();
		return;
	}
	for (unsigned v = 0; v < plan->volumes; v++)
		origin[v] = shown_origin(v);
	saw_rest(origin, plan->volumes, files, dm_store_devices());
	if (plan->esp)
		saw_entries_at_rest(esp_entries(), esp_entries_own_room());
}

void person_looks(void)
{
	if (!plan->raw && !fs_guards_whole())
		violation("I9: a user's data was written over");
}

void person_begin(const struct policy *with)
{
	policy = with;
	goes_again = false;
}

bool person_acts(void)
{
	act();
	if (!goes_again)
		rest();
	return goes_again;
}

bool person_has_a_plan(void)
{
	return policy->in_recovery != RECOVERY_WAITS || ledger.astray;
}

void person_recovers(void)
{
	if (mend_astray())
		say("-- in recovery all is put in its place");
	else if (policy->in_recovery == RECOVERY_MERGES)
		recover_merge();
	else if (policy->in_recovery == RECOVERY_TURNS_BACK)
		recover_turn_back();
	else
		recover_image();
	for (unsigned d = 0; d < DISK_COUNT; d++)
		disk_flush((enum disk)d);
}
