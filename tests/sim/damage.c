/* SPDX-License-Identifier: MIT */
/* What somebody, or age, did to the disks while the board was off. */
#include <stdlib.h>
#include <string.h>

#include "astray.h"
#include "base/crc32c.h"
#include "cow/format.h"
#include "esp.h"
#include "scenario.h"
#include "state/copies.h"

#define COPY_B (512u * 1024 / SECTOR)
#define COPY_SECTORS 8u

static const char *const copy_ways[] = { "noise in its first sector", "noise", "unreadable",
					 "zeros", "a flipped bit" };
static const char *const store_ways[] = {
	"header zeroed",      "header noise",
	"header unreadable",  "version",
	"not valid",          "chunk size",
	"another update's",   "an exception out of bounds",
	"an exception twice", "an exception in metadata",
	"the list cut short", "an area unreadable",
	"the file gone",      "the file moved",
	"its mark damaged",
};
static const char *const merged_ways[] = {
	"a merged chunk is old again", "noise in a merged chunk", "a merged chunk unreadable",
	"every merged chunk is old again", "the kept list damaged", "the kept list unreadable",
	"the store's data spoiled", "the store's data unreadable",
	"a chunk lost, and the store's data of it", "a chunk lost, and the kept list",
	"a chunk lost, the kept list, and what is kept of the old system",
};
static const char *const data_ways[] = { "noise in the first chunk", "noise in the last chunk",
					 "the first chunk is OLD's", "the first chunk unreadable" };
static const char *const kept_ways[] = { "noise in a chunk that is kept", "a chunk that is kept is NEW's",
					"a chunk that is kept unreadable" };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

unsigned damage_count(const struct scenario *s)
{
	switch (s->damage) {
	case DAMAGE_COPY:
		return 2 * COUNT(copy_ways);
	case DAMAGE_BOTH:
		return COUNT(copy_ways) + 1;
	case DAMAGE_STORE:
		return COUNT(store_ways);
	case DAMAGE_BLOCK:
		return 3 * COUNT(copy_ways);
	case DAMAGE_BLOCK_LATER:
		return 2;
	case DAMAGE_ENTRIES:
		return ESP_DAMAGES;
	case DAMAGE_ASTRAY:
		return ASTRAY_COUNT - 1;
	case DAMAGE_DATA:
		return COUNT(data_ways);
	case DAMAGE_KEPT:
		return COUNT(kept_ways);
	case DAMAGE_MERGED:
		return COUNT(merged_ways) - !(s->plan.turns_back && s->plan.raw);
	case DAMAGE_UNKEPT:
	case DAMAGE_NONE:
		break;
	}
	return 1;
}

const char *damage_name(enum damage damage, unsigned n)
{
	switch (damage) {
	case DAMAGE_BOTH:
		return n == COUNT(copy_ways) ? "a meta of zeros" : copy_ways[n];
	case DAMAGE_COPY:
	case DAMAGE_BLOCK:
		return copy_ways[n % COUNT(copy_ways)];
	case DAMAGE_STORE:
		return store_ways[n];
	case DAMAGE_BLOCK_LATER:
		return n ? "of a later version" : "a spare of a later version";
	case DAMAGE_ENTRIES:
		return esp_damages[n];
	case DAMAGE_ASTRAY:
		return astray_ways[n + 1];
	case DAMAGE_DATA:
		return data_ways[n];
	case DAMAGE_KEPT:
		return kept_ways[n];
	case DAMAGE_MERGED:
		return merged_ways[n];
	case DAMAGE_UNKEPT:
	case DAMAGE_NONE:
		break;
	}
	return "none";
}

static void change_byte(struct disks *disks, unsigned at, unsigned byte, uint8_t mask, uint8_t to)
{
	uint8_t sector[SECTOR];

	memcpy(sector, content_bytes(disks->durable.at[at]), SECTOR);
	sector[byte] = (uint8_t)((sector[byte] & ~mask) | (to & mask));
	image_set(&disks->durable, at, content_of(sector));
}

