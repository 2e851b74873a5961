/* SPDX-License-Identifier: MIT */
/*
 * Which choices the menu of recovery gives for which facts, and what it says: over every phase, every
 * health of the record and every plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/model.h"

static struct record rec;

static struct view a_view(enum phase phase)
{
	memset(&rec, 0, sizeof(rec));
	rec.phase = phase;
	rec.tries_left = 2;
	rec.tries_total = 3;
	strcpy(rec.version_from, "1");
	strcpy(rec.version_to, "2");
	return (struct view){ .board = "b", .reason = "the reason", .detail = "", .configured = true,
			      .meta = true, .copies = { .health = RECORD_GOOD }, .record = &rec,
			      .plan = { PERSIST_NOTHING, MAP_LINEAR, THEN_BOOT, REASON_NOTHING_PENDING },
			      .data = true, .checker = true, .shell = true, .changes = true };
}

static bool can(const struct view *v, enum choice choice)
{
	return choice_refused(v, choice) == NULL;
}

/* What is always there: nobody is left standing before a dead screen. */
static void check_ways_out(const struct view *v)
{
	assert_true(can(v, CHOICE_AGAIN) && can(v, CHOICE_REBOOT) && can(v, CHOICE_POWEROFF));
	assert_true(can(v, CHOICE_LOGS));
	/* Nor does a locked board that knows none of its disks write to any. */
	assert_int_equal(can(v, CHOICE_SAVE), v->configured || v->changes);
}

static void for_all_views(void (*check)(const struct view *v))
{
	static const enum record_health healths[] = { RECORD_GOOD, RECORD_NEW, RECORD_DAMAGED };

	for (int phase = 0; phase < PHASE_COUNT; phase++)
		for (int map = 0; map < PLAN_MAP_COUNT; map++)
			for (int bits = 0; bits < 128; bits++)
				for (int h = 0; h < 3; h++) {
					struct view v = a_view((enum phase)phase);

					v.copies.health = healths[h];
					if (healths[h] != RECORD_GOOD)
						rec.phase = PHASE_IDLE;
					v.plan.map = (enum plan_map)map;
					v.plan.then = map ? THEN_BOOT : THEN_RECOVERY;
					if (map == MAP_LINEAR && phase == PHASE_MERGING)
						v.plan.persist = bits & 1 ? PERSIST_FINISH : PERSIST_MEND;
					if (map == MAP_LINEAR && phase == PHASE_PROVING)
						v.plan.persist = PERSIST_MEND;
					v.configured = bits & 1;
					v.meta = bits & 2;
					v.data = bits & 4;
					v.checker = bits & 8;
					v.shell = bits & 16;
					if (bits & 32)
						rec.slot = 'b';
					v.changes = bits & 64;
					check(&v);
				}
}

static void check_any(const struct view *v)
{
	static char text[16384];
	struct text_out out;
	const bool known = v->configured && v->meta && v->copies.health != RECORD_DAMAGED;
	const enum phase phase = known ? v->record->phase : PHASE_IDLE;
	const bool merged = phase == PHASE_MERGING || phase == PHASE_PROVING;
	const bool sound = v->plan.map == MAP_MERGE || v->plan.persist == PERSIST_FINISH ||
			   (v->plan.map == MAP_LINEAR && v->plan.persist == PERSIST_MEND);

	check_ways_out(v);
	assert_int_equal(view_known(v), known);
	/* I4 */
	if (!known)
		assert_false(can(v, CHOICE_REVERT) || can(v, CHOICE_MERGE) || can(v, CHOICE_INSTALL) ||
			     can(v, CHOICE_IMAGE));
	assert_int_equal(can(v, CHOICE_ANEW), v->changes && v->configured && v->meta &&
						      v->copies.health == RECORD_DAMAGED);
	if (!v->changes)
		assert_false(can(v, CHOICE_INSTALL) || can(v, CHOICE_IMAGE));
	/* I3: while the stores can be merged, nothing else touches a volume. */
	if (merged)
		assert_false(can(v, CHOICE_REVERT) || can(v, CHOICE_INSTALL) ||
			     (can(v, CHOICE_IMAGE) && (sound || v->plan.then != THEN_RECOVERY)));
	assert_int_equal(can(v, CHOICE_MERGE), merged && sound);
	assert_int_equal(can(v, CHOICE_REVERT), phase == PHASE_TRIAL || phase == PHASE_STAGING);
	assert_int_equal(can(v, CHOICE_SHELL), v->shell);
	/* What may lose something says so. */
	if (can(v, CHOICE_IMAGE))
		assert_non_null(choice_loss(v, CHOICE_IMAGE));
	if (can(v, CHOICE_ANEW))
		assert_non_null(choice_loss(v, CHOICE_ANEW));
	if (phase == PHASE_TRIAL)
		assert_non_null(choice_loss(v, CHOICE_REVERT));
	/* And all of it fits, with a line for each choice. */
	text_begin(&out, text, sizeof(text));
	view_text(v, &out);
	view_choices(v, &out);
	assert_false(out.full);
	assert_non_null(strstr(text, "No system was started: the reason."));
	for (int i = 0; i < CHOICE_ANEW; i++)
		assert_non_null(strstr(text, choice_word((enum choice)i)));
	/* Nothing is claimed of an update that nobody can know of. */
	if (!known)
		assert_null(strstr(text, "No update is pending."));
}

