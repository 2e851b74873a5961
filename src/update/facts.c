/* SPDX-License-Identifier: MIT */
/*
 * Gathering: the record and the stores as facts for decide().  Must never write to
 * any disk, map or mount anything, or wait for a lock: a look has no effects.  Holds I5
 * through store_check.
 */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "update/kept.h"
#include "update/places.h"
#include "update/proof.h"
#include "update/slots.h"
#include "update/store.h"

_Static_assert((int)FACT_IDLE == (int)PHASE_IDLE && (int)FACT_STAGING == (int)PHASE_STAGING &&
		       (int)FACT_TRIAL == (int)PHASE_TRIAL &&
		       (int)FACT_MERGING == (int)PHASE_MERGING &&
		       (int)FACT_PROVING == (int)PHASE_PROVING &&
		       (int)FACT_PHASE_COUNT == (int)PHASE_COUNT,
	       "decide's phases are the record's");

static enum fact_stores worse(enum fact_stores a, enum fact_stores b)
{
	return a > b ? a : b;
}

static enum fact_stores judge_store(struct world *w, unsigned v)
{
	const struct part *origin;
	struct cow_found found;
	int rc;

	/* Without its partition nothing is mapped; that is a fact of its own. */
	rc = places_origin(w, v, &origin);
	if (rc < 0 && rc != -ENODEV)
		return FACT_STORES_DAMAGED;
	rc = store_compare(w, v);
	if (rc == -EXDEV || rc == -ELOOP)
		w->misplaced = true;	/* another folder, or a link in its place */
	if (rc < 0)
		return rc == -ENOENT ? FACT_STORES_MISSING : FACT_STORES_DAMAGED;
	rc = store_is_there(w, v);
	if (rc < 0)
		return FACT_STORES_MISSING;
	rc = store_check(w, v, &found);
	if (rc < 0)
		return FACT_STORES_DAMAGED;
	w->store_left[v] = found.exceptions;
	log_info("store of %s: %llu of %llu exceptions, %llu runs", w->record.volume[v].name,
		 (unsigned long long)found.exceptions,
		 (unsigned long long)w->record.volume[v].exceptions,
		 (unsigned long long)found.runs);
	/* In trial an unchanged volume's store is rightly empty: the count has been compared. */
	if (found.exceptions == 0 && w->record.phase == PHASE_MERGING)
		return FACT_STORES_EMPTY;
	return FACT_STORES_WHOLE;
}

static enum fact_stores judge_stores(struct world *w)
{
	enum fact_stores all = FACT_STORES_WHOLE;
	bool every_empty = true;

	for (unsigned v = 0; v < w->record.volume_count; v++) {
		enum fact_stores one = judge_store(w, v);

		/* A revert or recovery is too much for one read that failed. */
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
	}
	if (every_empty && w->record.volume_count > 0)
		return FACT_STORES_EMPTY;
	return all;
}

/*
 * Whether the boot loader had no say in this boot: it would start the update's kernel, and counts that
 * before it does.  One that was asked once more and has started another kernel cannot start that one,
 * or cannot count (I10).
 */
static bool was_passed_by(const struct world *w)
{
	return w->loader.state.health == LOADER_GOOD && w->loader.state.slots.trial == w->record.slot &&
	       w->loader.state.slots.tries_left && !w->record.recovery.reboots;
}

static enum fact_kernel judge_kernel(const struct world *w)
{
	const struct record *rec = &w->record;
	bool is_update = rec->phase != PHASE_IDLE && rec->phase != PHASE_STAGING;
	char right = is_update ? rec->slot : slots_configured(w->conf) ? rec->slot_old : 0;

	if (!w->conf->slot || !right)
		return FACT_KERNEL_UNKNOWN;
	return right == w->conf->slot ? FACT_KERNEL_RIGHT : FACT_KERNEL_WRONG;
}

/*
 * Whether the boot loader will start the other kernel when it is told, or in a trial asked, by a
 * reboot.  One that was told for good and has started this kernel all the same will do so again.  And
 * in idle, after one reboot for its sake it does not count as heeding: reboots must not go on for ever,
 * whatever becomes of what it is told (I10).
 */
static bool judge_loader(const struct world *w, enum fact_kernel kernel)
{
	if (w->record.phase == PHASE_TRIAL && kernel == FACT_KERNEL_WRONG)
		return was_passed_by(w);
	if (!slots_tellable(w) || slots_told(w))
		return false;
	return kernel != FACT_KERNEL_WRONG || !w->record.recovery.reboots;
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

/* What the board would go back to by itself is looked at whole before it counts. */
static bool goes_back(const struct world *w)
{
	if (!w->conf->turns_back || !w->record.kept.volume_count || w->misplaced)
		return false;
	if (!kept_check(w) && !kept_check_data(w))
		return true;
	log_warn("cannot go back to %s: %s", w->record.kept.version, fail_text());
	return false;
}

static enum fact_proof judge_proof(const struct world *w)
{
	if (proof_is_spent(&w->record))
		return goes_back(w) ? FACT_PROOF_BACK : FACT_PROOF_SPENT;
	return proof_can_be(&w->record) ? FACT_PROOF_DUE : FACT_PROOF_NONE;
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
	if (w->loader.state.health != LOADER_GOOD)
		return "";
	if (!w->loader.state.slots.trial)
		return "it was not told to try the new one";
	if (!w->loader.state.slots.tries_left)
		return "it cannot load the new one, or has tried it as often as it may";
	return "it was asked again, and cannot start the new one or count its tries";
}

void world_facts(struct world *w, struct facts *ret_facts)
{
	const enum fact_kernel kernel = judge_kernel(w);
	char release[WORLD_RELEASE_MAX];
	struct facts facts = {
		.record = judge_record(w),
		.phase = (enum fact_phase)w->record.phase,
		.refused = w->record.refused[0] != 0,
		.tries_left = w->record.tries_left > 0,
		.stores = FACT_STORES_WHOLE,
		.kernel = kernel,
		.loader_heeds = judge_loader(w, kernel),
		.idle = judge_idle(w),
		.proof = judge_proof(w),
		.failed = FACT_FAILED_NOTHING,
		.volumes_present = true,
		.recovery_asked = w->conf->ask_recovery || w->record.recovery.asked,
	};

	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (!w->has_volume[i])
			facts.volumes_present = false;
	facts.kernel_flushes = world_may_merge(w->conf, release);
	w->stores_why[0] = 0;
	if (facts.proof == FACT_PROOF_SPENT || facts.proof == FACT_PROOF_BACK)
		proof_differing(&w->record, w->stores_why, sizeof(w->stores_why));
	if (facts.record == FACT_RECORD_GOOD && !w->misplaced &&
	    (facts.phase == FACT_TRIAL || facts.phase == FACT_MERGING))
		facts.stores = judge_stores(w);
	/* The record cannot be saved, whatever a plan asks for; and without that no update goes on. */
	if ((w->copies.read_only || w->write_protected || w->meta_part.write_protected) &&
	    facts.phase != FACT_IDLE)
		facts.failed = FACT_FAILED_SAVE;
	facts.misplaced = w->misplaced;
	if (facts.phase == FACT_TRIAL && kernel == FACT_KERNEL_WRONG && !facts.loader_heeds &&
	    !w->stores_why[0])
		snprintf(w->stores_why, sizeof(w->stores_why), "%s", passed_over(w));
	*ret_facts = facts;
}
