/* SPDX-License-Identifier: MIT */
/* The manifest's one spelling, and everything that is not it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail	/* cmocka's; the one of base/fail.h is meant */

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/manifest.h"

#define H32 "00112233445566778899aabbccddeeff"
#define HEX H32 H32
#define DIGESTS "payload-blake2b " HEX "\nold-blake2b " HEX "\nnew-blake2b " HEX "\n"
#define SYSTEM_NUMBERS "image-bytes 1048576\nchunk-sectors 8\nexceptions 200\n" \
	"store-bytes 827392\npayload-bytes 4711\n"
#define SYSTEM "volume system\n" SYSTEM_NUMBERS DIGESTS
#define VENDOR "volume vendor\nimage-bytes 512\nchunk-sectors 1\nexceptions 0\n" \
	"store-bytes 1024\npayload-bytes 1\n" DIGESTS
#define BOOT_DIGESTS "boot-payload-blake2b " HEX "\nboot-blake2b " HEX "\n"
#define BOOT "boot-bytes 1048576\nboot-payload-bytes 815\n" BOOT_DIGESTS
#define HEAD "format 1\nboard qemu-virt\nversion-from 1.0\nversion-to 2.0~rc1\n"

static int parse(const char *text, struct bundle_manifest *ret_manifest)
{
	return manifest_parse(text, strlen(text), ret_manifest);
}

static void test_good(void **state)
{
	struct bundle_manifest m;
	char buf[BUNDLE_MANIFEST_MAX];
	size_t len;

	(void)state;
	assert_int_equal(parse(HEAD SYSTEM VENDOR, &m), 0);
	assert_string_equal(m.board, "qemu-virt");
	assert_string_equal(m.version_from, "1.0");
	assert_string_equal(m.version_to, "2.0~rc1");
	assert_int_equal(m.volume_count, 2);
	assert_string_equal(m.volume[0].name, "system");
	assert_int_equal(m.volume[0].image_bytes, 1048576);
	assert_int_equal(m.volume[0].chunk_sectors, 8);
	assert_int_equal(m.volume[0].exceptions, 200);
	assert_int_equal(m.volume[0].store_bytes, 827392);
	assert_int_equal(m.volume[0].payload_bytes, 4711);
	assert_int_equal(m.volume[0].old_digest[1], 0x11);
	assert_string_equal(m.volume[1].name, "vendor");
	assert_int_equal(manifest_payload_bytes(&m), 4712);
	assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, HEAD SYSTEM VENDOR);
	assert_int_equal(len, strlen(buf));
	assert_int_equal(manifest_print(&m, buf, len, &len), -ENOSPC);
}

static void test_without_the_optional(void **state)
{
	struct bundle_manifest m;

	(void)state;
	assert_int_equal(parse("format 1\nversion-to 2\n" VENDOR, &m), 0);
	assert_string_equal(m.board, "");
	assert_string_equal(m.version_from, "");
	assert_int_equal(parse("format 1\nversion-from 1\nversion-to 2\n" VENDOR, &m), 0);
	assert_int_equal(parse("format 1\nboard b\nversion-to 2\n" VENDOR, &m), 0);
}

#define WRONG(line, key) "its manifest is wrong in line " #line " (" key ")"
#define CONTRADICTS "its manifest contradicts itself about volume system"
#define SPELLING "its manifest is not written as its format has it"
#define NUMBERS(image, chunk, n, store, payload) HEAD "volume system\nimage-bytes " image \
	"\nchunk-sectors " chunk "\nexceptions " n "\nstore-bytes " store \
	"\npayload-bytes " payload "\n" DIGESTS

#define BOOT_NUMBERS(image, payload) "format 2\nversion-to 2\nboot-bytes " image \
	"\nboot-payload-bytes " payload "\n" BOOT_DIGESTS VENDOR
#define BOOT_CONTRADICTS "its manifest contradicts itself about the boot image"

