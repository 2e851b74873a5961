/* SPDX-License-Identifier: MIT */
/* Reading bundles: whole ones in any pieces; cut at every byte, flipped in every bit, padded. */
#include "made.h"
#include "../../sim/unpack.c"	/* thousands of bundles: not a process for each */

#include <errno.h>
#include <stdio.h>

#include <unistd.h>
#include <zstd.h>

static int read_bytes(const uint8_t *data, size_t len_bytes, size_t piece_bytes)
{
	struct feed feed = { data, len_bytes, 0, piece_bytes };
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	int rc = made_read(&feed, stores);

	stores_free(stores);
	return rc;
}

static void test_good_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 64, 4096, SIZE_MAX };
	struct made m = made_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct feed feed = { m.bundle.data, m.bundle.len_bytes, 0, pieces[i] };
		struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };

		assert_int_equal(made_read(&feed, stores), 0);
		for (unsigned v = 0; v < 2; v++) {
			struct cow_stats stats;
			struct memory want = store_of(&m.old_image[v], &m.new_image[v], v ? 2 : 1,
						      &stats);

			assert_int_equal(stores[v].len_bytes, want.len_bytes);
			assert_memory_equal(stores[v].data, want.data, want.len_bytes);
			free(want.data);
		}
		stores_free(stores);
	}
	made_free(&m);
}

/* What version 1 once was, it stays: this file was written by the first writer. */
static void test_golden(void **state)
{
	struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 };
	struct made m = made_new();
	uint8_t data[8192];
	FILE *f = fopen("tests/golden/bundle/v1.bundle", "rb");
	struct feed feed = { data, 0, 0, SIZE_MAX };

	(void)state;
	assert_non_null(f);
	feed.len_bytes = fread(data, 1, sizeof(data), f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(made_read(&feed, stores), 0);
	for (unsigned v = 0; v < 2; v++) {
		struct cow_stats stats;
		struct memory want = store_of(&m.old_image[v], &m.new_image[v], v ? 2 : 1, &stats);

		assert_int_equal(stores[v].len_bytes, want.len_bytes);
		assert_memory_equal(stores[v].data, want.data, want.len_bytes);
		free(want.data);
	}
	stores_free(stores);
	made_free(&m);
}

static void test_truncated(void **state)
{
	struct made m = made_new();
	size_t head_bytes = m.bundle.len_bytes - m.payloads.len_bytes;

	(void)state;
	for (size_t len = 0; len < m.bundle.len_bytes; len++) {
		char want[64];

		/* Up to the manifest's end the whole length is not known. */
		if (len < head_bytes)
			snprintf(want, sizeof(want), "truncated at byte %zu", len);
		else
			snprintf(want, sizeof(want), "truncated at byte %zu of %zu", len,
				 m.bundle.len_bytes);
		assert_int_equal(read_bytes(m.bundle.data, len, 1000), -EBADMSG);
		assert_string_equal(fail_text(), want);
	}
	made_free(&m);
}

static void test_every_bit(void **state)
{
	struct made m = made_new();

	(void)state;
	for (size_t bit = 0; bit < 8 * m.bundle.len_bytes; bit++) {
		int rc;

		m.bundle.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rc = read_bytes(m.bundle.data, m.bundle.len_bytes, SIZE_MAX);
		assert_true(rc == -EBADMSG || rc == -ENOTSUP);
		m.bundle.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	made_free(&m);
}

static void test_padded(void **state)
{
	struct made m = made_new();
	uint8_t *longer = malloc(m.bundle.len_bytes + 1);
	char want[80];

	(void)state;
	assert_non_null(longer);
	memcpy(longer, m.bundle.data, m.bundle.len_bytes);
	longer[m.bundle.len_bytes] = 0;
	assert_int_equal(read_bytes(longer, m.bundle.len_bytes + 1, SIZE_MAX), -EBADMSG);
	snprintf(want, sizeof(want), "padded: it ends at byte %zu, and more follows",
		 m.bundle.len_bytes);
	assert_string_equal(fail_text(), want);
	free(longer);
	made_free(&m);
}

/* A bundle whose digests are right and whose one payload is whatever is given. */
static struct memory forged(const uint8_t *payload, size_t payload_bytes, uint64_t exceptions)
{
	struct memory payloads = { (uint8_t *)(uintptr_t)payload, payload_bytes, 0 };
	struct memory bundle = { 0 };
	struct cow_source source = memory_source(&payloads);
	struct cow_sink sink = memory_sink(&bundle);
	struct bundle_manifest m = { .version_to = "1", .volume_count = 1 };
	struct digest digest;

	m.volume[0] = (struct bundle_volume){
		.name = "system", .image_bytes = 4096 * 512, .old_bytes = 4096 * 512, .chunk_sectors = 8,
		.exceptions = exceptions, .store_bytes = (2 + exceptions + exceptions / 256) * 4096,
		.payload_bytes = payload_bytes,
	};
	digest_begin(&digest);
	digest_add(&digest, payload, payload_bytes);
	digest_end(&digest, m.volume[0].payload_digest);
	assert_int_equal(bundle_emit(&m, &source, &sink), 0);
	return bundle;
}

static void assert_forged(const uint8_t *payload, size_t payload_bytes, uint64_t exceptions,
			  const char *reason)
{
	struct memory bundle = forged(payload, payload_bytes, exceptions);

	assert_int_equal(read_bytes(bundle.data, bundle.len_bytes, SIZE_MAX), -EBADMSG);
	assert_string_equal(fail_text(), reason);
	free(bundle.data);
}

#define DAMAGED "the payload of volume system is damaged: "

/* A right digest makes no frame of it, nor one of the right length. */
static void test_forged_payloads(void **state)
{
	static uint8_t plain[20 * 4096], packed[65536];
	size_t len = ZSTD_compress(packed, sizeof(packed), plain, 10 * 4096, 3), again;
	struct memory good;

	(void)state;
	assert_false(ZSTD_isError(len));
	good = forged(packed, len, 8);
	assert_int_equal(read_bytes(good.data, good.len_bytes, SIZE_MAX), 0);
	free(good.data);
	assert_forged(packed, len, 7, DAMAGED "it unpacks to too much");
	assert_forged(packed, len, 9, DAMAGED "it unpacks to too little");
	assert_forged(packed, len - 1, 8, DAMAGED "it unpacks to too little");
	again = ZSTD_compress(packed + len, sizeof(packed) - len, plain, 4096, 3);
	assert_false(ZSTD_isError(again));
	assert_forged(packed, len + again, 9, DAMAGED "bytes follow its end");
	assert_forged(plain, 100, 8, DAMAGED "Unknown frame descriptor");
	/* A skippable frame is one, and holds nothing. */
	assert_forged((const uint8_t *)"\x50\x2a\x4d\x18\x01\0\0\0x", 9, 8,
		      DAMAGED "it unpacks to too little");
}

/* A frame that wants more memory than any writer's does is refused before it gets it. */
static void test_window_too_large(void **state)
{
	static uint8_t plain[4 * 4096], packed[65536];
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_inBuffer in = { plain, sizeof(plain), 0 };
	ZSTD_outBuffer out = { packed, sizeof(packed), 0 };

	(void)state;
	assert_non_null(zstd);
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 24)));
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)));
	while (in.pos < in.size)	/* unknown size: the window stays as it was asked for */
		assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end), 0);
	assert_forged(packed, out.pos, 2,
		      DAMAGED "Frame requires too much memory for decoding");
	assert_int_equal(ZSTD_freeCCtx(zstd), 0);
}

