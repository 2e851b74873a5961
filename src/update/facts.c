/* SPDX-License-Identifier: MIT */
/*
 * Gathering: the record and the stores as facts for decide().  Must never write to any disk, and
 * must never map anything but stores, linear.  Holds I5 through store_check.
 */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "map/dm.h"
#include "storage/storefile.h"
#include "update/slots.h"
#include "update/store.h"

_Static_assert((int)FACT_IDLE == (int)PHASE_IDLE && (int)FACT_STAGING == (int)PHASE_STAGING &&
		       (int)FACT_TRIAL == (int)PHASE_TRIAL &&
		       (int)FACT_MERGING == (int)PHASE_MERGING &&
		       (int)FACT_PHASE_COUNT == (int)PHASE_COUNT,
	       "decide's phases are the record's");

/* Whether the file still lies where the record says. Unknown (data not mounted) is not a refusal:
 * the store's mark decides then, for a merge must go on without the file system (I3). */
static int compare_file(const struct world *w, unsigned v)
{
	const struct record_volume *vol = &w->record.volume[v];
	char dir[CONF_PATH_MAX + 16];
	int rc;

	if (w->record.store_place != STORE_IN_FILES || !w->data_dir)
		return 0;
	rc = world_store_dir(w, dir, sizeof(dir));
	if (rc < 0)
		return rc;
	return storefile_compare(dir, vol->name, w->data_part.start_sectors,
				 w->data_part.io_min_bytes, &w->record.extent[vol->extent_first],
				 vol->extent_count);
}

/* The volume's own partition must be the one the update was made for. */
static int compare_origin(const struct world *w, unsigned v)
{
	const struct record_volume *vol = &w->record.volume[v];
	int i = world_volume(w, v);

	if (i < 0)
		return fail(EINVAL,
			    "the update replaces %s, which this board's configuration has not",
			    vol->name);
	if (w->has_volume[i] && w->volume_part[i].size_sectors != vol->volume_sectors)
		return fail(ESTALE, "%s has %llu sectors, the update was installed for %llu",
			    w->volume_part[i].path,
			    (unsigned long long)w->volume_part[i].size_sectors,
			    (unsigned long long)vol->volume_sectors);
	return 0;
}

static enum fact_stores worse(enum fact_stores a, enum fact_stores b)
{
	return a > b ? a : b;
}

static enum fact_stores judge_store(const struct world *w, unsigned v)
{
	struct cow_found found;
	struct map_disk disk;
	int rc;

	rc = compare_origin(w, v);
	if (rc < 0)
		return FACT_STORES_DAMAGED;
	rc = compare_file(w, v);
	if (rc < 0)
		return rc == -ENOENT ? FACT_STORES_MISSING : FACT_STORES_DAMAGED;
	rc = store_map(w, v, &disk);
	if (rc < 0)
		return FACT_STORES_MISSING;
	rc = store_check(w, v, &found);
	if (rc < 0)
		return FACT_STORES_DAMAGED;
	log_info("store of %s: %llu of %llu exceptions, %llu runs", w->record.volume[v].name,
		 (unsigned long long)found.exceptions,
		 (unsigned long long)w->record.volume[v].exceptions,
		 (unsigned long long)found.runs);
	/* In trial an unchanged volume's store is rightly empty: the count has been compared. */
	if (found.exceptions == 0 && w->record.phase == PHASE_MERGING)
		return FACT_STORES_EMPTY;
	return FACT_STORES_WHOLE;
}

static bool is_mapped(const char *volume)
{
	struct dm_state state;
	char name[STORE_NAME_MAX];

	store_name(name, volume);
	return dm_state(name, &state) == 0;
}

static enum fact_stores judge_stores(struct world *w, bool keep)
{
	enum fact_stores all = FACT_STORES_WHOLE;
	bool every_empty = true;