static void test_with_a_boot_image(void **state)
{
	static const char text[] = "format 2\nversion-to 2\n" BOOT VENDOR;
	struct bundle_manifest m;
	char buf[BUNDLE_MANIFEST_MAX];
	size_t len;

	(void)state;
	assert_int_equal(parse(text, &m), 0);
	assert_int_equal(m.boot.image_bytes, 1048576);
	assert_int_equal(m.boot.payload_bytes, 815);
	assert_int_equal(m.boot.image_digest[1], 0x11);
	assert_int_equal(manifest_format(&m), 2);
	assert_int_equal(manifest_payload_bytes(&m), 816);
	assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, text);
	assert_int_equal(parse(BOOT_NUMBERS("1024", "2052"), &m), 0);
	assert_int_equal(parse("format 1\nversion-to 2\n" VENDOR, &m), 0);
	assert_int_equal(manifest_format(&m), 1);
}

/* What is signed: the payloads in blocks, and all that the others can say. */
static void test_in_blocks(void **state)
{
	static const char head[] = "format 4\nversion-to 2\nboot-bytes 1048576\nboot-payload-bytes 815\n"
				   "boot-payload-chain ", rest[] = "\nvolume vendor\nimage-bytes 700\n"
				   "old-bytes 1\nchunk-sectors 1\nexceptions 1\nstore-bytes 1536\n"
				   "payload-bytes 1\n";
	char digest[2 * DIGEST_BYTES + 1], text[2048], buf[BUNDLE_MANIFEST_MAX];
	struct bundle_manifest m;
	size_t len;

	(void)state;
	memset(digest, 'a', sizeof(digest) - 1);
	digest[sizeof(digest) - 1] = '\0';
	snprintf(text, sizeof(text), "%s%s\nboot-blake2b %s%spayload-chain %s\nold-blake2b %s\n"
		 "new-blake2b %s\n", head, digest, digest, rest, digest, digest, digest);
	assert_int_equal(parse(text, &m), 0);
	assert_true(m.in_blocks);
	assert_int_equal(manifest_format(&m), 4);
	assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, text);
	assert_int_equal(manifest_payload_bytes(&m), 816);
	assert_int_equal(manifest_travel_bytes(&m, 0), 0);
	assert_int_equal(manifest_travel_bytes(&m, 131072), 131072);
	assert_int_equal(manifest_travel_bytes(&m, 131073), 131073 + 32);
	assert_int_equal(manifest_travel_bytes(&m, 3 * 131072), 3 * 131072 + 64);
	assert_int_equal(parse("format 4\nversion-to 2\n" VENDOR, &m), -EBADMSG);
	assert_string_equal(fail_text(), "its manifest is wrong in line 9 (payload-chain)");
}

#define CHAINS "payload-chain " HEX "\nold-blake2b " HEX "\nnew-blake2b " HEX "\n"
#define RELEASED(lines) "format 6\nversion-to 2\n" lines "volume vendor\nimage-bytes 512\n" \
	"chunk-sectors 1\nexceptions 0\nstore-bytes 1024\npayload-bytes 1\n" CHAINS

/* What puts bundles into an order, in a format of its own: an older reader must not pass over it. */
static void test_with_a_release(void **state)
{
	static const char *const good[] = {
		RELEASED("release 3.14\n"),
		RELEASED("release 3.14\ncreated 2026-11-30\n"),
		RELEASED("release 3.14\nexpires 2027-01-31\n"),
		RELEASED("release 3.14\ncreated 2027-01-31\nexpires 2027-01-31\n"),
	};
	static const struct { const char *text, *reason; } bad[] = {
		{ RELEASED(""), WRONG(3, "release") },
		{ RELEASED("created 2026-11-30\n"), WRONG(3, "release") },
		{ RELEASED("release 0.0\n"), WRONG(3, "release") },
		{ RELEASED("release 3\n"), WRONG(3, "release") },
		{ RELEASED("release 3.014\n"), WRONG(3, "release") },
		{ RELEASED("release 3.4294967296\n"), WRONG(3, "release") },
		{ RELEASED("release 3.1\nrelease 3.2\n"), WRONG(4, "volume") },
		{ RELEASED("release 3.1\ncreated 2026-02-29\n"), WRONG(4, "created") },
		{ RELEASED("release 3.1\nexpires 1970-01-01\n"), WRONG(4, "expires") },
		{ RELEASED("release 3.1\nexpires 2027-01-31\ncreated 2026-11-30\n"), WRONG(5, "volume") },
		{ RELEASED("release 3.1\ncreated 2027-02-01\nexpires 2027-01-31\n"),
		  "its manifest says it expires before it was created" },
		{ "format 6\nversion-to 2\nrelease 1.2\n" VENDOR, WRONG(10, "payload-chain") },
	};
	struct bundle_manifest m;
	char buf[BUNDLE_MANIFEST_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse(good[i], &m), 0);
		assert_int_equal(m.release, UINT64_C(3) << 32 | 14);
		assert_int_equal(m.created_day, i == 1 ? 20787 : i == 3 ? 20849 : 0);
		assert_int_equal(m.expires_day, i >= 2 ? 20849 : 0);
		assert_int_equal(manifest_format(&m), 6);
		assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
		assert_string_equal(buf, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].text, &m), -EBADMSG);
		assert_string_equal(fail_text(), bad[i].reason);
	}
}

