/* SPDX-License-Identifier: MIT */
/*
 * The record: what is known of an update, as kept on the `meta` partition.  Encode and decode are
 * pure; the bytes are in docs/formats.md (record_bytes.c).  Reading and writing the two copies:
 * state/copies.h.
 */
#ifndef COWBOOT_STATE_RECORD_H
#define COWBOOT_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/extents.h"

#define RECORD_VOLUMES_MAX 8
#define RECORD_EXTENTS_MAX 8192
#define RECORD_VERSION_MAX 64		/* a version's name, with its zero byte */
#define RECORD_REASON_MAX 160
#define RECORD_TRIES_MAX 100
#define RECORD_BOOTS_MAX 1000	/* where the counters of recovery stay */
#define RECORD_BYTES_MAX (256u * 1024)	/* one copy, encoded */
#define RECORD_BLOCK_BYTES 4096u	/* an encoded record is whole blocks; an idle one is one block */
#define RECORD_ID_BYTES 16
#define RECORD_DIGEST_BYTES 32

enum phase { PHASE_IDLE, PHASE_STAGING, PHASE_TRIAL, PHASE_MERGING, PHASE_COUNT };
enum result { RESULT_NONE, RESULT_MERGED, RESULT_REVERTED, RESULT_CANCELLED, RESULT_RESTORED,
	      RESULT_COUNT };
enum store_place { STORE_IN_FILES, STORE_ON_PARTITION, STORE_PLACE_COUNT };

/* One volume of the pending update. */
struct record_volume {
	char name[32];
	uint64_t volume_sectors;	/* length of the mapped device: the partition's */
	uint64_t image_bytes;		/* what the digest covers */
	uint32_t chunk_sectors;
	uint64_t store_sectors;
	uint64_t exceptions;		/* in the store as installed */
	uint8_t new_digest[RECORD_DIGEST_BYTES];	/* BLAKE2b-256 of the new image */
	uint32_t extent_first;		/* this store's extents in record.extent[] */
	uint32_t extent_count;
};

/* How the last update ended; kept for good. */
struct record_result {
	enum result result;
	uint64_t when_s;		/* seconds since 1970; 0: the clock was not set */
	char version_from[RECORD_VERSION_MAX];
	char version_to[RECORD_VERSION_MAX];
	char reason[RECORD_REASON_MAX];
};

/* What recovery keeps across reboots. It outlives every update. */
struct record_recovery {
	bool asked;			/* for the next boot; taken back when that is in recovery */
	uint32_t reboots;		/* by recovery itself, since a boot last got through */
	uint32_t idle_boots;		/* in a row, in idle, that nothing marked good */
	char partial[RECORD_VOLUMES_MAX][32];	/* volumes whose image is not whole; idle only, no gaps */
};

struct record {
	uint64_t generation;		/* grows with every save */
	enum phase phase;
	uint32_t tries_left;		/* trial boots not yet spent */
	uint32_t tries_total;
	char slot;			/* boot slot the update belongs to: 'a', 'b'; 0: it has none */
	char slot_old;			/* boot slot of the system before it, also in idle; 0: not known */
	uint8_t update_id[RECORD_ID_BYTES];	/* made anew by each install; also in each store's header chunk */
	char version_from[RECORD_VERSION_MAX];
	char version_to[RECORD_VERSION_MAX];
	char refused[RECORD_REASON_MAX];	/* why mark-bad refused the trial; empty otherwise */
	enum store_place store_place;
	uint64_t store_part_start_sectors;	/* of the partition the extents count from: found moved, not trusted */
	uint32_t volume_count;
	struct record_volume volume[RECORD_VOLUMES_MAX];
	uint32_t extent_count;
	struct extent extent[RECORD_EXTENTS_MAX];
	struct record_result last;
	struct record_recovery recovery;
};

/*
 * An idle record that keeps the generation, the last result, the confirmed slot and recovery of
 * rec, and drops all else.
 */
void record_clear(struct record *rec);

/*
 * Whether the image of that volume is not whole; notes it so, or as whole again.  -ENOSPC when there
 * is no place left, with rec as it was.
 */
bool record_is_partial(const struct record *rec, const char *volume);
int record_set_partial(struct record *rec, const char *volume);
void record_set_whole(struct record *rec, const char *volume);

/*
 * Ends the pending update in idle: the last result is filled from it, a merged one's slot becomes
 * the confirmed one, then it is cleared.
 */
void record_end(struct record *rec, enum result result, const char *reason, uint64_t when_s);

/*
 * Whether every field is in its bounds; what encode and decode both insist on.  The volumes'
 * extents follow one another in record.extent[]; an idle record has none; in trial and merging each
 * store is exactly as long as its extents.
 */
bool record_ok(const struct record *rec);

/* The first field that is not, in words; NULL: none. */
const char *record_wrong(const struct record *rec);

/*
 * Writes rec into buf (RECORD_BYTES_MAX), zero-padded to whole blocks; ret_len_bytes is that.
 * -EINVAL, with the field in base/fail.h: rec is not record_ok.
 */
int record_encode(const struct record *rec, uint8_t *buf, size_t *ret_len_bytes);

/*
 * How long the record that begins with this block says it is, unchecked; 0: it does not begin like
 * a record of any format version.
 */
size_t record_length(const uint8_t block[RECORD_BLOCK_BYTES]);

/*
 * Reads a record; what it accepts, record_encode turns into the same bytes again.  -EBADMSG: not
 * one, or damaged (ret_rec untouched); -ENOTSUP: intact, but of a format version this program does
 * not know (never write over it).
 */
int record_decode(const uint8_t *buf, size_t len_bytes, struct record *ret_rec);

const char *phase_name(enum phase phase);	/* "idle", … */
const char *result_name(enum result result);	/* "none", "merged", … */

#endif
