/* SPDX-License-Identifier: MIT */
/* BLAKE2b-256 as `b2sum -l 256` prints it; the values below are its output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "bundle/digest.h"

static void assert_digest(const char *data, size_t len_bytes, size_t piece_bytes, const char *want)
{
	char hex[2 * DIGEST_BYTES + 1];
	uint8_t sum[DIGEST_BYTES];
	struct digest d;

	digest_begin(&d);
	for (size_t at = 0; at < len_bytes; at += piece_bytes)
		digest_add(&d, data + at,
			   len_bytes - at < piece_bytes ? len_bytes - at : piece_bytes);
	digest_end(&d, sum);
	text_hex(hex, sum, sizeof(sum));
	assert_string_equal(hex, want);
}

static void test_as_b2sum(void **state)
{
	char many[1000];

	(void)state;
	memset(many, 'a', sizeof(many));
	assert_digest("", 0, 1,
		      "0e5751c026e543b2e8ab2eb06099daa1"
		      "d1e5df47778f7787faab45cdf12fe3a8");
	assert_digest("abc", 3, 3,
		      "bddd813c634239723171ef3fee98579b"
		      "94964e3bb1cb3e427262c8c068d52319");
	for (size_t piece = 1; piece <= sizeof(many); piece += 77)
		assert_digest(many, sizeof(many), piece,
			      "e00b0ddbf1e2cdaf5c898e1a5e8826ea"
			      "3a2c339bcf2a478da2e5fca9ff126672");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_b2sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
