/* SPDX-License-Identifier: MIT */
/*
 * What recovery changes in the record: a volume that is written as a whole, a record made anew, the
 * request for recovery itself.
 *
 * Holds I6 and I12: an origin is written only after its update has ended and it is noted as not
 * whole; decide() answers that with recovery and nothing else.  Holds I4: a record that cannot be used
 * is written over in update_anew alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/transition.h"

static enum result how_it_ends(enum phase phase)
{
	switch (phase) {
	case PHASE_STAGING:
		return RESULT_CANCELLED;
	case PHASE_TRIAL:
		return RESULT_REVERTED;
	default:
		return RESULT_RESTORED;
	}
}

const char *update_replaces(const struct record *rec)
{
	if (rec->phase == PHASE_MERGING)
		return rec->version_to;
	if (rec->phase != PHASE_IDLE)
		return rec->version_from;
	return rec->last.result == RESULT_MERGED || rec->last.result == RESULT_RESTORED ?
	       rec->last.version_to : rec->last.version_from;
}

/* The record, then the space, which it names no more (I9). */
int update_partial(struct world *w, const char *volume)
{
	const struct record *rec = &w->record;
	struct record *next = world_edit(w);
	int rc;

	if (rec->phase != PHASE_IDLE)
		record_end(next, how_it_ends(rec->phase), REASON_IMAGE_PUT, volume, sys_wall_s());
	for (unsigned v = 0; rec->phase == PHASE_MERGING && v < rec->volume_count; v++) {
		rc = record_set_partial(next, rec->volume[v].name);
		if (rc < 0)
			return fail(-rc, "cannot note %s in the record", rec->volume[v].name);
	}
	rc = record_set_partial(next, volume);
	if (rc < 0)
		return fail(-rc, "cannot note %s in the record", volume);
	/* ---- The line: from here on the board boots only when the volume is whole again. ---- */
	rc = world_save(w, next);
	if (!rc && settle_space(w) < 0)
		log_warn("%s; the next install gives the space back", fail_text());
	return rc;
}

/* One save. */
int update_whole(struct world *w, const char *volume, const char *version_from, const char *name)
{
	struct record *next = world_edit(w);
	struct record_result *last = &next->last;
	char detail[RECORD_REASON_MAX];

	record_set_whole(next, volume);
	next->recovery.idle_boots = 0;
	memset(last, 0, sizeof(*last));
	last->result = RESULT_RESTORED;
	last->when_s = sys_wall_s();
	snprintf(last->version_from, sizeof(last->version_from), "%s", version_from);
	/* Which version that is nobody has said; the name of a file, of one volume of some, is none. */
	snprintf(detail, sizeof(detail), "%s, %.*s", volume, RECORD_REASON_MAX / 2, name);
	record_reason(last->reason, REASON_IMAGE_PUT, detail);
	return world_save(w, next);
}

/* The boot loader, whose trial nothing will know of any more, then the record. */
enum outcome update_anew(struct world *w)
{
	struct record *next = world_edit(w);

	if (w->copies.health != RECORD_DAMAGED) {
		fail(EALREADY, "the record can be read: nothing was done");
		return OUTCOME_NOTHING;
	}
	record_clear(next);
	/* ---- The line: what could not be read is written over, as told (I4). ---- */
	if (slots_end_trial(w) < 0)
		log_warn("%s", fail_text()); /* it ends by itself, some boots later */
	return world_save(w, next) ? OUTCOME_FAILED : OUTCOME_DONE;
}

/* One save. */
int update_ask_recovery(struct world *w)
{
	struct record *next = world_edit(w);

	if (next->recovery.asked)
		return 0;
	next->recovery.asked = true;
	return world_save(w, next) ? fail_in(-EIO, "cannot ask for recovery") : 0;
}
