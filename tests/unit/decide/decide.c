/* SPDX-License-Identifier: MIT */
/*
 * What must hold of decide() whatever the facts, each rule by itself and in its own words; and that every
 * chain of failures ends.  The table itself: table.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decide/plan.h"
#include "facts.h"

typedef void rule(const struct facts *f, const struct plan *p);

static void for_all_facts(rule *check)
{
	unsigned value[DIMENSIONS] = { 0 };

	do {
		const struct facts facts = facts_of(value);
		const struct plan plan = decide(&facts);

		check(&facts, &plan);
	} while (next_value(value, 0));
}

static bool in_phase(const struct facts *f, enum fact_phase phase)
{
	return f->record == FACT_RECORD_GOOD && f->phase == phase;
}

static void check_plan_is_whole(const struct facts *f, const struct plan *p)
{
	const bool boots = p->then == THEN_BOOT, maps = p->map != MAP_NOTHING;

	(void)f;
	assert_true(p->persist < PERSIST_COUNT && p->map < PLAN_MAP_COUNT && p->then < PLAN_THEN_COUNT);
	assert_non_null(reason_code(p->reason));
	assert_true(strlen(reason_text(p->reason)) > 10 && strlen(reason_text(p->reason)) <= 70);
	assert_int_equal(boots, maps);		/* what boots is mapped, and nothing else is */
	if (p->then == THEN_RECOVERY)
		assert_int_equal(p->persist, PERSIST_NOTHING);
	if (p->then == THEN_REBOOT)	/* something has changed, or it would loop */
		assert_true(p->persist == PERSIST_REVERT || p->persist == PERSIST_DROP ||
			    p->persist == PERSIST_SLOT || p->persist == PERSIST_ASK ||
			    p->persist == PERSIST_BACK);
}

static void every_plan_is_whole(void **state)
{
	(void)state;
	for_all_facts(check_plan_is_whole);
}

/* I10: a boot loader that does not heed us is not rebooted for. */
static void check_loader(const struct facts *f, const struct plan *p)
{
	if (p->persist == PERSIST_SLOT || p->persist == PERSIST_ASK ||
	    (p->persist == PERSIST_DROP && p->then == THEN_REBOOT))
		assert_true(f->loader_heeds && f->kernel != FACT_KERNEL_UNKNOWN);
	/* Under the wrong kernel a trial is not tried, and an idle boot says so. */
	if (f->kernel != FACT_KERNEL_WRONG || p->then != THEN_BOOT)
		return;
	if (in_phase(f, FACT_TRIAL))
		assert_int_equal(p->map, MAP_LINEAR);
	if (in_phase(f, FACT_IDLE) && f->failed != FACT_FAILED_SAVE)
		assert_int_equal(p->reason, REASON_LOADER_UNTOLD);
}

static void a_deaf_loader_is_not_rebooted_for(void **state)
{
	(void)state;
	for_all_facts(check_loader);
}

/* I1, I5 */
static void check_trial(const struct facts *f, const struct plan *p)
{
	const bool tries = in_phase(f, FACT_TRIAL) && p->map == MAP_SNAPSHOT;

	assert_int_equal(tries, p->persist == PERSIST_SPEND);
	if (tries) {
		assert_true(f->tries_left && !f->refused && f->volumes_present);
		assert_int_equal(f->stores, FACT_STORES_WHOLE);
		assert_int_not_equal(f->kernel, FACT_KERNEL_WRONG);
		assert_int_equal(f->failed, FACT_FAILED_NOTHING);
	}
	if (p->persist == PERSIST_REVERT)
		assert_true(in_phase(f, FACT_TRIAL));
}

static void a_trial_spends_a_try_first(void **state)
{
	(void)state;
	for_all_facts(check_trial);
}

