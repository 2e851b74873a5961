/* SPDX-License-Identifier: MIT */
/* CRC-32C against the values of RFC 3720 appendix B.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"

static void test_rfc(void **state)
{
	uint8_t buf[32];

	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(crc32c(0, buf, sizeof(buf)), 0x8a9136aa);
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(crc32c(0, buf, sizeof(buf)), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		buf[i] = i;
	assert_int_equal(crc32c(0, buf, sizeof(buf)), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		buf[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, buf, sizeof(buf)), 0x113fdb5c);
}

static void test_in_pieces(void **state)
{
	const char text[] = "the store of the chunks that differ";

	(void)state;
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		uint32_t crc = crc32c(crc32c(0, text, cut), text + cut, strlen(text) - cut);

		assert_int_equal(crc, crc32c(0, text, strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