static void choices_follow_the_facts(void **state)
{
	(void)state;
	for_all_views(check_any);
}

static void a_partial_volume_takes_an_image_only(void **state)
{
	struct view v = a_view(PHASE_IDLE);
	static char text[16384];
	struct text_out out;

	(void)state;
	assert_true(can(&v, CHOICE_INSTALL));
	strcpy(rec.recovery.partial[0], "vendor");
	assert_false(can(&v, CHOICE_INSTALL));
	assert_true(can(&v, CHOICE_IMAGE));
	text_begin(&out, text, sizeof(text));
	view_text(&v, &out);
	assert_non_null(strstr(text, "The image of vendor was not written whole."));
	assert_null(strstr(text, "The configuration has no volume"));
	v.unknown = rec.recovery.partial[0];
	text_begin(&out, text, sizeof(text));
	view_text(&v, &out);
	assert_non_null(strstr(text, "The configuration has no volume vendor"));
	assert_non_null(strstr(choice_loss(&v, CHOICE_IMAGE), "every other volume needs an image"));
}

/* I13: the record forgets its places with the update, so that none is ended by an image. */
static void no_image_while_a_volume_is_another(void **state)
{
	(void)state;
	for (int phase = 0; phase < PHASE_COUNT; phase++) {
		struct view v = a_view((enum phase)phase);

		v.plan = (struct plan){ PERSIST_NOTHING, MAP_NOTHING, THEN_RECOVERY, REASON_MISPLACED };
		assert_true(can(&v, CHOICE_IMAGE));
		v.volume_misplaced = true;
		assert_int_equal(can(&v, CHOICE_IMAGE), phase == PHASE_IDLE);
		v.volume_replaced = phase == PHASE_MERGING;
		assert_int_equal(can(&v, CHOICE_IMAGE), phase == PHASE_IDLE || phase == PHASE_MERGING);
	}
}

static void a_refused_trial_is_not_refused_again(void **state)
{
	struct view v = a_view(PHASE_TRIAL);

	(void)state;
	assert_true(can(&v, CHOICE_REVERT));
	strcpy(rec.refused, "the fan is loud");
	assert_false(can(&v, CHOICE_REVERT));
}

/* It is tried from idle, and amid a merge it is for good; a trial has its own way back. */
static void what_is_kept_can_be_had(void **state)
{
	(void)state;
	for (int phase = 0; phase < PHASE_COUNT; phase++) {
		struct view v = a_view((enum phase)phase);
		static struct record with;

		v.changes = true;
		record_copy(&with, v.record);
		assert_false(can(&v, CHOICE_BACK));
		with.kept.volume_count = 1;
		v.record = &with;
		assert_int_equal(can(&v, CHOICE_BACK), phase == PHASE_IDLE || phase == PHASE_MERGING ||
							       phase == PHASE_PROVING);
		if (can(&v, CHOICE_BACK))
			assert_int_equal(choice_loss(&v, CHOICE_BACK) != NULL, phase != PHASE_IDLE);
		v.changes = false;
		assert_false(can(&v, CHOICE_BACK));
	}
}

static void numbers_and_words_are_choices(void **state)
{
	enum choice choice;
	char number[8];

	(void)state;
	for (int i = 0; i < CHOICE_COUNT; i++) {
		snprintf(number, sizeof(number), "%d", i + 1);
		assert_int_equal(choice_parse(number, &choice), 0);
		assert_int_equal(choice, i);
		assert_int_equal(choice_parse(choice_word((enum choice)i), &choice), 0);
		assert_int_equal(choice, i);
	}
	choice = CHOICE_MERGE;
	assert_int_equal(choice_parse("0", &choice), -EINVAL);
	assert_int_equal(choice_parse("14", &choice), -EINVAL);
	assert_int_equal(choice_parse("", &choice), -EINVAL);
	assert_int_equal(choice_parse("1 ", &choice), -EINVAL);
	assert_int_equal(choice_parse("Merge", &choice), -EINVAL);
	assert_int_equal(choice, CHOICE_MERGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_follow_the_facts),
		cmocka_unit_test(a_partial_volume_takes_an_image_only),
		cmocka_unit_test(no_image_while_a_volume_is_another),
		cmocka_unit_test(a_refused_trial_is_not_refused_again),
		cmocka_unit_test(what_is_kept_can_be_had),
		cmocka_unit_test(numbers_and_words_are_choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
