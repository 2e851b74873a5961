/* SPDX-License-Identifier: MIT */
/* What recovery notes before a whole image is written: which volumes are not whole (I12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include <errno.h>
#include <stdio.h>

#include "../state/disk.h"
#include "update/transition.h"

static struct world world;
static struct conf conf;

static void configure(const char *const *names, unsigned count)
{
	memset(&conf, 0, sizeof(conf));
	conf.volume_count = count;
	for (unsigned i = 0; i < count; i++)
		snprintf(conf.volume[i].name, sizeof(conf.volume[i].name), "%s", names[i]);
}

static int begin(void **state)
{
	static const char *const names[] = { "system", "oem" };

	(void)state;
	disk_zero();
	configure(names, 2);
	world_blank(&world, &conf);
	world.access = WORLD_BOOT;
	world.meta = meta;
	return copies_load(&world.meta, &world.record, &world.copies);
}

/* By name, with a space behind each, in the order of the record. */
static void assert_partial(const char *expected)
{
	static struct record rec;
	struct copies copies;
	char text[512] = "";

	assert_int_equal(copies_load(&meta, &rec, &copies), 0);
	for (unsigned i = 0; i < RECORD_VOLUMES_MAX && rec.recovery.partial[i][0]; i++) {
		strcat(text, rec.recovery.partial[i]);
		strcat(text, " ");
	}
	assert_string_equal(text, expected);
}

static void put_whole(const char *volume)
{
	disk_listen(0);
	assert_int_equal(update_partial(&world, volume), 0);
	assert_int_equal(update_whole(&world, volume, "1", "image"), 0);
}

static void the_one_that_is_written(void **state)
{
	(void)state;
	assert_int_equal(update_partial(&world, "oem"), 0);
	assert_partial("oem ");
	disk_listen(0);
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_partial("oem system ");
	put_whole("oem");
	assert_partial("system ");
	put_whole("system");
	assert_partial("");
}

/* Where it lies nobody can tell any more: any of those that there are may be it, until all are whole. */
static void one_that_the_configuration_has_not(void **state)
{
	(void)state;
	assert_int_equal(record_set_partial(&world.record, "vendor"), 0);
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_partial("system oem ");
	put_whole("system");
	assert_partial("oem ");
	put_whole("oem");
	assert_partial("");
}

/* The list is full of names that nobody knows, and the configuration has as many others. */
static void all_of_them_unknown(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	char old[8];

	(void)state;
	configure(names, 8);
	for (unsigned i = 0; i < RECORD_VOLUMES_MAX; i++) {
		snprintf(old, sizeof(old), "old%u", i);
		assert_int_equal(record_set_partial(&world.record, old), 0);
	}
	assert_int_equal(update_partial(&world, "c"), 0);
	assert_partial("a b c d e f g h ");
}

/* The same of an update that was being merged under a configuration that has other names. */
static void merged_under_other_names(void **state)
{
	struct record *rec = &world.record;

	(void)state;
	rec->phase = PHASE_MERGING;
	rec->volume_count = 2;
	strcpy(rec->volume[0].name, "system");
	strcpy(rec->volume[1].name, "vendor");
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_partial("system oem ");
}

/* The place of the system is forgotten with its update; so one that is elsewhere keeps it pending (I13). */
static void a_system_that_is_elsewhere(void **state)
{
	struct record *rec = &world.record;

	(void)state;
	rec->volume_count = 1;
	strcpy(rec->volume[0].name, "system");
	world.volume_misplaced = world.volume_replaced[0] = true;
	rec->phase = PHASE_TRIAL;
	assert_int_equal(update_partial(&world, "system"), -ESTALE);
	rec->phase = PHASE_MERGING;
	world.volume_replaced[0] = false;
	assert_int_equal(update_partial(&world, "system"), -ESTALE);
	assert_partial("");
	/* Nothing but an image onto what is there now leads out of this. */
	world.volume_replaced[0] = true;
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_partial("system ");
	assert_int_equal(rec->phase, PHASE_IDLE);
}

/* Of two volumes each must be there, at its place or in another. */
static void one_of_two_is_elsewhere(void **state)
{
	struct record *rec = &world.record;

	(void)state;
	rec->volume_count = 2;
	strcpy(rec->volume[0].name, "system");
	strcpy(rec->volume[1].name, "oem");
	rec->phase = PHASE_MERGING;
	world.volume_misplaced = world.volume_replaced[0] = true;
	assert_int_equal(update_partial(&world, "system"), -ESTALE);
	world.has_volume[1] = true;
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_partial("system oem ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_one_that_is_written, begin),
		cmocka_unit_test_setup(one_that_the_configuration_has_not, begin),
		cmocka_unit_test_setup(all_of_them_unknown, begin),
		cmocka_unit_test_setup(merged_under_other_names, begin),
		cmocka_unit_test_setup(a_system_that_is_elsewhere, begin),
		cmocka_unit_test_setup(one_of_two_is_elsewhere, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
