/* SPDX-License-Identifier: MIT */
/*
 * The record's two copies on `meta`: A at byte 0, B at byte 512 Ki.  Holds I4.
 *
 * A save writes the copy that is not the newest good one, flushes, then the other, and flushes:
 * there is a good copy at every moment, and after a save that returned 0 both hold the new record,
 * so that one damaged copy never takes us back to an older phase.
 */
#ifndef COWBOOT_STATE_COPIES_H
#define COWBOOT_STATE_COPIES_H

#include "state/record.h"
#include "storage/dev.h"

#define COPIES_COUNT 2
#define COPY_B_OFFSET_BYTES (512u * 1024)
#define META_BYTES_MIN (1024u * 1024)

enum copy_health {
	COPY_GOOD,
	COPY_ZERO,		/* all of its 256 KiB */
	COPY_STALE,		/* good, but older than the other */
	COPY_DAMAGED,		/* unreadable, neither zero nor a record, or without its tail */
	COPY_FOREIGN,		/* of a later format version, or with a feature that is not known */
};

enum record_health {
	RECORD_GOOD,		/* both copies, or one and repairable: repair before acting on it */
	RECORD_NEW,		/* a new device: nothing was ever saved; the record is idle */
	RECORD_DAMAGED,		/* no copy can be used; nothing may be written over them */
};

struct copies {
	enum record_health health;
	enum copy_health copy[COPIES_COUNT];
	bool repairable;	/* a copy is not as the newest one, or may be lost: copies_repair helps */
	bool tail_lost;		/* no copy has the record's tail: it is what version 1 knew of it */
	bool volatile_copy;	/* one of two without tails may be in the disk's cache only */
	bool read_only;		/* a later cowboot has added what this one could not keep */
	char why[160];		/* what is wrong, in words; empty when nothing is */
};

/*
 * Reads both copies. Zero and zero is a new device, and so is B all zero with A damaged in its
 * first block only: the first save ever begins with one idle block in A, and was cut.  Anything
 * else without a good copy is RECORD_DAMAGED, and so are a foreign copy, whatever the other is (the
 * later program may have gone on from there), and two good copies that differ under one generation.
 * A copy that has lost its tail counts only where the other one is not good.
 * Returns 0 whatever the health (ret_rec is idle unless RECORD_GOOD, its generation the highest
 * that was seen); -EINVAL only when meta is too small to be one.
 */
int copies_load(const struct dev *meta, struct record *ret_rec, struct copies *ret_copies);

/*
 * Makes the two copies equal again, durably; writes nothing when they are, or when the record is
 * read_only.  Two that have both lost their tails are only flushed: as long as a cut can undo one of
 * them, the older copy that was there before would count again, because that one has its tail.  rec is
 * as it was loaded or saved last (-ESTALE otherwise, and nothing is written).
 */
int copies_repair(const struct dev *meta, const struct record *rec, struct copies *copies);

/*
 * Saves rec with the next generation; durable in both copies when it returns 0.  Refuses (-EROFS)
 * what is read_only, and on RECORD_DAMAGED unless overwrite_damaged.  While staging, rec forgets what
 * the init of the update's slot knew.  Updates rec->generation and copies.  After a failure
 * the next load finds the old record or the new one; saving again is right and safe.
 */
int copies_save(const struct dev *meta, struct record *rec, struct copies *copies,
		bool overwrite_damaged);

#endif
