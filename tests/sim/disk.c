/* SPDX-License-Identifier: MIT */
/* The running disks: reads, writes and flushes, each told to the trace. Knows nothing of what is
 * stored. */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "trace.h"

unsigned disk_base[DISK_COUNT], disk_size[DISK_COUNT], disks_total;
struct disks now;
struct image view;

void disks_layout(const unsigned size_sectors[DISK_COUNT])
{
	disks_total = 0;
	for (unsigned d = 0; d < DISK_COUNT; d++) {
		disk_base[d] = disks_total;
		disk_size[d] = size_sectors[d];
		disks_total += size_sectors[d];
	}
	if (disks_total > SECTORS_MAX) {
		fprintf(stderr, "sim: the disks have more than %u sectors\n", SECTORS_MAX);
		abort();
	}
}

void disks_copy(struct disks *to, const struct disks *from)
{
	image_copy(&to->durable, &from->durable);
	to->pending_count = from->pending_count;
	to->word_count = from->word_count;
	memcpy(to->pending, from->pending, from->pending_count * sizeof(from->pending[0]));
	memcpy(to->words, from->words, from->word_count * sizeof(from->words[0]));
}

/* A pending write's hash tells its order, too: the same two writes swapped are another state. */
uint64_t disks_hash(const struct disks *d, uint64_t image)
{
	uint64_t hash = image;

	for (unsigned i = 0; i < d->pending_count; i++) {
		const struct write *w = &d->pending[i];

		hash = mix64(hash ^ ((uint64_t)w->at << 20 | w->count) ^ (uint64_t)w->flags << 56);
		for (unsigned s = 0; s < w->count; s++)
			hash = mix64(hash + d->words[w->word + s]);
	}
	return hash;
}

void disks_start(const struct disks *from)
{
	disks_copy(&now, from);
	image_copy(&view, &now.durable);
	for (unsigned i = 0; i < now.pending_count; i++)
		image_apply(&view, &now.pending[i], now.words);
}

/* The words of writes that are gone are given back; the order of the rest stays. */
void disks_compact(struct disks *d)
{
	unsigned kept = 0, words = 0;

	for (unsigned i = 0; i < d->pending_count; i++) {
		struct write w = d->pending[i];

		if (!w.count)
			continue;
		memmove(&d->words[words], &d->words[w.word], w.count * sizeof(d->words[0]));
		w.word = words;
		words += w.count;
		d->pending[kept++] = w;
	}
	d->pending_count = kept;
	d->word_count = words;
}

/* A page that is written again is dirty again: the old doubt about it is gone. */
static void forget_orphans(unsigned at, unsigned count)
{
	bool any = false;

	for (unsigned i = 0; i < now.pending_count; i++) {
		struct write *w = &now.pending[i];

		if (w->flags & WRITE_ORPHAN && w->at >= at && w->at + w->count <= at + count) {
			w->count = 0;
			any = true;
		}
	}
	if (any)
		disks_compact(&now);
}

unsigned lie_calls;
static struct {
	unsigned number;
	bool goes_on, active;
	enum disk disk;
} lying;

void lie_plan(unsigned number, bool goes_on)
{
	lie_calls = 0;
	lying.number = number;
	lying.goes_on = goes_on;
	lying.active = false;
}

void disk_write(enum disk d, unsigned at, unsigned count, const content *data, unsigned flags)
{
	struct write *w;

	if (at < disk_base[d] || at + count > disk_base[d] + disk_size[d]) {
		fprintf(stderr, "sim: a write outside disk %u\n", d);
		abort();
	}
	if (d == DISK_META)
		lying.active = false;
	forget_orphans(at, count);
	if (now.pending_count == PENDING_MAX || now.word_count + count > WORDS_MAX) {
		fprintf(stderr, "sim: more pending writes than there is room for\n");
		abort();
	}
	w = &now.pending[now.pending_count++];
	*w = (struct write){ (uint8_t)d, (uint8_t)flags, (uint16_t)count, at, now.word_count };
	memcpy(&now.words[now.word_count], data, count * sizeof(data[0]));
	now.word_count += count;
	image_apply(&view, w, now.words);
	trace_write(w, data);
	if (d == DISK_OTHER)
		saw_other_disk("written");
}

static bool is_pending(enum disk d)
{
	for (unsigned i = 0; i < now.pending_count; i++)
		if (now.pending[i].disk == d && !(now.pending[i].flags & WRITE_ORPHAN))
			return true;
	return false;
}

/* Whether this flush is confirmed and not made: what is pending stays so until one is made. */
static bool lies(enum disk d)
{
	if (!ledger.confirmed || !is_pending(d) ||
	    (d != DISK_VOL0 && d != DISK_VOL1 && d != (plan->raw ? DISK_COW : DISK_DATA)))
		return false;
	if (++lie_calls == lying.number) {
		fault_fired = true;
		snprintf(fault_name, sizeof(fault_name), "a lie of disk %u", d);
		say("!! disk %u lies: flush %u", d, lie_calls);
		saw_lie();
		lying.active = lying.goes_on;
		lying.disk = d;
		return true;
	}
	return lying.active && d == lying.disk;
}

void disk_flush(enum disk d)
{
	if (lies(d))
		return;
	for (unsigned i = 0; i < now.pending_count; i++) {
		struct write *w = &now.pending[i];

		if (w->disk != d || w->flags & WRITE_ORPHAN)
			continue;
		image_apply(&now.durable, w, now.words);
		w->count = 0;
	}
	disks_compact(&now);
	trace_flush(d);
}

void disk_flush_failed(enum disk d)
{
	for (unsigned i = 0; i < now.pending_count; i++)
		if (now.pending[i].disk == d && now.pending[i].flags & WRITE_MADE_BY_HOST)
			now.pending[i].flags |= WRITE_ORPHAN;
	trace_orphan(d);
}

void disk_forget_orphans(enum disk d)
{
	bool any = false;

	for (unsigned i = 0; i < now.pending_count; i++) {
		struct write *w = &now.pending[i];

		if (w->disk != d || !(w->flags & WRITE_ORPHAN) || !(w->flags & WRITE_CACHED))
			continue;
		w->count = 0;
		any = true;
	}
	if (!any)
		return;
	disks_compact(&now);
	image_copy(&view, &now.durable);
	for (unsigned i = 0; i < now.pending_count; i++)
		image_apply(&view, &now.pending[i], now.words);
	trace_forget(d);
}

void disk_settle(void)
{
	struct write *w = &now.pending[now.pending_count - 1];

	if (lies((enum disk)w->disk))
		return;
	image_apply(&now.durable, w, now.words);
	w->count = 0;
	disks_compact(&now);
	trace_settle();
}

void disk_poke(unsigned at, content c)
{
	image_set(&now.durable, at, c);
	image_set(&view, at, c);
	trace_poke(at, c);
}
