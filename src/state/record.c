/* SPDX-License-Identifier: MIT */
/*
 * The record in memory: what it says of proofs and of partial volumes, and how an update ends in it.
 * Pure: no device, no clock.  Bounds: record_bounds.c; the bytes: record_bytes.c.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "state/record_parts.h"

const char *phase_name(enum phase phase)
{
	static const char *const names[] = { "idle", "staging", "trial", "merging",
					     "proving" };

	_Static_assert(ARRAY_SIZE(names) == PHASE_COUNT, "every phase has a name");
	return (unsigned)phase < PHASE_COUNT ? names[phase] : "unknown";
}

const char *result_name(enum result result)
{
	static const char *const names[] = { "none", "merged", "reverted", "cancelled",
					     "restored" };

	_Static_assert(ARRAY_SIZE(names) == RESULT_COUNT, "every result has a name");
	return (unsigned)result < RESULT_COUNT ? names[result] : "unknown";
}

/* All that comes before the first of the long lists. */
#define SHORT_BYTES (offsetof(struct record, kept) + offsetof(struct record_kept, extent))

_Static_assert(offsetof(struct record, kept) < offsetof(struct record, other) &&
		       offsetof(struct record, other) < offsetof(struct record, extent),
	       "the long lists come last");

void record_blank(struct record *rec)
{
	memset(rec, 0, SHORT_BYTES);
}

void record_copy(struct record *to, const struct record *from)
{
	if (to == from)
		return;
	memcpy(to, from, SHORT_BYTES);
	memcpy(to->kept.extent, from->kept.extent,
	       from->kept.extent_count * sizeof(from->kept.extent[0]));
	memcpy(to->other, from->other, from->other_bytes);
	memcpy(to->extent, from->extent, from->extent_count * sizeof(from->extent[0]));
}

void record_clear(struct record *rec)
{
	rec->phase = PHASE_IDLE;
	rec->tries_left = rec->tries_total = 0;
	rec->slot = 0;
	memset(rec->update_id, 0, sizeof(rec->update_id));
	memset(rec->version_from, 0, sizeof(rec->version_from));
	memset(rec->version_to, 0, sizeof(rec->version_to));
	memset(rec->refused, 0, sizeof(rec->refused));
	rec->store_place = STORE_IN_FILES;
	memset(&rec->store_part, 0, sizeof(rec->store_part));
	rec->store_dir_inode = 0;
	rec->volume_count = 0;
	memset(rec->volume, 0, sizeof(rec->volume));
	memset(&rec->proof, 0, sizeof(rec->proof));
	memset(&rec->again, 0, sizeof(rec->again));
	record_release_note(rec, 0, 0, 0);
	rec->extent_count = 0;
}

uint32_t record_proofs_failed(const struct record *rec)
{
	return memcmp(rec->proof.update_id, rec->update_id, sizeof(rec->update_id)) ? 0 :
	       rec->proof.failed;
}

void record_proof_failed(struct record *rec, uint32_t differs)
{
	const uint32_t failed = record_proofs_failed(rec);

	memcpy(rec->proof.update_id, rec->update_id, sizeof(rec->proof.update_id));
	rec->proof.failed = failed < RECORD_BOOTS_MAX ? failed + 1 : failed;
	rec->proof.differs = differs;
}

static unsigned count_partial(const struct record *rec)
{
	unsigned count = 0;

	while (count < RECORD_VOLUMES_MAX && rec->recovery.partial[count][0])
		count++;
	return count;
}

/* Its place in the list; the list's length when it is not there. */
static unsigned find_partial(const struct record *rec, const char *volume)
{
	const unsigned count = count_partial(rec);
	unsigned i = 0;

	while (i < count && strcmp(rec->recovery.partial[i], volume) != 0)
		i++;
	return i;
}

bool record_is_partial(const struct record *rec, const char *volume)
{
	return find_partial(rec, volume) < count_partial(rec);
}

int record_set_partial(struct record *rec, const char *volume)
{
	const unsigned i = find_partial(rec, volume);

	if (i == RECORD_VOLUMES_MAX)
		return -ENOSPC;
	return text_copy(rec->recovery.partial[i], sizeof(rec->recovery.partial[i]), volume);
}

void record_set_whole(struct record *rec, const char *volume)
{
	const unsigned i = find_partial(rec, volume), count = count_partial(rec);

	if (i == count)
		return;
	memmove(rec->recovery.partial[i], rec->recovery.partial[count - 1],
		sizeof(rec->recovery.partial[i]));
	memset(rec->recovery.partial[count - 1], 0, sizeof(rec->recovery.partial[i]));
}

void record_reason(char text[RECORD_REASON_MAX], enum reason reason, const char *detail)
{
	struct text_out out;

	text_begin(&out, text, RECORD_REASON_MAX);
	text_add(&out, "%s", reason_text(reason));
	/* The detail is cut where it has to be, and not before. */
	if (detail[0] && out.len_bytes + strlen(": ") < RECORD_REASON_MAX)
		text_add(&out, ": %.*s",
			 (int)(RECORD_REASON_MAX - 1 - out.len_bytes - strlen(": ")), detail);
}

/* The last result becomes the newest of the earlier ones; the oldest makes room. */
static void keep_result(struct record *rec)
{
	if (rec->last.result == RESULT_NONE)
		return;
	if (rec->earlier_count < RECORD_EARLIER_MAX)
		rec->earlier_count++;
	memmove(&rec->earlier[1], &rec->earlier[0],
		(rec->earlier_count - 1) * sizeof(rec->earlier[0]));
	rec->earlier[0] = rec->last;
}

void record_end(struct record *rec, enum result result, enum reason reason, const char *detail,
		uint64_t when_s)
{
	struct record_result *last = &rec->last;

	keep_result(rec);
	if (result == RESULT_MERGED) {
		record_note_merged(rec);
		record_release_confirm(rec);	/* unless an older program has confirmed it, it has risen already */
	}
	memset(last, 0, sizeof(*last));
	last->result = result;
	last->when_s = when_s;
	memcpy(last->version_from, rec->version_from, sizeof(last->version_from));
	memcpy(last->version_to, rec->version_to, sizeof(last->version_to));
	record_reason(last->reason, reason, detail);
	if ((result == RESULT_MERGED || rec->phase == PHASE_MERGING || rec->phase == PHASE_PROVING) &&
	    rec->slot)
		rec->slot_old = rec->slot;
	record_more_add(rec);
	record_clear(rec);
}