#define SIZED(old_line) "volume vendor\nimage-bytes 700\n" old_line "chunk-sectors 1\nexceptions 1\n" \
	"store-bytes 1536\npayload-bytes 1\n" DIGESTS

static void test_with_sizes(void **state)
{
	static const char *const good[] = {
		"format 3\nversion-to 2\n" SIZED("old-bytes 700\n"),
		"format 3\nversion-to 2\n" SYSTEM SIZED("old-bytes 1\n"),
		"format 3\nversion-to 2\n" BOOT SYSTEM SIZED("old-bytes 36028797018963968\n"),
	};
	static const uint64_t old_bytes[] = { 700, 1, 36028797018963968 };
	static const struct { const char *text, *reason; } bad[] = {
		{ "format 3\nversion-to 2\n" SYSTEM, SPELLING },
		{ "format 3\nversion-to 2\n" BOOT SYSTEM, SPELLING },
		{ "format 3\nversion-to 2\n" SIZED(""), SPELLING },
		{ "format 1\nversion-to 2\n" SIZED("old-bytes 700\n"), SPELLING },
		{ "format 2\nversion-to 2\n" BOOT SIZED("old-bytes 700\n"), SPELLING },
		{ "format 3\nversion-to 2\n" SIZED("old-bytes 0\n"),
		  "its manifest contradicts itself about volume vendor" },
		{ "format 3\nversion-to 2\n" SIZED("old-bytes -1\n"), WRONG(5, "old-bytes") },
		{ "format 3\nversion-to 2\n" SIZED("old-bytes 36028797018963969\n"),
		  WRONG(5, "old-bytes") },
		{ "format 3\nversion-to 2\nboot-bytes 0\nboot-payload-bytes 1\n" BOOT_DIGESTS
		  SIZED("old-bytes 700\n"), BOOT_CONTRADICTS },
	};
	struct bundle_manifest m;
	char buf[BUNDLE_MANIFEST_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse(good[i], &m), 0);
		assert_int_equal(m.volume[m.volume_count - 1].image_bytes, 700);
		assert_int_equal(m.volume[m.volume_count - 1].old_bytes, old_bytes[i]);
		assert_int_equal(m.volume[0].old_bytes, i ? 1048576 : 700);
		assert_int_equal(manifest_format(&m), 3);
		assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
		assert_string_equal(buf, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].text, &m), -EBADMSG);
		assert_string_equal(fail_text(), bad[i].reason);
	}
}

#define FULL_NUMBERS(image, chunk, frame, payload) "format 7\nversion-to 2\nvolume system\nimage-bytes " image \
	"\nchunk-sectors " chunk "\nframe-bytes " frame "\nindex-chain " HEX "\npayload-bytes " payload \
	"\nnew-blake2b " HEX "\n"

