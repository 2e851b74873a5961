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

static struct plan recovery(enum reason reason)
{
	return (struct plan){ PERSIST_NOTHING, MAP_NOTHING, THEN_RECOVERY, reason };
}

static struct plan boot(enum plan_persist persist, enum plan_map map, enum reason reason)
{
	return (struct plan){ persist, map, THEN_BOOT, reason };
}

/* A reboot into the right kernel, with nothing said in the record. */
static struct plan tell_loader(enum reason reason)
{
	return (struct plan){ PERSIST_SLOT, MAP_NOTHING, THEN_REBOOT, reason };
}

/*
 * The origin needs the old kernel, and only the boot loader can start that.  A loader that does not
 * heed us gets this one reboot all the same: the record says idle by then, so there is no second one
 * (I10).
 */
static struct plan revert(const struct facts *facts, enum reason reason)
{
	if (facts->kernel == FACT_KERNEL_RIGHT)
		return (struct plan){ PERSIST_REVERT, MAP_NOTHING, THEN_REBOOT, reason };
	return boot(PERSIST_REVERT, MAP_LINEAR, reason);
}

/* Whether this is the wrong kernel for the phase, and a reboot brings the right one. */
static bool reboot_helps(const struct facts *facts)
{
	return facts->record == FACT_RECORD_GOOD && facts->kernel == FACT_KERNEL_WRONG &&
	       facts->loader_heeds;
}

static struct plan decide_idle(const struct facts *facts)
{
	const bool is_wrong =
		facts->record == FACT_RECORD_GOOD && facts->kernel == FACT_KERNEL_WRONG;
	enum plan_persist persist = PERSIST_NOTHING;

	/* Half an image is neither the old system nor the new one (I12). */
	if (facts->idle == FACT_IDLE_PARTIAL)
		return recovery(REASON_IMAGE_PARTIAL);
	if (facts->idle == FACT_IDLE_SPENT)
		return recovery(REASON_BOOTS_SPENT);
	if (reboot_helps(facts) && facts->failed == FACT_FAILED_NOTHING)
		return tell_loader(REASON_OTHER_KERNEL);
	if (!facts->volumes_present)
		return recovery(REASON_VOLUME_MISSING);
	if (facts->idle == FACT_IDLE_COUNT && facts->failed == FACT_FAILED_SAVE)
		return boot(PERSIST_NOTHING, MAP_LINEAR, REASON_BOOT_UNCOUNTED);
	/*
	 * A system without its kernel's modules is better than none.  A save may have failed: the next
	 * boot counts.
	 */
	if (facts->failed == FACT_FAILED_SLOT && is_wrong)
		return boot(PERSIST_NOTHING, MAP_LINEAR, REASON_LOADER_UNTOLD);
	if (facts->failed != FACT_FAILED_NOTHING)
		return recovery(REASON_CANNOT_START);
	if (facts->idle == FACT_IDLE_COUNT)
		persist = PERSIST_TALLY;
	if (facts->record == FACT_RECORD_NEW)
		return boot(persist, MAP_LINEAR, REASON_NEVER_INSTALLED);
	return boot(persist, MAP_LINEAR, is_wrong ? REASON_LOADER_UNTOLD : REASON_NOTHING_PENDING);
}

static struct plan decide_staging(const struct facts *facts)
{
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		/* The origin needs the old kernel, here too. */
		if (reboot_helps(facts))
			return (struct plan){ PERSIST_DROP, MAP_NOTHING, THEN_REBOOT, REASON_INSTALL_CUT };
		return boot(PERSIST_DROP, MAP_LINEAR, REASON_INSTALL_CUT);
	case FACT_FAILED_SAVE:
		if (!facts->volumes_present)
			return recovery(REASON_VOLUME_MISSING);
		/*
		 * An install that was not armed is never booted, whether it could be dropped or not.
		 */
		return boot(PERSIST_NOTHING, MAP_LINEAR, REASON_INSTALL_CUT_UNSAVED);
	default:
		return recovery(REASON_CANNOT_START);
	}
}