static void spoil_copy(struct disks *disks, unsigned copy, unsigned way)
{
	unsigned at = disk_base[DISK_META] + copy * COPY_B;

	if (way == 0)
		image_set(&disks->durable, at, content_noise(at, 5));
	for (unsigned i = 0; way > 0 && way < 4 && i < COPY_SECTORS; i++)
		image_set(&disks->durable, at + i,
			  way == 1   ? content_noise(at + i, 5)
			  : way == 2 ? CONTENT_BAD
				     : CONTENT_ZERO);
	if (way == 4)
		change_byte(disks, at, 50, 0xff,
			    (uint8_t)~content_bytes(disks->durable.at[at])[50]);
}

/* The last way: meta is as if it had never been written. */
static void spoil_both(struct disks *disks, unsigned way)
{
	if (way < COUNT(copy_ways)) {
		spoil_copy(disks, 0, way);
		spoil_copy(disks, 1, way == 3 ? 1 : way);
		return;
	}
	for (unsigned i = 0; i < disk_size[DISK_META]; i++)
		image_set(&disks->durable, disk_base[DISK_META] + i, CONTENT_ZERO);
}

/* which 0 or 1: one copy; 2: both.  Nothing but the record knows the slot then. */
static void spoil_block(struct disks *disks, unsigned which, unsigned way)
{
	for (unsigned copy = 0; copy < 2; copy++) {
		unsigned at = disk_base[DISK_META] + (copy ? 1536 : 512);

		if (which != 2 && which != copy)
			continue;
		if (way == 4)
			change_byte(disks, at, 9, 3, (uint8_t)~content_bytes(disks->durable.at[at])[9]);
		else
			image_set(&disks->durable, at,
				  way == 3   ? CONTENT_ZERO
				  : way == 2 ? CONTENT_BAD
					     : content_noise(at, 5 + way));
	}
}

/* As a later cowboot may write it, and this loader knows nothing of that. */
static void replace_block(struct disks *disks, bool both)
{
	uint8_t sector[SECTOR];

	loader_block(sector, 'b', 0, 0);
	sector[8]++;
	loader_seal(sector);
	for (unsigned at = both ? 512 : 1536; at <= 1536; at += 1024)
		image_set(&disks->durable, disk_base[DISK_META] + at, content_of(sector));
}

/* With the running disks: it is the file system that is changed. */
static void spoil_entries(struct disks *disks, const struct ledger *at, unsigned way)
{
	disks_start(disks);
	ledger = *at;
	esp_damage(way);
	disk_flush(DISK_ESP);
	disks_copy(disks, &now);
}

/* Row's sector of the first store's sector s, wherever it lies. */
static unsigned store_at(const struct disks *disks, unsigned s)
{
	uint32_t word[2 + 2 * 24 + 2];
	unsigned i;

	if (plan->raw)
		return disk_base[DISK_COW] + s;
	memcpy(word, content_bytes(disks->durable.at[disk_base[DISK_FS]]), sizeof(word));
	for (i = 4; s >= word[i + 1]; i += 2)
		s -= word[i + 1];
	return disk_base[DISK_DATA] + word[i] + s;
}

static void put_entry(struct disks *disks, unsigned slot, unsigned byte, uint8_t to)
{
	change_byte(disks, store_at(disks, plan->chunk_sectors), slot * 16 + byte, 0xff, to);
}

/* The mark, bytes 16 to 95 of the header, ends with its own crc32c (docs/formats.md). */
static void sign_mark(struct disks *disks, unsigned head)
{
	uint32_t crc = crc32c(0, content_bytes(disks->durable.at[head]) + 16, 76);

	for (unsigned i = 0; i < 4; i++)
		change_byte(disks, head, 16 + 76 + i, 0xff, (uint8_t)(crc >> 8 * i));
}

