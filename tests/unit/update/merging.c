/* SPDX-License-Identifier: MIT */
/* The merge's percent and its watcher's pauses, and what a device counts as (src/update/merging.c, live.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "update/live.h"
#include "update/merging.h"

static void percent(void **unused)
{
	(void)unused;
	assert_int_equal(merging_percent(0, 0), 100);
	assert_int_equal(merging_percent(1000, 1000), 0);
	assert_int_equal(merging_percent(1000, 0), 100);
	assert_int_equal(merging_percent(1000, 630), 37);
	assert_int_equal(merging_percent(1000, 5), 99);
	/* Not 100 before the end, however little is left. */
	assert_int_equal(merging_percent(UINT64_MAX, 1), 99);
	assert_int_equal(merging_percent(UINT64_MAX, UINT64_MAX / 2), 50);
	/* A count that the record does not bear out. */
	assert_int_equal(merging_percent(8, 16), 0);
}

static void pauses(void **unused)
{
	(void)unused;
	/* Nothing is merged yet: the longer that lasts, the longer the next sleep. */
	assert_int_equal(merging_pause_ms(1000, 1000, 0), 5);
	assert_int_equal(merging_pause_ms(1000, 1000, 100), 50);
	assert_int_equal(merging_pause_ms(1000, 1000, 100000), 200);
	/* Half of what will still be needed. */
	assert_int_equal(merging_pause_ms(1000, 900, 30), 135);
	assert_int_equal(merging_pause_ms(1000, 900, 100), 200);
	assert_int_equal(merging_pause_ms(1000, 500, 100), 50);
	assert_int_equal(merging_pause_ms(1000, 1, 10000), 5);
	assert_int_equal(merging_pause_ms(1000, 0, 10000), 5);
	/* What no count should be. */
	assert_int_equal(merging_pause_ms(8, 16, 100), 50);
	assert_int_equal(merging_pause_ms(UINT64_MAX, UINT64_MAX - 1, 100), 200);
	assert_int_equal(merging_pause_ms(1000, 999, UINT64_MAX), 200);
}

static struct dm_state device(enum dm_target target, const char *table)
{
	struct dm_state state = { .target = target, .ours = true };

	snprintf(state.table, sizeof(state.table), "%s", table);
	return state;
}

static void judged(void **unused)
{
	const struct map_disk origin = { 259, 3 }, store = { 254, 1 };
	static const struct {
		enum dm_target target;
		const char *table;
		enum live live;
	} cases[] = {
		{ DM_LINEAR, "259:3 0", LIVE_ORIGIN },
		{ DM_LINEAR, "259:3 2048", LIVE_OTHER },
		{ DM_LINEAR, "259:30 0", LIVE_OTHER },
		{ DM_LINEAR, "259:3 254:1 P 8", LIVE_OTHER },
		{ DM_SNAPSHOT, "259:3 254:1 P 8", LIVE_TRIAL },
		{ DM_SNAPSHOT, "259:3 254:1 PO 8", LIVE_OTHER },
		{ DM_SNAPSHOT, "259:3 254:1 N 8", LIVE_OTHER },
		{ DM_SNAPSHOT, "259:3 254:1 P 16", LIVE_OTHER },
		{ DM_SNAPSHOT, "259:3 254:2 P 8", LIVE_OTHER },
		{ DM_SNAPSHOT, "259:4 254:1 P 8", LIVE_OTHER },
		{ DM_SNAPSHOT, "", LIVE_OTHER },
		{ DM_SNAPSHOT_MERGE, "259:3 254:1 P 8", LIVE_MERGE },
		{ DM_SNAPSHOT_MERGE, "259:3 254:2 P 8", LIVE_OTHER },
		{ DM_OTHER, "259:3 254:1 P 8", LIVE_OTHER },
		{ DM_OTHER, "", LIVE_OTHER },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dm_state state = device(cases[i].target, cases[i].table);

		assert_int_equal(live_judge(&state, origin, store, 8), cases[i].live);
		/* Whatever it lies over: a device of that name that is not cowboot's. */
		state.ours = false;
		assert_int_equal(live_judge(&state, origin, store, 8), LIVE_OTHER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent), cmocka_unit_test(pauses),
		cmocka_unit_test(judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
