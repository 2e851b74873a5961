/* SPDX-License-Identifier: MIT */
/* Which terminals stand behind the kernel's consoles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/consoles.h"

static void are(const char *active, bool screen, unsigned count, const char *first, const char *second)
{
	char names[CONSOLES_MAX][CONSOLE_NAME_MAX];

	assert_int_equal(consoles_parse(active, screen, names), count);
	assert_string_equal(names[0], first);
	if (second)
		assert_string_equal(names[1], second);
}

static void every_console_once(void **state)
{
	(void)state;
	are("ttyAMA0\n", false, 1, "ttyAMA0", NULL);
	are("hvc0 ttyAMA0\n", false, 2, "hvc0", "ttyAMA0");
	are("tty0 ttyS0\n", true, 2, "tty1", "ttyS0");
	are("ttyS0\n", true, 2, "ttyS0", "tty1");
	are("tty1 tty0\n", false, 1, "tty1", NULL);
	are("", false, 1, "console", NULL);
	are("\n", true, 1, "tty1", NULL);
	are("a b c d e f g h i j", false, CONSOLES_MAX, "a", "b");
	are("0123456789012345678901234567890123456789 x", false, 1, "x", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_console_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
