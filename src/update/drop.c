/* SPDX-License-Identifier: MIT */
/*
 * Ending an update that nobody wants: dropping one that was not booted (I9), refusing one that was.
 * Must never free a store that a device is mapped over: a trial that runs is refused, and the next
 * boot drops it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "update/live.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/transition.h"

/*
 * The boot loader before the record, or a cut between the two would have the new kernel started once
 * more; the space last.
 */
static enum outcome drop(struct world *w, enum reason reason)
{
	if (slots_disarm(w)) {
		fail_in(-EIO, "cannot cancel %s", w->record.version_to);
		return OUTCOME_FAILED;
	}
	/* ---- Point of no return: from here on no boot tries it. ---- */
	/* If it was refused before, that reason is kept as the detail. */
	if (settle_record(w, RESULT_CANCELLED, reason, w->record.refused))
		return OUTCOME_FAILED;
	if (!settle_space(w))
		return OUTCOME_DONE;
	log_error("%s", fail_text());
	fail(EBUSY, "cancelled %s, but its space is not free yet; the next install frees it",
	     w->record.last.version_to);
	return OUTCOME_FAILED;
}

static enum outcome drop_trial(struct world *w)
{
	const struct record *rec = &w->record;

	if (world_live_known(w)) {
		fail_in(-EIO, "cannot cancel %s", rec->version_to);
		return OUTCOME_FAILED;
	}
	if (world_count_live(w, LIVE_ORIGIN) + world_count_live(w, LIVE_NONE) == rec->volume_count)
		return drop(w, REASON_CANCELLED);
	fail(EBUSY, "cannot cancel %s: it is what runs; cowboot mark-bad refuses it",
	     rec->version_to);
	return OUTCOME_PHASE;
}

enum outcome update_drop(struct world *w)
{
	switch (w->record.phase) {
	case PHASE_STAGING:
		/* The lock is held, so whoever staged it is gone. */
		return drop(w, REASON_INSTALL_CUT);
	case PHASE_TRIAL:
		return drop_trial(w);
	case PHASE_MERGING:
	case PHASE_PROVING:
		fail(EBUSY, "cannot cancel %s: it is confirmed and merging, there is no way back",
		     w->record.version_to);
		return OUTCOME_PHASE;
	default:
		fail(EALREADY, "nothing to cancel: no update is pending");
		return OUTCOME_NOTHING;
	}
}

/*
 * The record, then the boot loader: the next boot goes back anyway, and the loader only spares it one
 * more start of the new kernel.
 */
static enum outcome refuse_trial(struct world *w, const char *reason)
{
	struct record *next = world_edit(w);

	if (!next->refused[0]) {
		snprintf(next->refused, sizeof(next->refused), "%s", reason);
		if (world_save(w, next)) {
			fail_in(-EIO, "cannot refuse %s", w->record.version_to);
			return OUTCOME_FAILED;
		}
	}
	if (slots_disarm(w))
		log_warn("%s", fail_text());
	/* Where the old system runs, no reboot is needed to go back. */
	if (world_count_live(w, LIVE_ORIGIN) == w->record.volume_count)
		return OUTCOME_DONE;
	return OUTCOME_REBOOT;
}

enum outcome update_refuse(struct world *w, const char *reason)
{
	const char *version = w->record.version_to;

	switch (w->record.phase) {
	case PHASE_TRIAL:
		return refuse_trial(w, reason);
	case PHASE_MERGING:
	case PHASE_PROVING:
		fail(EBUSY, "cannot refuse %s: it is confirmed and merging, there is no way back",
		     version);
		return OUTCOME_PHASE;
	case PHASE_STAGING:
		fail(EBUSY, "cannot refuse %s: it is not installed; cowboot cancel drops what is "
		     "left of its install", version);
		return OUTCOME_PHASE;
	default:
		fail(EALREADY, "nothing to refuse: no update is pending");
		return OUTCOME_NOTHING;
	}
}

bool update_reason_ok(const char *reason)
{
	for (const char *p = reason; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return *reason && strlen(reason) < RECORD_REASON_MAX;
}
