/* SPDX-License-Identifier: MIT */
/*
 * The numbers of the exception store, and its header and mark as bytes.  Pure: no I/O, no heap.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "cow/format.h"

/* The mark, from COW_MARK_OFFSET on. */
#define MARK_MAGIC "COWMARK1"
#define MARK_ID 8u
#define MARK_VOLUME 24u
#define MARK_EXCEPTIONS 56u
#define MARK_SPARE 64u
#define MARK_CRC 76u

void cow_header_encode(const struct cow_header *header, uint8_t buf[COW_HEADER_BYTES])
{
	put_le32(buf, header->magic);
	put_le32(buf + 4, header->valid);
	put_le32(buf + 8, header->version);
	put_le32(buf + 12, header->chunk_sectors);
}

void cow_header_decode(const uint8_t buf[COW_HEADER_BYTES], struct cow_header *ret_header)
{
	ret_header->magic = get_le32(buf);
	ret_header->valid = get_le32(buf + 4);
	ret_header->version = get_le32(buf + 8);
	ret_header->chunk_sectors = get_le32(buf + 12);
}

bool cow_chunk_ok(uint64_t chunk_sectors)
{
	return chunk_sectors && chunk_sectors <= COW_CHUNK_SECTORS_MAX &&
	       !(chunk_sectors & (chunk_sectors - 1));
}

uint64_t cow_area_entries(uint32_t chunk_sectors)
{
	return (uint64_t)chunk_sectors * SECTOR_BYTES / COW_ENTRY_BYTES;
}

uint64_t cow_store_chunks(uint32_t chunk_sectors, uint64_t n)
{
	uint64_t chunks, bytes;

	if (__builtin_add_overflow(2 + n / cow_area_entries(chunk_sectors), n, &chunks) ||
	    __builtin_mul_overflow(chunks, (uint64_t)chunk_sectors * SECTOR_BYTES, &bytes))
		return 0;
	return chunks;
}

uint64_t cow_store_bytes(uint32_t chunk_sectors, uint64_t n)
{
	return cow_store_chunks(chunk_sectors, n) * chunk_sectors * SECTOR_BYTES;
}

uint64_t cow_area_chunk(uint32_t chunk_sectors, uint64_t area)
{
	return 1 + area * (cow_area_entries(chunk_sectors) + 1);
}

uint64_t cow_data_chunk(uint32_t chunk_sectors, uint64_t i)
{
	return 2 + i + i / cow_area_entries(chunk_sectors);
}

void cow_mark_encode(const struct cow_mark *mark, uint8_t buf[COW_MARK_BYTES])
{
	memset(buf, 0, COW_MARK_BYTES);
	memcpy(buf, MARK_MAGIC, 8);
	memcpy(buf + MARK_ID, mark->update_id, COW_ID_BYTES);
	memcpy(buf + MARK_VOLUME, mark->volume, strnlen(mark->volume, COW_NAME_MAX - 1));
	put_le64(buf + MARK_EXCEPTIONS, mark->exceptions);
	put_le32(buf + MARK_CRC, crc32c(0, buf, MARK_CRC));
}

int cow_mark_decode(const uint8_t buf[COW_MARK_BYTES], struct cow_mark *ret_mark)
{
	const char *volume = (const char *)buf + MARK_VOLUME;
	size_t name_bytes = strnlen(volume, COW_NAME_MAX);

	if (bytes_are_zero(buf, COW_MARK_BYTES))
		return -ENODATA;
	if (memcmp(buf, MARK_MAGIC, 8) || get_le32(buf + MARK_CRC) != crc32c(0, buf, MARK_CRC))
		return -EBADMSG;
	/* One spelling only: the name ends, and zeros fill what it leaves. */
	if (!name_bytes || name_bytes == COW_NAME_MAX ||
	    !bytes_are_zero(buf + MARK_VOLUME + name_bytes, COW_NAME_MAX - name_bytes) ||
	    !bytes_are_zero(buf + MARK_SPARE, MARK_CRC - MARK_SPARE))
		return -EBADMSG;
	memcpy(ret_mark->update_id, buf + MARK_ID, COW_ID_BYTES);
	memcpy(ret_mark->volume, volume, COW_NAME_MAX);
	ret_mark->exceptions = get_le64(buf + MARK_EXCEPTIONS);
	return 0;
}
