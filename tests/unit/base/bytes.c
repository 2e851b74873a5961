/* SPDX-License-Identifier: MIT */
/* Little-endian, whatever the machine is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

static void test_order(void **state)
{
	uint8_t buf[8] = { 1, 2, 3, 0x84, 5, 6, 7, 0x88 };

	(void)state;
	assert_true(get_le32(buf) == 0x84030201);
	assert_true(get_le64(buf) == 0x8807060584030201);
}

static void test_there_and_back(void **state)
{
	uint8_t buf[10] = { 0 };

	(void)state;
	put_le64(buf + 1, 0xfedcba9876543210);
	assert_true(get_le64(buf + 1) == 0xfedcba9876543210);
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[9], 0);
	put_le32(buf + 1, 0xdeadbeef);
	assert_true(get_le64(buf + 1) == 0xfedcba98deadbeef);
}

static void test_zero(void **state)
{
	uint8_t buf[33] = { 0 };

	(void)state;
	assert_true(bytes_are_zero(buf, 0));
	assert_true(bytes_are_zero(buf, 33));
	buf[32] = 1;
	assert_true(bytes_are_zero(buf, 32));
	assert_false(bytes_are_zero(buf, 33));
}

static void test_same(void **state)
{
	uint8_t a[40] = { 0 }, b[40] = { 0 };

	(void)state;
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; from + len <= sizeof(a); len++) {
			assert_true(bytes_are_same(a + from, b + from, len));
			for (size_t at = 0; at < sizeof(a); at++) {
				b[at] = 0x80;
				assert_int_equal(bytes_are_same(a + from, b + from, len),
						 at < from || at >= from + len);
				b[at] = 0;
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
