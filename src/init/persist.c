/* SPDX-License-Identifier: MIT */
/*
 * What the plan makes durable, before anything is mapped.  Holds I1 (the spent try), and its half
 * of I2: a merge is ended only after the origins are flushed.  The record first, then the space
 * (I9).
 */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "init/boot.h"
#include "update/settle.h"

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

static int end_update(struct boot *boot, enum result result)
{
	char reason[RECORD_REASON_MAX];
	int rc;

	/* Cut, if need be, where it is longest: the detail. */
	if (boot->detail[0])
		snprintf(reason, sizeof(reason), "%.70s: %.80s", boot->plan.reason, boot->detail);
	else
		snprintf(reason, sizeof(reason), "%.*s", (int)sizeof(reason) - 1,
			 boot->plan.reason);
	rc = settle_record(&boot->world, result, reason);
	if (rc < 0)
		return rc;
	log_note("update to %s %s: %s", boot->version_to, result_name(result), reason);
	/* The space is not worth the boot: a later one gives it back. */
	if (settle_space(&boot->world) < 0)
		log_warn("%s", fail_text());
	return 0;
}

int persist_plan(struct boot *boot)
{
	int rc;

	switch (boot->plan.persist) {
	case PERSIST_NOTHING:
		return 0;
	case PERSIST_SPEND:
		return spend_try(boot);
	case PERSIST_DROP:
		return end_update(boot, RESULT_CANCELLED);
	case PERSIST_REVERT:
		return end_update(boot, RESULT_REVERTED);
	case PERSIST_FINISH:
		rc = settle_flush_origins(&boot->world);
		return rc < 0 ? rc : end_update(boot, RESULT_MERGED);
	case PERSIST_COUNT:
		break;
	}
	return fail(EINVAL, "cannot carry out the plan: unknown step");
}
