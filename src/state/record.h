/* SPDX-License-Identifier: MIT */
/*
 * The record: what is known of an update, as kept on the `meta` partition.  Pure.  Its bytes:
 * state/record_bytes.h; its copies on the partition: state/copies.h.
 *
 * It is written so that the oldest program on the board can read it.  The head has the bytes of
 * version 1; behind it stands a tail, which a program of version 1 does not see, with everything
 * that version 2 has added.  The head calls itself version 2 only while the record has a feature
 * (state/features.h) that no program may pass over.
 */
#ifndef COWBOOT_STATE_RECORD_H
#define COWBOOT_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "state/features.h"
#include "storage/extents.h"
#include "storage/place.h"

#define RECORD_VOLUMES_MAX 8
#define RECORD_EXTENTS_MAX 8192
#define RECORD_VERSION_MAX 64		/* a version's name, with its zero byte */
#define RECORD_REASON_MAX 160
#define RECORD_TRIES_MAX 100
#define RECORD_BOOTS_MAX 1000	/* where the counters of recovery stay */
#define RECORD_ID_BYTES 16
#define RECORD_DIGEST_BYTES 32
#define RECORD_EARLIER_MAX 15		/* with the last one, 16 results are kept */
#define RECORD_MORE_MAX (1 + RECORD_EARLIER_MAX)
#define RECORD_LOG_ID_BYTES 8
#define RECORD_KEPT_EXTENTS_MAX 2048
#define RECORD_OTHER_BYTES_MAX (16u * 1024)

enum phase { PHASE_IDLE, PHASE_STAGING, PHASE_TRIAL, PHASE_MERGING, PHASE_PROVING, PHASE_COUNT };
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
	uint32_t extent_first;		/* this store's extents in record.extent[], or in kept.extent[] */
	uint32_t extent_count;
	struct place origin;		/* the partition it is merged into; zeros: version 1 kept none */
};

/* What lies on a volume, whole and confirmed. */
struct record_installed {
	char name[32];
	struct place place;
	uint64_t image_bytes;
	uint8_t digest[RECORD_DIGEST_BYTES];	/* BLAKE2b-256 of the image */
	uint8_t root_hash[RECORD_DIGEST_BYTES];	/* of dm-verity; zeros: none */
	char version[RECORD_VERSION_MAX];
};

/* The stores that lead back to the system before the installed one. Feature RECORD_RO_KEPT. */
struct record_kept {
	uint8_t update_id[RECORD_ID_BYTES];	/* in each of its stores' header chunks */
	char version[RECORD_VERSION_MAX];	/* that they bring back */
	enum store_place store_place;
	struct place store_part;
	uint64_t store_dir_inode;
	char slot;				/* of its kernel, where that is another one; 0: it is the same */
	uint64_t when_s;			/* made; seconds since 1970; 0: the clock was not set */
	uint32_t volume_count;			/* 0: nothing is kept */
	struct record_volume volume[RECORD_VOLUMES_MAX];	/* new_digest: of the old image */
	uint32_t extent_count;
	struct extent extent[RECORD_KEPT_EXTENTS_MAX];
};

/* The proofs of a merge that have failed. Of another update than the pending one it says nothing. */
struct record_proof {
	uint8_t update_id[RECORD_ID_BYTES];
	uint32_t failed;		/* so many; 0: there is nothing to say */
	uint32_t differs;		/* a bit for each volume that differed in the last */
};

/* How the last update ended; kept for good. */
struct record_result {
	enum result result;
	uint64_t when_s;		/* seconds since 1970; 0: the clock was not set */
	char version_from[RECORD_VERSION_MAX];
	char version_to[RECORD_VERSION_MAX];
	char reason[RECORD_REASON_MAX];	/* base/reason.h finds its code */
};

/* What more is known of a result: of one of this version's, and maybe not of any other. */
struct record_more {
	uint32_t crc;			/* of the result that it is about; record_more_of compares it */
	uint32_t tries_spent, tries_total;
	uint64_t chunks_again;		/* merged, lost by the disk, and written again */
	uint8_t log_id[RECORD_LOG_ID_BYTES];	/* names the trial's own log: the begin of its update id */
};

/* The same count while the update is pending. Of another update it says nothing. */
struct record_again {
	uint8_t update_id[RECORD_ID_BYTES];
	uint64_t chunks;
};

/*
 * The releases (base/release.h) that this board has seen; 0: none.  What the pending update brings says
 * nothing of another update: of one that a program has installed which knows no releases.
 */
