/* SPDX-License-Identifier: MIT */
/* Which recovery it is: over all policies, counts and locks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "init/policy.h"

static void check(enum conf_recovery policy, enum conf_recovery then, bool asked, bool countable,
		  uint32_t reboots, bool locked)
{
	const struct conf conf = { .recovery = policy, .recovery_then = then, .recovery_reboots = 2,
				   .no_shell = locked };
	enum conf_recovery way = recovery_way(&conf, asked, countable, reboots);

	/* I10 */
	if (way == RECOVERY_REBOOT)
		assert_true(policy == RECOVERY_REBOOT && countable && reboots < 2 && !asked);
	if (locked)
		assert_int_not_equal(way, RECOVERY_SHELL);
	if (asked)
		assert_true(way == RECOVERY_MENU || (way == RECOVERY_SHELL && policy == way));
	if (policy == RECOVERY_REBOOT && !asked && countable && reboots < 2)
		assert_int_equal(way, RECOVERY_REBOOT);
	if (policy == RECOVERY_REBOOT && !asked && reboots >= 2)
		assert_int_equal(way, then == RECOVERY_SHELL && locked ? RECOVERY_MENU : then);
	if (policy == RECOVERY_POWEROFF && !asked)
		assert_int_equal(way, RECOVERY_POWEROFF);
	if (policy == RECOVERY_MENU)
		assert_int_equal(way, RECOVERY_MENU);
}

static void every_policy_is_bounded(void **state)
{
	static const enum conf_recovery then[] = { RECOVERY_MENU, RECOVERY_SHELL, RECOVERY_POWEROFF };

	(void)state;
	for (int policy = 0; policy <= RECOVERY_POWEROFF; policy++)
		for (int t = 0; t < 3; t++)
			for (int bits = 0; bits < 8; bits++)
				for (uint32_t reboots = 0; reboots < 4; reboots++)
					check((enum conf_recovery)policy, then[t], bits & 1, bits & 2,
					      reboots, bits & 4);
}

/* Nothing is known then but that nothing is known. */
static void no_configuration_is_the_menu(void **state)
{
	struct conf conf;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	assert_int_equal(recovery_way(&conf, false, false, 0), RECOVERY_MENU);
	conf.no_shell = true;
	assert_int_equal(recovery_way(&conf, false, false, 0), RECOVERY_MENU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_is_bounded),
		cmocka_unit_test(no_configuration_is_the_menu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
