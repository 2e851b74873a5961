/* SPDX-License-Identifier: MIT */
/*
 * The results but the last, and what more is known of all of them than version 1 has room for.  Pure.  A
 * program that does not know the second section keeps it, and moves the results on: so each entry says by
 * a checksum which result it is about, and one that is about none any more is no error.  Byte table:
 * docs/formats.md.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "state/record_parts.h"

enum {
	RESULT_BYTES = RECORD_RESULT_BYTES,
	RESULT_WHEN = 8,
	RESULT_FROM = 16,
	RESULT_TO = 80,
	RESULT_REASON = 144,

	AGAIN_CHUNKS = 16,

	MORE_SPENT = 4,
	MORE_TOTAL = 8,
	MORE_AGAIN = 16,
	MORE_LOG = 24,
};

/* ---- earlier results ---- */

size_t record_earlier_size(const struct record *rec)
{
	return rec->earlier_count * RESULT_BYTES;
}

void record_put_result(uint8_t *buf, const struct record_result *result)
{
	put_le32(buf, result->result);
	put_le64(buf + RESULT_WHEN, result->when_s);
	record_put_text(buf + RESULT_FROM, result->version_from, sizeof(result->version_from));
	record_put_text(buf + RESULT_TO, result->version_to, sizeof(result->version_to));
	record_put_text(buf + RESULT_REASON, result->reason, sizeof(result->reason));
}

void record_earlier_put(const struct record *rec, uint8_t *buf)
{
	for (unsigned i = 0; i < rec->earlier_count; i++, buf += RESULT_BYTES)
		record_put_result(buf, &rec->earlier[i]);
}

int record_earlier_get(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	if (len_bytes % RESULT_BYTES || len_bytes / RESULT_BYTES > RECORD_EARLIER_MAX)
		return -EBADMSG;
	rec->earlier_count = (uint32_t)(len_bytes / RESULT_BYTES);
	for (unsigned i = 0; i < rec->earlier_count; i++, buf += RESULT_BYTES) {
		struct record_result *result = &rec->earlier[i];

		result->result = (enum result)get_le32(buf);
		result->when_s = get_le64(buf + RESULT_WHEN);
		memcpy(result->version_from, buf + RESULT_FROM, sizeof(result->version_from));
		memcpy(result->version_to, buf + RESULT_TO, sizeof(result->version_to));
		memcpy(result->reason, buf + RESULT_REASON, sizeof(result->reason));
	}
	return 0;
}

/* ---- what more is known ---- */

static uint32_t crc_of(const struct record_result *result)
{
	uint8_t bytes[RECORD_RESULT_BYTES] = { 0 };

	record_put_result(bytes, result);
	return crc32c(0, bytes, sizeof(bytes));
}

const struct record_more *record_more_of(const struct record *rec,
					 const struct record_result *result)
{
	const uint32_t crc = crc_of(result);

	if (result->result == RESULT_NONE)
		return NULL;
	for (unsigned i = 0; i < rec->more_count; i++)
		if (rec->more[i].crc == crc)
			return &rec->more[i];
	return NULL;
}

void record_written_again(struct record *rec, uint64_t chunks)
{
	if (!chunks)
		return;
	if (memcmp(rec->again.update_id, rec->update_id, sizeof(rec->update_id)))
		rec->again.chunks = 0;
	memcpy(rec->again.update_id, rec->update_id, sizeof(rec->again.update_id));
	rec->again.chunks += chunks;
}

static bool is_about_one(const struct record *rec, const struct record_more *more)
{
	if (rec->last.result != RESULT_NONE && more->crc == crc_of(&rec->last))
		return true;
	for (unsigned i = 0; i < rec->earlier_count; i++)
		if (more->crc == crc_of(&rec->earlier[i]))
			return true;
	return false;
}

/* Those that are left move to the front, in their order. */
static void forget_others(struct record *rec)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < rec->more_count; i++)
		if (is_about_one(rec, &rec->more[i]))
			rec->more[count++] = rec->more[i];
	memset(&rec->more[count], 0, (RECORD_MORE_MAX - count) * sizeof(rec->more[0]));
	rec->more_count = count;
}

void record_more_add(struct record *rec)
{
	struct record_more more;

	forget_others(rec);
	/* What was no update has spent nothing. */
	if (!rec->tries_total)
		return;
	memset(&more, 0, sizeof(more));	/* records are compared byte for byte */
	more.crc = crc_of(&rec->last);
	more.tries_spent = rec->tries_total - rec->tries_left;
	more.tries_total = rec->tries_total;
	if (!memcmp(rec->again.update_id, rec->update_id, sizeof(rec->update_id)))
		more.chunks_again = rec->again.chunks;
	memcpy(more.log_id, rec->update_id, sizeof(more.log_id));
	if (rec->more_count < RECORD_MORE_MAX)
		rec->more_count++;
	memmove(&rec->more[1], &rec->more[0], (rec->more_count - 1) * sizeof(rec->more[0]));
	rec->more[0] = more;
}

size_t record_more_size(const struct record *rec)
{
	return rec->more_count || rec->again.chunks ?
	       (1 + rec->more_count) * RECORD_MORE_BYTES : 0;
}

void record_more_put(const struct record *rec, uint8_t *buf)
{
	memcpy(buf, rec->again.update_id, sizeof(rec->again.update_id));
	put_le64(buf + AGAIN_CHUNKS, rec->again.chunks);
	for (unsigned i = 0; i < rec->more_count; i++) {
		const struct record_more *more = &rec->more[i];

		buf += RECORD_MORE_BYTES;
		put_le32(buf, more->crc);
		put_le32(buf + MORE_SPENT, more->tries_spent);
		put_le32(buf + MORE_TOTAL, more->tries_total);
		put_le64(buf + MORE_AGAIN, more->chunks_again);
		memcpy(buf + MORE_LOG, more->log_id, sizeof(more->log_id));
	}
}

int record_more_get(const uint8_t *buf, size_t len_bytes, struct record *rec)
{
	const size_t count = len_bytes / RECORD_MORE_BYTES;

	if (len_bytes % RECORD_MORE_BYTES || count > 1 + RECORD_MORE_MAX || !count)
		return -EBADMSG;
	memcpy(rec->again.update_id, buf, sizeof(rec->again.update_id));
	rec->again.chunks = get_le64(buf + AGAIN_CHUNKS);
	rec->more_count = (uint32_t)count - 1;
	for (unsigned i = 0; i < rec->more_count; i++) {
		struct record_more *more = &rec->more[i];

		buf += RECORD_MORE_BYTES;
		more->crc = get_le32(buf);
		more->tries_spent = get_le32(buf + MORE_SPENT);
		more->tries_total = get_le32(buf + MORE_TOTAL);
		more->chunks_again = get_le64(buf + MORE_AGAIN);
		memcpy(more->log_id, buf + MORE_LOG, sizeof(more->log_id));
	}
	return 0;
}
