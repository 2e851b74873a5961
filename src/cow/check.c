/* SPDX-License-Identifier: MIT */
/*
 * The check of a store before any table is loaded (I5).  Never writes, never allocates (PID 1
 * runs it), and trusts no number it has not compared.  One pass for lists that ascend on both
 * sides, where nothing can be there twice; a second one, with a bit per chunk, for those that do
 * not.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/check.h"

#define NOT_ASCENDING 1	/* what ends the first pass; no errno */

struct check {
	uint64_t origin_chunks, store_chunks, area_entries;
	uint64_t old_last, new_last;
	uint8_t *bits;			/* NULL: first pass */
	bool can_use_bits;
	struct cow_found found;
};

static int bad(uint64_t index, const char *side, uint64_t chunk, const char *what)
{
	return fail(EBADMSG, "exception %llu: %s chunk %llu %s", (unsigned long long)index, side,
		    (unsigned long long)chunk, what);
}

/* Marks a bit; whether it was marked before. */
static bool seen(uint8_t *bits, uint64_t at)
{
	uint8_t bit = (uint8_t)(1u << at % 8);
	bool was = bits[at / 8] & bit;

	bits[at / 8] |= bit;
	return was;
}

static int check_twice(struct check *c, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	if (c->bits) {
		if (seen(c->bits, old_chunk))
			return bad(index, "old", old_chunk, "is there twice");
		if (seen(c->bits, c->origin_chunks + new_chunk))
			return bad(index, "new", new_chunk, "is there twice");
		return 0;
	}
	if (!index || (old_chunk > c->old_last && new_chunk > c->new_last))
		return 0;
	if (c->can_use_bits)
		return NOT_ASCENDING;
	return bad(index, old_chunk > c->old_last ? "new" : "old",
		   old_chunk > c->old_last ? new_chunk : old_chunk, "does not ascend");
}

static int check_one(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct check *c = ctx;
	int rc;

	if (old_chunk >= c->origin_chunks)
		return bad(index, "old", old_chunk, "lies outside the origin");
	if (new_chunk >= c->store_chunks)
		return bad(index, "new", new_chunk, "lies outside the store");
	if ((new_chunk - 1) % (c->area_entries + 1) == 0)
		return bad(index, "new", new_chunk, "is metadata");
	rc = check_twice(c, index, old_chunk, new_chunk);
	if (rc)
		return rc;
	if (index && old_chunk <= c->old_last)
		c->found.ascending = false;
	if (index % c->area_entries == 0 || old_chunk != c->old_last + 1 ||
	    new_chunk != c->new_last + 1)
		c->found.runs++;
	c->found.exceptions = index + 1;
	c->old_last = old_chunk;
	c->new_last = new_chunk;
	return 0;
}

int cow_check_list(const struct cow_list *list, uint64_t origin_bytes, uint64_t store_bytes,
		   const struct cow_scratch *scratch, struct cow_found *ret_found)
{
	uint64_t chunk_bytes = (uint64_t)list->chunk_sectors * SECTOR_BYTES;
	struct check c = {
		.origin_chunks = origin_bytes / chunk_bytes + !!(origin_bytes % chunk_bytes),
		.store_chunks = store_bytes / chunk_bytes,
		.area_entries = cow_area_entries(list->chunk_sectors),
		.found = { .chunk_sectors = list->chunk_sectors, .ascending = true },
	};
	/* Chunks are at most 2^55 on both sides: no overflow. */
	uint64_t bits_bytes = (c.origin_chunks + c.store_chunks + 7) / 8;
	int rc;

	c.can_use_bits = scratch->bits && scratch->bits_bytes >= bits_bytes;
	rc = cow_list_walk(list, scratch, check_one, &c);
	if (rc == NOT_ASCENDING) {
		c.bits = scratch->bits;
		memset(c.bits, 0, (size_t)bits_bytes);
		c.found.runs = c.found.exceptions = 0;
		rc = cow_list_walk(list, scratch, check_one, &c);
	}
	if (rc)
		return rc;
	*ret_found = c.found;
	return 0;
}

