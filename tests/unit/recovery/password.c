/* SPDX-License-Identifier: MIT */
/* A password opens what was made of it, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/password.h"

static void the_password_and_no_other(void **state)
{
	char hash[CONF_PASSWORD_MAX], again[CONF_PASSWORD_MAX];

	(void)state;
	assert_int_equal(password_hash("open sesame", hash), 0);
	assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
	assert_true(password_opens(hash, "open sesame"));
	assert_false(password_opens(hash, "open sesam"));
	assert_false(password_opens(hash, "open sesame "));
	assert_false(password_opens(hash, ""));
	assert_int_equal(password_hash("open sesame", again), 0);
	assert_string_not_equal(hash, again);	/* a salt of its own */
}

/* Damaged, it opens to nobody. */
static void a_hash_that_is_none(void **state)
{
	(void)state;
	assert_false(password_opens("", ""));
	assert_false(password_opens("$argon2id$v=19$m=16384,t=3,p=1$", "x"));
	assert_false(password_opens("open sesame", "open sesame"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_and_no_other),
		cmocka_unit_test(a_hash_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
