/* SPDX-License-Identifier: MIT */
/*
 * Full bundles: whatever is there, what comes out is byte for byte the store that cow_write makes of it and
 * NEW; from a file no more is read than is needed; and of a bundle that is wrong, in any byte or in what its
 * index says of itself, nothing is unpacked that was not checked.
 */
#include "../bundle/made.h"

#include <errno.h>

#include <zstd.h>

#include "bundle/full.h"
#include "host/full_pack.h"
#include "host/seal.h"

#include "../../sim/unpack.c"	/* thousands of bundles: not a process for each */

#define CHUNK 512u
#define RECORD_BYTES (FULL_RECORD_HEAD_BYTES + FULL_FRAME_BYTES_MIN / CHUNK * FULL_CHUNK_DIGEST_BYTES)
#define IMAGE_BYTES (5 * FULL_FRAME_BYTES_MIN + 3 * CHUNK + 100)	/* six frames, ends amid a chunk */

struct whole {
	struct memory image, payloads, bundle;
	struct full_indexes indexes;
	struct bundle_manifest manifest;
};

static uint32_t chance(uint32_t *x)
{
	return *x = *x * 1664525 + 1013904223;
}

static void emit(struct whole *w)
{
	const struct cow_source payloads = memory_source(&w->payloads);
	struct full_payloads both = { &w->indexes, &payloads };
	const struct cow_source all = full_source(&both);
	const struct cow_sink sink = memory_sink(&w->bundle);
	struct seal seal;

	w->bundle.len_bytes = 0;
	assert_int_equal(seal_make(&w->manifest, &all, &seal), 0);
	assert_int_equal(seal_emit(&seal, &w->manifest, "", &all, &sink), 0);
	seal_free(&seal);
}

static struct whole whole_new(size_t image_bytes)
{
	struct whole w = { .image = memory_new(image_bytes) };
	const struct cow_sink payloads = memory_sink(&w.payloads);
	struct bundle_packing packing = { .level = 3, .payloads = &payloads, .all_bytes = image_bytes };
	struct bundle_input input = { .name = "system", .chunk_sectors = 1 };
	uint32_t x = 3;

	for (size_t i = 0; i < image_bytes; i++)	/* half of it can be packed */
		w.image.data[i] = i / 1000 % 2 ? (uint8_t)(chance(&x) >> 24) : 7;
	input.new_image = memory_source(&w.image);
	strcpy(w.manifest.version_to, "2");
	assert_int_equal(full_pack(&packing, &input, &w.manifest, &w.indexes), 0);
	emit(&w);
	return w;
}

static void whole_free(struct whole *w)
{
	free(w->image.data);
	free(w->payloads.data);
	free(w->bundle.data);
	full_indexes_free(&w->indexes);
}

/* A bundle as a file: what was read of it is counted. */
struct file {
	struct feed feed;		/* first, for feed_read takes a struct feed */
	size_t read_bytes, wanted_bytes, wants;
};

static ssize_t file_read(void *ctx, void *buf, size_t len_bytes)
{
	struct file *f = ctx;
	ssize_t got = feed_read(&f->feed, buf, len_bytes);

	f->read_bytes += (size_t)got;
	return got;
}

static int file_skip(void *ctx, uint64_t len_bytes)
{
	struct file *f = ctx;

	if (len_bytes > f->feed.len_bytes - f->feed.at)
		return -EOVERFLOW;
	f->feed.at += len_bytes;
	return 0;
}

static void file_want(void *ctx, uint64_t at_bytes, uint64_t len_bytes)
{
	struct file *f = ctx;

	assert_true(len_bytes);
	assert_true(at_bytes >= f->feed.at && len_bytes <= f->feed.len_bytes - at_bytes);
	f->wants++;
	f->wanted_bytes += len_bytes;
}

static int no_skip(void *ctx, uint64_t len_bytes)
{
	(void)ctx;
	(void)len_bytes;
	return -ESPIPE;
}

static const struct bundle_seek seekable = { file_skip, file_want }, pipe_like = { no_skip, file_want };

