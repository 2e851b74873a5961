/* SPDX-License-Identifier: MIT */
/*
 * Writes the record's two copies, one of them good at every moment.  Holds I4; I1 and I2 rest on its
 * flushes.  Must never write over both copies without a flush between, nor over what could not be
 * read without being told to.  No heap.
 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "state/copies_parts.h"

/* While this has not returned 0, the copy is in doubt, and the next save begins with it. */
static int write_copy(const struct dev *meta, struct copies *c, unsigned i, const uint8_t *buf,
		      size_t len_bytes)
{
	int rc;

	c->copy[i] = COPY_DAMAGED;
	copies_conclude(c, c->health);
	rc = dev_write(meta, copies_offset(i), buf, len_bytes);
	if (rc == 0)
		rc = dev_flush(meta);
	if (rc < 0)
		return fail_in(rc, "cannot save copy %c of the record", 'A' + (int)i);
	c->copy[i] = COPY_GOOD;
	return 0;
}

/*
 * The copy that stays while the other is written may be in the cache only, left there by a program
 * that was killed before its flush.
 */
static int flush_first(const struct dev *meta)
{
	int rc = dev_flush(meta);

	return rc < 0 ? fail_in(rc, "cannot save the record") : 0;
}

/* Writes both copies, the one whose loss costs nothing first. */
static int write_both(const struct dev *meta, struct copies *c, unsigned first, const uint8_t *buf,
		      size_t len_bytes)
{
	const unsigned second = 1 - first;
	int rc = flush_first(meta);

	if (rc < 0)
		return rc;
	rc = write_copy(meta, c, first, buf, len_bytes);
	if (rc < 0)
		return rc;
	if (c->copy[second] != COPY_FOREIGN)
		c->health = RECORD_GOOD;
	c->tail_lost = false;
	c->volatile_copy = false;
	rc = write_copy(meta, c, second, buf, len_bytes);
	if (rc < 0)
		return rc;
	copies_conclude(c, RECORD_GOOD);
	return 0;
}

int copies_repair(const struct dev *meta, const struct record *rec, struct copies *copies)
{
	const unsigned good = copies->copy[0] == COPY_GOOD ? 0 : 1;
	size_t len_bytes, same_bytes;
	int rc;

	if (!copies->repairable)
		return 0;
	if (copies->volatile_copy) {
		rc = flush_first(meta);
		if (rc < 0)
			return rc;
		copies->volatile_copy = false;
		copies_conclude(copies, RECORD_GOOD);
		return 0;
	}
	rc = record_encode(rec, copies_bytes[good], &len_bytes);
	if (rc < 0)
		return rc;
	same_bytes = copies->tail_lost ? record_length(copies_bytes[good]) : len_bytes;
	rc = dev_read(meta, copies_offset(good), copies_bytes[1 - good], same_bytes);
	if (rc < 0)
		return rc;
	/* Another content under the same generation would make two good copies that differ. */
	if (memcmp(copies_bytes[good], copies_bytes[1 - good], same_bytes) != 0)
		return fail(ESTALE, "cannot repair the record: it was changed and not saved");
	rc = flush_first(meta);
	if (rc < 0)
		return rc;
	/* Two heads that have both lost their tails are equal, too. */
	rc = write_copy(meta, copies, 1 - good, copies_bytes[good], same_bytes);
	if (rc < 0)
		return rc;
	copies_conclude(copies, RECORD_GOOD);
	return 0;
}

/*
 * A cut in the first write must bring back the old state, whatever it was.  Good: the newest good
 * copy stays.  Damaged, and told to overwrite: what is good in itself goes first, so that it cannot
 * come back to life beside a torn copy; and B must not stay zero beside a real record in A.
 */
static unsigned first_to_write(const struct copies *c)
{
	const bool a_good = c->copy[0] == COPY_GOOD, b_good = c->copy[1] == COPY_GOOD;

	switch (c->health) {
	case RECORD_GOOD:
		return a_good && !b_good ? 1 : 0;
	case RECORD_DAMAGED:
		return !a_good && (b_good || c->copy[1] == COPY_ZERO) ? 1 : 0;
	case RECORD_NEW:
	default:
		return 0;
	}
}

/*
 * An idle block in both copies: a cut in it leaves nothing that could be mistaken for an update, and
 * one behind it leaves no record that has lost its tail beside a copy that cannot be used.
 */
static int write_idle_first(const struct dev *meta, struct copies *c, uint64_t generation)
{
	static struct record idle;	/* too large for a stack */
	size_t len_bytes;
	int rc;

	record_blank(&idle);
	idle.generation = generation;
	rc = record_encode(&idle, copies_bytes[0], &len_bytes);
	return rc < 0 ? rc : write_both(meta, c, first_to_write(c), copies_bytes[0], len_bytes);
}

/*
 * The next generation of a record with a tail.  All have one, but the idle block that a new device
 * begins with.
 */
static uint64_t next_generation(uint64_t generation)
{
	return (generation / RECORD_GENERATION_STEP + 1) * RECORD_GENERATION_STEP;
}

int copies_save(const struct dev *meta, struct record *rec, struct copies *copies,
		bool overwrite_damaged)
{
	const uint64_t generation = rec->generation;
	size_t len_bytes;
	int rc;

	if (copies->health == RECORD_DAMAGED && !overwrite_damaged)
		return fail(EROFS, "cannot save the record over what could not be read: %s", copies->why);
	if (copies->read_only)
		return fail(EROFS, "cannot save the record: a later cowboot has added to it what this "
			    "one would lose");
	/* This slot is about to get another initramfs, and nobody knows what that one understands. */
	if (rec->phase == PHASE_STAGING && rec->slot)
		record_forget_init(rec, rec->slot);
	rec->generation = next_generation(generation);
	/*
	 * The torn tail may be that of the next generation, whose head was lost or could not be read.
	 * It must find no head here that equals its own.
	 */
	if (copies->tail_lost)
		rec->generation = next_generation(rec->generation);
	rc = record_encode(rec, copies_bytes[1], &len_bytes);
	if (rc < 0) {
		rec->generation = generation;
		return rc;
	}
	/* From here on the generation is spent, come what may: no two contents ever share one. */
	if (copies->health != RECORD_GOOD) {
		rc = write_idle_first(meta, copies, generation + 1);
		if (rc < 0)
			return rc;
	}
	return write_both(meta, copies, first_to_write(copies), copies_bytes[1], len_bytes);
}
