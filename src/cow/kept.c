/* SPDX-License-Identifier: MIT */
/*
 * The kept list: its head as bytes, writing it from a store, checking and walking it.  Never trusts a
 * number that it has not compared; bounded by the count that the record and the mark agree on (I10).
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fail.h"
#include "cow/kept.h"

#define MAGIC "COWKEPT1"
#define VERSION 1u
#define AT_VERSION 8u
#define AT_CHUNK 12u
#define AT_ID 16u
#define AT_VOLUME 32u
#define AT_EXCEPTIONS 64u
#define AT_LIST_CRC 72u
#define AT_SPARE 76u
#define AT_CRC 508u

#define ENTRY_CRC 16u
#define ENTRY_SPARE 20u

#define UNIT_SECTORS_MAX 128u	/* logical blocks of 64 KiB */

#define EXCEPTIONS_MAX (UINT64_C(1) << 55)
#define SECTOR_ENTRIES (SECTOR_BYTES / COW_KEPT_ENTRY_BYTES)

static uint64_t list_bytes(uint64_t n)
{
	return (n + SECTOR_ENTRIES - 1) / SECTOR_ENTRIES * SECTOR_BYTES;
}

uint64_t cow_kept_sectors(uint64_t n)
{
	if (n > EXCEPTIONS_MAX)
		return 0;
	return (COW_KEPT_HEAD_BYTES + list_bytes(n)) / SECTOR_BYTES;
}

uint64_t cow_room_sectors(uint32_t chunk_sectors, uint64_t n)
{
	uint64_t unit = chunk_sectors < UNIT_SECTORS_MAX ? chunk_sectors : UNIT_SECTORS_MAX;
	uint64_t store_sectors = cow_store_bytes(chunk_sectors, n) / SECTOR_BYTES;
	uint64_t kept_sectors = cow_kept_sectors(n);

	if (!store_sectors || !kept_sectors)
		return 0;
	return store_sectors + (kept_sectors + unit - 1) / unit * unit;
}

void cow_kept_encode(const struct cow_kept *kept, uint8_t buf[COW_KEPT_HEAD_BYTES])
{
	memset(buf, 0, COW_KEPT_HEAD_BYTES);
	memcpy(buf, MAGIC, 8);
	put_le32(buf + AT_VERSION, VERSION);
	put_le32(buf + AT_CHUNK, kept->chunk_sectors);
	memcpy(buf + AT_ID, kept->mark.update_id, COW_ID_BYTES);
	memcpy(buf + AT_VOLUME, kept->mark.volume, strnlen(kept->mark.volume, COW_NAME_MAX - 1));
	put_le64(buf + AT_EXCEPTIONS, kept->mark.exceptions);
	put_le32(buf + AT_LIST_CRC, kept->list_crc);
	put_le32(buf + AT_CRC, crc32c(0, buf, AT_CRC));
}

int cow_kept_decode(const uint8_t buf[COW_KEPT_HEAD_BYTES], struct cow_kept *ret_kept)
{
	const char *volume = (const char *)buf + AT_VOLUME;
	size_t name_bytes = strnlen(volume, COW_NAME_MAX);

	if (bytes_are_zero(buf, COW_KEPT_HEAD_BYTES))
		return -ENODATA;
	if (memcmp(buf, MAGIC, 8) || get_le32(buf + AT_VERSION) != VERSION ||
	    get_le32(buf + AT_CRC) != crc32c(0, buf, AT_CRC))
		return -EBADMSG;
	/* One spelling only, as of the mark. */
	if (!name_bytes || name_bytes == COW_NAME_MAX ||
	    !bytes_are_zero(buf + AT_VOLUME + name_bytes, COW_NAME_MAX - name_bytes) ||
	    !bytes_are_zero(buf + AT_SPARE, AT_CRC - AT_SPARE))
		return -EBADMSG;
	memcpy(ret_kept->mark.update_id, buf + AT_ID, COW_ID_BYTES);
	memcpy(ret_kept->mark.volume, volume, COW_NAME_MAX);
	ret_kept->mark.exceptions = get_le64(buf + AT_EXCEPTIONS);
	ret_kept->chunk_sectors = get_le32(buf + AT_CHUNK);
	ret_kept->list_crc = get_le32(buf + AT_LIST_CRC);
	return 0;
}

/* ---- Writing ---- */