/* Reads the bundle over what is there, or over nothing, into out. */
static int unpack(struct file *f, const struct bundle_seek *seek, struct memory *there, struct memory *out)
{
	struct cow_sink sink = memory_sink(out);
	struct cow_source source;
	struct bundle *b;
	int rc = bundle_open(file_read, f, NULL, &b);

	if (rc)
		return rc;
	if (seek)
		bundle_may_skip(b, seek);
	if (there)
		source = memory_source(there);
	rc = bundle_compare_next(b, there ? &source : NULL);
	if (!rc)
		rc = there ? bundle_volume_next(b, NULL, &sink) : bundle_image_next(b, &sink);
	if (!rc)
		rc = bundle_end(b);
	if (!rc && !there)
		assert_int_equal(bundle_done_bytes(b), bundle_total_bytes(b));
	bundle_close(b);
	return rc;
}

static struct file file_of(const struct memory *bundle)
{
	return (struct file){ { bundle->data, bundle->len_bytes, 0, 1 << 20 }, 0, 0, 0 };
}

/* Over that, from a file and from a pipe: the store that cow_write makes. */
static size_t check_over(struct whole *w, struct memory *there)
{
	struct cow_source old = memory_source(there), new = memory_source(&w->image);
	struct memory store = { 0 };
	struct cow_sink sink = memory_sink(&store);
	struct cow_stats stats;
	size_t read_bytes = 0;

	old.size_bytes = new.size_bytes;	/* what lies behind the image is not looked at */
	assert_int_equal(cow_write(&old, &new, 1, &sink, NULL, NULL, &stats), 0);
	for (unsigned way = 0; way < 3; way++) {
		const struct bundle_seek *seek = way == 0 ? NULL : way == 1 ? &pipe_like : &seekable;
		struct file f = file_of(&w->bundle);
		struct memory out = { 0 };

		assert_int_equal(unpack(&f, seek, there, &out), 0);
		assert_int_equal(out.len_bytes, store.len_bytes);
		assert_memory_equal(out.data, store.data, out.len_bytes);
		if (way < 2)
			assert_int_equal(f.read_bytes, w->bundle.len_bytes);
		else
			assert_int_equal(f.feed.at, w->bundle.len_bytes);
		read_bytes = f.read_bytes;
		free(out.data);
	}
	free(store.data);
	return read_bytes;
}

static void test_over_anything(void **state)
{
	struct whole w = whole_new(IMAGE_BYTES);
	struct memory there = memory_new(IMAGE_BYTES + 5000);

	(void)state;
	assert_int_equal(check_over(&w, &there), w.bundle.len_bytes);
	memcpy(there.data, w.image.data, IMAGE_BYTES);
	assert_in_range(check_over(&w, &there), 1, w.bundle.len_bytes / 2);
	for (size_t at = 0; at < IMAGE_BYTES; at += IMAGE_BYTES / 7) {
		there.data[at] ^= 1;
		(void)check_over(&w, &there);
	}
	there.data[IMAGE_BYTES - 1] ^= 1;
	(void)check_over(&w, &there);
	free(there.data);
	whole_free(&w);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 1, CHUNK, CHUNK + 1, FULL_FRAME_BYTES_MIN - 1, FULL_FRAME_BYTES_MIN,
					FULL_FRAME_BYTES_MIN + 1, 2 * FULL_FRAME_BYTES_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct whole w = whole_new(sizes[i]);
		struct memory there = memory_new(sizes[i]), out = { 0 };
		struct file f = file_of(&w.bundle);

		(void)check_over(&w, &there);
		assert_int_equal(unpack(&f, NULL, NULL, &out), 0);
		assert_int_equal(out.len_bytes, sizes[i]);
		assert_memory_equal(out.data, w.image.data, sizes[i]);
		free(out.data);
		free(there.data);
		whole_free(&w);
	}
}

