/* SPDX-License-Identifier: MIT */
/*
 * Signed bundles: what is written is read again; cut at every byte, and flipped in every bit, it is
 * refused, and before the manifest or a payload was looked into.
 */
#include "../bundle/made.h"
#include "../../sim/unpack.c"	/* thousands of bundles: not a process for each */

#include <errno.h>
#include <stdio.h>

#include "../bundle/keys.h"
#include "host/seal.h"
#include "host/secret.h"

static struct memory sign(struct made *m, const char *const keys[], struct seal *seal)
{
	struct cow_source payloads = memory_source(&m->payloads);
	char signatures[TRUST_SIGNATURES_MAX] = "", text[BUNDLE_MANIFEST_MAX];
	uint8_t hash[MINISIGN_HASH_BYTES];
	struct memory signed_bundle = { 0 };
	struct cow_sink sink = memory_sink(&signed_bundle);
	size_t len;

	assert_int_equal(seal_make(&m->manifest, &payloads, seal), 0);
	assert_int_equal(manifest_print(&m->manifest, text, sizeof(text), &len), 0);
	hash_of(text, len, hash);
	for (; *keys; keys++) {
		char one[SECRET_SIGNATURE_MAX], path[128];
		struct secret secret;

		snprintf(path, sizeof(path), GOLDEN "%s.key", *keys);
		assert_int_equal(secret_load(path, &secret), 0);
		assert_int_equal(secret_sign(&secret, hash, "for a test", one), 0);
		strcat(signatures, one);
	}
	assert_int_equal(seal_emit(seal, &m->manifest, signatures, &payloads, &sink), 0);
	return signed_bundle;
}

static int read_signed(const struct trust *trust, const uint8_t *data, size_t len_bytes,
		       struct memory stores[BUNDLE_VOLUMES_MAX])
{
	struct feed feed = { data, len_bytes, 0, SIZE_MAX };

	return made_read_by(&feed, trust, stores);
}

/* Several blocks, which chance fills so that nothing can be packed. */
static struct made large(void)
{
	struct made m = made_new();
	uint32_t x = 1;

	m.payloads.len_bytes = 0;
	m.manifest.volume_count = 0;
	for (unsigned v = 0; v < 2; v++) {
		free(m.old_image[v].data);
		free(m.new_image[v].data);
		m.old_image[v] = memory_new(v ? 512 : 3 * BUNDLE_BLOCK_BYTES);
		m.new_image[v] = memory_copy(&m.old_image[v]);
		for (size_t i = 0; i < m.new_image[v].len_bytes; i++)
			m.new_image[v].data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		assert_int_equal(made_pack(&m, v, 1), 0);
	}
	return m;
}

static void test_round(struct made *m)
{
	static const char *const keys[] = { "one", "two", NULL };
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	struct trust t = { .needed = 2 };
	struct seal seal;
	struct memory b = sign(m, keys, &seal);

	trust_key(&t, "one.pub");
	assert_int_equal(read_signed(&t, b.data, b.len_bytes, stores), -EKEYREJECTED);
	trust_key(&t, "two.pub");
	assert_int_equal(read_signed(&t, b.data, b.len_bytes, stores), 0);
	for (unsigned v = 0; v < 2; v++) {
		struct cow_stats stats;
		struct memory want = store_of(&m->old_image[v], &m->new_image[v], v ? 2 : 1, &stats);

		assert_int_equal(stores[v].len_bytes, want.len_bytes);
		assert_memory_equal(stores[v].data, want.data, want.len_bytes);
		free(want.data);
	}
	stores_free(stores);
	seal_free(&seal);
	free(b.data);
	made_free(m);
}

static void test_small_round(void **state)
{
	struct made m = made_new();

	(void)state;
	test_round(&m);
}

static void test_large_round(void **state)
{
	struct made m = large();

	(void)state;
	test_round(&m);
}

/* Whatever is refused, no more than the blocks before it came out. */
static void refused(const struct trust *t, const struct memory *b, size_t len_bytes)
{
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	int rc = read_signed(t, b->data, len_bytes, stores);

	assert_true(rc == -EBADMSG || rc == -ENOTSUP || rc == -EKEYREJECTED);
	stores_free(stores);
}

static void test_every_bit(void **state)
{
	static const char *const keys[] = { "one", "three", NULL };
	struct trust t = { .needed = 1 };	/* and one signature is by a key that is not known */
	struct made m = made_new();
	struct seal seal;
	struct memory b = sign(&m, keys, &seal);

	(void)state;
	trust_key(&t, "one.pub");
	for (size_t bit = 0; bit < 8 * b.len_bytes; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused(&t, &b, b.len_bytes);
		b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < b.len_bytes; len++)
		refused(&t, &b, len);
	seal_free(&seal);
	free(b.data);
	made_free(&m);
}

