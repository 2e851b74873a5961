/* SPDX-License-Identifier: MIT */
/*
 * Installing: check, stage, lay down, verify, arm.
 *
 * Holds I9: `staging` is durable before any room is taken, and whatever goes wrong, a signal
 * included, ends with the record idle, its last result as it was, and the room given back.  Holds
 * I6: no origin is opened for writing.
 */
#include "update/install.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/sys.h"
#include "update/kept.h"
#include "update/live.h"
#include "update/settle.h"
#include "update/slots.h"
#include "update/store.h"
#include "update/transition.h"
#include "update/undo.h"

/* What verify_base has just found there. */
static void note_base(struct record *next, unsigned v, const struct record_installed *found)
{
	struct record_installed is = *found;

	is.place = next->volume[v].origin;
	memcpy(is.name, next->volume[v].name, sizeof(is.name));
	memcpy(is.version, next->version_from, sizeof(is.version));
	record_lies_now(next, &is);
}

/*
 * One save: `staging`, with what is to come and no room for it yet.  From here on the next boot clears
 * up, if this program cannot.
 */
int update_stage(struct world *w, const struct bundle_manifest *manifest,
		 const struct record_installed *found)
{
	struct record *next = world_edit(w);
	/* What a bundle calls the system it was made over counts only where nothing is known. */
	const char *known = world_version(w), *from = known[0] ? known : manifest->version_from;
	uint8_t id[RECORD_ID_BYTES];
	int rc = sys_random(id, sizeof(id));

	if (rc)
		return fail_sys(-rc, "cannot make an identity for it");
	snprintf(next->version_from, sizeof(next->version_from), "%.*s", RECORD_VERSION_MAX - 1,
		 from);
	snprintf(next->version_to, sizeof(next->version_to), "%s", manifest->version_to);
	memcpy(next->update_id, id, sizeof(id));
	record_release_note(next, manifest->release, manifest->created_day, sys_wall_s());
	if (!next->slot_old)
		next->slot_old = w->conf->slot;
	next->slot = manifest->boot.image_bytes ? install_slot(w) : 0;
	install_plan(w, manifest, next);
	for (unsigned v = 0; v < next->volume_count; v++)
		note_base(next, v, &found[v]);
	next->phase = PHASE_STAGING;
	return world_save(w, next);
}

/* One save, which says what for. */
static int drop_kept(struct world *w, const char *needed)
{
	char version[RECORD_VERSION_MAX];
	int rc;

	memcpy(version, w->record.kept.version, sizeof(version));
	rc = kept_drop(w);
	if (!rc)
		log_note("%s is not kept any longer: its %s is needed", version, needed);
	return rc;
}

/*
 * What is kept makes room, when there is none beside it; and only where that is known to be enough, or an
 * install that fails would have dropped it for nothing.
 */
static int reserve(struct world *w)
{
	int rc = install_reserve(w);

	if ((rc != -ENOSPC && rc != -E2BIG) || !w->record.kept.volume_count)
		return rc;
	if (rc == -ENOSPC && !undo_makes_room(w))
		return fail_in(rc, "no room, even if %s were not kept", w->record.kept.version);
	rc = drop_kept(w, "space");
	return rc ? rc : install_reserve(w);
}

static int lay_down(struct world *w, struct bundle *bundle)
{
	struct progress progress;
	int rc = reserve(w);

	if (!rc)
		rc = undo_will_fit(w);
	/* Perhaps its kernel is written over; and nobody knows what the new initramfs understands. */
	if (!rc && w->record.slot && w->record.kept.volume_count)
		rc = drop_kept(w, "boot slot");
	if (rc)
		return rc;
	progress_begin(&progress, "installing", w->record.version_to,
		       bundle_total_bytes(bundle));
	if (w->record.slot)
		rc = install_boot(w, bundle, &progress);
	for (unsigned v = 0; !rc && v < w->record.volume_count; v++)
		rc = install_fill(w, v, bundle, &progress);
	progress_end(&progress);
	return rc ? rc : bundle_end(bundle);
}

/*
 * The record, then the boot loader: a loader never tries what no record knows.  Before either, all
 * that was written is read back from the medium and is right.
 */
int update_arm(struct world *w)
{
	struct record *next;
	int rc = 0;

	for (unsigned v = 0; !rc && v < w->record.volume_count; v++)
		rc = verify_result(w, v);
	if (!rc)
		rc = stop_asked();
	if (rc)
		return rc;
	/* All is on the medium and nothing writes any more: a device that stays does no harm. */
	for (unsigned v = 0; v < w->record.volume_count; v++)
		if (store_unmap(w->record.volume[v].name, false))
			log_warn("%s", fail_text());
	next = world_edit(w);
	next->phase = PHASE_TRIAL;
	next->tries_left = next->tries_total = w->conf->tries;
	/*
	 * ---- Point of no return: from here on the next boot tries it.  With a kernel of its own only
	 * once the boot loader knows: a cut before that boots the old one, which goes back. ----
	 */
	rc = world_save(w, next);
	return rc || !w->record.slot ? rc : slots_arm(w);
}