static void spoil_store(struct disks *disks, unsigned way)
{
	unsigned head = store_at(disks, 0), area = store_at(disks, plan->chunk_sectors);
	uint8_t entry;

	switch (way) {
	case 0:
		image_set(&disks->durable, head, CONTENT_ZERO);
		break;
	case 1:
		image_set(&disks->durable, head, content_noise(head, 5));
		break;
	case 2:
		image_set(&disks->durable, head, CONTENT_BAD);
		break;
	case 3:
		change_byte(disks, head, 8, 0xff, 2);
		break;
	case 4:
		change_byte(disks, head, 4, 0xff, 0);
		break;
	case 5:
		change_byte(disks, head, 12, 0xff, (uint8_t)(plan->chunk_sectors * 2));
		break;
	case 6:
		change_byte(disks, head, 30, 0xff, 0x77);
		sign_mark(disks, head);
		break;
	case 7:
		put_entry(disks, 1, 2, 0x10);
		break;
	case 8:
		entry = content_bytes(disks->durable.at[area])[0];
		put_entry(disks, 1, 0, entry);
		break;
	case 9:
		put_entry(disks, 0, 8, 1);
		break;
	case 10:
		put_entry(disks, 1, 8, 0);
		break;
	case 11:
		image_set(&disks->durable, area, CONTENT_BAD);
		break;
	case 12:
		if (!plan->raw)
			image_set(&disks->durable, disk_base[DISK_FS], CONTENT_ZERO);
		else
			image_set(&disks->durable, head, CONTENT_ZERO);
		break;
	case 14:
		change_byte(disks, head, 30, 0xff, 0x77);
		break;
	default:
		/* struct inode of fs.c: the flag "moved" */
		if (!plan->raw)
			change_byte(disks, disk_base[DISK_FS], 12, 0xff, 1);
		else
			image_set(&disks->durable, head, CONTENT_BAD);
		break;
	}
}

/* The first sector of the first volume that the update has changed. */
static unsigned changed_sector(void)
{
	unsigned s = 0;

	while (old_of[0][s] == new_of[0][s])
		s++;
	return s;
}

/* One sector of the first store's data, after it was installed and read back. */
static void spoil_data(struct disks *disks, unsigned way, struct ledger *at)
{
	unsigned per_area = plan->chunk_sectors * SECTOR / 16, last = plan->changed[0] - 1;
	unsigned s = changed_sector();
	unsigned sector = store_at(disks, 2 * plan->chunk_sectors + s % plan->chunk_sectors);

	if (way == 1)
		sector = store_at(disks, (2 + last + last / per_area) * plan->chunk_sectors);
	image_set(&disks->durable, sector,
		  way == 3   ? CONTENT_BAD
		  : way == 2 ? old_of[0][s]
			     : content_noise(sector, 5));
	at->spoiled = way == 3 ? 2 : 1;
}

/* The undo store lies somewhere behind the update's: its chunk is known by what it holds. */
static void spoil_kept(struct disks *disks, unsigned way)
{
	unsigned s = changed_sector(), at = disk_base[DISK_COW], end = at + disk_size[DISK_COW];

	while (at < end && disks->durable.at[at] != old_of[0][s])
		at++;
	if (at == end)
		abort(); /* nothing is kept */
	image_set(&disks->durable, at,
		  way == 2   ? CONTENT_BAD
		  : way == 1 ? new_of[0][s]
			     : content_noise(at, 5));
}

