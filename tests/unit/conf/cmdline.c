/* SPDX-License-Identifier: MIT */
/* Kernel command lines over a configuration, against tests/golden/conf/cmdline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"

static char got[16384];

static void add(const char *mark, const char *line)
{
	assert_true(strlen(got) + strlen(line) + 4 < sizeof(got));
	(void)strcat(strcat(strcat(got, mark), line), "\n");
}

static void warn(const char *line)
{
	add("! ", line);
}

/* Adds every line of after that is not in before. */
static void add_changes(char *before, char *after)
{
	char *line;

	while ((line = golden_line(&after))) {
		char whole[512];

		(void)snprintf(whole, sizeof(whole), "%s\n", line);
		if (!strstr(before, whole))
			add("+ ", line);
	}
}

/* What one command line does: changes first, then warnings, as in the golden file. */
static void lay(const char *cmdline)
{
	struct conf conf;
	const char *text = golden("small.conf");
	char *before, warnings[sizeof(got)];

	assert_int_equal(conf_parse(text, strlen(text), &conf), 0);
	conf.overrides = *cmdline != '!';
	before = golden_printed(&conf);
	got[0] = '\0';
	conf_cmdline(&conf, cmdline + !conf.overrides, warn);
	(void)snprintf(warnings, sizeof(warnings), "%s", got);
	got[0] = '\0';
	add_changes(before, golden_printed(&conf));
	(void)strcat(got, warnings);
}

static void test_golden(void **state)
{
	static char want[16384];
	char *cursor = golden("cmdline"), *line;
	char *file = malloc(GOLDEN_MAX);
	int cases = 0;

	(void)state;
	assert_non_null(file);
	cursor = strcpy(file, cursor);
	got[0] = '\0';
	while ((line = golden_line(&cursor))) {
		if (strncmp(line, "$ ", 2) == 0) {
			assert_string_equal(got, want);
			print_message("%s\n", line);
			lay(line + 2);
			want[0] = '\0';
			cases++;
		} else if (line[0] != '#') {
			(void)strcat(strcat(want, line), "\n");
		}
	}
	assert_string_equal(got, want);
	assert_true(cases >= 25);
	free(file);
}

/* Without a configuration nothing can be laid over it, and nothing breaks. */
static void test_no_configuration(void **state)
{
	struct conf conf;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	got[0] = '\0';
	conf_cmdline(&conf, "root=/dev/vda3 rootwait quiet cowboot.slot=a cowboot.tries=2", warn);
	assert_string_equal(got,
			    "! passed over root=/dev/vda3 on the kernel command line: "
			    "no root volume is configured\n"
			    "! passed over cowboot.tries=2 on the kernel command line: "
			    "the board's configuration says overrides no\n");
	assert_int_equal(conf.device_timeout_s, 120);
	assert_true(conf.quiet);
	assert_int_equal(conf.slot, 'a');
}

/*
 * On a locked board nothing changes what is booted, nor what recovery is, whatever `overrides` says;
 * asking for recovery is free, and so is what only waits or looks.
 */
static void test_locked(void **state)
{
	static const char *const refused[] = {
		"init=/bin/sh", "root=/dev/sda1", "rootfstype=erofs", "rootflags=noatime",
		"cowboot.recovery=shell", "cowboot.recovery-wait=0", "cowboot.tries=7",
		"cowboot.device_timeout=9", "cowboot.watchdog=off",
	};
	const char *text = golden("full.conf");
	static struct conf conf, before;
	char want[256];

	(void)state;
	for (int by_password = 0; by_password < 2; by_password++) {
		assert_int_equal(conf_parse(text, strlen(text), &conf), 0);
		conf.overrides = true;
		conf.no_shell = !by_password;
		(void)snprintf(conf.recovery_password, sizeof(conf.recovery_password), "%s",
			       by_password ? "$argon2id$v=19$" : "");
		before = conf;
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
			got[0] = '\0';
			conf_cmdline(&conf, refused[i], warn);
			(void)snprintf(want, sizeof(want), "! passed over %s on the kernel command "
				       "line: the board is locked\n", refused[i]);
			assert_string_equal(got, want);
			assert_memory_equal(&conf, &before, sizeof(conf));
		}
		got[0] = '\0';
		conf_cmdline(&conf, "cowboot.recovery cowboot.slot=b rootwait=3600 quiet", warn);
		assert_string_equal(got, "");
		assert_true(conf.ask_recovery && conf.quiet);
		assert_int_equal(conf.slot, 'b');
		assert_int_equal(conf.device_timeout_s, 3600);
	}
}

/* Every partition that is not the root's is taken. */
static void test_taken(void **state)
{
	static const char *const taken[] = { "root=PARTLABEL=vendor", "root=PARTLABEL=vlib",
					     "root=PARTLABEL=cow", "root=PARTUUID=1A2B3C4D-05" };
	const char *text = golden("full.conf");
	struct conf conf;

	(void)state;
	assert_int_equal(conf_parse(text, strlen(text), &conf), 0);
	conf.no_shell = false;
	conf.recovery_password[0] = '\0';
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		got[0] = '\0';
		conf_cmdline(&conf, taken[i], warn);
		assert_non_null(strstr(got, "the board uses that partition for something else"));
	}
	assert_string_equal(conf.volume[0].spec, "/dev/mmcblk0p3");
	/* Its own is no news. */
	got[0] = '\0';
	conf_cmdline(&conf, "root=/dev/mmcblk0p3", warn);
	assert_string_equal(got, "");
	assert_string_equal(conf.root, "");
	/* Another stands beside the configuration's, and the last one counts. */
	conf_cmdline(&conf, "root=/dev/sda1 root=/dev/sda2", warn);
	assert_string_equal(conf.root, "/dev/sda2");
	assert_string_equal(conf.volume[0].spec, "/dev/mmcblk0p3");
	conf_cmdline(&conf, "root=/dev/mmcblk0p3", warn);
	assert_string_equal(conf.root, "");
}

static void test_no_one_to_warn(void **state)
{
	struct conf conf;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	conf_cmdline(&conf, "root=UUID=1 cowboot.x cowboot.slot=q", NULL);
	assert_int_equal(conf.slot, 0);
}

static void test_too_long(void **state)
{
	const char *text = golden("small.conf");
	struct conf conf;
	char line[512] = "root=/dev/";

	(void)state;
	assert_int_equal(conf_parse(text, strlen(text), &conf), 0);
	memset(line + 10, 'x', 300);
	line[310] = '\0';
	got[0] = '\0';
	conf_cmdline(&conf, line, warn);
	assert_non_null(strstr(got, "it is too long"));
	assert_string_equal(conf.volume[0].spec, "PARTLABEL=system");
	/* Whole as a parameter, but too long for a partition. */
	line[10 + CONF_SPEC_MAX] = '\0';
	got[0] = '\0';
	conf_cmdline(&conf, line, warn);
	assert_non_null(strstr(got, "longer than 95 bytes"));
	assert_string_equal(conf.volume[0].spec, "PARTLABEL=system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_no_configuration),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_no_one_to_warn),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