struct copy {
	const struct cow_source *store;
	const struct cow_sink *sink;
	uint64_t chunk_bytes;
	uint8_t *data;			/* of the store, to be read into */
	size_t data_bytes;
	uint8_t piece[8 * SECTOR_BYTES];
	size_t piece_bytes;
	uint64_t entries;
	uint32_t crc;
};

static int put_piece(struct copy *c)
{
	int rc = c->piece_bytes ? c->sink->write(c->sink->ctx, c->piece, c->piece_bytes) : 0;

	c->crc = crc32c(c->crc, c->piece, c->piece_bytes);
	c->piece_bytes = 0;
	return rc;
}

static int chunk_crc(const struct copy *c, uint64_t new_chunk, uint32_t *ret_crc)
{
	*ret_crc = 0;
	for (uint64_t at = 0; at < c->chunk_bytes;) {
		uint64_t left = c->chunk_bytes - at;
		size_t len = left < c->data_bytes ? (size_t)left : c->data_bytes;
		int rc = c->store->read(c->store->ctx, new_chunk * c->chunk_bytes + at, c->data, len);

		if (rc)
			return rc;
		*ret_crc = crc32c(*ret_crc, c->data, len);
		at += len;
	}
	return 0;
}

static int copy_one(void *ctx, uint64_t index, uint64_t old_chunk, uint64_t new_chunk)
{
	struct copy *c = ctx;
	uint8_t *entry = c->piece + c->piece_bytes;
	uint32_t crc;
	int rc = chunk_crc(c, new_chunk, &crc);

	if (rc)
		return rc;
	memset(entry, 0, COW_KEPT_ENTRY_BYTES);
	put_le64(entry, old_chunk);
	put_le64(entry + 8, new_chunk);
	put_le32(entry + ENTRY_CRC, crc);
	c->entries = index + 1;
	c->piece_bytes += COW_KEPT_ENTRY_BYTES;
	return c->piece_bytes == sizeof(c->piece) ? put_piece(c) : 0;
}

int cow_kept_write(const struct cow_source *store, const struct cow_mark *mark,
		   uint32_t chunk_sectors, const struct cow_scratch *scratch,
		   const struct cow_sink *sink, uint8_t ret_head[COW_KEPT_HEAD_BYTES])
{
	struct cow_kept kept = { .mark = *mark, .chunk_sectors = chunk_sectors };
	/* Half to walk the list with, half for the data. */
	size_t half = scratch->buf_bytes / 2 / SECTOR_BYTES * SECTOR_BYTES;
	const struct cow_scratch walking = { .buf = scratch->buf, .buf_bytes = half };
	struct copy c = {
		.store = store, .sink = sink, .data = scratch->buf + half, .data_bytes = half,
		.chunk_bytes = (uint64_t)chunk_sectors * SECTOR_BYTES,
	};
	int rc = cow_walk(store, chunk_sectors, mark->exceptions, &walking, copy_one, &c);

	if (!rc && c.entries != mark->exceptions)
		rc = fail(EBADMSG, "it holds %llu exceptions, not %llu",
			  (unsigned long long)c.entries, (unsigned long long)mark->exceptions);
	for (; c.piece_bytes % SECTOR_BYTES; c.piece_bytes += COW_KEPT_ENTRY_BYTES)
		memset(c.piece + c.piece_bytes, 0, COW_KEPT_ENTRY_BYTES);
	if (!rc)
		rc = put_piece(&c);
	if (rc)
		return rc;
	kept.list_crc = c.crc;
	cow_kept_encode(&kept, ret_head);
	return 0;
}

/* ---- Reading ---- */

/* The next piece of the list at byte at; as many whole sectors as the buffer holds. */
static int read_piece(const struct cow_source *kept, uint64_t n, uint64_t at,
		      const struct cow_scratch *scratch, size_t *ret_len_bytes)
{
	uint64_t left = list_bytes(n) - at;
	size_t len = scratch->buf_bytes / SECTOR_BYTES * SECTOR_BYTES;

	if (!len)
		return fail(EINVAL, "no buffer to read the kept list with");
	if (len > left)
		len = (size_t)left;
	*ret_len_bytes = len;
	return kept->read(kept->ctx, COW_KEPT_HEAD_BYTES + at, scratch->buf, len);
}