/* I6: an origin is written to only while merging. I2: by a merge whose stores were found whole. */
static void check_merge(const struct facts *f, const struct plan *p)
{
	if (p->map == MAP_MERGE)
		assert_true(in_phase(f, FACT_MERGING) && f->stores == FACT_STORES_WHOLE &&
			    f->kernel_flushes && f->failed == FACT_FAILED_NOTHING);
	if (p->map == MAP_SNAPSHOT)
		assert_true(in_phase(f, FACT_TRIAL) || in_phase(f, FACT_MERGING));
	/* I14: what can be proven is not ended by a boot, which proves nothing. */
	if (p->persist == PERSIST_FINISH)
		assert_true(in_phase(f, FACT_MERGING) && f->stores == FACT_STORES_EMPTY &&
			    f->proof == FACT_PROOF_NONE);
	if (p->persist == PERSIST_DROP)
		assert_true(in_phase(f, FACT_STAGING));
}

static void only_merging_merges(void **state)
{
	(void)state;
	for_all_facts(check_merge);
}

/* I3 */
static void check_no_bare_origin(const struct facts *f, const struct plan *p)
{
	if (!in_phase(f, FACT_MERGING))
		return;
	if (p->map == MAP_LINEAR)
		assert_int_equal(f->stores, FACT_STORES_EMPTY);
	assert_true(p->then == THEN_RECOVERY || p->persist == PERSIST_MEND || p->persist == PERSIST_FINISH ||
		    p->persist == PERSIST_BACK);
	/* What is kept covers what the merge has written: the next boot maps it. */
	assert_int_equal(p->then == THEN_REBOOT, p->persist == PERSIST_BACK);
}

static void merging_maps_no_bare_origin(void **state)
{
	(void)state;
	for_all_facts(check_no_bare_origin);
}

/* I15, I12: nothing of a merge is mapped before it is mended, and nothing at all when that fails. */
static void check_mended(const struct facts *f, const struct plan *p)
{
	const bool merged = in_phase(f, FACT_MERGING) || in_phase(f, FACT_PROVING);

	if (merged && p->map != MAP_NOTHING)
		assert_true(p->persist == PERSIST_MEND || p->persist == PERSIST_FINISH);
	if (p->persist == PERSIST_MEND)
		assert_true(merged && p->then == THEN_BOOT && f->failed != FACT_FAILED_MEND);
	if (merged && f->failed == FACT_FAILED_MEND)
		assert_int_equal(p->then, THEN_RECOVERY);
	if ((in_phase(f, FACT_PROVING) || (in_phase(f, FACT_MERGING) && f->stores == FACT_STORES_EMPTY)) &&
	    f->proof == FACT_PROOF_SPENT)
		assert_int_equal(p->then, THEN_RECOVERY);
	if (merged && f->proof == FACT_PROOF_BACK && f->stores != FACT_STORES_WHOLE)
		assert_int_equal(p->map, MAP_NOTHING);
	if (p->persist == PERSIST_BACK)
		assert_true(merged && f->proof == FACT_PROOF_BACK && f->failed == FACT_FAILED_NOTHING &&
			    p->map == MAP_NOTHING && p->then == THEN_REBOOT);
	if (in_phase(f, FACT_PROVING))
		assert_true(p->map == MAP_NOTHING || p->map == MAP_LINEAR);
}

static void what_was_merged_is_mended_first(void **state)
{
	(void)state;
	for_all_facts(check_mended);
}

/* I3: nothing else has a say in it. */
static void merging_beats_slot_and_tries(void **state)
{
	unsigned value[DIMENSIONS] = { 0 };

	(void)state;
	do {
		struct facts f = facts_of(value), g = f;
		struct plan p, q;

		if (!in_phase(&f, FACT_MERGING))
			continue;
		g.kernel = FACT_KERNEL_UNKNOWN;
		g.loader_heeds = false;
		g.tries_left = true;
		g.refused = false;
		p = decide(&f);
		q = decide(&g);
		assert_true(p.persist == q.persist && p.map == q.map && p.then == q.then);
	} while (next_value(value, 0));
}

/* I4 */
static void check_unreadable(const struct facts *f, const struct plan *p)
{
	const bool unusable = f->record == FACT_RECORD_DAMAGED || f->record == FACT_RECORD_ABSENT;

	if (!unusable && !f->recovery_asked)
		return;
	assert_int_equal(p->persist, PERSIST_NOTHING);
	assert_int_equal(p->map, MAP_NOTHING);
	assert_int_equal(p->then, THEN_RECOVERY);
}

