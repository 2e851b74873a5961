/* SPDX-License-Identifier: MIT */
/*
 * Two copies of the record, one of them good at every moment.  Holds I4; I1 and I2 rest on its
 * flushes.  Must never write over both copies without a flush between, nor over what it could not
 * read without being told to.  No heap; the buffers below outlive no call.
 *
 * As long as B is zero, A holds no more than the idle block that the first save begins with:
 * that is why a lone damaged block in A may be taken for a new device.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "state/copies.h"

static uint8_t bytes[COPIES_COUNT][RECORD_BYTES_MAX];
static struct record decoded[COPIES_COUNT];
static size_t have_bytes[COPIES_COUNT];		/* of the record, as far as it was read */
static bool is_tailless[COPIES_COUNT];		/* it had a tail, which is lost */

static uint64_t copy_offset(unsigned i)
{
	return (uint64_t)i * COPY_B_OFFSET_BYTES;
}

/* Whether all of a copy behind its first block can be read, and is zero. */
static bool rest_is_zero(const struct dev *meta, unsigned i)
{
	uint8_t *rest = bytes[i] + RECORD_BLOCK_BYTES;
	const size_t rest_bytes = RECORD_BYTES_MAX - RECORD_BLOCK_BYTES;

	return dev_read(meta, copy_offset(i) + RECORD_BLOCK_BYTES, rest, rest_bytes) == 0 &&
	       bytes_are_zero(rest, rest_bytes);
}

static bool read_more(const struct dev *meta, unsigned i, size_t more_bytes)
{
	const size_t have = have_bytes[i];

	if (more_bytes > RECORD_BYTES_MAX - have ||
	    dev_read(meta, copy_offset(i) + have, bytes[i] + have, more_bytes) != 0)
		return false;
	have_bytes[i] += more_bytes;
	return true;
}

/* Behind the head, if it can be read; whether it is the head's is for record_decode. */
static void read_tail(const struct dev *meta, unsigned i)
{
	const uint8_t *tail = bytes[i] + have_bytes[i];

	if (read_more(meta, i, RECORD_BLOCK_BYTES) &&
	    record_tail_length(tail) > RECORD_BLOCK_BYTES)
		(void)read_more(meta, i, record_tail_length(tail) - RECORD_BLOCK_BYTES);
}

/* A record is read no further than it goes: a bad sector behind it does no harm. */
static enum copy_health read_copy(const struct dev *meta, unsigned i)
{
	uint8_t *buf = bytes[i];
	size_t head_bytes;

	have_bytes[i] = 0;
	is_tailless[i] = false;
	if (!read_more(meta, i, RECORD_BLOCK_BYTES))
		return COPY_DAMAGED;
	head_bytes = record_length(buf);
	if (head_bytes == 0)
		return bytes_are_zero(buf, RECORD_BLOCK_BYTES) && rest_is_zero(meta, i) ?
		       COPY_ZERO : COPY_DAMAGED;
	if (head_bytes > RECORD_BLOCK_BYTES && !read_more(meta, i, head_bytes - RECORD_BLOCK_BYTES))
		return COPY_DAMAGED;
	if (record_has_tail(record_generation(buf)))
		read_tail(meta, i);
	switch (record_decode(buf, have_bytes[i], &decoded[i])) {
	case -ENODATA:
		is_tailless[i] = true;
		/* fall through */
	case 0:
		return COPY_GOOD;
	case -ENOTSUP:
		return COPY_FOREIGN;
	default:
		return COPY_DAMAGED;
	}
}

/* What was torn from its tail says less than it did: it counts only where there is nothing better. */
static void doubt_tailless(struct copies *c)
{
	for (unsigned i = 0; i < COPIES_COUNT; i++)
		if (is_tailless[i] && c->copy[1 - i] == COPY_GOOD && !is_tailless[1 - i])
			c->copy[i] = COPY_DAMAGED;
}

/* Of two good copies: whether they can both be, and which one is older. */
static bool compare_good(struct copies *c)
{
	const uint64_t a = decoded[0].generation, b = decoded[1].generation;

	/* Two that have lost their tails may have anything there. */
	if (a == b && is_tailless[0])
		return record_length(bytes[0]) == record_length(bytes[1]) &&
		       memcmp(bytes[0], bytes[1], record_length(bytes[0])) == 0;
	if (a == b)
		return have_bytes[0] == have_bytes[1] &&
		       memcmp(bytes[0], bytes[1], have_bytes[0]) == 0;
	c->copy[a < b ? 0 : 1] = COPY_STALE;
	return true;
}

static enum record_health judge(const struct dev *meta, struct copies *c)
{
	const enum copy_health a = c->copy[0], b = c->copy[1];

	if (a == COPY_FOREIGN || b == COPY_FOREIGN)
		return RECORD_DAMAGED;
	if (a == COPY_GOOD && b == COPY_GOOD)
		return compare_good(c) ? RECORD_GOOD : RECORD_DAMAGED;
	if (a == COPY_GOOD || b == COPY_GOOD)
		return RECORD_GOOD;
	if (b == COPY_ZERO && (a == COPY_ZERO || rest_is_zero(meta, 0)))
		return RECORD_NEW;
	return RECORD_DAMAGED;
}

