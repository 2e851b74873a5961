/* SPDX-License-Identifier: MIT */
/*
 * A file system as simple as FAT: names, each in a sector of its own with where its content lies; a
 * table of the sectors that are taken; content, in one piece.  There is no journal, nothing is
 * ordered and nothing flushed: of what was written since the last flush a cut leaves any part.  A
 * rename is two writes of one sector: first both names, then the new one alone.
 */
#include "esp.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct esp_file) <= SECTOR, "one sector for each name");

struct esp_file esp_at(unsigned at)
{
	struct esp_file file;

	memcpy(&file, content_bytes(view.at[disk_base[DISK_ESP] + at]), sizeof(file));
	return file;
}

static void save(unsigned at, const struct esp_file *file, unsigned flags)
{
	uint8_t sector[SECTOR] = { 0 };
	content word;

	/* A name that is gone leaves zeros: all such states are one. */
	if (file->name[0][0])
		memcpy(sector, file, sizeof(*file));
	word = content_of(sector);
	disk_write(DISK_ESP, disk_base[DISK_ESP] + at, 1, &word, flags | WRITE_WHOLE);
}

int esp_find(enum esp_dir dir, const char *name)
{
	for (unsigned at = 0; at < ESP_NAMES; at++) {
		struct esp_file file = esp_at(at);

		for (unsigned n = 0; file.dir == dir && n < 2; n++)
			if (file.name[n][0] && !strcmp(file.name[n], name))
				return (int)at;
	}
	return -1;
}

bool esp_nth(enum esp_dir dir, unsigned n, char ret_name[ESP_NAME_MAX])
{
	for (unsigned at = 0; at < ESP_NAMES; at++) {
		struct esp_file file = esp_at(at);

		for (unsigned i = 0; file.dir == dir && i < 2; i++) {
			if (!file.name[i][0] || n--)
				continue;
			memcpy(ret_name, file.name[i], ESP_NAME_MAX);
			return true;
		}
	}
	return false;
}

static void set_name(struct esp_file *file, unsigned n, const char *name)
{
	memset(file->name[n], 0, ESP_NAME_MAX);
	snprintf(file->name[n], ESP_NAME_MAX, "%s", name);
}

static unsigned sectors(size_t len_bytes)
{
	return (unsigned)((len_bytes + SECTOR - 1) / SECTOR);
}

/* ---- The table of what is taken, a byte for each sector of content ---- */

static unsigned room(void)
{
	return disk_base[DISK_ESP] + ESP_NAMES + 1;
}

static void load_table(uint8_t ret_taken[SECTOR])
{
	memcpy(ret_taken, content_bytes(view.at[room() - 1]), SECTOR);
}

static void save_table(const uint8_t taken[SECTOR], unsigned flags)
{
	content word = content_of(taken);

	disk_write(DISK_ESP, room() - 1, 1, &word, flags | WRITE_WHOLE);
}

/* The first room that is large enough; what was just removed is the first to be written over. */
static int take_room(unsigned count, unsigned flags)
{
	uint8_t taken[SECTOR];
	unsigned found = 0;

	load_table(taken);
	for (unsigned i = 0; i < ESP_ROOM; i++) {
		found = taken[i] ? 0 : found + 1;
		if (found < count)
			continue;
		memset(&taken[i + 1 - count], 1, count);
		save_table(taken, flags);
		return (int)(room() + i + 1 - count);
	}
	return -1;
}

/* Up to the first that is free already: there the kernel gives up. */
static void give_room(const struct esp_file *file, unsigned flags)
{
	uint8_t taken[SECTOR];
	unsigned given = 0;

	load_table(taken);
	while (given < sectors(file->size_bytes) && taken[file->from - room() + given])
		taken[file->from - room() + given++] = 0;
	if (given)
		save_table(taken, flags);
}

/* ---- Changes ---- */

int esp_make(enum esp_dir dir, const char *name, unsigned flags)
{
	struct esp_file file = { .dir = dir }, old = { .dir = dir };
	int at = esp_find(dir, name);

	if (at >= 0)
		old = esp_at((unsigned)at);
	for (unsigned free = 0; at < 0 && free < ESP_NAMES; free++)
		if (!esp_at(free).name[0][0])
			at = (int)free;
	if (at < 0)
		return -1;
	set_name(&file, 0, name);
	save((unsigned)at, &file, flags);
	give_room(&old, flags);
	return at;
}

static void write_content(unsigned from, const uint8_t *data, size_t len_bytes, unsigned flags)
{
	content words[ESP_ROOM];
	unsigned count = sectors(len_bytes);

	for (unsigned s = 0; s < count; s++) {
		uint8_t sector[SECTOR] = { 0 };
		size_t left = len_bytes - s * SECTOR;

		if (data)
			memcpy(sector, data + s * SECTOR, left < SECTOR ? left : SECTOR);
		words[s] = content_of(sector);
	}
	disk_write(DISK_ESP, from, count, words, flags);
}

