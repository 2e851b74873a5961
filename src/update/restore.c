/* SPDX-License-Identifier: MIT */
/*
 * What recovery changes in the record: a volume that is written as a whole, a record made anew, the
 * request for recovery itself.
 *
 * Holds I6 and I12: an origin is written only after its update has ended and it is noted as not
 * whole; decide() answers that with recovery and nothing else.  Holds I13: nor does it end while one
 * of its volumes is at another place than the record keeps, which is forgotten with it; but a merge
 * may be given up so.  Holds I4: a record that cannot be used is written over in update_anew alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/places.h"
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
	if (rec->phase == PHASE_MERGING || rec->phase == PHASE_PROVING)
		return rec->version_to;
	if (rec->phase != PHASE_IDLE)
		return rec->version_from;
	return rec->last.result == RESULT_MERGED || rec->last.result == RESULT_RESTORED ?
	       rec->last.version_to : rec->last.version_from;
}

/*
 * A volume that this configuration has under another name, or not at all, could never be whole again.
 * Any of those that it has may be that one: they all need an image then.
 */
static int note_partial(const struct world *w, struct record *next, const char *volume)
{
	const struct conf *conf = w->conf;
	const bool known = world_named(w, volume) >= 0;
	int rc = known ? record_set_partial(next, volume) : 0;

	for (unsigned i = 0; !known && !rc && i < conf->volume_count; i++)
		rc = record_set_partial(next, conf->volume[i].name);
	return rc < 0 ? fail(-rc, "cannot note %s in the record", volume) : 0;
}

_Static_assert((int)CONF_VOLUMES_MAX <= (int)RECORD_VOLUMES_MAX, "each may be noted");

/* The list has room for as many names as a configuration has, and for no others. */
static int note_unknown(const struct world *w, struct record *next)
{
	char unknown[32] = "";

	for (unsigned i = 0; i < RECORD_VOLUMES_MAX && next->recovery.partial[i][0];)
		if (world_named(w, next->recovery.partial[i]) < 0) {
			memcpy(unknown, next->recovery.partial[i], sizeof(unknown));
			record_set_whole(next, unknown);
		} else {
			i++;
		}
	return unknown[0] ? note_partial(w, next, unknown) : 0;
}

/* The record, then the space, which it names no more (I9). */
int update_partial(struct world *w, const char *volume)
{
	const struct record *rec = &w->record;
	const bool is_merged = rec->phase == PHASE_MERGING || rec->phase == PHASE_PROVING;
	struct record *next = world_edit(w);
	int rc = rec->phase == PHASE_IDLE ? 0 : places_may_end(w);

	if (rc)
		return rc;
	if (rec->phase != PHASE_IDLE)
		record_end(next, how_it_ends(rec->phase), REASON_IMAGE_PUT, volume, sys_wall_s());
	rc = note_unknown(w, next);
	for (unsigned v = 0; !rc && is_merged && v < rec->volume_count; v++)
		rc = note_partial(w, next, rec->volume[v].name);
	if (!rc)
		rc = note_partial(w, next, volume);
	if (rc)
		return rc;
	/* What is kept belongs over what lies there now. */
	record_drop_kept(next);
	record_lies_not(next, volume);
	for (unsigned v = 0; is_merged && v < rec->volume_count; v++)
		record_lies_not(next, rec->volume[v].name);
	/* ---- Point of no return: from here on the board boots only when the volume is whole again. ---- */
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
	/*
	 * Nobody has said which version that is; a file's name, of one volume of perhaps several, is no
	 * version.
	 */
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
	/* ---- Point of no return: what could not be read is written over, as told (I4). ---- */
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
