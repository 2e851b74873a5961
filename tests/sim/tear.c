/* SPDX-License-Identifier: MIT */
/*
 * A torn write: some of its sectors are there, the others are as before.  What a torn sector itself
 * holds is anybody's guess, garbage or an error; so it is where the loss is bearable: in a copy of
 * which there are two, in an origin's chunk that the store still has, in a store that is not armed.
 * The kernel's own write of an exception area has sectors that are old or new and nothing else.
 */
#include "trace.h"

enum tear {
	TEAR_FIRST, /* only the first sector */
	TEAR_HALF,
	TEAR_BUT_LAST,
	TEAR_LAST, /* only the last */
	TEAR_SPLIT_NOISE, /* the first half; then one sector of noise; the rest old */
	TEAR_NOISE, /* all of it noise */
	TEAR_BAD_FIRST, /* the first cannot be read, the others are new */
	TEAR_NOISE_LAST, /* the last is noise, the others are new */
	TEAR_BAD, /* none can be read */
	TEAR_COUNT
};

#define BLOCK 8u /* sectors of 512 in one of 4096 */

/* The tears of w as bits; a word of bits at once, for this is asked for every pending write. */
static unsigned tears_of(const struct cutting *cutting, const struct write *w)
{
	bool two_copies = w->disk == DISK_META;
	bool bearable = two_copies || !(w->flags & WRITE_FUA);
	unsigned unit = cutting->blocks ? BLOCK : 1;
	unsigned units = (w->count + unit - 1) / unit, tears = 0;

	if (w->flags & WRITE_WHOLE)
		return 0;
	if (units > 1)
		tears |= 1u << TEAR_FIRST | 1u << TEAR_LAST;
	if (units > 2)
		tears |= 1u << TEAR_HALF | 1u << TEAR_BUT_LAST;
	if (units > 1 && bearable)
		tears |= 1u << TEAR_SPLIT_NOISE;
	if (two_copies)
		tears |= 1u << TEAR_NOISE | 1u << TEAR_BAD;
	if (two_copies && units > 1)
		tears |= 1u << TEAR_BAD_FIRST | 1u << TEAR_NOISE_LAST;
	return tears;
}

unsigned tear_count(const struct cutting *cutting, const struct write *w)
{
	return (unsigned)__builtin_popcount(tears_of(cutting, w));
}

static enum tear nth(unsigned tears, unsigned n)
{
	unsigned t = 0;

	for (;; t++)
		if (tears & 1u << t && n-- == 0)
			return (enum tear)t;
}

enum part { PART_OLD, PART_NEW, PART_NOISE, PART_BAD };

static enum part part_of(enum tear tear, unsigned i, unsigned units)
{
	switch (tear) {
	case TEAR_FIRST:
		return i == 0 ? PART_NEW : PART_OLD;
	case TEAR_HALF:
		return i < units / 2 ? PART_NEW : PART_OLD;
	case TEAR_BUT_LAST:
		return i + 1 < units ? PART_NEW : PART_OLD;
	case TEAR_LAST:
		return i + 1 < units ? PART_OLD : PART_NEW;
	case TEAR_SPLIT_NOISE:
		return i < units / 2 ? PART_NEW : i == units / 2 ? PART_NOISE : PART_OLD;
	case TEAR_NOISE:
		return PART_NOISE;
	case TEAR_BAD_FIRST:
		return i == 0 ? PART_BAD : PART_NEW;
	case TEAR_NOISE_LAST:
		return i + 1 < units ? PART_NEW : PART_NOISE;
	case TEAR_BAD:
		return PART_BAD;
	case TEAR_COUNT:
		break;
	}
	return PART_OLD;
}

void tear_apply(const struct cutting *cutting, const struct write *w, unsigned tear,
		const content *words, void (*set)(void *ctx, unsigned at, content c), void *ctx)
{
	enum tear kind = nth(tears_of(cutting, w), tear);
	unsigned unit = cutting->blocks ? BLOCK : 1;
	unsigned units = (w->count + unit - 1) / unit;

	for (unsigned s = 0; s < w->count; s++) {
		switch (part_of(kind, s / unit, units)) {
		case PART_OLD:
			break;
		case PART_NEW:
			set(ctx, w->at + s, words[w->word + s]);
			break;
		case PART_NOISE:
			set(ctx, w->at + s, content_noise(w->at + s, 7));
			break;
		case PART_BAD:
			set(ctx, w->at + s, CONTENT_BAD);
			break;
		}
	}
}