struct record_releases {
	uint8_t update_id[RECORD_ID_BYTES];
	uint64_t pending;		/* of the update with that id */
	uint64_t floor;			/* the latest that was ever confirmed; never falls */
	uint64_t newest;		/* the latest that was ever installed, confirmed or not */
	uint32_t newest_day;		/* when its bundle was created, by the bundle; 0: not said */
	uint64_t newest_s;		/* and installed, by this board's clock; 0: the clock was not set */
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
	/*
	 * The partition the extents count from: if it has moved, nothing on it is trusted. Version 1
	 * kept only its start.
	 */
	struct place store_part;
	uint64_t store_dir_inode;	/* of the folder of stores, on store_part; 0: not known */
	uint32_t volume_count;
	struct record_volume volume[RECORD_VOLUMES_MAX];
	uint32_t extent_count;		/* of extent[], below */
	struct record_result last;
	struct record_recovery recovery;

	/* What outlives every update, and version 1 does not know: the tail. */
	uint32_t earlier_count;
	struct record_result earlier[RECORD_EARLIER_MAX];	/* before the last one; newest first */
	struct record_knows knows[RECORD_INITS];
	struct record_proof proof;	/* of the pending update only */
	struct record_again again;	/* the same */
	struct record_releases releases;
	uint32_t more_count;
	struct record_more more[RECORD_MORE_MAX];	/* newest first; some may be of no result any more */
	uint32_t installed_count;
	struct record_installed installed[RECORD_VOLUMES_MAX];

	/* What a later program has written, and this one does not know. */
	uint32_t other_compat;		/* feature bits, kept as they are */
	uint32_t other_bytes;		/* sections, kept byte for byte in other[], below */
	bool read_only;			/* there is something that this program cannot keep */

	/* Large, and last.  Behind its count each of these lists holds anything: record_copy and
	 * record_blank pass over that. */
	struct record_kept kept;	/* ends with a list, too */
	uint8_t other[RECORD_OTHER_BYTES_MAX];
	struct extent extent[RECORD_EXTENTS_MAX];
};

/* A record that says nothing: idle, of generation 0. */
void record_blank(struct record *rec);

/* to says what from says. They do not overlap, or are the same. */
void record_copy(struct record *to, const struct record *from);

/*
 * An idle record that keeps the generation, the results, the confirmed slot, recovery and all of the
 * tail, and drops the update.
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
 * the confirmed one, then it is cleared.  detail, what exactly it was, may be empty; it is cut where
 * it has to be.
 */
void record_end(struct record *rec, enum result result, enum reason reason, const char *detail,
		uint64_t when_s);

/*
 * What lies on a volume, as an install has compared it or a merge has left it; one entry for each name.
 * record_lies finds it for that place, or NULL: it is not known.  record_lies_not is for whoever is about
 * to write something else there.
 */
void record_lies_now(struct record *rec, const struct record_installed *is);
const struct record_installed *record_lies(const struct record *rec, const char *volume,
					   const struct place *place);
void record_lies_not(struct record *rec, const char *volume);

/* The same of all volumes of the pending update, which is merged. */
void record_note_merged(struct record *rec);

/*
 * Makes the kept stores the pending update, in staging, from the version that is confirmed: what they
 * say, and no more, follows from then on.  They stay kept beside it, so that nothing is lost when it is
 * given up.  record_is_way_back: the pending update is that.
 */
void record_take_kept(struct record *rec, const char *version_from);
bool record_is_way_back(const struct record *rec);

/* Nothing is kept any more. */
void record_drop_kept(struct record *rec);

/*
 * How many proofs of the pending update have failed; notes one more, in which these volumes differed.
 */
uint32_t record_proofs_failed(const struct record *rec);
void record_proof_failed(struct record *rec, uint32_t differs);

/*
 * Counts chunks of the pending update that were merged, and had to be written again.
 */
void record_written_again(struct record *rec, uint64_t chunks);

/*
 * Notes what the pending update's bundle says of itself, release 0: nothing; when_s is now, or 0.
 * record_release_pending: that release, 0: none.  record_release_confirm: the pending update is
 * confirmed, so the floor rises to its release, or stays.
 */
void record_release_note(struct record *rec, uint64_t release, uint32_t created_day, uint64_t when_s);
uint64_t record_release_pending(const struct record *rec);
void record_release_confirm(struct record *rec);

/* What more is known of the last result or an earlier one of rec; NULL: nothing. */
const struct record_more *record_more_of(const struct record *rec,
					 const struct record_result *result);

/* The reason's sentence with the detail behind it, as record_end writes it. */
void record_reason(char text[RECORD_REASON_MAX], enum reason reason, const char *detail);

/*
 * Whether every field is in its bounds; what encode and decode both insist on.  The volumes'
 * extents follow one another in record.extent[]; an idle record has none; in trial and merging each
 * store is exactly as long as its extents.
 */
bool record_ok(const struct record *rec);

/* The first field that is out of its bounds, in words; NULL: there is none. */
const char *record_wrong(const struct record *rec);

const char *phase_name(enum phase phase);	/* "idle", … */
const char *result_name(enum result result);	/* "none", "merged", … */

#endif
