/* SPDX-License-Identifier: MIT */
/* Uevents from sysfs and from netlink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/uevent.h"

static void test_value(void **state)
{
	static const char text[] = "MAJOR=254\nDEVNAME=vda3\nPARTN=3\nPARTNAME=a=b c\nPARTUUID=x";
	char buf[16] = "old";

	(void)state;
	assert_true(uevent_value(text, strlen(text), "DEVNAME", buf, sizeof(buf)));
	assert_string_equal(buf, "vda3");
	assert_true(uevent_value(text, strlen(text), "PARTNAME", buf, sizeof(buf)));
	assert_string_equal(buf, "a=b c");
	assert_true(uevent_value(text, strlen(text), "PARTUUID", buf, sizeof(buf)));
	assert_string_equal(buf, "x");
	assert_false(uevent_value(text, strlen(text), "NAME", buf, sizeof(buf)));
	assert_false(uevent_value(text, strlen(text), "PART", buf, sizeof(buf)));
	assert_string_equal(buf, "x");
}

static void test_bounds(void **state)
{
	char buf[5], *text = malloc(9), *key = malloc(3);

	(void)state;
	assert_non_null(text);
	assert_non_null(key);
	memcpy(text, "KEY=12345", 9);
	memcpy(key, "KEY", 3);
	assert_false(uevent_value(key, 3, "KEY", buf, 5));
	free(key);
	assert_false(uevent_value(text, 9, "KEY", buf, 5));
	assert_true(uevent_value(text, 8, "KEY", buf, 5));
	assert_string_equal(buf, "1234");
	assert_true(uevent_value(text, 4, "KEY", buf, 5));
	assert_string_equal(buf, "");
	assert_false(uevent_value(text, 3, "KEY", buf, 5));
	assert_false(uevent_value(text, 0, "KEY", buf, 5));
	free(text);
}

#define MSG(text) text, sizeof(text) - 1

static void test_block(void **state)
{
	(void)state;
	assert_true(uevent_is_new_block(MSG("add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0")));
	assert_true(uevent_is_new_block(MSG("x\0SUBSYSTEM=block\0ACTION=change")));
	assert_false(uevent_is_new_block(MSG("x\0ACTION=remove\0SUBSYSTEM=block\0")));
	assert_false(uevent_is_new_block(MSG("x\0ACTION=add\0SUBSYSTEM=net\0")));
	assert_false(uevent_is_new_block(MSG("x\0ACTION=add\0SUBSYSTEM=blocks\0")));
	assert_false(uevent_is_new_block(MSG("x\0SUBSYSTEM=block\0")));
	assert_false(uevent_is_new_block(MSG("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
