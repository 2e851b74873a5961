/* SPDX-License-Identifier: MIT */
/* CRC-32: the known sum, in pieces, and against the definition bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc32.h"

static void known(void **state)
{
	(void)state;
	assert_int_equal(crc32_of("123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_of("", 0), 0);
}

static void in_pieces(void **state)
{
	uint8_t data[200];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + 11);
	for (size_t cut = 0; cut <= sizeof(data); cut++)
		assert_int_equal(crc32_add(crc32_of(data, cut), data + cut, sizeof(data) - cut),
				 crc32_of(data, sizeof(data)));
}

static void every_byte(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 256; value++) {
		const uint8_t byte = (uint8_t)value;
		uint32_t crc = ~0u ^ byte;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
		assert_int_equal(crc32_of(&byte, 1), ~crc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known), cmocka_unit_test(in_pieces),
		cmocka_unit_test(every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
