/* SPDX-License-Identifier: MIT */
/*
 * A store, behind 4 bytes that say how many sectors its origin has.  What the check has passed is walked,
 * applied, turned into an undo store and given a kept list, each without an error.
 */
#include "fuzz.h"

#include "cow/kept.h"
#include "cow/undo.h"

#define HEAD_BYTES 4u
#define ORIGIN_SECTORS_MAX 4096u
#define KEPT_BYTES_MAX (1u << 20)

static uint8_t buf[65536], bits[65536], list[KEPT_BYTES_MAX];
static size_t list_bytes;

struct bounds {
	uint64_t old_chunks, new_chunks, count;
};

static int take(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct bounds *b = ctx;

	must(index == b->count++);
	must(old_chunk < b->old_chunks && new_chunk > 1 && new_chunk < b->new_chunks);
	return 0;
}

static int keep(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	if (len_bytes > sizeof(list) - list_bytes)
		return fail(ENOSPC, "there is no room");
	memcpy(list + list_bytes, data, len_bytes);
	list_bytes += len_bytes;
	return 0;
}

/* The kept list of a store that the check has passed passes its own. */
static void kept(const struct cow_source *store, uint64_t origin_bytes, const struct cow_found *found,
		 const struct cow_scratch *scratch)
{
	const struct cow_mark mark = { { 1 }, "system", found->exceptions };
	const struct cow_sink sink = { keep, NULL };
	struct fuzz_disk disk = { list, 0 };
	struct cow_source source = { fuzz_read, &disk, 0 };
	struct cow_found again;
	uint8_t head[COW_KEPT_HEAD_BYTES];

	list_bytes = sizeof(head);
	if (cow_kept_sectors(found->exceptions) * 512 > sizeof(list))
		return;
	must(!cow_kept_write(store, &mark, found->chunk_sectors, scratch, &sink, head));
	memcpy(list, head, sizeof(head));
	disk.len_bytes = list_bytes;
	source.size_bytes = list_bytes;
	must(!cow_kept_check(&source, &mark, found->chunk_sectors, origin_bytes, store->size_bytes, scratch,
			     &again));
	must(again.exceptions == found->exceptions);
}

static void use(const struct cow_source *store, const struct cow_source *origin,
		const struct cow_found *found, const struct cow_scratch *scratch)
{
	const uint64_t chunk_bytes = found->chunk_sectors * 512ull;
	struct bounds b = { (origin->size_bytes + chunk_bytes - 1) / chunk_bytes,
			    store->size_bytes / chunk_bytes, 0 };
	const struct cow_list entries = { store, false, found->chunk_sectors, found->exceptions };
	struct fuzz_sink room = { 0, 64u << 20 };
	const struct cow_sink sink = { fuzz_write, &room };
	struct cow_stats stats;

	must(!cow_walk(store, found->chunk_sectors, found->exceptions, scratch, take, &b));
	must(b.count == found->exceptions);
	if (chunk_bytes > 1u << 20)
		return;
	must(!cow_apply(origin, store, origin->size_bytes, found, &sink));
	must(room.bytes == origin->size_bytes);
	room.bytes = 0;
	must(!cow_undo(&entries, origin, NULL, scratch, &sink, &stats));
	must(room.bytes == cow_store_bytes(found->chunk_sectors, found->exceptions));
	kept(store, origin->size_bytes, found, scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	const struct cow_scratch scratch = { buf, sizeof(buf), bits, sizeof(bits) };
	struct fuzz_disk disk, zeros = { NULL, 0 };
	struct cow_source store = { fuzz_read, &disk, 0 }, origin = { fuzz_read, &zeros, 0 };
	struct cow_expect expect = { .exact_count = false };
	struct cow_found found;

	if (len_bytes < HEAD_BYTES)
		return 0;
	disk = (struct fuzz_disk){ data + HEAD_BYTES, len_bytes - HEAD_BYTES };
	store.size_bytes = disk.len_bytes;
	origin.size_bytes = expect.origin_bytes = (get_le32(data) % ORIGIN_SECTORS_MAX + 1) * 512ull;
	if (!cow_check(&store, &expect, &scratch, &found))
		use(&store, &origin, &found, &scratch);
	return 0;
}
