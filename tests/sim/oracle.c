/* SPDX-License-Identifier: MIT */
/* The rules, each with the invariant it stands for. Includes nothing of src/. */
#include "oracle.h"

#include <stddef.h>
#include <string.h>

#include "trace.h"

struct ledger ledger;
struct rules rules;

static const char *const verbs[VERB_COUNT] = { "install", "mark-good", "mark-bad", "merge",
					       "cancel",  "recovery", "rollback", "forget", "install" };

const char *verb_name(enum verb verb)
{
	return verbs[verb];
}

/* Every change of the ledger is a point to cut at: what was promised before the cut must hold
 * after. */
void oracle_note(void)
{
	trace_ledger();
}

bool oracle_decided(void)
{
	return ledger.confirmed || ledger.refused || ledger.dropped || ledger.reverted;
}

void saw_power_on(void)
{
	if (ledger.may_be_armed && !oracle_decided() && ledger.boots <= rules.tries)
		ledger.boots++;
	if (ledger.astray_in && !--ledger.astray_in)
		ledger.astray = ledger.astray_next;
	oracle_note();
}

/* I1: each load has spent a try that no cut can bring back, so there are never more loads than
 * tries. */
void saw_snapshot_load(void)
{
	if (!ledger.may_be_armed)
		violation("I12: a snapshot was loaded though nothing was installed");
	/* With a record that cannot be made durable a confirmed system runs on its store, and the
	 * merge waits. */
	if (ledger.may_be_confirmed && ledger.faults)
		return;
	if (ledger.confirmed)
		violation("I3: a snapshot was loaded after the update was confirmed");
	if (ledger.refused || ledger.dropped || ledger.reverted)
		violation("I12: a snapshot was loaded after the update was given up");
	if (ledger.damaged)
		violation("I5: a damaged store was loaded for a trial");
	if (++ledger.loads > rules.tries)
		violation("I1: trial boot %u of %u", ledger.loads, rules.tries);
	oracle_note();
}

static void confirmed(void)
{
	ledger.confirmed = 1;
	ledger.kept_due = rules.must_keep && !ledger.forgotten;
}

/* I2: from here on any cut must lead to a merge; the boots that follow show whether it does. */
void saw_merge_start(void)
{
	if (!ledger.may_be_confirmed)
		violation("I2: a merge began though nobody confirmed");
	if (ledger.damaged && !ledger.may_be_turned)
		violation("I5: a damaged store was loaded for a merge");
	confirmed();
	oracle_note();
}

void saw_origin_write(void)
{
	if (!ledger.confirmed && !ledger.may_be_restored)
		violation("I6: an origin was written before the update was confirmed");
}

enum shown oracle_role(enum shown shown)
{
	if (!ledger.back || (shown != SHOWN_OLD && shown != SHOWN_NEW))
		return shown;
	return shown == SHOWN_OLD ? SHOWN_NEW : SHOWN_OLD;
}

unsigned oracle_may_stay(void)
{
	if (ledger.forgotten || !(ledger.may_be_confirmed || ledger.rollbacks))
		return 0;
	return rules.keeps;
}

static enum shown together(const enum shown *volume, unsigned count)
{
	enum shown all = SHOWN_EITHER;

	for (unsigned v = 0; v < count; v++) {
		if (volume[v] == SHOWN_EITHER)
			continue;
		if (all == SHOWN_EITHER)
			all = volume[v];
		else if (all != volume[v])
			return SHOWN_MIXED;
	}
	return oracle_role(all);
}

static void judge_old(void)
{
	if (ledger.restored)
		violation("I12: the old system came up after an image was put over it");
	if (ledger.may_be_restored)
		return;
	bool given_up = ledger.may_be_refused || ledger.may_be_dropped || ledger.reverted ||
			ledger.damaged || ledger.faults || !rules.new_boots || ledger.kexecs > 1;

	if (ledger.confirmed)
		violation("I3: the old system came up after the new one was confirmed");
	if (ledger.armed && !given_up && ledger.boots <= rules.tries)
		violation("I12: the old system came up with tries left and no reason to go back");
	/* A board that cannot write its record may go back for one boot only. */
	if (ledger.armed && !ledger.faults && !ledger.reverted) {
		ledger.reverted = 1;
		oracle_note();
	}
}

