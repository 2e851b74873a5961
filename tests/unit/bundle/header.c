/* SPDX-License-Identifier: MIT */
/* The bundle's first 64 bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail	/* cmocka's; the one of base/fail.h is meant */

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/manifest.h"
#include "bundle/trust.h"

static void test_header(void **state)
{
	static const struct { unsigned at; uint8_t value; int rc; const char *reason; } cases[] = {
		{ 0, 'c', -EBADMSG, "it is no bundle" },
		{ 7, '2', -EBADMSG, "it is no bundle" },
		{ 8, 8, -ENOTSUP, "its format is 8, this cowboot reads 1 to 7" },
		{ 8, 0, -ENOTSUP, "its format is 0, this cowboot reads 1 to 7" },
		{ 11, 1, -ENOTSUP, "its format is 16777217, this cowboot reads 1 to 7" },
		{ 8, 4, -EBADMSG, "its header is damaged: signatures of 0 bytes" },
		{ 16, 1, -ENOTSUP, "it says it is signed, and format 1 has no signatures" },
		{ 20, 1, -EBADMSG, "its header is damaged" },
		{ 31, 1, -EBADMSG, "its header is damaged" },
		{ 15, 1, -EBADMSG, "its header is damaged: a manifest of 16777984 bytes" },
		{ 13, 0x41, -EBADMSG, "its header is damaged: a manifest of 16640 bytes" },
		{ 13, 0, -EBADMSG, "its header is damaged: a manifest of 0 bytes" },
	};
	struct bundle_header header = { .format = 1, .manifest_bytes = 768 }, back;
	uint8_t buf[BUNDLE_HEADER_BYTES];

	(void)state;
	memset(header.manifest_digest, 0xdd, DIGEST_BYTES);
	bundle_header_encode(&header, buf);
	assert_memory_equal(buf, "COWBNDL1\1\0\0\0\0\3\0\0", 16);
	assert_true(bytes_are_zero(buf + 16, 16));
	assert_memory_equal(buf + 32, header.manifest_digest, DIGEST_BYTES);
	assert_int_equal(bundle_header_decode(buf, &back), 0);
	assert_memory_equal(&back, &header, sizeof(header));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t was = buf[cases[i].at];

		buf[cases[i].at] = cases[i].value;
		assert_int_equal(bundle_header_decode(buf, &back), cases[i].rc);
		assert_string_equal(fail_text(), cases[i].reason);
		buf[cases[i].at] = was;
	}
	buf[13] = BUNDLE_MANIFEST_MAX >> 8;	/* exactly the limit is allowed */
	assert_int_equal(bundle_header_decode(buf, &back), 0);
	buf[8] = 4;
	buf[17] = TRUST_SIGNATURES_MAX >> 8;
	assert_int_equal(bundle_header_decode(buf, &back), 0);
	assert_int_equal(back.signature_bytes, TRUST_SIGNATURES_MAX);
	buf[16] = 1;
	assert_int_equal(bundle_header_decode(buf, &back), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
