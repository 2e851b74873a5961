/* SPDX-License-Identifier: MIT */
/*
 * Deltas: what is written is unpacked again, byte for byte the store that cow_write makes; cut anywhere it
 * is refused, and whatever is damaged in it, no more comes out than the manifest said, and nothing is read
 * but what the old image has.
 */
#include "../bundle/made.h"

#include <errno.h>

#include "bundle/delta.h"
#include "host/delta_pack.h"
#include "host/delta_write.h"

#define OLD_BYTES (600u * 1024)
#define CHUNK_SECTORS 1u		/* 32 exceptions fill an area */

struct pair {
	struct memory old_image, new_image, store;
	struct bundle_volume volume;
	uint8_t *delta;
	size_t delta_bytes;
};

static uint32_t chance(uint32_t *x)
{
	return *x = *x * 1664525 + 1013904223;
}

/* NEW is OLD with words changed, pieces moved, and something that was nowhere. */
static void change(struct memory *image)
{
	uint32_t x = 7;

	for (size_t i = 0; i + 64 < 200 * 1024; i += 64)
		image->data[i + chance(&x) % 64] ^= (uint8_t)(1 + chance(&x) % 255);
	memmove(image->data + 300 * 1024, image->data + 310 * 1024 + 7, 90 * 1024);
	for (size_t i = 450 * 1024; i < 470 * 1024; i++)
		image->data[i] = (uint8_t)(chance(&x) >> 24);
	memset(image->data + 480 * 1024, 0, 10 * 1024);
}

static struct pair pair_new(size_t new_bytes)
{
	struct pair p = { .old_image = memory_new(OLD_BYTES), .new_image = memory_new(new_bytes) };
	struct cow_source old, new;
	struct cow_sink sink = memory_sink(&p.store);
	struct cow_stats stats;
	uint32_t x = 1;

	for (size_t i = 0; i < OLD_BYTES; i++)
		p.old_image.data[i] = (uint8_t)(chance(&x) >> 24);
	memcpy(p.new_image.data, p.old_image.data, new_bytes < OLD_BYTES ? new_bytes : OLD_BYTES);
	change(&p.new_image);
	old = memory_source(&p.old_image);
	new = memory_source(&p.new_image);
	assert_int_equal(cow_write(&old, &new, CHUNK_SECTORS, &sink, NULL, NULL, &stats), 0);
	p.volume = (struct bundle_volume){ .name = "system", .image_bytes = new_bytes,
					   .old_bytes = OLD_BYTES, .chunk_sectors = CHUNK_SECTORS,
					   .exceptions = stats.exceptions,
					   .store_bytes = stats.store_bytes };
	assert_int_equal(delta_write(&old, p.store.data, CHUNK_SECTORS, stats.exceptions, &p.delta,
				     &p.delta_bytes), 0);
	return p;
}

static void pair_free(struct pair *p)
{
	free(p->old_image.data);
	free(p->new_image.data);
	free(p->store.data);
	free(p->delta);
}

/* Fails where old is read beyond what the manifest says of it. */
static int read_in_bounds(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct pair *p = ctx;

	assert_true(offset_bytes <= p->volume.old_bytes);
	assert_true(len_bytes <= p->volume.old_bytes - offset_bytes);
	memcpy(buf, p->old_image.data + offset_bytes, len_bytes);
	return 0;
}

static int unpack(struct pair *p, const uint8_t *delta, size_t len_bytes, size_t piece_bytes,
		  struct memory *out)
{
	const struct cow_source old = { read_in_bounds, p, OLD_BYTES };
	const struct cow_sink sink = memory_sink(out);
	struct delta *d;
	int rc = delta_open(&p->volume, &old, &sink, &d);

	for (size_t at = 0; at < len_bytes && !rc; at += piece_bytes)
		rc = delta_add(d, delta + at, len_bytes - at < piece_bytes ? len_bytes - at : piece_bytes);
	if (!rc)
		rc = delta_end(d);
	delta_close(d);
	assert_true(out->len_bytes <= p->volume.store_bytes);
	return rc;
}

static void test_round(size_t new_bytes, size_t piece_bytes)
{
	struct pair p = pair_new(new_bytes);
	struct memory out = { 0 };

	assert_int_equal(unpack(&p, p.delta, p.delta_bytes, piece_bytes, &out), 0);
	assert_int_equal(out.len_bytes, p.store.len_bytes);
	assert_memory_equal(out.data, p.store.data, out.len_bytes);
	free(out.data);
	pair_free(&p);
}

static void test_same_size(void **state)
{
	(void)state;
	test_round(OLD_BYTES, 1 << 20);
	test_round(OLD_BYTES, 1);
	test_round(OLD_BYTES, 4097);
}

static void test_other_sizes(void **state)
{
	(void)state;
	test_round(OLD_BYTES - 100 * 1024 + 77, 1 << 20);
	test_round(OLD_BYTES + 100 * 1024 - 77, 1 << 20);
}

/* Most of what is new is told by the old: beside the 20 KiB that were nowhere, little is left. */
static void test_is_small(void **state)
{
	struct pair p = pair_new(OLD_BYTES);
	size_t other = 0;

	(void)state;
	for (size_t i = 0; i < p.delta_bytes; i++)
		other += p.delta[i] != 0;
	assert_in_range(other, 19 * 1024, 40 * 1024);
	pair_free(&p);
}

