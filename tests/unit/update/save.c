/* SPDX-License-Identifier: MIT */
/* The one way to save the record: saved first, believed after, and only by who holds the lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "../state/disk.h"
#include "update/world.h"

static struct world world;
static struct conf conf;

static int begin(void **state)
{
	(void)state;
	disk_zero();
	world_blank(&world, &conf);
	world.meta = meta;
	return copies_load(&world.meta, &world.record, &world.copies);
}

static int edit_and_save(void)
{
	struct record *next = world_edit(&world);

	next->recovery.idle_boots = 7;
	assert_int_equal(world.record.recovery.idle_boots, 0);
	return world_save(&world, next);
}

static uint32_t on_the_medium(void)
{
	static struct record rec;
	struct copies copies;

	assert_int_equal(copies_load(&meta, &rec, &copies), 0);
	return rec.recovery.idle_boots;
}

static void believed_after(void **state)
{
	(void)state;
	assert_int_equal(edit_and_save(), 0);
	assert_int_equal(world.record.recovery.idle_boots, 7);
	assert_int_equal(on_the_medium(), 7);
}

/* Of what half a save has left and what comes next, no two copies share a generation. */
static void save_another_and_cut(unsigned k)
{
	static struct record rec;
	struct record *next = world_edit(&world);
	struct copies copies;

	next->recovery.idle_boots = 9;
	disk_listen(4 + k % 3);
	(void)world_save(&world, next);
	disk_listen(0);
	assert_int_equal(copies_load(&meta, &rec, &copies), 0);
	assert_int_not_equal(copies.health, RECORD_DAMAGED);
	next = world_edit(&world);
	next->recovery.idle_boots = 9;
	assert_int_equal(world_save(&world, next), 0);
	assert_int_equal(on_the_medium(), 9);
}

/* Whichever call fails: what is believed is what was. */
static void not_believed_when_it_fails(void **state)
{
	unsigned failed = 0;

	for (unsigned k = 1; k < 100; k++) {
		assert_int_equal(begin(state), 0);
		disk_listen(k);
		if (edit_and_save() == 0)
			break;
		failed++;
		assert_int_equal(world.record.recovery.idle_boots, 0);
		save_another_and_cut(k);
	}
	assert_true(failed > 2);
	assert_int_equal(world.record.recovery.idle_boots, 7);
}

static void only_with_the_lock(void **state)
{
	static const enum world_access accesses[] = { WORLD_CHANGE, WORLD_FORCE };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
		world.access = accesses[i];
		world.lock_fd = -1;
		assert_int_equal(edit_and_save(), -ENOLCK);
	}
	assert_int_equal(on_the_medium(), 0);
	world.lock_fd = 1000;
	assert_int_equal(edit_and_save(), 0);
}

static void never_by_who_looks(void **state)
{
	(void)state;
	world.access = WORLD_LOOK;
	world.lock_fd = 1000;
	assert_int_equal(edit_and_save(), -EPERM);
	assert_int_equal(on_the_medium(), 0);
	assert_int_equal(world.record.recovery.idle_boots, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(believed_after, begin),
		cmocka_unit_test(not_believed_when_it_fails),
		cmocka_unit_test_setup(only_with_the_lock, begin),
		cmocka_unit_test_setup(never_by_who_looks, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
