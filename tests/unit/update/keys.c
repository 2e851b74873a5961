/* SPDX-License-Identifier: MIT */
/* The board's keys: which files count, and what stands in the way. */
#include "../cow/memory.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../bundle/keys.h"
#include "conf/conf.h"
#include "update/keys.h"

static char dir[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/keys.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_what_counts(void **state)
{
	struct trust t = { 0 };

	(void)state;
	put("a.pub", golden("one.pub").text);
	put("b.pub", golden("two.pub").text);
	put("again.pub", golden("two.pub").text);
	put("c.key", golden("three.key").text);
	put(".pub", "no name");
	put("README", "no key");
	assert_int_equal(keys_read(dir, &t), 0);
	assert_int_equal(t.count, 2);
}

static void test_none(void **state)
{
	struct trust t = { 0 };

	(void)state;
	assert_int_equal(keys_read("/nowhere", &t), 0);
	assert_int_equal(keys_read(dir, &t), 0);
	assert_int_equal(t.count, 0);
	assert_int_equal(keys_read("/dev/null", &t), -ENOTDIR);
	assert_string_equal(fail_text(), "cannot read the keys in /dev/null: Not a directory");
}

/* A damaged key, or one that is gone, is not one key less that is asked for. */
static void test_broken(void **state)
{
	struct trust t = { 0 };
	char path[128], want[256];

	(void)state;
	put("a.pub", "x");
	assert_int_equal(keys_read(dir, &t), -EBADMSG);
	snprintf(want, sizeof(want), "cannot use key %s/a.pub: it is no public key of minisign", dir);
	assert_string_equal(fail_text(), want);
	snprintf(path, sizeof(path), "%s/a.pub", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(keys_read(dir, &t), -ENOENT);
	snprintf(want, sizeof(want), "cannot read key %s/a.pub: No such file or directory", dir);
	assert_string_equal(fail_text(), want);
}

/* This machine has no folder of keys. */
static void test_what_is_needed(void **state)
{
	struct conf conf;
	struct trust t;

	(void)state;
	conf_defaults(&conf);
	assert_int_equal(keys_load(&conf, &t), -EKEYREJECTED);
	assert_non_null(strstr(fail_text(), "this board wants 1 signature and has 0 public keys: put keys into "));
	conf.signatures = 3;
	assert_int_equal(keys_load(&conf, &t), -EKEYREJECTED);
	assert_non_null(strstr(fail_text(), "wants 3 signatures"));
	conf.take_unsigned = true;
	assert_int_equal(keys_load(&conf, &t), 0);
	assert_int_equal(t.needed, 0);
	memset(&conf, 0, sizeof(conf));	/* one that could not be used */
	assert_int_equal(keys_load(&conf, &t), -EKEYREJECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_counts, begin, end),
		cmocka_unit_test_setup_teardown(test_none, begin, end),
		cmocka_unit_test_setup_teardown(test_broken, begin, end),
		cmocka_unit_test(test_what_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