static void test_order_of_calls(void **state)
{
	struct made m = made_new();
	struct feed feed = { m.bundle.data, m.bundle.len_bytes, 0, SIZE_MAX };
	struct memory store = { 0 };
	struct cow_sink sink = memory_sink(&store);
	struct bundle *b;

	(void)state;
	assert_int_equal(bundle_open(feed_read, &feed, NULL, &b), 0);
	assert_int_equal(bundle_total_bytes(b), m.bundle.len_bytes);
	assert_int_equal(bundle_done_bytes(b), m.bundle.len_bytes - m.payloads.len_bytes);
	assert_int_equal(bundle_end(b), -EINVAL);
	assert_int_equal(bundle_volume_next(b, NULL, &sink), 0);
	assert_int_equal(bundle_volume_next(b, NULL, &sink), 0);
	assert_int_equal(bundle_volume_next(b, NULL, &sink), -EINVAL);
	assert_int_equal(bundle_done_bytes(b), m.bundle.len_bytes);
	assert_int_equal(bundle_end(b), 0);
	bundle_close(b);
	bundle_close(NULL);
	free(store.data);
	made_free(&m);
}

/* After a sink that failed nothing more can be had, and the sink's own error is told. */
static void test_sink_fails(void **state)
{
	struct made m = made_new();
	struct feed feed = { m.bundle.data, m.bundle.len_bytes, 0, SIZE_MAX };
	struct memory store = { .fail_after = 100 };
	struct cow_sink sink = memory_sink(&store);
	struct bundle *b;

	(void)state;
	assert_int_equal(bundle_open(feed_read, &feed, NULL, &b), 0);
	assert_int_equal(bundle_volume_next(b, NULL, &sink), -EIO);
	assert_string_equal(fail_text(), "cannot write memory: full");
	store.fail_after = 0;
	assert_int_equal(bundle_volume_next(b, NULL, &sink), -EINVAL);
	assert_int_equal(bundle_end(b), -EINVAL);
	bundle_close(b);
	free(store.data);
	made_free(&m);
}

static ssize_t broken_read(void *ctx, void *buf, size_t len_bytes)
{
	(void)ctx;
	(void)buf;
	(void)len_bytes;
	return fail(EIO, "cannot read it: broken");
}

static void test_source_fails(void **state)
{
	struct bundle *b;
	int fd = -1;

	(void)state;
	assert_int_equal(bundle_open(broken_read, NULL, NULL, &b), -EIO);
	assert_string_equal(fail_text(), "cannot read it: broken");
	assert_int_equal(bundle_open(bundle_read_fd, &fd, NULL, &b), -EBADF);
}

static void test_from_a_pipe(void **state)
{
	struct made m = made_new();
	struct bundle *b;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], m.bundle.data, 700), 700);
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(bundle_open(bundle_read_fd, &fds[0], NULL, &b), -EBADMSG);
	assert_string_equal(fail_text(), "truncated at byte 700");
	assert_int_equal(close(fds[0]), 0);
	made_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_in_any_pieces),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_padded),
		cmocka_unit_test(test_forged_payloads),
		cmocka_unit_test(test_window_too_large),
		cmocka_unit_test(test_order_of_calls),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_from_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