/* Of each sector, what is not written over stays. */
static int write_over(const struct esp_file *file, size_t offset_bytes, const void *data,
		      size_t len_bytes, unsigned flags)
{
	uint8_t whole[ESP_ROOM * SECTOR];
	unsigned first = (unsigned)(offset_bytes / SECTOR);

	if (offset_bytes + len_bytes > file->size_bytes)
		violation("S: %s was written beyond its end", file->name[0]);
	if (!esp_read(file, whole, file->size_bytes))
		return -1;
	if (data)
		memcpy(whole + offset_bytes, data, len_bytes);
	else
		memset(whole + offset_bytes, 0, len_bytes);
	len_bytes += offset_bytes % SECTOR;
	offset_bytes = first * SECTOR;
	if (sectors(offset_bytes + len_bytes) < sectors(file->size_bytes))
		len_bytes = sectors(len_bytes) * SECTOR;
	else
		len_bytes = file->size_bytes - offset_bytes;
	write_content(file->from + first, whole + offset_bytes, len_bytes, flags);
	return 0;
}

int esp_fill(unsigned at, size_t offset_bytes, const void *data, size_t len_bytes, unsigned flags)
{
	struct esp_file file = esp_at(at);
	int from;

	if (!len_bytes)
		return 0;
	if (file.size_bytes)
		return write_over(&file, offset_bytes, data, len_bytes, flags);
	if (offset_bytes)
		violation("S: %s was written beyond its end", file.name[0]);
	from = take_room(sectors(len_bytes), flags);
	if (from < 0)
		return -1;
	write_content((unsigned)from, data, len_bytes, flags);
	file.from = (uint32_t)from;
	file.size_bytes = (uint32_t)len_bytes;
	save(at, &file, flags);
	return 0;
}

static struct esp_file drop_name(unsigned at, const char *name, unsigned flags)
{
	struct esp_file file = esp_at(at);

	if (!strcmp(file.name[0], name))
		memcpy(file.name[0], file.name[1], ESP_NAME_MAX);
	memset(file.name[1], 0, ESP_NAME_MAX);
	save(at, &file, flags);
	return file;
}

/* Its room is given back, whatever else leads there: so it is where a cut left two names. */
int esp_remove(enum esp_dir dir, const char *name, unsigned flags)
{
	int at = esp_find(dir, name);
	struct esp_file file;

	if (at < 0)
		return -1;
	file = drop_name((unsigned)at, name, flags);
	give_room(&file, flags);
	return 0;
}

void esp_lose_room(unsigned at, unsigned flags)
{
	struct esp_file file = esp_at(at);

	give_room(&file, flags);
}

/* Over one that is there: first that name leads to the content, then the old name is gone. */
int esp_rename(enum esp_dir dir, const char *from, const char *to, unsigned flags)
{
	int at = esp_find(dir, from), over = esp_find(dir, to);
	struct esp_file file, old;

	if (at < 0)
		return -1;
	file = esp_at((unsigned)at);
	set_name(&file, 0, to);
	set_name(&file, 1, over >= 0 && over != at ? "" : from);
	if (over >= 0 && over != at) {
		old = esp_at((unsigned)over);
		save((unsigned)over, &file, flags);
		drop_name((unsigned)at, from, flags);
		give_room(&old, flags);
		return 0;
	}
	save((unsigned)at, &file, flags);
	drop_name((unsigned)at, from, flags);
	return 0;
}

bool esp_read(const struct esp_file *file, void *buf, size_t len_bytes)
{
	if (file->size_bytes < len_bytes)
		return false;
	for (size_t done = 0; done < len_bytes; done += SECTOR) {
		content c = view.at[file->from + done / SECTOR];
		size_t left = len_bytes - done;

		if (c == CONTENT_BAD)
			return false;
		memcpy((uint8_t *)buf + done, content_bytes(c), left < SECTOR ? left : SECTOR);
	}
	return true;
}

static bool is_ours(const struct esp_file *file)
{
	return file->dir == ESP_ENTRIES && !strncmp(file->name[0], "cowboot-", 8);
}

unsigned esp_entries(void)
{
	unsigned count = 0;

	for (unsigned at = 0; at < ESP_NAMES; at++) {
		struct esp_file file = esp_at(at);

		count += is_ours(&file) ? 1 + (file.name[1][0] != 0) : 0;
	}
	return count;
}

bool esp_entries_own_room(void)
{
	uint8_t taken[SECTOR];

	load_table(taken);
	for (unsigned at = 0; at < ESP_NAMES; at++) {
		struct esp_file file = esp_at(at);

		for (unsigned s = 0; is_ours(&file) && s < sectors(file.size_bytes); s++)
			if (!taken[file.from + s - room()])
				return false;
	}
	return true;
}