/* After the merge and before its proof. What can be mended is, and what cannot is never called right. */
static void spoil_merged(struct disks *disks, unsigned way, struct ledger *at)
{
	unsigned per_area = plan->chunk_sectors * SECTOR / 16, n = plan->changed[0];
	unsigned s = changed_sector(), origin = disk_base[DISK_VOL0] + s;
	unsigned data = store_at(disks, 2 * plan->chunk_sectors + s % plan->chunk_sectors);
	unsigned kept = store_at(disks, (2 + n + n / per_area) * plan->chunk_sectors);

	if (way == 1)
		image_set(&disks->durable, origin, content_noise(origin, 5));
	else if (way == 2)
		image_set(&disks->durable, origin, CONTENT_BAD);
	else if (way == 0 || way >= 8)
		image_set(&disks->durable, origin, old_of[0][s]);
	for (unsigned i = 0; way == 3 && i < plan->volume_sectors[0]; i++)
		image_set(&disks->durable, disk_base[DISK_VOL0] + i, old_of[0][i]);
	if (way == 4 || way >= 9)
		change_byte(disks, kept, 40, 0xff, 0x77);
	if (way == 5)
		image_set(&disks->durable, kept, CONTENT_BAD);
	if (way == 6 || way == 8)
		image_set(&disks->durable, data, content_noise(data, 5));
	if (way == 7)
		image_set(&disks->durable, data, CONTENT_BAD);
	if (way < 8)
		return;
	at->hopeless = at->damaged = 1;
	/* Then the way back is taken, and no recovery is right: unless that is damaged, too. */
	at->may_be_turned = plan->turns_back && way < 10;
	at->excused = !at->may_be_turned;
	if (way == 10)
		spoil_kept(disks, 0);
}

/* Each store is as long as the kernel needs it, and no longer: the record says nothing of a kept list. */
static void shorten_stores(struct disks *disks, const struct ledger *at)
{
	static struct record rec;
	struct dev meta = DEV_CLOSED;
	struct copies copies;

	disks_start(disks);
	ledger = *at;
	fault_plan(0, FAULT_ONCE);
	if (dev_open("/dev/sim1", DEV_WRITE, &meta) || copies_load(&meta, &rec, &copies))
		abort();
	for (unsigned v = 0; v < rec.volume_count; v++) {
		struct record_volume *volume = &rec.volume[v];

		volume->store_sectors =
			cow_store_bytes(volume->chunk_sectors, volume->exceptions) / SECTOR;
		rec.extent[volume->extent_first].size_sectors = volume->store_sectors;
	}
	if (copies_save(&meta, &rec, &copies, false))
		abort();
	dev_close(&meta);
	disks_copy(disks, &now);
}

/* The list cut short while a merge is under way looks just like one that has gone further: nobody
 * can tell. */
void damage_apply(const struct scenario *s, unsigned n, struct disks *disks, struct ledger *at)
{
	switch (s->damage) {
	case DAMAGE_NONE:
		return;
	case DAMAGE_UNKEPT:
		shorten_stores(disks, at);
		return;
	case DAMAGE_COPY:
		spoil_copy(disks, n / COUNT(copy_ways), n % COUNT(copy_ways));
		return;
	case DAMAGE_BOTH:
		spoil_both(disks, n);
		at->faults = 2;
		at->damaged = at->lost = 1;
		return;
	case DAMAGE_BLOCK:
		spoil_block(disks, n / COUNT(copy_ways), n % COUNT(copy_ways));
		/* The loader then starts slot a, which is the new kernel's, or has none yet. */
		at->block_lost = n / COUNT(copy_ways) == 2;
		return;
	case DAMAGE_BLOCK_LATER:
		replace_block(disks, n);
		/* The old system under another kernel is better than none. */
		at->faults = at->block_lost = (uint8_t)n;
		return;
	case DAMAGE_ENTRIES:
		spoil_entries(disks, at, n);
		return;
	case DAMAGE_ASTRAY:
		astray_prepare(disks, (enum astray)(n + 1));
		at->astray_next = (uint8_t)(n + 1);
		at->astray_in = (uint8_t)s->astray_in;
		at->astray_stops = astray_stops((enum astray)(n + 1));
		return;
	case DAMAGE_DATA:
		spoil_data(disks, n, at);
		return;
	case DAMAGE_KEPT:
		spoil_kept(disks, n);
		return;
	case DAMAGE_MERGED:
		spoil_merged(disks, n, at);
		return;
	case DAMAGE_STORE:
		if (s->from == FROM_MERGING && n == 10)
			return;
		spoil_store(disks, n);
		at->damaged = 1;
		if (s->from == FROM_MERGING)
			at->excused = 1;
		return;
	}
}