static void judge_new(bool bare)
{
	if (bare && ledger.may_be_restored)
		return;
	if (!ledger.may_be_armed)
		violation("I12: the new system came up though nothing was installed");
	if (ledger.refused || ledger.dropped || ledger.reverted)
		violation("I12: the new system came up after it was given up");
	if (bare && !ledger.confirmed)
		violation("I6: the new system lies on the partition, unconfirmed");
}

/* From now on OLD is the confirmed one, and only that may come up; nothing is kept of NEW. */
static void turned(void)
{
	ledger.may_be_turned = ledger.hopeless = ledger.damaged = 0;
	ledger.back ^= 1;
	ledger.kept_due = 0;
	ledger.forgotten = 1;
	oracle_note();
}

bool saw_turned(const enum shown *volume, unsigned count)
{
	return ledger.may_be_turned && together(volume, count) == SHOWN_OLD;
}

void saw_turn(bool done)
{
	ledger.may_be_turned = 1;
	oracle_note();
	if (done)
		turned();
}

void saw_root(const enum shown *volume, unsigned count, bool bare)
{
	if (ledger.lost)
		violation("I4: a system came up, and whether a merge has begun is not known");
	/* It was cut: what comes up tells, and from then on it must stay so. */
	if (saw_turned(volume, count))
		turned();
	switch (together(volume, count)) {
	case SHOWN_OLD:
		oracle_kernel(false);
		judge_old();
		break;
	case SHOWN_NEW:
		oracle_kernel(true);
		judge_new(bare);
		break;
	default:
		violation("I12: the system that came up is a mixture of OLD and NEW");
	}
}

void saw_root_still(const enum shown *volume, unsigned count, bool was_new)
{
	enum shown all = together(volume, count);

	if (all != (was_new ? SHOWN_NEW : SHOWN_OLD) && all != SHOWN_EITHER)
		violation("I12: the system changed under whoever runs it");
}

void saw_record_write(void)
{
	if (ledger.lost)
		violation("I4: a record that could not be read was written over");
}

void saw_image(bool done)
{
	ledger.may_be_restored = 1;
	ledger.restored |= done;
	oracle_note();
}

/* I13: once an update has ended, only names are left, and the kernel may be told to map what they name. */
static bool may_have_ended(void)
{
	return !ledger.confirmed && (oracle_decided() || ledger.may_be_refused || ledger.boots > rules.tries);
}

void saw_other_disk(const char *how)
{
	if (strcmp(how, "written") == 0 || !may_have_ended())
		violation("I13: what is not the board's was %s", how);
}

/*
 * I13: what is wrong is mended there (person.c), and then the update goes on with the tries that it had,
 * but for those that a boot loader has counted.
 */
static bool is_astray(void)
{
	if (ledger.astray && ledger.boots && !rules.slots && !oracle_decided())
		ledger.boots--;
	return ledger.astray && ledger.astray_stops;
}

/* A request leads there once; half an image does until it is whole. */
static bool led_there(void)
{
	const bool asked = ledger.may_be_asked;

	ledger.may_be_asked = 0;
	return asked || (ledger.may_be_restored && !ledger.restored);
}

void saw_recovery(const char *reason)
{
	if (is_astray() || led_there()) {
		oracle_note();
		return;
	}
	if (ledger.recoveries < 3)
		ledger.recoveries++;
	if (ledger.faults < 2 && !ledger.excused)
		violation("I10: recovery after %u real faults: %s", ledger.faults, reason);
	oracle_note();
}

void saw_fault(unsigned count, bool excuses_recovery)
{
	ledger.faults = (uint8_t)(ledger.faults + count);
	ledger.excused |= excuses_recovery;
	oracle_note();
}

void saw_lie(void)
{
	ledger.lied = 1;
	oracle_note();
}

static void begin_update(void)
{
	ledger.may_be_armed = 1;
	ledger.armed = ledger.boots = ledger.loads = 0;
	ledger.kernel_starts = ledger.odd_roots = 0;
	ledger.refused = ledger.dropped = ledger.reverted = 0;
	ledger.may_be_refused = ledger.may_be_dropped = ledger.may_be_confirmed = 0;
}