static void unreadable_or_asked_is_recovery(void **state)
{
	(void)state;
	for_all_facts(check_unreadable);
}

/* I11 */
static void check_quiet(const struct facts *f, const struct plan *p)
{
	if (f->record != FACT_RECORD_NEW && !in_phase(f, FACT_IDLE))
		assert_int_not_equal(p->persist, PERSIST_TALLY);
	/* But for the loader's state, where that is wrong. */
	else if (p->persist == PERSIST_SLOT)
		assert_true(f->record == FACT_RECORD_GOOD && f->kernel == FACT_KERNEL_WRONG &&
			    f->loader_heeds && f->failed == FACT_FAILED_NOTHING && p->then == THEN_REBOOT);
	else if (f->idle != FACT_IDLE_COUNT)
		assert_int_equal(p->persist, PERSIST_NOTHING);
	else
		assert_int_equal(p->persist == PERSIST_TALLY,
				 p->then == THEN_BOOT && f->failed == FACT_FAILED_NOTHING);
}

static void an_idle_boot_writes_nothing(void **state)
{
	(void)state;
	for_all_facts(check_quiet);
}

/* I10: whoever would be left standing there without a person comes back by itself where it can. */
static void check_way_back(const struct facts *f, const struct plan *p)
{
	if (f->recovery_asked || f->failed != FACT_FAILED_NOTHING || !f->volumes_present)
		return;
	if (f->idle >= FACT_IDLE_SPENT && (f->record == FACT_RECORD_NEW || in_phase(f, FACT_IDLE))) {
		assert_int_equal(p->then, THEN_RECOVERY);
		return;
	}
	if (f->record == FACT_RECORD_NEW || in_phase(f, FACT_IDLE) || in_phase(f, FACT_STAGING) ||
	    (in_phase(f, FACT_TRIAL) && !f->misplaced))
		assert_int_not_equal(p->then, THEN_RECOVERY);
	/* The origin's kernel is the other one, and a reboot brings it. */
	if (in_phase(f, FACT_TRIAL) && p->map == MAP_LINEAR)
		assert_int_not_equal(f->kernel, FACT_KERNEL_RIGHT);
	if ((in_phase(f, FACT_IDLE) || in_phase(f, FACT_STAGING)) && p->map == MAP_LINEAR)
		assert_false(f->kernel == FACT_KERNEL_WRONG && f->loader_heeds);
}

/* I13: at a wrong place nothing is mapped, and nothing ends but what a person has refused. */
static void check_places(const struct facts *f, const struct plan *p)
{
	if (!f->misplaced || f->record != FACT_RECORD_GOOD || f->phase < FACT_TRIAL)
		return;
	assert_int_equal(p->map, MAP_NOTHING);
	if (f->refused && f->phase == FACT_TRIAL && p->persist != PERSIST_NOTHING)
		assert_true(p->persist == PERSIST_REVERT && p->then == THEN_REBOOT);
	else
		assert_true(p->persist == PERSIST_NOTHING && p->then == THEN_RECOVERY);
}

static void a_wrong_place_ends_nothing(void **state)
{
	(void)state;
	for_all_facts(check_places);
}

/* I12: a volume that is not there would be missing, or another's contents would stand in its place. */
static void check_all_or_nothing(const struct facts *f, const struct plan *p)
{
	if (!f->volumes_present || f->failed == FACT_FAILED_ORIGIN)
		assert_int_not_equal(p->then, THEN_BOOT);
}

static void what_cannot_be_whole_is_not_booted(void **state)
{
	(void)state;
	for_all_facts(check_all_or_nothing);
}

static void nothing_but_need_leads_to_recovery(void **state)
{
	(void)state;
	for_all_facts(check_way_back);
}

/* What the caller makes of a plan that was durable: src/init/persist.c. */
static struct facts after_persist(const struct facts *f, const struct plan *p)
{
	struct facts next = *f;

	if (p->persist == PERSIST_DROP || p->persist == PERSIST_REVERT || p->persist == PERSIST_FINISH)
		next.phase = FACT_IDLE;
	return next;
}

