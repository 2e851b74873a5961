/* SPDX-License-Identifier: MIT */
/*
 * What the kernel counts in a store as its table is loaded, and whose a device is, over single steps
 * that stand for src/map/task.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "map/dm.h"
#include "map/task.h"

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

static const char *loaded;
static bool is_there, runs, ours, other_blocks;
static unsigned removed;

void dm_setup(void)
{
}

const char *task_target_word(enum dm_target target)
{
	return target == DM_SNAPSHOT ? "snapshot" : "snapshot-merge";
}

int task_create(const char *name)
{
	(void)name;
	if (is_there)
		return fail(EBUSY, "busy");
	is_there = ours = true;
	return 0;
}

int task_load(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
	      const char *params)
{
	(void)name, (void)readonly, (void)target, (void)size_sectors, (void)params;
	return 0;
}

int task_load_pieces(const char *name, bool readonly, struct map_disk disk,
		     const struct extent *pieces, unsigned count)
{
	(void)name, (void)readonly, (void)disk, (void)pieces, (void)count;
	return 0;
}

int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count)
{
	(void)name, (void)disk, (void)pieces, (void)count;
	return other_blocks ? -ESTALE : 0;
}

int task_resume(const char *name)
{
	(void)name;
	runs = true;
	return 0;
}

int task_clear(const char *name)
{
	(void)name;
	return 0;
}

int task_remove(const char *name)
{
	(void)name;
	if (!is_there)
		return -ENXIO;
	is_there = false;
	removed++;
	return 0;
}

int task_look(const char *name, enum task_what what, struct task_look *ret_look)
{
	(void)name;
	if (!is_there)
		return -ENXIO;
	*ret_look = (struct task_look){ .size_sectors = 800, .ours = ours, .target = "linear",
					.disk = { 253, 7 } };
	if (what == TASK_LOADED)
		strcpy(ret_look->params, loaded);
	return 0;
}

static int snapshot(uint64_t exceptions, const char *status)
{
	is_there = runs = false;
	loaded = status;
	return dm_snapshot("system", true, true, 800, (struct map_disk){ 254, 4 },
			   (struct map_disk){ 253, 1 }, 8, exceptions, NULL);
}

static void fewer_never_run(void **state)
{
	static const char *const bad[] = { "16/48 16", "24/48 16", "Invalid", "Overflow", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(snapshot(2, bad[i]), -ESTALE);
		assert_false(is_there || runs);
	}
	snapshot(2, "16/48 16");
	assert_string_equal(fail_text(), "cannot use the store of system: it has 2 exceptions, the kernel found 0");
}

static void as_many_run(void **state)
{
	(void)state;
	assert_int_equal(snapshot(2, "32/48 16"), 0);
	assert_true(is_there && runs);
	assert_int_equal(snapshot(2, "40/48 16"), 0);	/* with a hole */
	assert_int_equal(snapshot(0, "16/48 16"), 0);
}

/* Somebody's device that happens to be called as ours would be. */
static void anothers_is_left_alone(void **state)
{
	const struct extent piece = { 0, 800 };
	const struct map_disk disk = { 254, 5 };
	struct map_disk found = { 0, 0 };
	struct dm_state seen;

	(void)state;
	is_there = true;
	ours = other_blocks = false;
	removed = 0;
	assert_int_equal(dm_state("system-store", &seen), 0);
	assert_false(seen.ours);
	assert_int_equal(dm_is_linear("system-store", disk, &piece, 1, &found), -EEXIST);
	assert_int_equal(dm_linear("system-store", false, disk, &piece, 1, &found), -EEXIST);
	assert_string_equal(fail_text(), "cannot use the device system-store: one of that name is "
			    "there, and it is not cowboot's");
	assert_int_equal(dm_snapshot("system", true, false, 800, disk, disk, 8, 0, NULL), -EEXIST);
	assert_int_equal(dm_remove("system-store"), 0);
	assert_true(is_there && removed == 0 && found.major == 0);
	/* Ours is used, where it lies as it should, and goes. */
	ours = true;
	assert_int_equal(dm_is_linear("system-store", disk, &piece, 1, &found), 0);
	assert_int_equal(found.minor, 7);
	other_blocks = true;
	assert_int_equal(dm_is_linear("system-store", disk, &piece, 1, &found), -ESTALE);
	assert_int_equal(dm_linear("system-store", false, disk, &piece, 1, &found), -EEXIST);
	assert_string_equal(fail_text(), "cannot create device system-store: it is there already");
	assert_int_equal(dm_remove("system-store"), 0);
	assert_true(!is_there && removed == 1);
	assert_int_equal(dm_is_linear("system-store", disk, &piece, 1, &found), -ENXIO);
	assert_int_equal(dm_remove("system-store"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fewer_never_run),
		cmocka_unit_test(as_many_run),
		cmocka_unit_test(anothers_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
