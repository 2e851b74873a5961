/* SPDX-License-Identifier: MIT */
/*
 * What this boot must do.  Pure: must never touch anything but its argument, and needs no symbol
 * from outside.  Reads from the general to the particular: what no phase may override comes first.
 *
 * Holds I3: while merging, the origin alone is mapped only when every store is empty.  I4: a record
 * that cannot be used maps nothing; a merge may be under way.  I1: a trial's snapshot always spends
 * a try.  I10: a failure leaves fewer choices, and recovery is the last.
 */
#include "decide/decide.h"

static struct plan recovery(const char *reason)
{
	return (struct plan){ PERSIST_NOTHING, MAP_NOTHING, THEN_RECOVERY, reason };
}

static struct plan boot(enum plan_persist persist, enum plan_map map, const char *reason)
{
	return (struct plan){ persist, map, THEN_BOOT, reason };
}

/* A reboot into the right kernel, with nothing said in the record. */
static struct plan tell_loader(const char *reason)
{
	return (struct plan){ PERSIST_SLOT, MAP_NOTHING, THEN_REBOOT, reason };
}

/* The origin needs the old kernel, and only the boot loader can start that. */
static struct plan revert(const struct facts *facts, const char *reason)
{
	if (facts->slot == FACT_SLOT_TRIAL)
		return (struct plan){ PERSIST_REVERT, MAP_NOTHING, THEN_REBOOT, reason };
	return boot(PERSIST_REVERT, MAP_LINEAR, reason);
}

/*
 * The confirmed system, under the kernel of another slot: one reboot, with the boot loader told.
 * When it cannot be told, the system is worth more than its modules.
 */
static struct plan change_slot(const struct facts *facts)
{
	if (facts->failed == FACT_FAILED_NOTHING)
		return tell_loader("the boot loader started the kernel of another system");
	if (!facts->volumes_present)
		return recovery("a volume's partition is missing");
	return boot(PERSIST_NOTHING, MAP_LINEAR,
		    "the boot loader cannot be told to start this system's kernel");
}

static struct plan decide_idle(const struct facts *facts)
{
	enum plan_persist persist = PERSIST_NOTHING;

	/* Half an image is neither the old system nor the new one (I12). */
	if (facts->idle == FACT_IDLE_PARTIAL)
		return recovery("an image was not written whole onto a volume");
	if (facts->idle == FACT_IDLE_SPENT)
		return recovery("too many boots in a row were never marked good");
	if (facts->record == FACT_RECORD_GOOD && facts->slot == FACT_SLOT_TRIAL &&
	    (facts->failed == FACT_FAILED_NOTHING || facts->failed == FACT_FAILED_SLOT))
		return change_slot(facts);
	if (!facts->volumes_present)
		return recovery("a volume's partition is missing");
	if (facts->idle == FACT_IDLE_COUNT && facts->failed == FACT_FAILED_SAVE)
		return boot(PERSIST_NOTHING, MAP_LINEAR,
			    "no update is pending, and this boot cannot be counted");
	if (facts->failed != FACT_FAILED_NOTHING)
		return recovery("the system cannot be started");
	if (facts->idle == FACT_IDLE_COUNT)
		persist = PERSIST_TALLY;
	if (facts->record == FACT_RECORD_NEW)
		return boot(persist, MAP_LINEAR, "no update was ever installed");
	return boot(persist, MAP_LINEAR, "no update is pending");
}

static struct plan decide_staging(const struct facts *facts)
{
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		/* The origin needs the old kernel, here too. */
		if (facts->slot == FACT_SLOT_TRIAL)
			return (struct plan){ PERSIST_DROP, MAP_NOTHING, THEN_REBOOT,
					      "the install was interrupted" };
		return boot(PERSIST_DROP, MAP_LINEAR, "the install was interrupted");
	case FACT_FAILED_SAVE:
		if (!facts->volumes_present)
			return recovery("a volume's partition is missing");
		/* Nothing boots from an install that was not armed, dropped or not. */
		return boot(PERSIST_NOTHING, MAP_LINEAR,
			    "the install was interrupted, and the record cannot be saved");
	default:
		return recovery("the system cannot be started");
	}
}

/*
 * Without a record that can be written no try can be spent (I1) and no revert be kept; but the
 * origin is whole, and the next boot can say so again.
 */
static struct plan decide_trial_unsaved(const struct facts *facts)
{
	if (facts->slot == FACT_SLOT_TRIAL)
		return tell_loader("the record cannot be saved, and the old system needs its kernel");
	if (!facts->volumes_present)
		return recovery("a volume's partition is missing");
	return boot(PERSIST_NOTHING, MAP_LINEAR, "the record cannot be saved: no trial without it");
}