/*
 * The old system under the new kernel: as in idle, a system without its modules is better than none.
 */
static struct plan untold(const struct facts *facts)
{
	if (!facts->volumes_present)
		return recovery(REASON_VOLUME_MISSING);
	return boot(PERSIST_NOTHING, MAP_LINEAR, REASON_LOADER_UNTOLD);
}

/*
 * Without a record that can be written no try can be spent (I1) and no revert be kept; but the
 * origin is whole, and the next boot can say so again.
 */
static struct plan decide_trial_unsaved(const struct facts *facts)
{
	if (facts->kernel == FACT_KERNEL_RIGHT && facts->loader_heeds)
		return tell_loader(REASON_OLD_KERNEL_UNSAVED);
	if (facts->kernel == FACT_KERNEL_RIGHT)
		return untold(facts);
	if (!facts->volumes_present)
		return recovery(REASON_VOLUME_MISSING);
	return boot(PERSIST_NOTHING, MAP_LINEAR, REASON_TRIAL_UNSAVED);
}

static struct plan decide_trial(const struct facts *facts)
{
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		break;
	case FACT_FAILED_SAVE:
		return decide_trial_unsaved(facts);
	case FACT_FAILED_SLOT:
		return untold(facts);
	case FACT_FAILED_MAP:
		return revert(facts, REASON_MAP_FAILED);
	case FACT_FAILED_MOUNT:
		return revert(facts, REASON_MOUNT_FAILED);
	case FACT_FAILED_INIT:
		return revert(facts, REASON_NO_INIT);
	default:
		return recovery(REASON_CANNOT_START);
	}
	if (facts->refused)
		return revert(facts, REASON_MARKED_BAD);
	if (!facts->tries_left)
		return revert(facts, REASON_TRIES_SPENT);
	/* Perhaps it is only the new kernel that lacks the driver. */
	if (!facts->volumes_present)
		return revert(facts, REASON_KERNEL_LACKS_VOLUME);
	if (reboot_helps(facts))
		return (struct plan){ PERSIST_ASK, MAP_NOTHING, THEN_REBOOT, REASON_LOADER_UNASKED };
	if (facts->kernel == FACT_KERNEL_WRONG)
		return revert(facts, REASON_OLD_KERNEL);
	switch (facts->stores) {
	case FACT_STORES_WHOLE:
		return boot(PERSIST_SPEND, MAP_SNAPSHOT, REASON_ON_TRIAL);
	case FACT_STORES_EMPTY:
		return revert(facts, REASON_STORES_EMPTY);
	case FACT_STORES_MISSING:
		return revert(facts, REASON_STORE_MISSING);
	default:
		return revert(facts, REASON_STORE_DAMAGED);
	}
}

/*
 * The old system is gone: there is no revert, and nothing but the stores makes the volumes whole
 * (I3).  Whatever is mapped, what was merged is there first (I15): also without a record that can be
 * saved, for nothing is written but what the stores say was merged.
 */
static struct plan decide_whole_stores(const struct facts *facts)
{
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		if (!facts->kernel_flushes)
			return boot(PERSIST_MEND, MAP_SNAPSHOT, REASON_MERGE_WAITS_KERNEL);
		return boot(PERSIST_MEND, MAP_MERGE, REASON_MERGE_GOES_ON);
	case FACT_FAILED_SAVE:
		/* A cut could make the record forget `merging`; a snapshot shows the new system, too. */
		return boot(PERSIST_MEND, MAP_SNAPSHOT, REASON_MERGE_WAITS_RECORD);
	case FACT_FAILED_MEND:
		return recovery(REASON_MEND_FAILED);
	default:
		return recovery(REASON_MERGE_CANNOT_START);
	}
}

/*
 * Also in proving, whatever the stores say by then.  What can be proven is proven by the system that runs,
 * which takes longer than a boot may.  What no proof has found right is a mixture, and is not started.
 */
