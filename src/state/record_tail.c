/* SPDX-License-Identifier: MIT */
/*
 * The record's tail as bytes: feature bits, and sections with a kind and a length each.  Pure.  Must
 * never lose a section that it does not know, nor take one for its own.  Byte table: docs/formats.md.
 */
#include "state/record_parts.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "state/record_crc.h"

static const uint8_t magic[8] = { 'C', 'O', 'W', 'T', 'A', 'I', 'L', '\n' };

/* Length and CRC stand where the head has them. */
enum {
	AT_MAGIC = 0,
	AT_LENGTH = 12,
	AT_HEAD_CRC = 20,
	AT_COMPAT = 32,
	AT_RO_COMPAT = 36,
	AT_INCOMPAT = 40,
	AT_SECTIONS = RECORD_TAIL_HEAD_BYTES,
	SECTION_HEAD = RECORD_SECTION_HEAD_BYTES,
};

bool record_has_tail(uint64_t generation)
{
	return generation && generation % RECORD_GENERATION_STEP == 0;
}

bool record_needs_tail(const struct record *rec)
{
	for (unsigned kind = SECTION_END + 1; kind < SECTION_KINDS; kind++)
		if (record_sections[kind].size(rec))
			return true;
	return rec->other_bytes || rec->other_compat || record_ro_compat(rec) ||
	       record_incompat(rec);
}

/* In whole blocks. */
static size_t encoded_bytes(const struct record *rec)
{
	size_t bytes = AT_SECTIONS + rec->other_bytes;

	for (unsigned kind = SECTION_END + 1; kind < SECTION_KINDS; kind++)
		if (record_sections[kind].size(rec))
			bytes += SECTION_HEAD + record_sections[kind].size(rec);
	return (bytes + RECORD_BLOCK_BYTES - 1) / RECORD_BLOCK_BYTES * RECORD_BLOCK_BYTES;
}

size_t record_tail_put(const struct record *rec, uint32_t head_crc, uint8_t *buf)
{
	const size_t len_bytes = encoded_bytes(rec);
	size_t at = AT_SECTIONS;

	memset(buf, 0, len_bytes);
	for (unsigned kind = SECTION_END + 1; kind < SECTION_KINDS; kind++) {
		const size_t bytes = record_sections[kind].size(rec);

		if (!bytes)
			continue;
		put_le32(buf + at, kind);
		put_le32(buf + at + 4, (uint32_t)bytes);
		record_sections[kind].put(rec, buf + at + SECTION_HEAD);
		at += SECTION_HEAD + bytes;
	}
	memcpy(buf + at, rec->other, rec->other_bytes);
	memcpy(buf + AT_MAGIC, magic, sizeof(magic));
	put_le32(buf + AT_LENGTH, (uint32_t)len_bytes);
	put_le32(buf + AT_HEAD_CRC, head_crc);
	put_le32(buf + AT_COMPAT, rec->other_compat);
	put_le32(buf + AT_RO_COMPAT, record_ro_compat(rec));
	put_le32(buf + AT_INCOMPAT, record_incompat(rec));
	put_le32(buf + RECORD_AT_CRC, record_crc(buf, len_bytes));
	return len_bytes;
}

size_t record_tail_length(const uint8_t block[RECORD_BLOCK_BYTES])
{
	const uint32_t len_bytes = get_le32(block + AT_LENGTH);

	if (memcmp(block + AT_MAGIC, magic, sizeof(magic)) != 0 || len_bytes == 0 ||
	    len_bytes > RECORD_BYTES_MAX || len_bytes % RECORD_BLOCK_BYTES != 0)
		return 0;
	return len_bytes;
}

size_t record_tail_find(const uint8_t *buf, size_t len_bytes, uint32_t head_crc)
{
	size_t own_bytes;

	if (len_bytes < RECORD_BLOCK_BYTES)
		return 0;
	own_bytes = record_tail_length(buf);
	if (own_bytes == 0 || own_bytes > len_bytes || record_crc_of(buf) != record_crc(buf, own_bytes) ||
	    get_le32(buf + AT_HEAD_CRC) != head_crc)
		return 0;
	return own_bytes;
}

/*
 * Keeps an unknown section, kind and length included. One that does not fit makes the record read-only.
 */
static void keep_other(struct record *rec, const uint8_t *section, size_t bytes)
{
	if (bytes > RECORD_OTHER_BYTES_MAX - rec->other_bytes) {
		rec->read_only = true;
		return;
	}
	memcpy(rec->other + rec->other_bytes, section, bytes);
	rec->other_bytes += (uint32_t)bytes;
}

static int get_sections(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	uint32_t last = SECTION_END;
	size_t at = AT_SECTIONS;

	while (at < len_bytes) {
		uint32_t kind, bytes;
		int rc = 0;

		if (len_bytes - at < SECTION_HEAD)
			return -EBADMSG;
		kind = get_le32(buf + at);
		bytes = get_le32(buf + at + 4);
		if (kind == SECTION_END)
			return bytes_are_zero(buf + at, len_bytes - at) ? 0 : -EBADMSG;
		if (kind <= last || bytes == 0 || bytes % 8 ||
		    bytes > len_bytes - at - SECTION_HEAD)
			return -EBADMSG;
		if (kind < SECTION_KINDS)
			rc = record_sections[kind].get(buf + at + SECTION_HEAD, bytes, rec);
		else
			keep_other(rec, buf + at, SECTION_HEAD + bytes);
		if (rc)
			return rc;
		last = kind;
		at += SECTION_HEAD + bytes;
	}
	return 0;
}

bool record_tail_known(const uint8_t *buf)
{
	return (get_le32(buf + AT_INCOMPAT) & ~RECORD_IN_KNOWN) == 0;
}

int record_tail_get(const uint8_t *buf, struct record *rec)
{
	const uint32_t ro_compat = get_le32(buf + AT_RO_COMPAT);
	int rc;

	rec->other_compat = get_le32(buf + AT_COMPAT);
	rec->read_only = (ro_compat & ~RECORD_RO_KNOWN) != 0;
	rc = get_sections(buf, get_le32(buf + AT_LENGTH), rec);
	if (rc)
		return rc;
	/* The bits say the same as the sections, as far as both are known. */
	if ((ro_compat & RECORD_RO_KEPT) != record_ro_compat(rec) ||
	    get_le32(buf + AT_INCOMPAT) != record_incompat(rec))
		return -EBADMSG;
	return 0;
}
