/* SPDX-License-Identifier: MIT */
/*
 * A merge that is turned back: the kept stores have every chunk that it may have written, so that they
 * show the old system over whatever mixture there is (I12), and `merging` is durable with them before
 * anything is mapped (I2).  Must never take the place of an update's own store before each chunk of the
 * kept ones has been compared with its checksum.
 */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/dm.h"
#include "update/kept.h"
#include "update/slots.h"
#include "update/transition.h"

/* One save; then the boot loader, whose old kernel is the right one from then on. */
static enum outcome turn_back(struct world *w, enum reason why)
{
	const struct record *rec = &w->record;
	char version[RECORD_VERSION_MAX], to[RECORD_VERSION_MAX];
	struct record *next;
	int rc = kept_check(w);

	/* After this the update's own store counts for nothing: what shall take its place must be right. */
	if (!rc)
		rc = kept_check_data(w);
	snprintf(version, sizeof(version), "%s", rec->kept.version);
	snprintf(to, sizeof(to), "%s", rec->version_to);
	if (rc) {
		fail_in(rc, "cannot go back to %s", version);
		return OUTCOME_FAILED;
	}
	next = world_edit(w);
	record_end(next, RESULT_REVERTED, why, "", sys_wall_s());
	record_take_kept(next, to);
	next->phase = PHASE_MERGING;
	record_drop_kept(next);
	/* ---- Point of no return: from here on every boot merges the old system back. ---- */
	rc = world_save(w, next);
	if (rc) {
		fail_in(rc, "cannot go back to %s", version);
		return OUTCOME_FAILED;
	}
	if (slots_settle(w))
		log_warn("%s; the next boot tells the boot loader", fail_text());
	return OUTCOME_DONE;
}

/* Also where device-mapper does not answer. */
static bool is_mapped(const struct record *rec)
{
	struct dm_state state;

	for (unsigned v = 0; v < rec->volume_count; v++)
		if (dm_state(rec->volume[v].name, &state) != -ENXIO)
			return true;
	return false;
}

enum outcome update_turn_back(struct world *w, enum reason why)
{
	const struct record *rec = &w->record;

	if (rec->phase != PHASE_MERGING && rec->phase != PHASE_PROVING) {
		fail(EALREADY, "nothing to turn back from: no confirmed update is pending");
		return OUTCOME_NOTHING;
	}
	if (!rec->kept.volume_count) {
		fail(EALREADY, "nothing to go back to: no old system is kept");
		return OUTCOME_NOTHING;
	}
	if (w->misplaced) {
		fail(ESTALE, "cannot go back to %s: %s", rec->kept.version, w->why_missing);
		return OUTCOME_FAILED;
	}
	/* Under a system that runs, the kernel may be merging at this moment. */
	if (is_mapped(rec)) {
		fail(EBUSY, "cannot go back to %s: the volumes are mapped; in recovery they are not, "
		     "after a reboot", rec->kept.version);
		return OUTCOME_PHASE;
	}
	return turn_back(w, why);
}
