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
#include "update/settle.h"
#include "update/slots.h"

static int spend_try(struct boot *boot)
{
	static struct record next; /* believed only once it is saved */
	int rc;

	next = boot->world.record;
	next.tries_left--;
	rc = copies_save(&boot->world.meta, &next, &boot->world.copies, false);
	if (rc < 0)
		return rc;
	boot->world.record = next;
	boot->tries_left = next.tries_left;
	return 0;
}

static int count_boot(struct boot *boot)
{
	static struct record next; /* believed only once it is saved */
	int rc;

	next = boot->world.record;
	next.recovery.idle_boots++;
	rc = copies_save(&boot->world.meta, &next, &boot->world.copies, false);
	if (rc < 0)
		return rc;
	boot->world.record = next;
	return 0;
}

void persist_reached(struct boot *boot)
{
	static struct record next;

	if (!boot->world.record.recovery.reboots || boot->conf.recovery_after ||
	    boot->world.copies.health != RECORD_GOOD)
		return;
	next = boot->world.record;
	next.recovery.reboots = 0;
	if (copies_save(&boot->world.meta, &next, &boot->world.copies, false) < 0)
		log_warn("%s", fail_text());
	else
		boot->world.record = next;
}

static int end_update(struct boot *boot, enum result result)
{
	char reason[RECORD_REASON_MAX];
	struct text_out out;
	int rc;

	text_begin(&out, reason, sizeof(reason));
	text_add(&out, "%s", boot->plan.reason);
	/* The detail is cut where it has to be, and not before. */
	if (boot->detail[0] && out.len_bytes + strlen(": ") < sizeof(reason))
		text_add(&out, ": %.*s",
			 (int)(sizeof(reason) - 1 - out.len_bytes - strlen(": ")), boot->detail);
	rc = settle_record(&boot->world, result, reason);
	if (rc < 0)
		return rc;
	log_note("update to %s %s: %s", boot->version_to, result_name(result), reason);
	/* The space is not worth the boot: a later one gives it back. */
	if (settle_space(&boot->world) < 0)
		log_warn("%s", fail_text());
	return 0;
}

/*
 * The boot loader first, or a cut would have it try once more what was given up.  It is not worth the
 * record, though: a later boot finds that idle under the wrong kernel, and tells the loader then.
 */
static int give_up_update(struct boot *boot, enum result result)
{
	if (slots_disarm(&boot->world) < 0)
		log_warn("%s", fail_text());
	return end_update(boot, result);
}

/* A loader that was told before, and started this kernel all the same, is not told for ever (I10). */
static int change_slot(struct boot *boot)
{
	if (slots_told(&boot->world))
		return fail(EALREADY, "the boot loader was told to start slot %c, and it started %c",
			    slots_next(&boot->world), boot->conf.slot);
	return slots_disarm(&boot->world);
}

static int end_merge(struct boot *boot)
{
	int rc = settle_flush_origins(&boot->world);

	if (rc < 0)
		return rc;
	/* Before the record forgets whose slot it was; a later boot can make up for it all the same. */
	if (slots_settle(&boot->world) < 0)
		log_warn("%s", fail_text());
	return end_update(boot, RESULT_MERGED);
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
	case PERSIST_TALLY:
		return count_boot(boot);
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
	/* What is left of it to do, a later boot does. */
	if (slots_settle(&boot->world) < 0)
		log_warn("%s", fail_text());
	return 0;
}