/* One frame of six: it, and what stands before all of them, is what is read and what was told. */
static void test_reads_what_it_needs(void **state)
{
	struct whole w = whole_new(IMAGE_BYTES);
	struct memory there = memory_copy(&w.image), out = { 0 };
	struct file f = file_of(&w.bundle);
	size_t head = w.bundle.len_bytes - w.payloads.len_bytes;

	(void)state;
	there.data[2 * FULL_FRAME_BYTES_MIN + 9] ^= 1;
	assert_int_equal(unpack(&f, &seekable, &there, &out), 0);
	assert_int_equal(f.read_bytes, head + get_le32(w.indexes.bytes + 2 * RECORD_BYTES));
	assert_int_equal(f.wants, 2);
	assert_in_range(f.wanted_bytes, f.read_bytes - head, f.read_bytes);
	free(out.data);
	free(there.data);
	whole_free(&w);
}

/* Each byte in front, and some of the frames: refused, and nothing of a wrong frame came out. */
static void test_every_byte(void **state)
{
	struct whole w = whole_new(FULL_FRAME_BYTES_MIN + 5 * CHUNK);
	size_t head = w.bundle.len_bytes - w.payloads.len_bytes;
	struct memory there = memory_new(w.image.len_bytes);

	(void)state;
	for (size_t at = 0; at < w.bundle.len_bytes; at += at < head ? 1 : 331) {
		struct file f = file_of(&w.bundle);
		struct memory out = { 0 };

		w.bundle.data[at] ^= 1u << at % 8;
		assert_true(unpack(&f, &seekable, &there, &out) < 0);
		assert_true(out.len_bytes < w.image.len_bytes);
		w.bundle.data[at] ^= 1u << at % 8;
		free(out.data);
	}
	free(there.data);
	whole_free(&w);
}

static void test_cut(void **state)
{
	struct whole w = whole_new(IMAGE_BYTES);
	struct memory there = memory_copy(&w.image);

	(void)state;
	for (size_t len = 0; len < w.bundle.len_bytes; len += 1499)
		for (unsigned way = 0; way < 2; way++) {
			struct file f = file_of(&w.bundle);
			struct memory out = { 0 };

			f.feed.len_bytes = len;
			assert_int_equal(unpack(&f, way ? &(struct bundle_seek){ file_skip, NULL } : NULL,
						&there, &out), -EBADMSG);
			free(out.data);
		}
	free(there.data);
	whole_free(&w);
}

/* An index that is signed and says what cannot be. */
static void check_index(struct whole *w, const char *why)
{
	struct file f;
	struct memory out = { 0 };

	emit(w);
	f = file_of(&w->bundle);
	assert_int_equal(unpack(&f, NULL, NULL, &out), -EBADMSG);
	if (!strstr(fail_text(), why))
		assert_string_equal(fail_text(), why);
	assert_int_equal(out.len_bytes, 0);
	free(out.data);
}

static void test_hostile_index(void **state)
{
	struct whole w = whole_new(FULL_FRAME_BYTES_MIN + 5 * CHUNK);
	uint8_t *first = w.indexes.bytes, *second = first + RECORD_BYTES;
	const uint32_t one = get_le32(first), two = get_le32(second);

	(void)state;
	put_le32(first, 0);
	check_index(&w, "contradicts itself: frame 0 of 0 bytes");
	put_le32(first, UINT32_MAX);
	check_index(&w, "contradicts itself: frame 0 of 4294967295 bytes");
	put_le32(first, one);
	put_le32(second, (uint32_t)full_packed_max(5 * CHUNK) + 1);
	check_index(&w, "contradicts itself: frame 1");
	put_le32(second, two - 1);
	check_index(&w, "is not the one of its payload");
	put_le32(second, two + 1);
	check_index(&w, "contradicts itself: frame 1");
	/* They overlap, or leave a gap: then what is read there is not what its digest says. */
	put_le32(first, one - 1);
	put_le32(second, two + 1);
	check_index(&w, "frame 0: its digest differs");
	whole_free(&w);
}

/* A frame in the place of the first one that the index says is that. */
static void check_frame(struct whole *w, const void *packed, size_t len, const char *why)
{
	struct digest digest;

	w->payloads.len_bytes = len;
	memcpy(w->payloads.data, packed, len);
	digest_begin(&digest);
	digest_add(&digest, packed, len);
	digest_end(&digest, w->indexes.bytes + 4);
	put_le32(w->indexes.bytes, (uint32_t)len);
	w->manifest.volume[0].payload_bytes = len;
	check_index(w, why);
}