/* In bytes of every block, and around each of their ends. */
static void test_bits_of_blocks(void **state)
{
	static const char *const keys[] = { "one", NULL };
	struct trust t = { .needed = 1 };
	struct made m = large();
	struct seal seal;
	struct memory b = sign(&m, keys, &seal);
	size_t travel = (size_t)manifest_payload_bytes(&m.manifest);

	(void)state;
	trust_key(&t, "one.pub");
	assert_true(b.len_bytes > 3 * BUNDLE_BLOCK_BYTES);
	/* The blocks begin behind the manifest, so that the two steps meet everything around their ends. */
	for (size_t at = 0; at < b.len_bytes; at++) {
		size_t near = (at - (b.len_bytes - travel)) % (BUNDLE_BLOCK_BYTES + DIGEST_BYTES);

		if (at % 4001 && near > 40 && near < BUNDLE_BLOCK_BYTES - 5)
			continue;
		b.data[at] ^= 0x10;
		refused(&t, &b, b.len_bytes);
		b.data[at] ^= 0x10;
	}
	seal_free(&seal);
	free(b.data);
	made_free(&m);
}

/* A block whose digest is wrong is not unpacked: its sink gets nothing of it. */
static void test_nothing_of_a_wrong_block(void **state)
{
	static const char *const keys[] = { "one", NULL };
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	struct made m = large();
	struct seal seal;
	struct memory b = sign(&m, keys, &seal);
	size_t payloads_at = b.len_bytes - (size_t)manifest_payload_bytes(&m.manifest);

	(void)state;
	b.data[payloads_at + BUNDLE_BLOCK_BYTES - 1] ^= 1;	/* the first block's last byte */
	assert_int_equal(read_signed(NULL, b.data, b.len_bytes, stores), -EBADMSG);
	assert_string_equal(fail_text(), "the payload of volume system is damaged: its digest differs");
	assert_int_equal(stores[0].len_bytes, 0);
	b.data[payloads_at + BUNDLE_BLOCK_BYTES - 1] ^= 1;
	b.data[payloads_at + BUNDLE_BLOCK_BYTES] ^= 1;		/* what it says of the second */
	assert_int_equal(read_signed(NULL, b.data, b.len_bytes, stores), -EBADMSG);
	assert_int_equal(stores[0].len_bytes, 0);
	b.data[payloads_at + BUNDLE_BLOCK_BYTES] ^= 1;
	b.data[payloads_at + BUNDLE_BLOCK_BYTES + DIGEST_BYTES] ^= 1;
	assert_int_equal(read_signed(NULL, b.data, b.len_bytes, stores), -EBADMSG);
	assert_true(stores[0].len_bytes <= BUNDLE_BLOCK_BYTES);
	stores_free(stores);
	seal_free(&seal);
	free(b.data);
	made_free(&m);
}

/* What was not signed is not parsed: a manifest that is no text at all is told as unsigned. */
static void test_signature_before_manifest(void **state)
{
	static const uint8_t payload[1];
	struct bundle_header header = { .format = 3, .manifest_bytes = 1 };
	struct trust t = { .needed = 1 };
	uint8_t data[BUNDLE_HEADER_BYTES + 1];
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	struct digest digest;

	(void)state;
	trust_key(&t, "one.pub");
	digest_begin(&digest);
	digest_add(&digest, payload, sizeof(payload));
	digest_end(&digest, header.manifest_digest);
	bundle_header_encode(&header, data);
	data[BUNDLE_HEADER_BYTES] = payload[0];
	assert_int_equal(read_signed(&t, data, sizeof(data), stores), -EKEYREJECTED);
	assert_string_equal(fail_text(), "it is not signed, and 1 signature is needed");
	assert_int_equal(read_signed(NULL, data, sizeof(data), stores), -EBADMSG);
}

static void test_secret_that_is_none(void **state)
{
	struct secret secret;

	(void)state;
	assert_int_equal(secret_load(GOLDEN "one.pub", &secret), -EBADMSG);
	assert_string_equal(fail_text(), "cannot sign with " GOLDEN "one.pub: it is no secret key of minisign");
	assert_int_equal(secret_load(GOLDEN "none", &secret), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_round),
		cmocka_unit_test(test_large_round),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_bits_of_blocks),
		cmocka_unit_test(test_nothing_of_a_wrong_block),
		cmocka_unit_test(test_signature_before_manifest),
		cmocka_unit_test(test_secret_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
