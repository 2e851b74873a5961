/* SPDX-License-Identifier: MIT */
/*
 * Reads the record's two copies and judges them.  Holds I4.  Must never take a damaged copy for a new
 * device.  No heap; the buffers below outlive no call.
 *
 * As long as B is zero, A holds no more than the idle block that the first save begins with:
 * that is why a lone damaged block in A may be taken for a new device.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "state/copies_parts.h"

uint8_t copies_bytes[COPIES_COUNT][RECORD_BYTES_MAX];
static struct record decoded[COPIES_COUNT];
static size_t have_bytes[COPIES_COUNT];		/* of the record, as far as it was read */
static bool is_tailless[COPIES_COUNT];		/* it had a tail, which is lost */

/* Whether all of a copy behind its first block can be read, and is zero. */
static bool rest_is_zero(const struct dev *meta, unsigned i)
{
	uint8_t *rest = copies_bytes[i] + RECORD_BLOCK_BYTES;
	const size_t rest_bytes = RECORD_BYTES_MAX - RECORD_BLOCK_BYTES;

	return dev_read(meta, copies_offset(i) + RECORD_BLOCK_BYTES, rest, rest_bytes) == 0 &&
	       bytes_are_zero(rest, rest_bytes);
}

static bool read_more(const struct dev *meta, unsigned i, size_t more_bytes)
{
	const size_t have = have_bytes[i];

	if (more_bytes > RECORD_BYTES_MAX - have ||
	    dev_read(meta, copies_offset(i) + have, copies_bytes[i] + have, more_bytes) != 0)
		return false;
	have_bytes[i] += more_bytes;
	return true;
}

/*
 * Reads what stands behind the head, if it can be read; record_decode finds out whether it is that
 * head's tail.
 */
static void read_tail(const struct dev *meta, unsigned i)
{
	const uint8_t *tail = copies_bytes[i] + have_bytes[i];

	if (read_more(meta, i, RECORD_BLOCK_BYTES) &&
	    record_tail_length(tail) > RECORD_BLOCK_BYTES)
		(void)read_more(meta, i, record_tail_length(tail) - RECORD_BLOCK_BYTES);
}

/* A record is read no further than it goes: a bad sector behind it does no harm. */
static enum copy_health read_copy(const struct dev *meta, unsigned i)
{
	uint8_t *buf = copies_bytes[i];
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

/* A head that has lost its tail says less than it did: it counts only where the other copy is not good. */
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

	/* Of two that have lost their tails only the heads are compared: anything may stand behind them. */
	if (a == b && is_tailless[0])
		return record_length(copies_bytes[0]) == record_length(copies_bytes[1]) &&
		       memcmp(copies_bytes[0], copies_bytes[1], record_length(copies_bytes[0])) == 0;
	if (a == b)
		return have_bytes[0] == have_bytes[1] &&
		       memcmp(copies_bytes[0], copies_bytes[1], have_bytes[0]) == 0;
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

void copies_conclude(struct copies *c, enum record_health health)
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
	copies_conclude(&c, health);
	if (c.health == RECORD_GOOD) {
		record_copy(ret_rec, &decoded[newest]);
	} else {
		record_blank(ret_rec);
		ret_rec->generation = generation;
	}
	*ret_copies = c;
	return 0;
}