/* Exactly so many that the last area is empty, one less, none. */
static void test_areas(void **state)
{
	(void)state;
	for (unsigned exceptions = 0; exceptions < 66; exceptions++) {
		struct pair p = { .old_image = memory_new(OLD_BYTES) };
		struct memory out = { 0 };
		struct cow_source old = memory_source(&p.old_image), new;
		struct cow_sink sink = memory_sink(&p.store);
		struct cow_stats stats;

		p.new_image = memory_copy(&p.old_image);
		for (unsigned i = 0; i < exceptions; i++)
			p.new_image.data[i * 2 * 512] = 1;
		new = memory_source(&p.new_image);
		assert_int_equal(cow_write(&old, &new, CHUNK_SECTORS, &sink, NULL, NULL, &stats), 0);
		p.volume = (struct bundle_volume){ .image_bytes = OLD_BYTES, .old_bytes = OLD_BYTES,
						   .chunk_sectors = CHUNK_SECTORS,
						   .exceptions = stats.exceptions,
						   .store_bytes = stats.store_bytes };
		assert_int_equal(delta_write(&old, p.store.data, CHUNK_SECTORS, stats.exceptions,
					     &p.delta, &p.delta_bytes), 0);
		assert_int_equal(unpack(&p, p.delta, p.delta_bytes, 100, &out), 0);
		assert_int_equal(out.len_bytes, p.store.len_bytes);
		assert_memory_equal(out.data, p.store.data, out.len_bytes);
		free(out.data);
		pair_free(&p);
	}
}

static void test_cut(void **state)
{
	struct pair p = pair_new(OLD_BYTES);

	(void)state;
	for (size_t len = 0; len < p.delta_bytes; len += 997) {
		struct memory out = { 0 };

		assert_int_equal(unpack(&p, p.delta, len, 1 << 20, &out), -EBADMSG);
		free(out.data);
	}
	pair_free(&p);
}

/* Each byte of the numbers in front, and some of all others: refused, or other bytes; never outside. */
static void test_damaged(void **state)
{
	struct pair p = pair_new(OLD_BYTES);
	size_t refused = 0;

	(void)state;
	for (size_t at = 0; at < p.delta_bytes; at += at < 200 ? 1 : 3001)
		for (unsigned bit = 0; bit < 8; bit += at < 200 ? 1 : 3) {
			struct memory out = { 0 };
			int rc;

			p.delta[at] ^= (uint8_t)(1u << bit);
			rc = unpack(&p, p.delta, p.delta_bytes, 1 << 20, &out);
			p.delta[at] ^= (uint8_t)(1u << bit);
			assert_true(rc == -EBADMSG || (!rc && out.len_bytes == p.store.len_bytes &&
						       memcmp(out.data, p.store.data, out.len_bytes)));
			refused += rc == -EBADMSG;
			free(out.data);
		}
	assert_true(refused > 100);
	pair_free(&p);
}

/* Lengths that would take much memory are refused before there is room for them. */
static void test_lengths(void **state)
{
	static const uint8_t runs[] = { 255, 255, 255, 255 }, piece[] = { 2, 0, 0, 0, 0, 1, 0, 0, 0x20, 0 };
	struct pair p = pair_new(OLD_BYTES);
	struct memory out = { 0 };

	(void)state;
	assert_int_equal(unpack(&p, runs, sizeof(runs), 100, &out), -EBADMSG);
	p.volume.exceptions = 1;
	assert_int_equal(unpack(&p, piece, sizeof(piece), 100, &out), -EBADMSG);
	free(out.data);
	pair_free(&p);
}

/* As a volume of a bundle: the delta where it is smaller, the store where not. */
static void test_smaller_one_travels(void **state)
{
	struct pair p = pair_new(OLD_BYTES);
	struct memory payloads = { 0 };
	const struct cow_sink sink = memory_sink(&payloads);
	const struct bundle_packing packing = { .level = 3, .delta_level = 3, .payloads = &sink };
	struct bundle_input input = { .name = "system", .chunk_sectors = CHUNK_SECTORS,
				      .old_image = memory_source(&p.old_image),
				      .new_image = memory_source(&p.new_image) };
	static struct bundle_manifest m;

	(void)state;
	assert_int_equal(delta_pack(&packing, &input, &m), 0);
	assert_int_equal(m.volume[0].delta_bytes, p.delta_bytes);
	assert_int_equal(m.volume[0].payload_bytes, payloads.len_bytes);
	assert_in_range(payloads.len_bytes, 1, 40 * 1024);
	assert_int_equal(manifest_format(&m), BUNDLE_FORMAT_DELTA);
	/* Of zeros nothing can be told better. */
	memset(p.new_image.data, 0, OLD_BYTES);
	input.name = "vendor";
	assert_int_equal(delta_pack(&packing, &input, &m), 0);
	assert_int_equal(m.volume_count, 2);
	assert_int_equal(m.volume[1].payload_bytes,
			 payloads.len_bytes - m.volume[0].payload_bytes);
	free(payloads.data);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_size),
		cmocka_unit_test(test_other_sizes),
		cmocka_unit_test(test_is_small),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_smaller_one_travels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
