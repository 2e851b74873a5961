/* SPDX-License-Identifier: MIT */
/* What a locked board gives: over both locks, and over configurations that cannot be used. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/lock.h"

#define HASH "$argon2id$v=19$m=16384,t=3,p=1$c2FsdA$aGFzaA"

static struct conf conf;

static void check(enum lock_answer line, enum lock_answer menu, enum lock_answer shell,
		  enum lock_answer change)
{
	assert_int_equal(conf_lock(&conf, LOCK_LINE), line);
	assert_int_equal(conf_lock(&conf, LOCK_MENU), menu);
	assert_int_equal(conf_lock(&conf, LOCK_SHELL), shell);
	assert_int_equal(conf_lock(&conf, LOCK_CHANGE), change);
	assert_int_equal(conf_lock(&conf, LOCK_AGAIN), change);
}

static void check_open(void)
{
	check(LOCK_OPEN, LOCK_OPEN, LOCK_OPEN, LOCK_OPEN);
}

static void check_no_shell(void)
{
	check(LOCK_REFUSED, LOCK_OPEN, LOCK_REFUSED, LOCK_REFUSED);
}

static void check_password(void)
{
	check(LOCK_REFUSED, LOCK_BY_PASSWORD, LOCK_BY_PASSWORD, LOCK_BY_PASSWORD);
}

static void check_both(void)
{
	check(LOCK_REFUSED, LOCK_BY_PASSWORD, LOCK_REFUSED, LOCK_BY_PASSWORD);
}

static void the_locks(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof(conf));
	check_open();
	conf.no_shell = true;
	check_no_shell();
	strcpy(conf.recovery_password, HASH);
	check_both();
	conf.no_shell = false;
	check_password();
}

static void unusable(const char *text)
{
	memset(&conf, 0xa5, sizeof(conf));
	conf_unusable(text, text ? strlen(text) : 0, &conf);
	assert_int_equal(conf.volume_count, 0);
	assert_int_equal(conf.recovery, GIVEUP_MENU);
}

/* Whatever is wrong elsewhere, and whatever of the lock itself is. */
static void an_error_opens_nothing(void **state)
{
	(void)state;
	unusable("board b\nrecovery shell\nnonsense\n");
	check_open();
	unusable("nonsense\nrecovery-shell no\n");
	check_no_shell();
	unusable("recovery-shell nope\n");
	check_no_shell();
	unusable("a b c d e f g h i j\n\1\nrecovery-password " HASH "\nnonsense\n");
	check_password();
	assert_string_equal(conf.recovery_password, HASH);
	assert_true(conf_lock_opens(&conf));
	unusable("recovery-shell no\nrecovery-password " HASH " # ours\n");
	check_both();
	assert_true(conf_lock_opens(&conf));
	unusable("recovery-password\n");
	check_password();
	assert_false(conf_lock_opens(&conf));
	unusable("recovery-password secret\n");
	check_password();
	assert_false(conf_lock_opens(&conf));
}

/* A zero byte ends no text here. */
static void nothing_hides_behind_a_zero(void **state)
{
	static const char text[] = "board b\0\nrecovery-shell no\n";

	(void)state;
	conf_unusable(text, sizeof(text) - 1, &conf);
	check_no_shell();
}

static void what_was_not_read_is_locked(void **state)
{
	(void)state;
	unusable(NULL);
	check_both();
	assert_false(conf_lock_opens(&conf));
}

/* What is left for the system, and how many words are not. */
static void shown(const char *cmdline, const char *rest, unsigned hidden)
{
	char buf[512];

	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(conf_lock_line(&conf, cmdline, buf), hidden);
	assert_string_equal(buf, rest);
	assert_true(strlen(buf) <= strlen(cmdline) + 1);
}

static void no_orders_for_the_system(void **state)
{
	static const char *const orders[] = {
		"single", "S", "s", "1", "5", "emergency", "rescue", "-b", "debug", "init=/bin/sh",
		"root=/dev/sda1", "rdinit=/x", "systemd.unit=rescue.target", "systemd.debug_shell",
		"systemd.debug-shell=1", "rd.break", "ds=nocloud;s=http://x/", "cloud-init.disabled",
		"cloud_init.x=1", "ignition.config.url=http://x/", "flatcar.autologin", "fstab=no",
		"SYSTEMD_SULOGIN_FORCE=1", "PATH=/x",
		/* Cut in one way by the kernel, and in another by others. */
		"sys\"temd.unit\"=rescue.target", "'systemd.unit=rescue.target'",
		"s\\ystemd.unit=rescue.target", "\"systemd.run=/bin/sh -c x\"",
		"a.b=\"c systemd.debug_shell\"", "a.b=\"c", "a.b\001systemd.debug_shell=1",
		"a.b=\xc2\xa0systemd.debug_shell",
	};

	(void)state;
	shown("", "", 0);
	shown("\n", "", 0);
	shown("console=ttyAMA0,115200 panic=5 gpt quiet loglevel=4 rootwait ro\n",
	      "console=ttyAMA0,115200 panic=5 quiet loglevel=4 rootwait ro ", 1);
	shown("  cowboot.slot=b\tcowboot.try  smsc95xx.macaddr=b8:27:eb:00:00:01 net.ifnames=0",
	      "cowboot.slot=b cowboot.try smsc95xx.macaddr=b8:27:eb:00:00:01 net.ifnames=0 ", 0);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		shown(orders[i], "", 1);
	shown("quiet -- single systemd.unit=x", "quiet ", 1);
	shown("quietly consoles=1 systemdx.y=1", "systemdx.y=1 ", 2);
}

static void only_names_that_are_kept(void **state)
{
	static const char *const refused[] = {
		"init", "rdinit", "root", "rootfstype", "rootflags", "single", "emergency", "rescue", "debug",
		"modules-load", "modules_load", "resume_offset", "enforcing", "ds", "fstab", "runlevel",
		/* No name, a name of another kind, or more than one. */
		"", "s", "S", "1", "5", "-b", "PATH", "LD_PRELOAD", "systemd.unit", "systemd.*", "rd.break",
		"net.ifnames", "ip=", "ip=dhcp", "*", "i?", "[a-z]", "ip,root", "a\001b", "\xc3\xa4",
		"a1234567890123456789012345678901",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(conf_lock_may_show(refused[i]), -EINVAL);
	assert_int_equal(conf_lock_may_show("a123456789012345678901234567890"), 0);
	memset(&conf, 0, sizeof(conf));
	shown("ip=dhcp fbcon", "", 2);
	conf.shown_count = 2;
	strcpy(conf.shown[0], "ip");
	strcpy(conf.shown[1], "uart2-mode");
	assert_int_equal(conf_lock_may_show(conf.shown[0]), 0);
	assert_int_equal(conf_lock_may_show(conf.shown[1]), 0);
	shown("ip=dhcp quiet uart2-mode ip", "ip=dhcp quiet uart2-mode ip ", 0);
	/* Exactly these, and as whole words: an init may be less exact about the rest. */
	shown("IP=x ipx=1 i=1 ip.x=1 uart2_mode single systemd.ip=1", "ip.x=1 ", 6);
	shown("ip=\"a single\" \"ip=a\" ip=a\\b ip='a' ip=\xc2\xa0 quiet -- ip", "quiet ", 6);
	memset(&conf, 0, sizeof(conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_locks),
		cmocka_unit_test(an_error_opens_nothing),
		cmocka_unit_test(no_orders_for_the_system),
		cmocka_unit_test(only_names_that_are_kept),
		cmocka_unit_test(nothing_hides_behind_a_zero),
		cmocka_unit_test(what_was_not_read_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
