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

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *p, size_t len_bytes)
{
	crc = ~crc;
	while (len_bytes--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void test_every_length_and_place(void **state)
{
	uint8_t buf[96];

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 151 + 7);
	for (size_t at = 0; at < 16; at++)
		for (size_t len = 0; at + len <= sizeof(buf); len++)
			assert_int_equal(crc32c(0x12345678, buf + at, len),
					 bit_by_bit(0x12345678, buf + at, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_every_length_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
