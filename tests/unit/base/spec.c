/* SPDX-License-Identifier: MIT */
/* Names of partitions: the three forms, and that names of file systems are refused by name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/fail.h"
#include "base/spec.h"

static void good(const char *spec, enum spec_kind want_kind, const char *want_value)
{
	enum spec_kind kind;
	const char *value;

	assert_int_equal(spec_parse(spec, &kind, &value), 0);
	assert_int_equal(kind, want_kind);
	assert_string_equal(value, want_value);
}

static void bad(const char *spec, const char *want_text)
{
	enum spec_kind kind = (enum spec_kind)77;
	const char *value = NULL;

	assert_int_equal(spec_parse(spec, &kind, &value), -EINVAL);
	assert_string_equal(fail_text(), want_text);
	assert_int_equal(kind, 77);
	assert_null(value);
}

static void test_good(void **state)
{
	(void)state;
	good("PARTLABEL=system", SPEC_PARTLABEL, "system");
	good("PARTLABEL=a=b", SPEC_PARTLABEL, "a=b");
	good("PARTLABEL=123456789012345678901234567890123456", SPEC_PARTLABEL,
	     "123456789012345678901234567890123456");
	good("PARTUUID=0FC63DAF-8483-4772-8e79-3d69d8477de4", SPEC_PARTUUID,
	     "0FC63DAF-8483-4772-8e79-3d69d8477de4");
	good("PARTUUID=1a2b3c4d-02", SPEC_PARTUUID, "1a2b3c4d-02");
	good("/dev/vda3", SPEC_PATH, "/dev/vda3");
	good("/dev/disk/by-partlabel/x", SPEC_PATH, "/dev/disk/by-partlabel/x");
}

static void test_bad(void **state)
{
	(void)state;
	bad("UUID=1-2", "cannot use UUID=1-2: the partition and its snapshot both carry it; "
	    "use PARTLABEL= or PARTUUID=");
	bad("LABEL=x", "cannot use LABEL=x: the partition and its snapshot both carry it; "
	    "use PARTLABEL= or PARTUUID=");
	bad("/dev/disk/by-uuid/1-2", "cannot use /dev/disk/by-uuid/1-2: the partition and its snapshot "
	    "both carry it; use PARTLABEL= or PARTUUID=");
	bad("/dev/disk/by-label/x", "cannot use /dev/disk/by-label/x: the partition and its snapshot "
	    "both carry it; use PARTLABEL= or PARTUUID=");
	bad("", "cannot use : not PARTLABEL=, PARTUUID= or /dev/PATH");
	bad("vda3", "cannot use vda3: not PARTLABEL=, PARTUUID= or /dev/PATH");
	bad("/sys/vda3", "cannot use /sys/vda3: not PARTLABEL=, PARTUUID= or /dev/PATH");
	bad("/dev/", "cannot use /dev/: not the path of a device");
	bad("/dev/../etc/x", "cannot use /dev/../etc/x: not the path of a device");
	bad("/dev/mapper/x", "cannot use /dev/mapper/x: a device-mapper device is no partition");
	bad("/dev/dm-3", "cannot use /dev/dm-3: a device-mapper device is no partition");
	bad("PARTLABEL=", "cannot use PARTLABEL=: a label has 1 to 36 characters");
	bad("PARTLABEL=1234567890123456789012345678901234567",
	    "cannot use PARTLABEL=1234567890123456789012345678901234567: "
	    "a label has 1 to 36 characters");
	bad("PARTUUID=", "cannot use PARTUUID=: not the UUID of a partition");
	bad("PARTUUID=1a2b3c4d-2", "cannot use PARTUUID=1a2b3c4d-2: not the UUID of a partition");
	bad("PARTUUID=1a2b3c4d-02/PARTNROFF=1",
	    "cannot use PARTUUID=1a2b3c4d-02/PARTNROFF=1: not the UUID of a partition");
	bad("PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477deg",
	    "cannot use PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477deg: "
	    "not the UUID of a partition");
}

static void test_same(void **state)
{
	(void)state;
	assert_true(spec_same("PARTUUID=1A2b3c4d-02", "PARTUUID=1a2B3C4D-02"));
	assert_true(spec_same("PARTLABEL=a", "PARTLABEL=a"));
	assert_false(spec_same("PARTLABEL=a", "PARTLABEL=A"));
	assert_false(spec_same("PARTUUID=1a2b3c4d-02", "PARTUUID=1a2b3c4d-03"));
	assert_false(spec_same("PARTLABEL=a", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