static void test_bombs(void **state)
{
	struct whole w = whole_new(FULL_FRAME_BYTES_MIN);
	static uint8_t zeros[8u << 20], packed[4096];
	size_t len;

	(void)state;
	len = ZSTD_compress(packed, sizeof(packed), zeros, sizeof(zeros), 3);
	assert_false(ZSTD_isError(len));
	check_frame(&w, packed, len, "frame 0: it unpacks to too much");
	len = ZSTD_compress(packed, sizeof(packed), zeros, FULL_FRAME_BYTES_MIN + 1, 3);
	check_frame(&w, packed, len, "frame 0: it unpacks to too much");
	len = ZSTD_compress(packed, sizeof(packed), zeros, FULL_FRAME_BYTES_MIN - 1, 3);
	check_frame(&w, packed, len, "frame 0: it unpacks to too little");
	check_frame(&w, packed, 5, "frame 0: it unpacks to too little");
	packed[len] = 0;
	check_frame(&w, packed, len + 1, "frame 0: ");
	memset(packed, 0xff, 100);
	check_frame(&w, packed, 100, "frame 0: Unknown frame descriptor");
	whole_free(&w);
}

static void test_order(void **state)
{
	struct whole w = whole_new(IMAGE_BYTES);
	struct file f = file_of(&w.bundle);
	struct memory out = { 0 };
	struct cow_sink sink = memory_sink(&out);
	struct bundle *b;

	(void)state;
	assert_int_equal(bundle_open(file_read, &f, NULL, &b), 0);
	assert_int_equal(bundle_volume_next(b, NULL, &sink), -EINVAL);
	assert_int_equal(bundle_image_next(b, &sink), -EINVAL);
	assert_int_equal(bundle_boot_next(b, &sink), -EINVAL);
	assert_int_equal(bundle_end(b), -EINVAL);
	assert_int_equal(bundle_compare_next(b, NULL), 0);
	assert_int_equal(bundle_compare_next(b, NULL), -EINVAL);
	assert_int_equal(bundle_image_next(b, &sink), 0);
	assert_int_equal(bundle_image_next(b, &sink), -EINVAL);
	bundle_close(b);
	free(out.data);
	whole_free(&w);
}

static void test_numbers(void **state)
{
	struct bundle_volume v = { .image_bytes = UINT64_C(64) << 30, .chunk_sectors = 8,
				   .frame_bytes = FULL_FRAME_BYTES_MAX, .payload_bytes = 1 << 20 };
	struct bundle_manifest m = { .volume_count = 1 };

	(void)state;
	assert_true(full_fits(&v));
	m.volume[0] = v;
	assert_true(full_all_fit(&m));
	m.volume[m.volume_count++] = (struct bundle_volume){ .image_bytes = 1, .chunk_sectors = 8,
							     .frame_bytes = FULL_FRAME_BYTES_MIN };
	assert_false(full_all_fit(&m));
	v.image_bytes++;
	assert_false(full_fits(&v));
	v.image_bytes = UINT64_MAX;
	assert_false(full_fits(&v));
	v.image_bytes = 0;
	assert_false(full_fits(&v));
	v.image_bytes = 1 << 20;
	v.payload_bytes = 0;
	assert_false(full_fits(&v));
	v.payload_bytes = (1 << 20) + (1 << 12) + 64;
	assert_true(full_fits(&v));
	v.payload_bytes++;
	assert_false(full_fits(&v));
	v.payload_bytes = 1000;
	v.chunk_sectors = 2048;
	assert_true(full_fits(&v));
	v.chunk_sectors = 4096;
	assert_false(full_fits(&v));
	v.chunk_sectors = 3;
	assert_false(full_fits(&v));
	v.chunk_sectors = 8;
	v.frame_bytes += 4096;
	assert_false(full_fits(&v));
	v.frame_bytes = FULL_FRAME_BYTES_MIN / 2;
	assert_false(full_fits(&v));
	v.frame_bytes = 2 * FULL_FRAME_BYTES_MAX;
	assert_false(full_fits(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_anything),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_reads_what_it_needs),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_hostile_index),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