static struct plan decide_empty_stores(const struct facts *facts)
{
	if (facts->proof == FACT_PROOF_BACK && facts->failed == FACT_FAILED_NOTHING)
		return (struct plan){ PERSIST_BACK, MAP_NOTHING, THEN_REBOOT, REASON_UNPROVEN_BACK };
	if (facts->proof == FACT_PROOF_SPENT || facts->proof == FACT_PROOF_BACK)
		return recovery(REASON_PROOF_SPENT);
	switch (facts->failed) {
	case FACT_FAILED_NOTHING:
		if (facts->proof == FACT_PROOF_NONE && facts->phase == FACT_MERGING)
			return boot(PERSIST_FINISH, MAP_LINEAR, REASON_STORES_MERGED);
		return boot(PERSIST_MEND, MAP_LINEAR, REASON_MERGE_UNPROVEN);
	case FACT_FAILED_SAVE:
		return boot(PERSIST_MEND, MAP_LINEAR, REASON_MERGED_UNSAVED);
	case FACT_FAILED_MEND:
		return recovery(REASON_MEND_FAILED);
	default:
		return recovery(REASON_CANNOT_START);
	}
}

static struct plan decide_merging(const struct facts *facts)
{
	if (facts->stores == FACT_STORES_WHOLE)
		return decide_whole_stores(facts);
	if (facts->stores == FACT_STORES_EMPTY)
		return decide_empty_stores(facts);
	return recovery(facts->stores == FACT_STORES_MISSING ? REASON_MERGE_STORE_MISSING :
							       REASON_MERGE_STORE_DAMAGED);
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
	case FACT_PROVING:
		return decide_empty_stores(facts);
	default:
		return recovery(REASON_PHASE_UNKNOWN);
	}
}

/*
 * Another partition, or another disk's, is where the update's should be (I13).  That ends nothing: the
 * right one may come back, and nobody knows what lies on the wrong one.  When a person has refused the
 * trial, that does end it, and the next boot decides what boots then.
 */
static struct plan decide_misplaced(const struct facts *facts)
{
	if (facts->phase == FACT_TRIAL && facts->refused && facts->failed == FACT_FAILED_NOTHING)
		return (struct plan){ PERSIST_REVERT, MAP_NOTHING, THEN_REBOOT, REASON_MARKED_BAD };
	return recovery(REASON_MISPLACED);
}

static bool is_confirmed_or_tried(const struct facts *facts)
{
	return facts->record == FACT_RECORD_GOOD &&
	       (facts->phase == FACT_TRIAL || facts->phase == FACT_MERGING ||
		facts->phase == FACT_PROVING);
}

/*
 * Whether another kernel may find the volume that this one does not find: in a trial the old kernel, in
 * idle the right one.  In merging there is no kernel to go back to.
 */
static bool may_change_kernel(const struct facts *facts)
{
	if (facts->phase == FACT_IDLE || facts->phase == FACT_STAGING)
		return reboot_helps(facts);
	return facts->record == FACT_RECORD_GOOD && facts->phase == FACT_TRIAL &&
	       facts->kernel == FACT_KERNEL_RIGHT;
}

struct plan decide(const struct facts *facts)
{
	if (facts->recovery_asked)
		return recovery(REASON_RECOVERY_ASKED);
	switch (facts->record) {
	case FACT_RECORD_GOOD:
	case FACT_RECORD_NEW:
		break;
	case FACT_RECORD_ABSENT:
		return recovery(REASON_RECORD_ABSENT);
	default:
		return recovery(REASON_RECORD_DAMAGED);
	}
	if (facts->misplaced && is_confirmed_or_tried(facts))
		return decide_misplaced(facts);
	if (!facts->volumes_present && !may_change_kernel(facts))
		return recovery(REASON_VOLUME_MISSING);
	return decide_record(facts);
}
