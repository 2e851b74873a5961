/* SPDX-License-Identifier: MIT */
/*
 * OLD and NEW of each volume, and the disks as a scenario begins.  Where stores will lie there is
 * an old, whole store of somebody else's update: it must never come alive again.
 */
#include <string.h>

#include "esp.h"

#define STALE_EXCEPTIONS 4u

content old_of[VOLUMES_MAX][512], new_of[VOLUMES_MAX][512];
const char *const volume_names[VOLUMES_MAX] = { "system", "vendor" };

/* Whether chunk c of n differs: in runs, each alone, or both. */
static bool changes(unsigned c, unsigned n, unsigned changed)
{
	unsigned gap = n > changed ? n - changed : 0;

	switch (plan->spread) {
	case SPREAD_RUNS:
		/* Two runs with the gap between them. */
		return c < changed / 2 || (c >= changed / 2 + gap && c < n);
	case SPREAD_ALONE:
		return c % 2 == 1 && c / 2 < changed;
	case SPREAD_MIXED:
		return c < changed / 2 || (c >= changed / 2 && (c - changed / 2) % 3 == 1 &&
					   (c - changed / 2) / 3 < changed - changed / 2);
	}
	return false;
}

static void kernels_make(void)
{
	for (unsigned k = 0; k < KERNEL_TORN; k++)
		for (unsigned s = 0; s < KERNEL_SECTORS; s++)
			kernel_of[k][s] = content_noise(SECTORS_MAX + k * KERNEL_SECTORS + s, 9);
}

unsigned volume_image_sectors(unsigned v)
{
	return plan->volume_sectors[v] - plan->short_sectors;
}

/* What NEW has in a sector that differs; for a delta a few bytes are others, so that it has what to copy. */
static content changed_content(unsigned v, unsigned s, unsigned at)
{
	uint8_t sector[SECTOR];

	if (!plan->delta)
		return content_noise(at, 4);
	memcpy(sector, content_bytes(old_of[v][s]), sizeof(sector));
	sector[at % SECTOR] ^= 0xff;
	return content_of(sector);
}

void contents_make(void)
{
	kernels_make();
	for (unsigned v = 0; v < plan->volumes; v++) {
		unsigned chunks =
			(plan->volume_sectors[v] + plan->chunk_sectors - 1) / plan->chunk_sectors;

		for (unsigned s = 0; s < plan->volume_sectors[v]; s++) {
			unsigned at = disk_base[DISK_VOL0 + v] + s;
			unsigned c = s / plan->chunk_sectors;

			old_of[v][s] = content_noise(at, 3);
			new_of[v][s] = changes(c, chunks, plan->changed[v]) &&
						       s < volume_image_sectors(v)
					       ? changed_content(v, s, at)
					       : old_of[v][s];
		}
	}
}

/* The old kernel in its slot, in the other one what the update before left there. */
static void first_slots(struct image *image)
{
	unsigned own = disk_base[plan->old_in_b ? DISK_BOOT_B : DISK_BOOT_A];
	unsigned other = disk_base[plan->old_in_b ? DISK_BOOT_A : DISK_BOOT_B];
	uint8_t block[SECTOR];

	for (unsigned s = 0; s < KERNEL_SECTORS; s++) {
		image_set(image, own + s, kernel_of[KERNEL_OLD][s]);
		image_set(image, other + s, kernel_of[KERNEL_OLDER][s]);
	}
	if (!plan->old_in_b)
		return;
	loader_block(block, 'b', 0, 0);
	image_set(image, disk_base[DISK_META] + 512, content_of(block));
	image_set(image, disk_base[DISK_META] + 1536, content_of(block));
}

static void put(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* A store as the kernel would take it, whose exceptions lead to noise. */
static void stale_store(struct image *image, unsigned at)
{
	uint8_t sector[SECTOR] = { 0 };

	put(sector, 0x70416e53u, 4);
	put(sector + 4, 1, 4);
	put(sector + 8, 1, 4);
	put(sector + 12, plan->chunk_sectors, 4);
	image_set(image, at, content_of(sector));
	memset(sector, 0, sizeof(sector));
	for (unsigned i = 0; i < STALE_EXCEPTIONS; i++) {
		put(sector + i * 16, i, 8);
		put(sector + i * 16 + 8, 2 + i, 8);
	}
	image_set(image, at + plan->chunk_sectors, content_of(sector));
}

void contents_first_disks(struct disks *ret)
{
	memset(ret, 0, sizeof(*ret));
	image_clear(&ret->durable);
	for (unsigned v = 0; v < plan->volumes; v++)
		for (unsigned s = 0; s < plan->volume_sectors[v]; s++)
			image_set(&ret->durable, disk_base[DISK_VOL0 + v] + s, old_of[v][s]);
	for (enum disk d = DISK_DATA; d <= DISK_COW; d++)
		for (unsigned s = 0; s < disk_size[d]; s++)
			image_set(&ret->durable, disk_base[d] + s,
				  content_noise(disk_base[d] + s, 1));
	if (plan->slots && !plan->esp)
		first_slots(&ret->durable);
	stale_store(&ret->durable, disk_base[DISK_DATA] + 8);
	if (disk_size[DISK_COW])
		stale_store(&ret->durable, disk_base[DISK_COW]);
	if (!plan->esp)
		return;
	disks_start(ret);
	esp_first_files();
	disk_flush(DISK_ESP);
	disks_copy(ret, &now);
}

static enum shown verdict(unsigned v, bool old, bool new)
{
	(void)v;
	if (old && new)
		return SHOWN_EITHER;
	return old ? SHOWN_OLD : new ? SHOWN_NEW : SHOWN_MIXED;
}

enum shown shown_on(unsigned volume, int minor)
{
	bool old = true, new = true;

	if (dm_size(minor) != plan->volume_sectors[volume])
		return SHOWN_MIXED;
	for (unsigned s = 0; s < plan->volume_sectors[volume]; s++) {
		int at = dm_resolve(minor, s);
		content c = at < 0 ? CONTENT_BAD : view.at[at];

		old = old && c == old_of[volume][s];
		new = new &&c == new_of[volume][s];
	}
	return verdict(volume, old, new);
}

enum shown shown_origin(unsigned volume)
{
	bool old = true, new = true;

	for (unsigned s = 0; s < plan->volume_sectors[volume]; s++) {
		content c = view.at[disk_base[DISK_VOL0 + volume] + s];

		old = old && c == old_of[volume][s];
		new = new &&c == new_of[volume][s];
	}
	return verdict(volume, old, new);
}
