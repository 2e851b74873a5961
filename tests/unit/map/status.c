/* SPDX-License-Identifier: MIT */
/*
 * Status lines as 5.10, 6.1 and 6.12 print them (dm-snap.c, snapshot_status: the same text in all
 * three), and what must not pass for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "map/status.h"

static struct snap_status parsed(const char *line)
{
	struct snap_status status = { .state = SNAP_UNKNOWN };

	assert_int_equal(status_parse(line, &status), 0);
	return status;
}

static void numbers(void **unused)
{
	struct snap_status status = parsed("56032/56048 224");

	(void)unused;
	assert_int_equal(status.state, SNAP_OK);
	assert_int_equal(status.allocated_sectors, 56032);
	assert_int_equal(status.total_sectors, 56048);
	assert_int_equal(status.metadata_sectors, 224);
	assert_false(status_merge_done(&status));
}

static void words(void **unused)
{
	(void)unused;
	assert_int_equal(parsed("Invalid").state, SNAP_INVALID);
	assert_int_equal(parsed("Merge failed").state, SNAP_MERGE_FAILED);
	assert_int_equal(parsed("Overflow").state, SNAP_OVERFLOW);
	assert_int_equal(parsed("Unknown").state, SNAP_UNKNOWN);
}

static void strangers(void **unused)
{
	static const char *const lines[] = {
		"", " ", "invalid", "Merge failed ", "Merge", "16", "16/32", "16/32 ",
		"16/32 16 ", "16/32 16 8", " 16/32 16", "16/ 32 16", "-1/32 16", "16/32 0x10",
		"8/32 16", "18446744073709551616/32 16", "16/32 16\n",
	};
	struct snap_status status = { .allocated_sectors = 77 };

	(void)unused;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(status_parse(lines[i], &status), -EINVAL);
	assert_int_equal(status.allocated_sectors, 77);
}

static void done(void **unused)
{
	struct snap_status status = parsed("16/4096 16");

	(void)unused;
	assert_true(status_merge_done(&status));
	assert_int_equal(status_exceptions(&status, 8), 0);
	status = parsed("Merge failed");
	assert_false(status_merge_done(&status));
	status = parsed("Invalid");
	assert_false(status_merge_done(&status));
}

/*
 * What the kernel says of a store with n exceptions in order: next_free is one behind the last data
 * chunk, and behind the area if it stands there; metadata are header and every area up to the one
 * that ends the list (persistent_usage).
 */
static void counts(void **unused)
{
	static const uint32_t chunks[] = { 1, 8, 32, 128 };

	(void)unused;
	for (size_t c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++) {
		uint64_t entries = chunks[c] * 512 / 16;

		for (uint64_t n = 0; n < 3 * entries + 3; n++) {
			uint64_t next_free = n ? 2 + (n - 1) + (n - 1) / entries + 1 : 2;
			struct snap_status status = { .state = SNAP_OK };

			if ((next_free - 1) % (entries + 1) == 0)
				next_free++;
			status.allocated_sectors = next_free * chunks[c];
			status.metadata_sectors = (2 + n / entries) * chunks[c];
			assert_int_equal(status_exceptions(&status, chunks[c]), n);
			assert_int_equal(status_merge_done(&status), n == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(words),
		cmocka_unit_test(strangers),
		cmocka_unit_test(done),
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