void saw_verb(enum verb verb)
{
	switch (verb) {
	case VERB_INSTALL:
		/* Once more, after a way back: the roles are as they were. */
		if (ledger.back && ledger.confirmed)
			ledger.back = ledger.confirmed = 0;
		/* Its kernel takes the slot of what is kept. */
		ledger.kept_due &= !rules.slots;
		ledger.installs++;
		begin_update();
		break;
	case VERB_ROLLBACK:
		/* What was confirmed lies there now, and what it has replaced is tried. */
		ledger.back ^= ledger.confirmed;
		ledger.confirmed = 0;
		ledger.rollbacks++;
		begin_update();
		break;
	case VERB_FORGET:
		ledger.may_be_forgotten = 1;
		break;
	case VERB_GOOD:
		ledger.may_be_confirmed |= !ledger.spoiled;
		ledger.may_be_refused |= ledger.spoiled;
		break;
	case VERB_BAD:
		ledger.may_be_refused = 1;
		break;
	case VERB_CANCEL:
		ledger.may_be_dropped = 1;
		break;
	case VERB_RECOVERY:
		ledger.may_be_asked = 1;
		break;
	default:
		break;
	}
	oracle_note();
}

/* What a verb has said is so must be durable when it says it. */
void saw_answer(enum verb verb, int code, unsigned more_store_files)
{
	bool done = code == 0 || code == 4;

	bool damaged = verb == VERB_GOOD && ledger.spoiled;

	/* Given only when a newer one was confirmed; what became of that since does not matter. */
	if (verb == VERB_OLDER) {
		if (code != 1 && code != 3)
			violation("an older release than the confirmed one is not refused (%d)", code);
		return;
	}
	if (damaged && done)
		violation("I12: a trial that is not what was installed was confirmed");
	if (!done && !ledger.faults && code != 2 && code != 3 && !damaged && !ledger.lied)
		violation("%s failed (%d) though nothing was wrong", verb_name(verb), code);
	if (verb == VERB_INSTALL && !done && ledger.faults < 2 && more_store_files)
		violation("I9: a failed install left %u store files", more_store_files);
	if (verb == VERB_INSTALL && code == 4)
		ledger.armed = 1;
	if (verb == VERB_GOOD && done)
		confirmed();
	if (verb == VERB_ROLLBACK && code == 4)
		ledger.armed = 1;
	if (verb == VERB_ROLLBACK && code == 2 && ledger.kept_due && !ledger.may_be_forgotten &&
	    !ledger.faults)
		violation("the system before is not kept, though it must be");
	if (verb == VERB_FORGET && (done || code == 2))
		ledger.forgotten = 1;
	if ((verb == VERB_BAD && done) || (damaged && ledger.spoiled == 1 && code == 1))
		ledger.refused = 1;
	if (verb == VERB_CANCEL && done)
		ledger.dropped = 1;
	oracle_note();
}

void saw_rest(const enum shown *origin, unsigned count, unsigned store_files,
	      unsigned store_devices)
{
	enum shown all = together(origin, count);

	if (ledger.hopeless)
		violation("I14: an update that can never be right was ended");
	if (all == SHOWN_MIXED)
		violation("I2: at rest, and the partitions are a mixture of OLD and NEW");
	if (ledger.may_be_restored && all != SHOWN_MIXED)
		all = SHOWN_EITHER;
	if (all == SHOWN_OLD && ledger.confirmed)
		violation("I3: at rest on OLD after the update was confirmed");
	if (all == SHOWN_NEW && !ledger.confirmed)
		violation("I6: at rest on NEW though nobody confirmed");
	if (rules.in_files && ledger.kept_due && !ledger.may_be_forgotten && !ledger.faults &&
	    store_files < rules.keeps)
		violation("at rest, and of what must be kept there are %u store files", store_files);
	if (store_files > oracle_may_stay() || store_devices)
		violation("I9: at rest with %u store files and %u store devices", store_files,
			  store_devices);
}
