/* SPDX-License-Identifier: MIT */
/* What a board takes by release and day, and what its clock has to do with it (src/update/release.c). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail	/* cmocka's; the one of base/fail.h is meant */

#include "base/fail.h"
#include "base/sys.h"
#include "update/release.h"

#define RELEASE(epoch, number) (UINT64_C(epoch) << 32 | (number))
#define DAY UINT64_C(86400)
#define TODAY 20787u	/* 2026-11-30 */

static struct world world;
static struct conf conf;
static uint64_t wall_s;
static bool synced;

uint64_t sys_wall_s(void)
{
	return wall_s;
}

bool sys_wall_synced(void)
{
	return synced;
}

static int check(uint64_t release, uint32_t expires_day, bool allow)
{
	const struct bundle_manifest manifest = { .release = release, .expires_day = expires_day };

	world.conf = &conf;
	return release_check(&world, &manifest, allow);
}

static void begin(uint64_t floor)
{
	conf = (struct conf){ .allow_downgrade = false };
	world.record.releases = (struct record_releases){ .floor = floor, .newest = floor };
	wall_s = TODAY * DAY + 3600;
	synced = true;
}

static void without_a_floor_all_is_taken(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(check(0, 0, false), 0);
	assert_int_equal(check(1, 0, false), 0);
}

static void none_below_the_floor(void **state)
{
	(void)state;
	begin(RELEASE(1, 40));
	assert_int_equal(check(RELEASE(1, 40), 0, false), 0);
	assert_int_equal(check(RELEASE(1, 41), 0, false), 0);
	assert_int_equal(check(RELEASE(2, 0), 0, false), 0);
	assert_int_equal(check(RELEASE(1, 39), 0, false), -EPERM);
	assert_string_equal(fail_text(), "its release is 1.39, and this board takes none below 1.40; "
			    "cowboot.conf has no \"allow-downgrade yes\"");
	assert_int_equal(check(RELEASE(0, 4294967295), 0, false), -EPERM);
	assert_int_equal(check(0, 0, false), -EPERM);
	assert_string_equal(fail_text(), "it has no release, and this board takes none below 1.40; "
			    "cowboot.conf has no \"allow-downgrade yes\"");
}

/* It takes both: the board's word, and the person's. */
static void a_downgrade_that_is_meant(void **state)
{
	(void)state;
	begin(RELEASE(1, 40));
	assert_int_equal(check(RELEASE(1, 39), 0, true), -EPERM);
	conf.allow_downgrade = true;
	assert_int_equal(check(RELEASE(1, 39), 0, false), -EPERM);
	assert_string_equal(fail_text(), "its release is 1.39, and this board takes none below 1.40; "
			    "--allow-downgrade takes it all the same");
	assert_int_equal(check(RELEASE(1, 39), 0, true), 0);
	assert_int_equal(check(0, 0, true), 0);
	/* Of what has expired it says nothing. */
	assert_int_equal(check(RELEASE(1, 39), TODAY - 1, true), -EPERM);
}

static void an_expiry_by_a_clock_that_is_right(void **state)
{
	(void)state;
	begin(0);
	assert_int_equal(check(1, TODAY, false), 0);
	wall_s = (TODAY + 1) * DAY - 1;
	assert_int_equal(check(1, TODAY, false), 0);
	wall_s++;
	assert_int_equal(check(1, TODAY, false), -EPERM);
	assert_string_equal(fail_text(), "it has expired: it was to be installed until 2026-11-30, and today is "
			    "2026-12-01");
	wall_s = UINT64_MAX;
	assert_int_equal(check(1, TODAY, false), -EPERM);
}

/* One that was never set, that nobody keeps right, or that a bundle is newer than. */
static void a_clock_that_may_be_wrong_keeps_nobody(void **state)
{
	(void)state;
	begin(0);
	assert_true(release_clock_right(&world.record, wall_s));
	synced = false;
	assert_false(release_clock_right(&world.record, wall_s));
	assert_int_equal(check(1, TODAY - 1, false), 0);
	synced = true;
	assert_int_equal(check(1, TODAY - 1, false), -EPERM);
	world.record.releases.newest_day = TODAY + 1;
	assert_int_equal(check(1, TODAY - 1, false), 0);
	world.record.releases.newest_day = TODAY;
	assert_int_equal(check(1, TODAY - 1, false), -EPERM);
	world.record.releases.newest_day = 0;
	wall_s = 0;
	assert_int_equal(check(1, 1, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_floor_all_is_taken),
		cmocka_unit_test(none_below_the_floor),
		cmocka_unit_test(a_downgrade_that_is_meant),
		cmocka_unit_test(an_expiry_by_a_clock_that_is_right),
		cmocka_unit_test(a_clock_that_may_be_wrong_keeps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
