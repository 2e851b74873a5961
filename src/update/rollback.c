/* SPDX-License-Identifier: MIT */
/*
 * The way back to the system before the confirmed one, as a trial like any other; and giving it up.
 *
 * Holds I12: what is armed was compared whole with the old image's digest, the volumes and their kept
 * stores together.  Holds I6: no origin is opened for writing.  One save arms it: a cut before that leaves
 * what there was.
 */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/kept.h"
#include "update/live.h"
#include "update/slots.h"
#include "update/store.h"
#include "update/transition.h"

static int check_slot(const struct world *w)
{
	const struct record *rec = &w->record;

	if (!rec->kept.slot)
		return 0;
	if (!slots_configured(w->conf) || !w->conf->slot)
		return fail(EINVAL, "its kernel is in boot slot %c, and the boot loader does not say "
			    "which slot this boot is from (cowboot.slot=)", rec->kept.slot);
	if (rec->slot_old != w->conf->slot || rec->kept.slot == w->conf->slot)
		return fail(ESTALE, "this boot is from slot %c, and the system's kernel is in %c; "
			    "reboot first", w->conf->slot, rec->slot_old ? rec->slot_old : '?');
	return 0;
}

/* The record in memory alone says what is to come; update_arm compares it, and saves it. */
static int arm(struct world *w)
{
	struct map_disk disk;
	int rc = 0;

	record_take_kept(&w->record, world_version(w));
	for (unsigned v = 0; !rc && v < w->record.volume_count; v++)
		rc = store_map(w, v, &disk);
	return rc ? rc : update_arm(w);
}

static enum outcome begin(struct world *w)
{
	char version[RECORD_VERSION_MAX], why[FAIL_TEXT_MAX];
	int rc = world_kernel_check(w);

	snprintf(version, sizeof(version), "%s", w->record.kept.version);
	if (!rc)
		rc = check_slot(w);
	if (!rc)
		rc = kept_check(w);
	if (rc) {
		fail_in(rc, "cannot go back to %s", version);
		return OUTCOME_FAILED;
	}
	rc = arm(w);
	if (!rc)
		return OUTCOME_REBOOT;
	fail_in(rc, "cannot go back to %s", version);
	snprintf(why, sizeof(why), "%s", fail_text());
	update_undo(w);
	fail(-rc, "%s", why);
	return OUTCOME_FAILED;
}

enum outcome update_rollback(struct world *w, bool *ret_already)
{
	const struct record *rec = &w->record;

	*ret_already = false;
	switch (rec->phase) {
	case PHASE_IDLE:
		if (rec->kept.volume_count)
			return begin(w);
		fail(EALREADY, "nothing to go back to: no old system is kept");
		return OUTCOME_NOTHING;
	case PHASE_TRIAL:
		if (record_is_way_back(rec)) {
			fail(EALREADY, "the way back to %s is armed already: reboot to try it",
			     rec->version_to);
			*ret_already = true;
			return OUTCOME_REBOOT;
		}
		fail(EBUSY, "cannot go back: %s is on trial, and nothing of the old system was "
		     "touched; cowboot mark-bad or cowboot cancel drops it", rec->version_to);
		return OUTCOME_PHASE;
	case PHASE_STAGING:
		fail(EBUSY, "cannot go back: an install of %s was cut; cowboot cancel drops it",
		     rec->version_to);
		return OUTCOME_PHASE;
	default:
		fail(EBUSY, "cannot go back: %s is being merged; cowboot merge --wait waits for its "
		     "end", rec->version_to);
		return OUTCOME_PHASE;
	}
}

enum outcome update_forget(struct world *w)
{
	const struct record *rec = &w->record;

	if (!rec->kept.volume_count) {
		fail(EALREADY, "nothing to forget: no old system is kept");
		return OUTCOME_NOTHING;
	}
	if (record_is_way_back(rec)) {
		fail(EBUSY, "cannot forget %s: the way back to it is on trial; cowboot cancel or "
		     "cowboot mark-bad ends that first", rec->kept.version);
		return OUTCOME_PHASE;
	}
	if (!kept_drop(w))
		return OUTCOME_DONE;
	fail_in(-EIO, "cannot forget %s", rec->kept.version);
	return OUTCOME_FAILED;
}
