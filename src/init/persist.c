/* SPDX-License-Identifier: MIT */
/*
 * What the plan makes durable, before anything is mapped.  Holds I1 (the spent try), and its half
 * of I2: a merge is ended only after the origins are flushed.  The record first, then the space
 * (I9).
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/text.h"
#include "init/boot.h"
#include "update/mend.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/transition.h"

static int spend_try(struct boot *boot)
{
	struct record *next = world_edit(&boot->world);
	int rc;

	next->tries_left--;
	rc = world_save(&boot->world, next);
	boot->tries_left = boot->world.record.tries_left;
	return rc;
}

static int count_boot(struct boot *boot)
{
	struct record *next = world_edit(&boot->world);

	next->recovery.idle_boots++;
	return world_save(&boot->world, next);
}

/*
 * Counts a reboot that is made so that the boot loader starts another kernel.  It counts among
 * recovery's reboots, of which there are 0 again as soon as any system starts (persist_reached).
 */
static int count_reboot(struct boot *boot)
{
	struct record *next = world_edit(&boot->world);

	next->recovery.reboots++;
	return world_save(&boot->world, next);
}

void persist_reached(struct boot *boot)
{
	struct record *next;

	if (!boot->world.record.recovery.reboots || boot->conf.recovery_after ||
	    boot->world.copies.health != RECORD_GOOD)
		return;
	/*
	 * Where the boot loader did not do what that reboot was for, the count stays: otherwise each
	 * boot would reboot for the same reason again.  And a save that failed may have left only one
	 * good copy of the record, which nothing writes to again in this boot.
	 */
	if (boot->plan.reason == REASON_LOADER_UNTOLD || boot->facts.failed == FACT_FAILED_SAVE)
		return;
	next = world_edit(&boot->world);
	next->recovery.reboots = 0;
	if (world_save(&boot->world, next) < 0)
		log_warn("%s", fail_text());
}

static int end_update(struct boot *boot, enum result result)
{
	int rc = settle_record(&boot->world, result, boot->plan.reason, boot->detail);

	if (rc < 0)
		return rc;
	log_note("update to %s %s: %s", boot->version_to, result_name(result),
		 boot->world.record.last.reason);
	/* If this fails, the system boots all the same, and a later boot gives the space back. */
	if (settle_space(&boot->world) < 0)
		log_warn("%s", fail_text());
	return 0;
}

/*
 * The boot loader is told first, or after a cut it would try once more what was given up.  Where it
 * cannot be told, the record is saved all the same: a later boot finds `idle` under the wrong kernel,
 * and tells the loader then.
 */
static int give_up_update(struct boot *boot, enum result result)
{
	if (slots_disarm(&boot->world) < 0)
		log_warn("%s", fail_text());
	return end_update(boot, result);
}

/*
 * The loader is told first, then the reboot is counted.  After a power cut between the two the board
 * starts the right kernel; in the other order there would be a count that keeps the next boot from
 * telling the loader.  Both come before the reboot, so that there is one reboot only, whatever the
 * loader makes of it (I10).  A record that has just failed to be saved may have only one good copy,
 * and is not written to, nor is one that a later cowboot has added to.  Then nothing is counted, and
 * the loader is told only if it is known to keep what it was told: the next boot finds that.
 */
static int change_slot(struct boot *boot)
{
	struct world *w = &boot->world;
	const bool counts = boot->facts.failed != FACT_FAILED_SAVE && !w->copies.read_only;
	int rc = 0;

	if (!counts && !slots_known(w))
		rc = fail(EIO, "cannot tell the boot loader: nothing would count it");
	if (!rc)
		rc = slots_disarm(w);
	if (!rc && !slots_told(w))
		rc = fail(EIO, "the boot loader does not keep what it is told");
	return rc || !counts ? rc : count_reboot(boot);
}

/* Nothing of it is in the record; a volume that may be a mixture is not booted (I12). */
static int mend(struct boot *boot)
{
	int rc = mend_volumes(&boot->world);

	boot->mend_failed = rc < 0;
	return rc;
}

static int end_merge(struct boot *boot)
{
	int rc = settle_flush_origins(&boot->world);

	if (rc < 0)
		return rc;
	/* The record still says whose slot it is.  If this fails, a later boot does it. */
	if (slots_settle(&boot->world) < 0)
		log_warn("%s", fail_text());
	return end_update(boot, RESULT_MERGED);
}

/* The next boot begins to merge the system before; nothing of this one's plan is mapped. */
static int turn_back(struct boot *boot)
{
	struct world *w = &boot->world;

	if (update_turn_back(w, boot->plan.reason) != OUTCOME_DONE)
		return -EIO;
	log_note("update to %s %s: %s", boot->version_to, result_name(w->record.last.result),
		 w->record.last.reason);
	return 0;
}

static int persist_record(struct boot *boot)
{
	switch (boot->plan.persist) {
	case PERSIST_NOTHING:
		return 0;
	case PERSIST_SLOT:
		return change_slot(boot);
	case PERSIST_SPEND:
		return spend_try(boot);
	case PERSIST_DROP:
		return give_up_update(boot, RESULT_CANCELLED);
	case PERSIST_REVERT:
		return give_up_update(boot, RESULT_REVERTED);
	case PERSIST_FINISH:
		return end_merge(boot);
	case PERSIST_MEND:
		return mend(boot);
	case PERSIST_ASK:
		return count_reboot(boot);
	case PERSIST_TALLY:
		return count_boot(boot);
	case PERSIST_BACK:
		return turn_back(boot);
	case PERSIST_COUNT:
		break;
	}
	return fail(EINVAL, "cannot carry out the plan: unknown step");
}

int persist_plan(struct boot *boot)
{
	int rc = persist_record(boot);

	if (rc < 0)
		return rc;
	/* If this fails, a later boot does it. */
	if (slots_settle(&boot->world) < 0)
		log_warn("%s", fail_text());
	return 0;
}