/* Follows every way a plan can fail. Returns the plans the longest chain has. */
static unsigned follow(const struct facts *f, unsigned plans_before)
{
	static const enum fact_failed map_failures[] = {
		FACT_FAILED_MAP, FACT_FAILED_MOUNT, FACT_FAILED_INIT,
	};
	const struct plan plan = decide(f);
	unsigned longest = plans_before + 1;
	struct facts next;

	assert_true(longest <= PLANS_MAX);
	if (plan.persist != PERSIST_NOTHING) {
		unsigned plans;

		next = *f;
		next.failed = plan.persist == PERSIST_SLOT ? FACT_FAILED_SLOT :
			      plan.persist == PERSIST_MEND ? FACT_FAILED_MEND : FACT_FAILED_SAVE;
		plans = follow(&next, plans_before + 1);
		longest = plans > longest ? plans : longest;
	}
	for (unsigned i = 0; i < 3 && plan.map != MAP_NOTHING; i++) {
		unsigned plans;

		next = after_persist(f, &plan);
		next.failed = plan.map == MAP_LINEAR ? FACT_FAILED_ORIGIN : map_failures[i];
		plans = follow(&next, plans_before + 1);
		longest = plans > longest ? plans : longest;
	}
	return longest;
}

static void every_chain_of_failures_ends(void **state)
{
	unsigned value[DIMENSIONS] = { 0 }, longest = 0;

	(void)state;
	do {
		const struct facts facts = facts_of(value);
		unsigned plans = follow(&facts, 0);

		/* From the middle of a boot too, though no boot gets there by itself. */
		longest = plans > longest ? plans : longest;
	} while (next_value(value, 0));
	assert_int_equal(longest, PLANS_MAX);
}

/* Where the record can be written, three are enough. */
static void a_trial_that_fails_boots_the_origin_at_once(void **state)
{
	struct facts f = { .record = FACT_RECORD_GOOD, .phase = FACT_TRIAL, .tries_left = true,
			   .kernel = FACT_KERNEL_UNKNOWN,
			   .volumes_present = true, .kernel_flushes = true };
	struct plan p = decide(&f);

	(void)state;
	assert_int_equal(p.map, MAP_SNAPSHOT);
	f.failed = FACT_FAILED_MOUNT;
	p = decide(&f);
	assert_int_equal(p.persist, PERSIST_REVERT);
	assert_int_equal(p.map, MAP_LINEAR);
	assert_int_equal(p.then, THEN_BOOT);
	f = after_persist(&f, &p);
	f.failed = FACT_FAILED_ORIGIN;
	p = decide(&f);
	assert_int_equal(p.then, THEN_RECOVERY);
}

static void everything_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < PERSIST_COUNT; i++)
		assert_string_not_equal(persist_name((enum plan_persist)i), "unknown");
	for (int i = 0; i < PLAN_MAP_COUNT; i++)
		assert_string_not_equal(map_name((enum plan_map)i), "unknown");
	for (int i = 0; i < PLAN_THEN_COUNT; i++)
		assert_string_not_equal(then_name((enum plan_then)i), "unknown");
	assert_string_equal(persist_name(PERSIST_COUNT), "unknown");
	assert_string_equal(map_name(PLAN_MAP_COUNT), "unknown");
	assert_string_equal(then_name(PLAN_THEN_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plan_is_whole),
		cmocka_unit_test(a_deaf_loader_is_not_rebooted_for),
		cmocka_unit_test(a_trial_spends_a_try_first),
		cmocka_unit_test(only_merging_merges),
		cmocka_unit_test(merging_maps_no_bare_origin),
		cmocka_unit_test(what_was_merged_is_mended_first),
		cmocka_unit_test(merging_beats_slot_and_tries),
		cmocka_unit_test(unreadable_or_asked_is_recovery),
		cmocka_unit_test(an_idle_boot_writes_nothing),
		cmocka_unit_test(what_cannot_be_whole_is_not_booted),
		cmocka_unit_test(a_wrong_place_ends_nothing),
		cmocka_unit_test(nothing_but_need_leads_to_recovery),
		cmocka_unit_test(every_chain_of_failures_ends),
		cmocka_unit_test(a_trial_that_fails_boots_the_origin_at_once),
		cmocka_unit_test(everything_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