/* The whole image: no old one, no store. */
static void test_full(void **state)
{
	static const char good[] = FULL_NUMBERS("1000000", "8", "65536", "4711");
	static const struct { const char *text, *reason; } bad[] = {
		{ FULL_NUMBERS("1000000", "8", "65537", "4711"), CONTRADICTS },
		{ FULL_NUMBERS("1000000", "8", "2097152", "4711"), WRONG(6, "frame-bytes") },
		{ FULL_NUMBERS("1000000", "8", "65536", "15"), CONTRADICTS },
		{ FULL_NUMBERS("0", "8", "65536", "0"), CONTRADICTS },
		{ FULL_NUMBERS("36028797018963968", "8", "1048576", "99999999"), CONTRADICTS },
		{ FULL_NUMBERS("1000000", "8", "0", "4711"), CONTRADICTS },
		{ FULL_NUMBERS("1000000", "8", "65536", "4711") VENDOR, WRONG(13, "frame-bytes") },
		{ HEAD "volume system\nimage-bytes 1000000\nchunk-sectors 8\nframe-bytes 65536\n",
		  WRONG(8, "exceptions") },
		{ "format 7\nversion-to 2\n" VENDOR, WRONG(6, "frame-bytes") },
	};
	struct bundle_manifest m;
	char buf[BUNDLE_MANIFEST_MAX];
	size_t len;

	(void)state;
	assert_int_equal(parse(good, &m), 0);
	assert_int_equal(manifest_format(&m), 7);
	assert_true(m.in_blocks);
	assert_int_equal(m.volume[0].frame_bytes, 65536);
	assert_int_equal(m.volume[0].old_bytes, 1000000);
	assert_int_equal(m.volume[0].exceptions, 0);
	assert_int_equal(manifest_payload_bytes(&m), 4711 + 16 * 36 + 245 * 8);
	assert_int_equal(manifest_print(&m, buf, sizeof(buf), &len), 0);
	assert_string_equal(buf, good);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].text, &m), -EBADMSG);
		assert_string_equal(fail_text(), bad[i].reason);
	}
}