	for (unsigned v = 0; v < w->record.volume_count; v++) {
		bool was_mapped = is_mapped(w->record.volume[v].name);
		enum fact_stores one = judge_store(w, v);

		/* A revert or the recovery is too much for one read that failed. */
		if (one > FACT_STORES_EMPTY)
			one = judge_store(w, v);
		if (one > FACT_STORES_EMPTY) {
			if (!w->stores_why[0])
				snprintf(w->stores_why, sizeof(w->stores_why), "%.*s",
					 (int)sizeof(w->stores_why) - 1, fail_text());
			log_warn("%s", fail_text());
			all = worse(all, one);
		}
		if (one != FACT_STORES_EMPTY)
			every_empty = false;
		if (!keep && !was_mapped && store_unmap(w->record.volume[v].name) < 0)
			log_warn("%s", fail_text());
	}
	if (every_empty && w->record.volume_count > 0)
		return FACT_STORES_EMPTY;
	return all;
}

/*
 * Whether this kernel is that of the system that should boot.  A loader that was told the right slot
 * and started another one will do so again: then there is no point in telling it once more (I10).
 */
static enum fact_slot judge_slot(const struct world *w)
{
	const struct record *rec = &w->record;
	char slot = w->conf->slot;

	if (!slot)
		return FACT_SLOT_NONE;
	if (rec->phase == PHASE_TRIAL || rec->phase == PHASE_MERGING) {
		if (!rec->slot)
			return FACT_SLOT_NONE;
		return rec->slot == slot ? FACT_SLOT_TRIAL : FACT_SLOT_OTHER;
	}
	if (!slots_configured(w->conf) || !rec->slot_old)
		return FACT_SLOT_NONE;
	if (rec->slot_old == slot)
		return FACT_SLOT_OTHER;
	return slots_told(w) ? FACT_SLOT_NONE : FACT_SLOT_TRIAL;
}

static enum fact_idle judge_idle(const struct world *w)
{
	const struct record_recovery *recovery = &w->record.recovery;

	if (recovery->partial[0][0])
		return FACT_IDLE_PARTIAL;
	if (!w->conf->recovery_after)
		return FACT_IDLE_QUIET;
	return recovery->idle_boots < w->conf->recovery_after ? FACT_IDLE_COUNT : FACT_IDLE_SPENT;
}

static enum fact_record judge_record(const struct world *w)
{
	if (!w->has_meta || w->meta.fd < 0)
		return FACT_RECORD_ABSENT;
	switch (w->copies.health) {
	case RECORD_GOOD:
		return FACT_RECORD_GOOD;
	case RECORD_NEW:
		return FACT_RECORD_NEW;
	case RECORD_DAMAGED:
		break;
	}
	return FACT_RECORD_DAMAGED;
}

/* Why the old kernel runs while a new one is on trial. */
static const char *passed_over(const struct world *w)
{
	if (w->slots.health != BOOTBLOCK_GOOD)
		return "";
	if (!w->slots.block.trial)
		return "it was not told to try the new one";
	if (!w->slots.block.tries_left)
		return "it has tried the new one as often as it may";
	return "it cannot start the new one";
}

void world_facts(struct world *w, bool keep, struct facts *ret_facts)
{
	char release[128] = "";
	struct facts facts = {
		.record = judge_record(w),
		.phase = (enum fact_phase)w->record.phase,
		.refused = w->record.refused[0] != 0,
		.tries_left = w->record.tries_left > 0,
		.stores = FACT_STORES_WHOLE,
		.slot = judge_slot(w),
		.idle = judge_idle(w),
		.failed = FACT_FAILED_NOTHING,
		.volumes_present = true,
		.recovery_asked = w->conf->ask_recovery || w->record.recovery.asked,
	};

	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (!w->has_volume[i])
			facts.volumes_present = false;
	if (sys_kernel_release(release, sizeof(release)) == 0)
		facts.kernel_flushes = world_kernel_flushes(release);
	w->stores_why[0] = 0;
	if (facts.record == FACT_RECORD_GOOD &&
	    (facts.phase == FACT_TRIAL || facts.phase == FACT_MERGING))
		facts.stores = judge_stores(w, keep);
	if (facts.phase == FACT_TRIAL && facts.slot == FACT_SLOT_OTHER && !w->stores_why[0])
		snprintf(w->stores_why, sizeof(w->stores_why), "%s", passed_over(w));
	*ret_facts = facts;
}
