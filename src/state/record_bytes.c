/* SPDX-License-Identifier: MIT */
/*
 * The record as bytes: a head and, where its generation says so, a tail.  Pure: no device, no clock.
 * Must never accept bytes that it would not have written itself, but for what a later program has
 * added.  Serves I4: damage is told from emptiness, and from a later format version.  Byte table:
 * docs/formats.md.
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "state/record_crc.h"
#include "state/record_parts.h"

/* The oldest that can be read without losing what the record says. */
static uint32_t format_of(const struct record *rec)
{
	return record_ro_compat(rec) || record_incompat(rec) ? RECORD_FORMAT : 1;
}

int record_encode(const struct record *rec, uint8_t *buf, size_t *ret_len_bytes)
{
	const char *wrong = record_wrong(rec);
	size_t len_bytes;

	if (rec->read_only)
		return fail(EROFS, "cannot encode the record: a later cowboot has added to it what "
			    "this one does not know");
	if (wrong)
		return fail(EINVAL, "cannot encode the record: %s is out of bounds", wrong);
	len_bytes = record_head_put(buf, rec, format_of(rec));
	if (record_has_tail(rec->generation))
		len_bytes += record_tail_put(rec, record_crc_of(buf), buf + len_bytes);
	*ret_len_bytes = len_bytes;
	return 0;
}

/* Too large for a stack; nothing in it outlives a call. */
static uint8_t again[RECORD_BYTES_MAX];

/* Bounds, reserved bytes, what follows a text: all of it is right if we would write the same. */
static bool head_is_ours(const uint8_t *buf, const struct record *rec)
{
	const size_t len_bytes = record_head_put(again, rec, record_head_format(buf));

	return memcmp(again, buf, len_bytes) == 0;
}

static bool tail_is_ours(const uint8_t *tail, size_t tail_bytes, const struct record *rec,
			 uint32_t head_crc)
{
	if (rec->read_only)
		return true;	/* what is not known could not be written again */
	return record_tail_put(rec, head_crc, again) == tail_bytes &&
	       memcmp(again, tail, tail_bytes) == 0;
}

/* The tail of the head before it; NULL: it has none, or has lost it. */
static const uint8_t *find_tail(const uint8_t *buf, size_t len_bytes, size_t head_bytes,
				size_t *ret_bytes)
{
	const uint8_t *tail = buf + head_bytes;

	*ret_bytes = 0;
	if (!record_has_tail(record_generation(buf)))
		return NULL;
	*ret_bytes = record_tail_find(tail, len_bytes - head_bytes, record_crc_of(buf));
	return *ret_bytes ? tail : NULL;
}

int record_decode(const uint8_t *buf, size_t len_bytes, struct record *ret_rec)
{
	static struct record rec;
	const uint8_t *tail;
	size_t head_bytes, tail_bytes;
	int rc = record_head_check(buf, len_bytes, &head_bytes);

	if (rc)
		return rc;
	/* Before any field is looked at: an incompatible feature may have changed what it means. */
	tail = find_tail(buf, len_bytes, head_bytes, &tail_bytes);
	if (tail && !record_tail_known(tail))
		return -ENOTSUP;
	rc = record_head_get(buf, &rec);
	if (!rc && tail)
		rc = record_tail_get(tail, &rec);
	if (rc)
		return rc;
	/* A feature that no program may pass over needs a tail, and a head that says version 2. */
	if (record_head_format(buf) < format_of(&rec) || (record_head_format(buf) > 1 && !tail))
		return -EBADMSG;
	if (!record_ok(&rec) || !head_is_ours(buf, &rec) ||
	    (tail && !tail_is_ours(tail, tail_bytes, &rec, record_crc_of(buf))))
		return -EBADMSG;
	record_copy(ret_rec, &rec);
	return record_has_tail(rec.generation) && !tail ? -ENODATA : 0;
}