static void test_bad(void **state)
{
	static const struct { const char *text, *reason; } cases[] = {
		{ "", WRONG(1, "format") },
		{ "format 8\n", WRONG(1, "format") },
		{ "format 5\nversion-to 2\nrelease 1.2\n" VENDOR, WRONG(3, "volume") },
		{ "format 0\n", WRONG(1, "format") },
		{ "format 2\n", WRONG(2, "version-to") },
		{ "format 2\nversion-to 2\n" VENDOR, WRONG(3, "boot-bytes") },
		{ "format 1\nversion-to 2\n" BOOT VENDOR, WRONG(3, "volume") },
		{ "format 2\nversion-to 2\n" BOOT, WRONG(7, "volume") },
		{ BOOT_NUMBERS("0", "1"), BOOT_CONTRADICTS },
		{ BOOT_NUMBERS("1000", "1"), BOOT_CONTRADICTS },
		{ BOOT_NUMBERS("1024", "0"), BOOT_CONTRADICTS },
		{ BOOT_NUMBERS("1024", "2053"), BOOT_CONTRADICTS },
		{ "format 1", WRONG(2, "version-to") },
		{ "version-to 2\nformat 1\n", WRONG(1, "format") },
		{ "format 1\nversion-from 1\nboard b\nversion-to 2\n" VENDOR,
		  WRONG(3, "version-to") },
		{ "format 1\nversion-to 1 2\n" VENDOR, WRONG(2, "version-to") },
		{ "format 1\nversion-to\n" VENDOR, WRONG(2, "version-to") },
		{ "format 1\nversion-to \xc3\xa4\n" VENDOR, WRONG(2, "version-to") },
		{ "format 1\nversion-to " HEX "\n" VENDOR, WRONG(2, "version-to") },
		{ "format 1\nboard " H32 "\nversion-to 1\n" VENDOR, WRONG(2, "board") },
		{ HEAD, WRONG(5, "volume") },
		{ HEAD "volume\n", WRONG(5, "volume") },
		{ HEAD "volume System\n", WRONG(5, "volume") },
		{ HEAD "volume ../etc\n", WRONG(5, "volume") },
		{ HEAD "volume " H32 "\n", WRONG(5, "volume") },
		{ HEAD "volume system\n", WRONG(6, "image-bytes") },
		{ HEAD "volume system\nimage-bytes x\n", WRONG(6, "image-bytes") },
		{ HEAD "volume system\nimage-bytes 36028797018963969\n", WRONG(6, "image-bytes") },
		{ HEAD "volume system\nimage-bytes 18446744073709551616\n",
		  WRONG(6, "image-bytes") },
		{ HEAD "volume system\nimage-bytes 512\nchunk-sectors 4294967297\n",
		  WRONG(7, "chunk-sectors") },
		{ HEAD "volume system\n" SYSTEM_NUMBERS "payload-blake2b " H32 "\n",
		  WRONG(11, "payload-blake2b") },
		{ HEAD "volume system\n" SYSTEM_NUMBERS "old-blake2b " HEX "\n",
		  WRONG(11, "payload-blake2b") },
		{ HEAD SYSTEM SYSTEM, "its manifest names volume system twice" },
		{ NUMBERS("0", "8", "0", "8192", "1"), CONTRADICTS },
		{ NUMBERS("1000", "8", "0", "8192", "1"), SPELLING },
		{ NUMBERS("4096", "0", "0", "8192", "1"), CONTRADICTS },
		{ NUMBERS("4096", "6", "0", "6144", "1"), CONTRADICTS },
		{ NUMBERS("4096", "8", "2", "16384", "1"), CONTRADICTS },
		{ NUMBERS("4096", "8", "1", "8192", "1"), CONTRADICTS },
		{ NUMBERS("4096", "8", "1", "16384", "1"), CONTRADICTS },
		{ NUMBERS("4096", "8", "1", "12288", "0"), CONTRADICTS },
		{ NUMBERS("4096", "8", "1", "12288", "13361"), CONTRADICTS },
		{ NUMBERS("4096", "8", "18446744073709551615", "0", "1"), CONTRADICTS },
		{ HEAD SYSTEM "\n", SPELLING },
		{ HEAD SYSTEM "extra 1\n", SPELLING },
		{ HEAD SYSTEM "# a remark\n", SPELLING },
		{ HEAD " " SYSTEM, SPELLING },
		{ "format 01\nversion-to 2\n" VENDOR, SPELLING },
		{ "format 1\nversion-to 2 \n" VENDOR, SPELLING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bundle_manifest m = { .volume_count = 77 };

		assert_int_equal(parse(cases[i].text, &m), -EBADMSG);
		assert_string_equal(fail_text(), cases[i].reason);
		assert_int_equal(m.volume_count, 77);
	}
}

/* No prefix of a manifest is one, but for the whole. */
static void test_truncated(void **state)
{
	static const char text[] = HEAD SYSTEM VENDOR;
	struct bundle_manifest m;
	size_t one_volume = strlen(HEAD SYSTEM);

	(void)state;
	for (size_t len = 0; len < strlen(text); len++)
		if (len != one_volume)
			assert_int_equal(manifest_parse(text, len, &m), -EBADMSG);
	assert_int_equal(manifest_parse(text, one_volume, &m), 0);
}

static void test_volumes(void **state)
{
	struct bundle_manifest m;
	char text[BUNDLE_MANIFEST_MAX], whole[BUNDLE_MANIFEST_MAX];
	size_t len = (size_t)snprintf(text, sizeof(text), HEAD), whole_bytes = 0;

	(void)state;
	for (unsigned v = 0; v < BUNDLE_VOLUMES_MAX + 1; v++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "volume v%u\n%s", v,
					SYSTEM_NUMBERS DIGESTS);
		if (v + 1 == BUNDLE_VOLUMES_MAX)
			assert_int_equal(parse(text, &m), 0);
	}
	assert_int_equal(m.volume_count, BUNDLE_VOLUMES_MAX);
	assert_int_equal(parse(text, &m), -EBADMSG);
	assert_string_equal(fail_text(), WRONG(77, "volume"));
	/* The longest there can be fits. */
	memset(m.board, 'b', sizeof(m.board) - 1);
	memset(m.version_to, 't', sizeof(m.version_to) - 1);
	memset(m.version_from, 'f', sizeof(m.version_from) - 1);
	for (unsigned v = 0; v < BUNDLE_VOLUMES_MAX; v++) {
		memset(m.volume[v].name, 'n', sizeof(m.volume[v].name) - 1);
		m.volume[v].image_bytes = m.volume[v].exceptions = UINT64_MAX;
		m.volume[v].store_bytes = m.volume[v].payload_bytes = UINT64_MAX;
		m.volume[v].chunk_sectors = UINT32_MAX;
	}
	assert_int_equal(manifest_print(&m, whole, sizeof(whole), &whole_bytes), 0);
	assert_true(whole_bytes < BUNDLE_MANIFEST_MAX / 2);
}

static void test_words(void **state)
{
	static const char *const good[] = { "1", "12.2+deb12u1", "a#b", "~!", "1234567" };
	static const char *const bad[] = {
		"", "12345678", "#1", "a b", "a\tb", "\x7f", "\x80", "a\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(bundle_word_ok(good[i], i == 1 ? 64 : 8));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(bundle_word_ok(bad[i], 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_sizes),
		cmocka_unit_test(test_in_blocks),
		cmocka_unit_test(test_with_a_release),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_without_the_optional),
		cmocka_unit_test(test_with_a_boot_image),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
