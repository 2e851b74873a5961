/* SPDX-License-Identifier: MIT */
/*
 * Updates in memory, in the middle of their merge: what the kernel has left of the list, and what of the
 * origin it has written. For the tests of what comes after a merge.
 */
#ifndef COWBOOT_TESTS_COW_MERGE_H
#define COWBOOT_TESTS_COW_MERGE_H

#include "memory.h"

#include "base/bytes.h"
#include "cow/kept.h"

#define MERGE_ID "0123456789abcde"

struct update {
	struct memory old_image, new_image, store, kept;
	struct cow_stats stats;
	struct cow_mark mark;
	uint32_t chunk_sectors;
	size_t chunk_bytes;
};

static inline uint8_t *entry_of(struct memory *store, uint32_t chunk_sectors, uint64_t i)
{
	uint64_t entries = cow_area_entries(chunk_sectors);

	return store->data + cow_area_chunk(chunk_sectors, i / entries) * chunk_sectors * 512 +
	       i % entries * 16;
}

/* The same exceptions in another order, as a kernel leaves them after scattered writes. */
static inline void shuffle(struct memory *store, uint32_t chunk_sectors, uint64_t n,
			   uint64_t *random)
{
	for (uint64_t i = n; i-- > 1;) {
		uint8_t *a = entry_of(store, chunk_sectors, i), swap[16];
		uint8_t *b = entry_of(store, chunk_sectors, random_next(random) % (i + 1));

		memcpy(swap, a, 16);
		memcpy(a, b, 16);
		memcpy(b, swap, 16);
	}
}

/* Scratch space that is larger than any test needs; bits hold rubbish. */
static inline struct cow_scratch scratch_of(size_t buf_bytes)
{
	static uint8_t buf[256 * 1024], bits[4096];

	assert_true(buf_bytes <= sizeof(buf));
	memset(buf, 0xaa, sizeof(buf));
	memset(bits, 0xff, sizeof(bits));
	return (struct cow_scratch){ buf, buf_bytes, bits, sizeof(bits) };
}

static inline struct memory kept_of(struct memory *store, const struct cow_mark *mark,
				    uint32_t chunk_sectors)
{
	struct cow_source source = memory_source(store);
	struct cow_scratch scratch = scratch_of(4096);
	struct memory kept = { 0 };
	struct cow_sink sink = memory_sink(&kept);
	uint8_t head[COW_KEPT_HEAD_BYTES] = { 0 };

	/* The head comes last, and belongs before it. */
	assert_int_equal(sink.write(sink.ctx, head, sizeof(head)), 0);
	assert_int_equal(cow_kept_write(&source, mark, chunk_sectors, &scratch, &sink, head), 0);
	memcpy(kept.data, head, sizeof(head));
	assert_int_equal(kept.len_bytes, cow_kept_sectors(mark->exceptions) * 512);
	return kept;
}

/* image_bytes may end amid a chunk. Each byte of the chunks that change, changes. */
static inline struct update update_new(size_t image_bytes, uint32_t chunk_sectors,
				       unsigned one_in, bool shuffled, uint64_t *random)
{
	struct update u = { .chunk_sectors = chunk_sectors, .chunk_bytes = chunk_sectors * 512 };
	bool changes = false;

	u.old_image = memory_new(image_bytes);
	memory_randomise(&u.old_image, random_next(random));
	u.new_image = memory_copy(&u.old_image);
	for (size_t at = 0; at < image_bytes; at++) {
		if (at % u.chunk_bytes == 0)
			changes = random_next(random) % one_in == 0;
		if (changes)
			u.new_image.data[at] ^= 0xff;
	}
	u.store = store_of(&u.old_image, &u.new_image, chunk_sectors, &u.stats);
	if (shuffled)
		shuffle(&u.store, chunk_sectors, u.stats.exceptions, random);
	u.mark = (struct cow_mark){ MERGE_ID, "system", u.stats.exceptions };
	cow_mark_encode(&u.mark, u.store.data + COW_MARK_OFFSET);
	u.kept = kept_of(&u.store, &u.mark, chunk_sectors);
	return u;
}

static inline void update_free(struct update *u)
{
	free(u->old_image.data);
	free(u->new_image.data);
	free(u->store.data);
	free(u->kept.data);
}

/* How many bytes of the image the chunk has. */
static inline size_t chunk_len(const struct update *u, uint64_t chunk)
{
	size_t left = u->new_image.len_bytes - (size_t)chunk * u->chunk_bytes;

	return left < u->chunk_bytes ? left : u->chunk_bytes;
}

/* Merges all but the first left exceptions: into the origin, and off the kernel's list. */
static inline void merge_to(struct update *u, struct memory *origin, uint64_t left)
{
	for (uint64_t i = u->stats.exceptions; i-- > left;) {
		uint8_t *entry = entry_of(&u->store, u->chunk_sectors, i);
		uint64_t old_chunk = get_le64(entry);

		memcpy(origin->data + old_chunk * u->chunk_bytes,
		       u->store.data + get_le64(entry + 8) * u->chunk_bytes,
		       chunk_len(u, old_chunk));
		memset(entry, 0, 16);
	}
}

static inline void assert_same(const struct memory *got, const struct memory *want)
{
	assert_int_equal(got->len_bytes, want->len_bytes);
	assert_memory_equal(got->data, want->data, want->len_bytes);
}

/* What a merge of the store into the origin leaves. */
static inline struct memory applied(struct memory *origin, struct memory *store)
{
	struct cow_source origin_source = memory_source(origin);
	struct cow_source store_source = memory_source(store);
	struct cow_scratch scratch = scratch_of(4096);
	struct cow_expect expect = { .origin_bytes = origin->len_bytes };
	struct memory out = { 0 };
	struct cow_sink sink = memory_sink(&out);
	struct cow_found found;

	assert_int_equal(cow_check(&store_source, &expect, &scratch, &found), 0);
	assert_int_equal(cow_apply(&origin_source, &store_source, origin->len_bytes, &found,
				   &sink), 0);
	return out;
}

#endif