static void explain(struct copies *c)
{
	static const char *const words[] = {
		[COPY_GOOD] = "good",
		[COPY_ZERO] = "empty",
		[COPY_STALE] = "older",
		[COPY_DAMAGED] = "damaged or unreadable",
		[COPY_FOREIGN] = "of a later format version",
	};
	struct text_out out;

	text_begin(&out, c->why, sizeof(c->why));
	if (c->read_only)
		text_add(&out, "a later cowboot has added to it: it can be read, but not written");
	if (c->copy[0] == COPY_GOOD && c->copy[1] == COPY_GOOD) {
		if (c->health == RECORD_DAMAGED)
			text_add(&out, "copy A and copy B are of one generation, but differ");
		else if (c->tail_lost)
			text_add(&out, "what this version added to it is lost in both copies");
		return;
	}
	if (c->copy[0] == COPY_ZERO && c->copy[1] == COPY_ZERO)
		return;
	text_add(&out, "%scopy A is %s, copy B is %s", c->read_only ? "; " : "", words[c->copy[0]],
		 words[c->copy[1]]);
	if (c->health == RECORD_NEW)
		text_add(&out, ": the first save was cut, nothing is lost");
}

/* Everything in c that follows from the copies' health. */
static void conclude(struct copies *c, enum record_health health)
{
	c->health = health;
	c->repairable = health == RECORD_GOOD && !c->read_only &&
			(c->copy[0] != COPY_GOOD || c->copy[1] != COPY_GOOD || c->volatile_copy);
	explain(c);
}

int copies_load(const struct dev *meta, struct record *ret_rec, struct copies *ret_copies)
{
	struct copies c = { .health = RECORD_DAMAGED };
	enum record_health health;
	uint64_t generation = 0;
	unsigned newest;

	if (meta->size_bytes < META_BYTES_MIN)
		return fail(EINVAL, "cannot read the record on %s: it has less than %u bytes",
			    meta->name, META_BYTES_MIN);
	for (unsigned i = 0; i < COPIES_COUNT; i++) {
		c.copy[i] = read_copy(meta, i);
		if (c.copy[i] == COPY_GOOD && decoded[i].generation > generation)
			generation = decoded[i].generation;
	}
	doubt_tailless(&c);
	health = judge(meta, &c);
	newest = c.copy[0] == COPY_GOOD ? 0 : 1;
	if (health == RECORD_GOOD) {
		c.tail_lost = is_tailless[newest];
		c.read_only = decoded[newest].read_only;
		c.volatile_copy = c.tail_lost && c.copy[0] == COPY_GOOD && c.copy[1] == COPY_GOOD;
	}
	conclude(&c, health);
	if (c.health == RECORD_GOOD) {
		record_copy(ret_rec, &decoded[newest]);
	} else {
		record_blank(ret_rec);
		ret_rec->generation = generation;
	}
	*ret_copies = c;
	return 0;
}

/* While this has not returned 0, the copy is in doubt, and the next save begins with it. */
static int write_copy(const struct dev *meta, struct copies *c, unsigned i, const uint8_t *buf,
		      size_t len_bytes)
{
	int rc;

	c->copy[i] = COPY_DAMAGED;
	conclude(c, c->health);
	rc = dev_write(meta, copy_offset(i), buf, len_bytes);
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
	conclude(c, RECORD_GOOD);
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
		conclude(copies, RECORD_GOOD);
		return 0;
	}
	rc = record_encode(rec, bytes[good], &len_bytes);
	if (rc < 0)
		return rc;
	same_bytes = copies->tail_lost ? record_length(bytes[good]) : len_bytes;
	rc = dev_read(meta, copy_offset(good), bytes[1 - good], same_bytes);
	if (rc < 0)
		return rc;
	/* Another content under the same generation would make two good copies that differ. */
	if (memcmp(bytes[good], bytes[1 - good], same_bytes) != 0)
		return fail(ESTALE, "cannot repair the record: it was changed and not saved");
	rc = flush_first(meta);
	if (rc < 0)
		return rc;
	/* Two heads that have both lost their tails are equal, too. */
	rc = write_copy(meta, copies, 1 - good, bytes[good], same_bytes);
	if (rc < 0)
		return rc;
	conclude(copies, RECORD_GOOD);
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
	size_t len_bytes;
	int rc;

	record_blank(&decoded[0]);
	decoded[0].generation = generation;
	rc = record_encode(&decoded[0], bytes[0], &len_bytes);
	return rc < 0 ? rc : write_both(meta, c, first_to_write(c), bytes[0], len_bytes);
}

/* Of a record with a tail; so is every one but the idle block that a new device begins with. */
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
	/* The slot that is about to get another initramfs: nobody knows what that one understands. */
	if (rec->phase == PHASE_STAGING && rec->slot)
		record_forget_init(rec, rec->slot);
	rec->generation = next_generation(generation);
	/*
	 * The torn tail may be that of the next generation, whose head was lost or could not be read.
	 * It must find no head here that equals its own.
	 */
	if (copies->tail_lost)
		rec->generation = next_generation(rec->generation);
	rc = record_encode(rec, bytes[1], &len_bytes);
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
	return write_both(meta, copies, first_to_write(copies), bytes[1], len_bytes);
}
