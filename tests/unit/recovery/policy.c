/* SPDX-License-Identifier: MIT */
/* Which recovery it is: over all policies, counts and locks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/policy.h"

static void check(enum conf_giveup policy, enum conf_giveup then, bool asked, bool countable,
		  uint32_t reboots, unsigned lock)
{
	const struct conf conf = { .recovery = policy, .recovery_then = then, .recovery_reboots = 2,
				   .no_shell = lock & 1,
				   .recovery_password = { lock & 2 ? '$' : '\0' } };
	enum conf_giveup way = policy_way(&conf, asked, countable, reboots);

	/* I10 */
	if (way == GIVEUP_REBOOT)
		assert_true(policy == GIVEUP_REBOOT && countable && reboots < 2 && !asked);
	if (lock)
		assert_int_not_equal(way, GIVEUP_SHELL);
	if (asked)
		assert_true(way == GIVEUP_MENU || (way == GIVEUP_SHELL && policy == way));
	if (policy == GIVEUP_REBOOT && !asked && countable && reboots < 2)
		assert_int_equal(way, GIVEUP_REBOOT);
	if (policy == GIVEUP_REBOOT && !asked && reboots >= 2)
		assert_int_equal(way, then == GIVEUP_SHELL && lock ? GIVEUP_MENU : then);
	if (policy == GIVEUP_POWEROFF && !asked)
		assert_int_equal(way, GIVEUP_POWEROFF);
	if (policy == GIVEUP_MENU)
		assert_int_equal(way, GIVEUP_MENU);
}

static void every_policy_is_bounded(void **state)
{
	static const enum conf_giveup then[] = { GIVEUP_MENU, GIVEUP_SHELL, GIVEUP_POWEROFF };

	(void)state;
	for (int policy = 0; policy <= GIVEUP_POWEROFF; policy++)
		for (int t = 0; t < 3; t++)
			for (int bits = 0; bits < 16; bits++)
				for (uint32_t reboots = 0; reboots < 4; reboots++)
					check((enum conf_giveup)policy, then[t], bits & 1, bits & 2,
					      reboots, (unsigned)bits >> 2);
}

/* Nothing is known then but that nothing is known. */
static void no_configuration_is_the_menu(void **state)
{
	struct conf conf;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	assert_int_equal(policy_way(&conf, false, false, 0), GIVEUP_MENU);
	conf.no_shell = true;
	assert_int_equal(policy_way(&conf, false, false, 0), GIVEUP_MENU);
}

static void a_try_that_finds_nothing_ends(void **state)
{
	struct conf conf = { .recovery = GIVEUP_MENU };

	(void)state;
	assert_false(policy_is_try(&conf, false, false));	/* nobody counts */
	conf.counted_try = true;
	assert_true(policy_is_try(&conf, false, false));
	assert_false(policy_is_try(&conf, true, false));	/* somebody wants it */
	assert_false(policy_is_try(&conf, false, true));	/* init knows better */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_is_bounded),
		cmocka_unit_test(no_configuration_is_the_menu),
		cmocka_unit_test(a_try_that_finds_nothing_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