int cow_kept_walk(const struct cow_source *kept, uint64_t n, const struct cow_scratch *scratch,
		  cow_kept_each_fn *each, void *ctx)
{
	uint64_t index = 0;
	size_t len = 0;

	for (uint64_t at = 0; index < n; at += len) {
		int rc = read_piece(kept, n, at, scratch, &len);

		for (size_t i = 0; i < len && index < n && !rc; i += COW_KEPT_ENTRY_BYTES, index++) {
			const uint8_t *at_entry = scratch->buf + i;
			const struct cow_kept_entry entry = { get_le64(at_entry), get_le64(at_entry + 8),
							      get_le32(at_entry + ENTRY_CRC) };

			rc = entry.new_chunk ? each(ctx, index, &entry) :
			     fail(EBADMSG, "exception %llu: new chunk 0 is the header",
				  (unsigned long long)index);
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int check_crc(const struct cow_source *kept, const struct cow_kept *head,
		     const struct cow_scratch *scratch)
{
	uint64_t n = head->mark.exceptions, used = n * COW_KEPT_ENTRY_BYTES;
	uint32_t crc = 0;
	size_t len = 0;

	for (uint64_t at = 0; at < list_bytes(n); at += len) {
		int rc = read_piece(kept, n, at, scratch, &len);

		if (rc)
			return rc;
		crc = crc32c(crc, scratch->buf, len);
		for (size_t i = 0; i < len; i += COW_KEPT_ENTRY_BYTES)
			if (!bytes_are_zero(scratch->buf + i + ENTRY_SPARE,
					    COW_KEPT_ENTRY_BYTES - ENTRY_SPARE))
				return fail(EBADMSG, "its list is damaged");
		if (at + len > used &&
		    !bytes_are_zero(scratch->buf + (used - at), (size_t)(at + len - used)))
			return fail(EBADMSG, "its list does not end with zeros");
	}
	return crc == head->list_crc ? 0 : fail(EBADMSG, "its list is damaged");
}

static int check_head(const struct cow_source *kept, const struct cow_mark *mark,
		      uint32_t chunk_sectors, struct cow_kept *ret_head)
{
	uint64_t sectors = cow_kept_sectors(mark->exceptions);
	uint8_t buf[COW_KEPT_HEAD_BYTES];
	struct cow_kept head;
	int rc;

	if (!sectors || kept->size_bytes / SECTOR_BYTES < sectors)
		return fail(EBADMSG, "it is too short for %llu exceptions",
			    (unsigned long long)mark->exceptions);
	rc = kept->read(kept->ctx, 0, buf, sizeof(buf));
	if (rc)
		return rc;
	rc = cow_kept_decode(buf, &head);
	if (rc == -ENODATA)
		return fail(ENODATA, "its head is all zeros");
	if (rc)
		return fail(EBADMSG, "its head is damaged");
	if (memcmp(head.mark.update_id, mark->update_id, COW_ID_BYTES))
		return fail(ESTALE, "it belongs to another update");
	if (strncmp(head.mark.volume, mark->volume, COW_NAME_MAX))
		return fail(ESTALE, "it is the list of volume %s", head.mark.volume);
	if (head.mark.exceptions != mark->exceptions)
		return fail(EBADMSG, "it holds %llu exceptions, not %llu",
			    (unsigned long long)head.mark.exceptions,
			    (unsigned long long)mark->exceptions);
	if (head.chunk_sectors != chunk_sectors)
		return fail(EBADMSG, "its chunk size is %u sectors, not %u", head.chunk_sectors,
			    chunk_sectors);
	*ret_head = head;
	return 0;
}

int cow_kept_check(const struct cow_source *kept, const struct cow_mark *mark,
		   uint32_t chunk_sectors, uint64_t origin_bytes, uint64_t store_bytes,
		   const struct cow_scratch *scratch, struct cow_found *ret_found)
{
	struct cow_list list = { kept, true, chunk_sectors, mark->exceptions };
	struct cow_kept head = { 0 };
	int rc;

	if (!cow_chunk_ok(chunk_sectors))
		return fail(EINVAL, "chunk size of %u sectors is impossible", chunk_sectors);
	rc = check_head(kept, mark, chunk_sectors, &head);
	if (!rc)
		rc = check_crc(kept, &head, scratch);
	return rc ? rc : cow_check_list(&list, origin_bytes, store_bytes, scratch, ret_found);
}