static struct plan decide_trial(const struct facts *facts)
{
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		break;
	case FACT_FAILED_SAVE:
		return decide_trial_unsaved(facts);
	case FACT_FAILED_SLOT:
		return recovery("the old system needs its kernel, and the boot loader starts another");
	case FACT_FAILED_MAP:
		return revert(facts, "the new system cannot be mapped");
	case FACT_FAILED_MOUNT:
		return revert(facts, "the new system cannot be mounted");
	case FACT_FAILED_INIT:
		return revert(facts, "the new system has no init that can be started");
	default:
		return recovery("the system cannot be started");
	}
	if (facts->refused)
		return revert(facts, "the new system was marked bad");
	if (!facts->tries_left)
		return revert(facts, "all tries are spent and the new system never said it is good");
	/* Perhaps it is only the new kernel that lacks the driver. */
	if (!facts->volumes_present)
		return revert(facts, "the new kernel does not find a volume's partition");
	switch (facts->slot) {
	case FACT_SLOT_NONE:
	case FACT_SLOT_TRIAL:
		break;
	default:
		return revert(facts, "the boot loader started the old kernel");
	}
	switch (facts->stores) {
	case FACT_STORES_WHOLE:
		return boot(PERSIST_SPEND, MAP_SNAPSHOT, "the new system is on trial");
	case FACT_STORES_EMPTY:
		return revert(facts, "the stores are empty");
	case FACT_STORES_MISSING:
		return revert(facts, "a store is missing");
	default:
		return revert(facts, "a store is damaged");
	}
}

/*
 * The old system is gone: there is no revert, and nothing but the stores makes the volumes whole
 * (I3).
 */
static struct plan decide_merging(const struct facts *facts)
{
	switch (facts->stores) {
	case FACT_STORES_WHOLE:
		/* The record may forget that it merges; the store alone shows all of the new system. */
		if (facts->failed == FACT_FAILED_SAVE)
			return boot(PERSIST_NOTHING, MAP_SNAPSHOT,
				    "the merge waits until the record can be saved");
		if (facts->failed != FACT_FAILED_NOTHING)
			return recovery("the new system cannot be started, and its merge has begun");
		if (!facts->kernel_flushes)
			return boot(PERSIST_NOTHING, MAP_SNAPSHOT,
				    "the merge waits for a kernel that does not lose it at a power cut");
		return boot(PERSIST_NOTHING, MAP_MERGE, "the merge goes on");
	case FACT_STORES_EMPTY:
		if (facts->failed == FACT_FAILED_NOTHING)
			return boot(PERSIST_FINISH, MAP_LINEAR, "every store is merged");
		if (facts->failed == FACT_FAILED_SAVE)
			return boot(PERSIST_NOTHING, MAP_LINEAR,
				    "every store is merged, and the record cannot be saved");
		return recovery("the system cannot be started");
	case FACT_STORES_MISSING:
		return recovery("a store is missing, and its merge has begun");
	default:
		return recovery("a store is damaged, and its merge has begun");
	}
}

static struct plan decide_record(const struct facts *facts)
{
	if (facts->record == FACT_RECORD_NEW)
		return decide_idle(facts);
	switch (facts->phase) {
	case FACT_IDLE:
		return decide_idle(facts);
	case FACT_STAGING:
		return decide_staging(facts);
	case FACT_TRIAL:
		return decide_trial(facts);
	case FACT_MERGING:
		return decide_merging(facts);
	default:
		return recovery("the record's phase is unknown");
	}
}

/*
 * Going back to the kernel that found every volume is what a trial is for, and what a wrong slot
 * asks for; in merging there is none to go back to.
 */
static bool may_change_kernel(const struct facts *facts)
{
	return facts->record == FACT_RECORD_GOOD && facts->slot == FACT_SLOT_TRIAL &&
	       (facts->phase == FACT_IDLE || facts->phase == FACT_STAGING ||
		facts->phase == FACT_TRIAL);
}

struct plan decide(const struct facts *facts)
{
	if (facts->recovery_asked)
		return recovery("recovery was asked for");
	switch (facts->record) {
	case FACT_RECORD_GOOD:
	case FACT_RECORD_NEW:
		break;
	case FACT_RECORD_ABSENT:
		return recovery("the meta partition is missing: whether a merge has begun is not known");
	default:
		return recovery("the record is damaged: whether a merge has begun is not known");
	}
	if (!facts->volumes_present && !may_change_kernel(facts))
		return recovery("a volume's partition is missing");
	return decide_record(facts);
}
