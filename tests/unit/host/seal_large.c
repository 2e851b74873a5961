/* SPDX-License-Identifier: MIT */
/*
 * A signed bundle of more than 4 GiB: whole it is read, and a bit that flips beyond 2 and beyond 4 GiB is
 * found at its block.  Nothing of it is stored: its payload is made as it is read.  A minute long, so only
 * with COWBOOT_LARGE in the environment; make check-boards does that.
 */
#include "../bundle/made.h"

#include <stdio.h>

#include "../bundle/keys.h"
#include "cow/format.h"
#include "host/seal.h"
#include "host/secret.h"

#define EXCEPTIONS 1150000u
#define GIB (UINT64_C(1) << 30)
#define WIRE_BLOCK (BUNDLE_BLOCK_BYTES + DIGEST_BYTES)

/* A zstd frame of plain blocks, each of one byte many times. */
#define FRAME_HEAD 14u
#define PLAIN_BYTES (128u * 1024)
#define PLAIN_HEAD 3u

static uint64_t store_bytes, payload_bytes;

static void payload_head(uint8_t head[FRAME_HEAD])
{
	static const uint8_t begin[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x38 };

	memcpy(head, begin, sizeof(begin));
	put_le64(head + sizeof(begin), store_bytes);
}

static int payload_read_at(void *ctx, uint64_t at, void *data, size_t len)
{
	uint8_t *buf = data, head[FRAME_HEAD];

	(void)ctx;
	payload_head(head);
	while (len) {
		uint64_t block = at < FRAME_HEAD ? 0 : (at - FRAME_HEAD) / (PLAIN_HEAD + PLAIN_BYTES);
		uint64_t from = FRAME_HEAD + block * (PLAIN_HEAD + PLAIN_BYTES), left = store_bytes - block * PLAIN_BYTES;
		size_t size = left < PLAIN_BYTES ? (size_t)left : PLAIN_BYTES, take = 1;
		uint32_t said = (uint32_t)size << 3 | (left <= PLAIN_BYTES);

		if (at < FRAME_HEAD) {
			*buf = head[at];
		} else if (at - from < PLAIN_HEAD) {
			*buf = (uint8_t)(said >> 8 * (at - from));
		} else {
			take = (size_t)(from + PLAIN_HEAD + size - at);
			take = take < len ? take : len;
			memset(buf, (int)(block % 251), take);
		}
		buf += take;
		at += take;
		len -= take;
	}
	return 0;
}

struct wire {
	struct memory head;
	struct seal seal;
	uint64_t at, flip;	/* flip 0: nothing */
};

static ssize_t wire_read(void *ctx, void *buf, size_t len)
{
	struct wire *w = ctx;
	uint64_t in = w->at - w->head.len_bytes, block = in / WIRE_BLOCK, in_block = in % WIRE_BLOCK, left;

	if (w->at < w->head.len_bytes) {
		left = w->head.len_bytes - w->at;
		len = len < left ? len : (size_t)left;
		memcpy(buf, w->head.data + w->at, len);
	} else if (in_block < BUNDLE_BLOCK_BYTES) {
		left = BUNDLE_BLOCK_BYTES - in_block;
		if (left > payload_bytes - (block * BUNDLE_BLOCK_BYTES + in_block))
			left = payload_bytes - (block * BUNDLE_BLOCK_BYTES + in_block);
		len = len < left ? len : (size_t)left;
		payload_read_at(NULL, block * BUNDLE_BLOCK_BYTES + in_block, buf, len);
	} else {
		left = WIRE_BLOCK - in_block;
		len = len < left ? len : (size_t)left;
		memcpy(buf, w->seal.digest[block + 1] + in_block - BUNDLE_BLOCK_BYTES, len);
	}
	if (w->flip >= w->at && w->flip < w->at + len && w->flip)
		((uint8_t *)buf)[w->flip - w->at] ^= 1;
	w->at += len;
	return (ssize_t)len;
}

static int count(void *ctx, const void *data, size_t len)
{
	(void)data;
	*(uint64_t *)ctx += len;
	return 0;
}

static int read_whole(struct wire *w, uint64_t flip, uint64_t *ret_unpacked)
{
	struct trust t = { .needed = 1 };
	const struct cow_sink sink = { count, ret_unpacked };
	struct bundle *bundle;
	int rc;

	w->at = *ret_unpacked = 0;
	w->flip = flip;
	trust_key(&t, "one.pub");
	assert_int_equal(bundle_open(wire_read, w, &t, &bundle), 0);
	rc = bundle_volume_next(bundle, NULL, &sink);
	if (!rc)
		rc = bundle_end(bundle);
	bundle_close(bundle);
	return rc;
}

static void make(struct wire *w)
{
	static char one[SECRET_SIGNATURE_MAX], text[BUNDLE_MANIFEST_MAX];
	struct bundle_manifest m = { .version_to = "1", .volume_count = 1 };
	const struct cow_source payloads = { payload_read_at, NULL, payload_bytes };
	struct cow_sink sink = memory_sink(&w->head);
	uint8_t hash[MINISIGN_HASH_BYTES];
	struct secret secret;
	size_t len;

	m.volume[0] = (struct bundle_volume){
		.name = "system", .image_bytes = EXCEPTIONS * UINT64_C(4096), .chunk_sectors = 8,
		.old_bytes = EXCEPTIONS * UINT64_C(4096), .exceptions = EXCEPTIONS,
		.store_bytes = store_bytes, .payload_bytes = payload_bytes,
	};
	assert_int_equal(seal_make(&m, &payloads, &w->seal), 0);
	assert_int_equal(manifest_print(&m, text, sizeof(text), &len), 0);
	hash_of(text, len, hash);
	assert_int_equal(secret_load(GOLDEN "one.key", &secret), 0);
	assert_int_equal(secret_sign(&secret, hash, "large", one), 0);
	assert_int_equal(seal_emit_head(&m, one, &sink), 0);
}

static void test_beyond_4_gib(void **state)
{
	const uint64_t flips[] = { 2 * GIB - 1, 2 * GIB + 5, 4 * GIB - 1, 4 * GIB + 12345 };
	struct wire w = { .at = 0 };
	uint64_t unpacked;

	(void)state;
	if (!getenv("COWBOOT_LARGE"))
		skip();
	store_bytes = cow_store_bytes(8, EXCEPTIONS);
	payload_bytes = FRAME_HEAD + store_bytes + PLAIN_HEAD * ((store_bytes - 1) / PLAIN_BYTES + 1);
	make(&w);
	assert_int_equal(read_whole(&w, 0, &unpacked), 0);
	assert_true(unpacked == store_bytes && unpacked > 4 * GIB);
	for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
		assert_int_equal(read_whole(&w, flips[i], &unpacked), -EBADMSG);
		assert_string_equal(fail_text(), "the payload of volume system is damaged: its digest differs");
		assert_true(unpacked <= flips[i] && unpacked + 2 * WIRE_BLOCK + PLAIN_BYTES + flips[i] / 1000 > flips[i]);
	}
	seal_free(&w.seal);
	free(w.head.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beyond_4_gib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
