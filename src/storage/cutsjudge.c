/* SPDX-License-Identifier: MIT */
/*
 * The verdict.  Must never call lost what the disk was free to lose: a write counts only when something
 * that came later shows that it was confirmed.
 */
#include "storage/cutsjudge.h"

#include <string.h>

#include "base/bytes.h"

void cuts_look(const uint8_t id[CUTS_ID_BYTES], const uint8_t buf[CUTS_BLOCK_BYTES],
	       struct cuts_reach *reach)
{
	for (uint32_t place = 0; place < CUTS_BLOCK_SECTORS; place++) {
		struct cuts_sector s;

		if (cuts_decode(buf + place * SECTOR_BYTES, &s) ||
		    memcmp(s.id, id, CUTS_ID_BYTES) || s.round < reach->round)
			continue;
		if (s.round > reach->round)
			*reach = (struct cuts_reach){ .round = s.round };
		if (s.write > reach->last)
			reach->last = s.write;
		if (s.confirmed > reach->confirmed)
			reach->confirmed = s.confirmed;
	}
}

void cuts_judge_begin(struct cuts_judge *j, const struct cuts_round *round,
		      const struct cuts_reach *reach, uint64_t confirmed)
{
	bool same = reach->round == round->number;
	uint64_t last = same ? reach->last : 0;

	memset(j, 0, sizeof(*j));
	j->round = *round;
	j->confirmed = same ? reach->confirmed : 0;
	if (confirmed > j->confirmed)
		j->confirmed = confirmed;
	j->last = last > j->confirmed ? last : j->confirmed;
	/*
	 * The writes up to the flush after the last one that was kept had been begun; and perhaps
	 * those of the next epoch, of which nothing was kept: of an honest disk then no more.
	 */
	j->bound = cuts_end(round, cuts_end(round, j->last ? j->last : 1) + 1);
}

enum what {
	IS_OLD,			/* at least what must be there, and nothing newer that was confirmed */
	IS_NEW,			/* of a write that was not confirmed */
	IS_LOST,		/* older than what must be there */
	IS_SPOILED,		/* nothing that was ever written there */
};

static enum what judge_sector(const struct cuts_judge *j, uint64_t block, uint64_t need,
			      uint32_t place, const uint8_t *buf)
{
	struct cuts_sector s;

	if (cuts_decode(buf, &s) || memcmp(s.id, j->round.id, CUTS_ID_BYTES) || s.block != block ||
	    s.place != place || s.round > j->round.number)
		return IS_SPOILED;
	if (s.round < j->round.number)
		return need ? IS_LOST : IS_OLD;
	if (s.write < need)
		return IS_LOST;
	return s.write > j->confirmed ? IS_NEW : IS_OLD;
}

static void note_lost(struct cuts_judge *j, uint64_t block, uint64_t write, uint64_t *count)
{
	if (!j->verdict.first_lost) {
		j->verdict.first_lost = write;
		j->verdict.first_block = block;
	}
	++*count;
}

/* What became of a write that was not confirmed, of a block where nothing is lost. */
static void judge_open(struct cuts_judge *j, uint64_t write, const unsigned counts[4])
{
	struct cuts_verdict *v = &j->verdict;

	v->torn_sectors += counts[IS_SPOILED];
	if (counts[IS_NEW] == CUTS_BLOCK_SECTORS)
		v->kept++;
	else if (counts[IS_NEW] || counts[IS_SPOILED])
		v->partial++;
	else if (write <= j->last)
		v->passed_over++;
}

bool cuts_judge_block(struct cuts_judge *j, uint64_t block, const uint8_t buf[CUTS_BLOCK_BYTES],
		      uint8_t unreadable)
{
	uint64_t need = cuts_last(&j->round, block, j->confirmed);
	uint64_t open = cuts_last(&j->round, block, j->bound);
	unsigned counts[4] = { 0 };

	for (uint32_t place = 0; place < CUTS_BLOCK_SECTORS; place++) {
		bool readable = !(unreadable >> place & 1);

		j->verdict.unreadable += !readable;
		counts[readable ? judge_sector(j, block, need, place, buf + place * SECTOR_BYTES) :
			 IS_SPOILED]++;
	}
	if (counts[IS_LOST])
		note_lost(j, block, need, cuts_alone(&j->round, need) ? &j->verdict.lost_alone :
			  &j->verdict.lost_flushed);
	else if (open > j->confirmed)
		judge_open(j, open, counts);
	else if (counts[IS_SPOILED])
		note_lost(j, block, need, &j->verdict.spoiled);
	return counts[IS_SPOILED];
}

void cuts_renew(const struct cuts_round *round, uint64_t block, uint8_t buf[CUTS_BLOCK_BYTES])
{
	struct cuts_round first = *round;

	first.number = 0;
	cuts_fill(&first, block + 1, 0, buf);
}

bool cuts_is_bad(const struct cuts_verdict *v)
{
	return v->lost_flushed || v->lost_alone || v->spoiled;
}
