/* SPDX-License-Identifier: MIT */
/* What a locked board gives: over both locks, and over configurations that cannot be used. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_locks),
		cmocka_unit_test(an_error_opens_nothing),
		cmocka_unit_test(nothing_hides_behind_a_zero),
		cmocka_unit_test(what_was_not_read_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