/*
 * Undoes all of it: the boot loader first, then the record, then the room.  The last result stays as it
 * was.
 */
void update_undo(struct world *w)
{
	struct record *next;
	int rc = w->record.slot ? slots_disarm(w) : 0;

	if (rc)
		log_warn("%s; the next boot sets it right", fail_text());
	next = world_edit(w);
	record_clear(next);
	rc = world_save(w, next);
	if (!rc)
		rc = settle_space(w);
	if (rc)
		log_warn("%s; the next boot or cowboot cancel clears up", fail_text());
}

/* What must be so before the record is touched. */
static enum outcome check_first(struct world *w, const char *name, struct bundle *bundle,
				bool allow_downgrade, struct record_installed *ret_found)
{
	const struct bundle_manifest *manifest = bundle_manifest(bundle);
	bool same = false;
	int rc = install_check(w, manifest, allow_downgrade);

	if (!rc)
		rc = verify_base(w, bundle, ret_found, &same);
	if (!rc)
		rc = install_check_versions(w, manifest, same);
	if (rc) {
		fail_in(rc, "cannot install %s", name);
		return OUTCOME_FAILED;
	}
	if (!same)
		return OUTCOME_DONE;
	fail(EALREADY, "nothing to install: what %s brings is there already", manifest->version_to);
	return OUTCOME_NOTHING;
}

/* An update waits for its trial boot: installing the same one once more is safe, another one has to wait. */
static enum outcome install_again(struct world *w, const struct bundle_manifest *manifest,
				  bool *ret_already)
{
	const struct record *rec = &w->record;

	if (!install_is_armed(w, manifest)) {
		fail(EBUSY, "cannot install: %s waits for its trial boot; reboot, or drop it with "
		     "cowboot cancel", rec->version_to);
		return OUTCOME_PHASE;
	}
	/* An install that was killed after its point of no return may not have told the boot loader. */
	if (rec->slot && slots_arm(w)) {
		fail_in(-EIO, "cannot install");
		return OUTCOME_FAILED;
	}
	fail(EALREADY, "%s is installed already: reboot to try it", rec->version_to);
	*ret_already = true;
	return OUTCOME_REBOOT;
}

enum outcome update_install(struct world *w, struct bundle *bundle, const char *name,
			    bool allow_downgrade, bool *ret_already)
{
	static struct record_installed found[RECORD_VOLUMES_MAX];
	const struct bundle_manifest *manifest = bundle_manifest(bundle);
	char why[FAIL_TEXT_MAX];
	enum outcome first;
	int rc;

	*ret_already = false;
	if (w->record.phase == PHASE_TRIAL)
		return install_again(w, manifest, ret_already);
	memset(found, 0, sizeof(found));
	first = check_first(w, name, bundle, allow_downgrade, found);
	if (first != OUTCOME_DONE)
		return first;
	/* What an earlier update could not give back: the record is idle, so it is nobody's. */
	rc = settle_space(w);
	if (!rc)
		rc = update_stage(w, manifest, found);
	if (!rc)
		rc = lay_down(w, bundle);
	if (!rc)
		rc = update_arm(w);
	if (!rc)
		return OUTCOME_REBOOT;
	fail_in(rc, "cannot install %s", name);
	snprintf(why, sizeof(why), "%s", fail_text());
	update_undo(w);
	fail(-rc, "%s", why);
	return OUTCOME_FAILED;
}

/* The lock is held, so whoever staged an update is dead. */
enum outcome update_ready(struct world *w)
{
	const struct record *rec = &w->record;

	switch (rec->phase) {
	case PHASE_TRIAL:
		if (world_live_known(w)) {
			fail_in(-EIO, "cannot install");
			return OUTCOME_FAILED;
		}
		if (!world_count_live(w, LIVE_TRIAL))
			return OUTCOME_DONE; /* perhaps it is this one: install_again */
		fail(EBUSY, "cannot install: the trial of %s runs; confirm it with cowboot "
		     "mark-good or refuse it with cowboot mark-bad", rec->version_to);
		return OUTCOME_PHASE;
	case PHASE_MERGING:
		fail(EBUSY, "cannot install: %s is being merged; cowboot merge --wait waits for "
		     "its end", rec->version_to);
		return OUTCOME_PHASE;
	case PHASE_PROVING:
		fail(EBUSY, "cannot install: %s is merged, and not proven yet; cowboot merge --wait "
		     "proves it", rec->version_to);
		return OUTCOME_PHASE;
	case PHASE_STAGING:
		log_note("dropping an install of %s that was cut", rec->version_to);
		return settle_record(w, RESULT_CANCELLED, REASON_INSTALL_CUT, "") ?
		       OUTCOME_FAILED : OUTCOME_DONE;
	default:
		return OUTCOME_DONE;
	}
}