/* The header alone. */
static int check_header(const struct cow_header *h, const struct cow_expect *expect)
{
	if (h->magic != COW_MAGIC)
		return fail(EBADMSG, "it is no store: magic is 0x%08x", h->magic);
	if (h->version != COW_VERSION)
		return fail(EBADMSG, "its format version is %u, not %u", h->version, COW_VERSION);
	if (h->valid != 1)
		return fail(EBADMSG, h->valid ? "its valid word is %u, not 1" :
			    "the kernel marked it invalid (valid is %u)", h->valid);
	if (!cow_chunk_ok(h->chunk_sectors))
		return fail(EBADMSG, "its chunk size of %u sectors is impossible",
			    h->chunk_sectors);
	if (expect->chunk_sectors && h->chunk_sectors != expect->chunk_sectors)
		return fail(EBADMSG, "its chunk size is %u sectors, not %u", h->chunk_sectors,
			    expect->chunk_sectors);
	return 0;
}

/* Whose store it is, and whether the device is as long as that update's store. */
static int check_mark(const uint8_t *buf, const struct cow_mark *want, uint64_t size_bytes,
		      uint32_t chunk_sectors)
{
	uint64_t need_bytes = cow_store_bytes(chunk_sectors, want->exceptions);
	struct cow_mark mark;
	int rc = cow_mark_decode(buf, &mark);

	if (rc == -ENODATA)
		return fail(ESTALE, "it carries no update's mark");
	if (rc)
		return fail(EBADMSG, "its mark is damaged");
	if (memcmp(mark.update_id, want->update_id, COW_ID_BYTES))
		return fail(ESTALE, "it belongs to another update");
	if (strncmp(mark.volume, want->volume, COW_NAME_MAX))
		return fail(ESTALE, "it is the store of volume %s", mark.volume);
	if (mark.exceptions != want->exceptions)
		return fail(EBADMSG, "it was installed with %llu exceptions, not %llu",
			    (unsigned long long)mark.exceptions,
			    (unsigned long long)want->exceptions);
	if (!need_bytes || size_bytes < need_bytes)
		return fail(EBADMSG, "it is %llu bytes long, its %llu exceptions need %llu",
			    (unsigned long long)size_bytes, (unsigned long long)want->exceptions,
			    (unsigned long long)need_bytes);
	return 0;
}

int cow_check(const struct cow_source *source, const struct cow_expect *expect,
	      const struct cow_scratch *scratch, struct cow_found *ret_found)
{
	uint8_t head[COW_MARK_OFFSET + COW_MARK_BYTES];
	struct cow_list list = { .source = source, .exceptions = UINT64_MAX };
	struct cow_found found;
	struct cow_header header;
	int rc;

	if (source->size_bytes < sizeof(head))
		return fail(EBADMSG, "it is too short to be a store");
	rc = source->read(source->ctx, 0, head, sizeof(head));
	if (rc)
		return rc;
	if (bytes_are_zero(head, sizeof(head)))
		return fail(ENODATA, "its header is all zeros");
	cow_header_decode(head, &header);
	rc = check_header(&header, expect);
	if (!rc && expect->mark)
		rc = check_mark(head + COW_MARK_OFFSET, expect->mark, source->size_bytes,
				header.chunk_sectors);
	if (rc)
		return rc;
	list.chunk_sectors = header.chunk_sectors;
	rc = cow_check_list(&list, expect->origin_bytes, source->size_bytes, scratch, &found);
	if (rc)
		return rc;
	if (expect->mark && (found.exceptions > expect->mark->exceptions ||
			     (expect->exact_count && found.exceptions != expect->mark->exceptions)))
		return fail(EBADMSG, "it holds %llu exceptions, %llu were installed",
			    (unsigned long long)found.exceptions,
			    (unsigned long long)expect->mark->exceptions);
	*ret_found = found;
	return 0;
}
