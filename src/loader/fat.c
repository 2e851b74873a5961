/* SPDX-License-Identifier: MIT */
/*
 * A FAT file system, read as Linux's driver reads it (fs/fat).  Must never write; and never follow
 * what a damaged one says without a bound: a chain of clusters may be a circle (I10).
 */
#include "loader/fat.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "loader/fatname.h"

#define BOOT_BYTES 512u
#define SECTOR_BYTES_MAX 4096u
#define FIRST_CLUSTER 2u
#define CLUSTERS_12_MAX 4084u		/* with more, the numbers have 16 bits */
#define CLUSTERS_MAX 0x0ffffff5u
#define DIR_BYTES_MAX (65536u * FATNAME_SLOT_BYTES)

static uint32_t get_le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static bool is_power(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* The block that tells where all is. */
static bool take_layout(const uint8_t b[BOOT_BYTES], struct fat *fat)
{
	const uint32_t sector = get_le16(b + 11), per_cluster = b[13], reserved = get_le16(b + 14);
	const uint32_t short_table = get_le16(b + 22), short_total = get_le16(b + 19);
	const uint64_t total = short_total ? short_total : get_le32(b + 32);
	const uint64_t table = short_table ? short_table : get_le32(b + 36);
	uint64_t clusters, first;

	if (!is_power(sector) || sector < SECTOR_BYTES || sector > SECTOR_BYTES_MAX ||
	    !is_power(per_cluster) || !reserved || !b[16] || !table || b[21] < 0xf0)
		return false;
	fat->cluster_bytes = sector * per_cluster;
	fat->root_bytes = get_le16(b + 17) * FATNAME_SLOT_BYTES;
	fat->table_at = (uint64_t)reserved * sector;
	fat->root_at = fat->table_at + table * b[16] * sector;
	fat->data_at = fat->root_at + fat->root_bytes;
	first = fat->data_at / sector;
	if (fat->root_bytes % sector || total <= first)
		return false;
	clusters = (total - first) / per_cluster;
	if (short_table)
		fat->bits = clusters > CLUSTERS_12_MAX ? 16 : 12;
	else
		fat->bits = 32;
	/* The table may be shorter than what it is for. */
	if (clusters + FIRST_CLUSTER > table * sector * 8 / fat->bits)
		clusters = table * sector * 8 / fat->bits - FIRST_CLUSTER;
	if (clusters > CLUSTERS_MAX)
		clusters = CLUSTERS_MAX;
	fat->clusters_end = (uint32_t)clusters + FIRST_CLUSTER;
	fat->root_cluster = fat->bits == 32 ? get_le32(b + 44) : 0;
	return true;
}

int fat_open(const char *device, struct fat *ret_fat)
{
	struct fat fat = { .dev = DEV_CLOSED, .files = DEV_CLOSED };
	uint8_t boot[BOOT_BYTES];
	int rc = dev_open(device, DEV_READ, &fat.dev);

	if (!rc)
		rc = dev_open(device, DEV_MEDIUM, &fat.files);
	if (!rc)
		rc = dev_read(&fat.dev, 0, boot, sizeof(boot));
	if (!rc && !take_layout(boot, &fat))
		rc = fail(EBADMSG, "cannot read %s: it has no FAT file system", device);
	if (rc)
		fat_close(&fat);
	else
		*ret_fat = fat;
	return rc;
}

void fat_close(struct fat *fat)
{
	dev_close(&fat->dev);
	dev_close(&fat->files);
}

static int damaged(const struct fat *fat)
{
	return fail(EIO, "cannot read %s: its FAT file system is damaged", fat->dev.name);
}

/* The cluster after this one; 0: it is the last. */
static int next_cluster(const struct fat *fat, uint32_t cluster, uint32_t *ret_next)
{
	const uint64_t at = fat->table_at + (uint64_t)cluster * fat->bits / 8;
	uint8_t bytes[4] = { 0 };
	uint32_t next, last = fat->bits == 32 ? 0x0ffffff8u : (1u << fat->bits) - 8;
	int rc = dev_read(&fat->dev, at, bytes, fat->bits == 32 ? 4 : 2);

	if (rc)
		return rc;
	next = get_le32(bytes);
	if (fat->bits == 32)
		next &= 0x0fffffffu;
	if (fat->bits == 12)
		next = cluster & 1 ? next >> 4 : next & 0xfffu;
	if (next >= last)
		next = 0;
	else if (next < FIRST_CLUSTER || next >= fat->clusters_end)
		return damaged(fat);
	*ret_next = next;
	return 0;
}

static int place_of(const struct fat *fat, uint32_t cluster, uint64_t *ret_at)
{
	if (cluster < FIRST_CLUSTER || cluster >= fat->clusters_end)
		return damaged(fat);
	*ret_at = fat->data_at + (uint64_t)(cluster - FIRST_CLUSTER) * fat->cluster_bytes;
	return 0;
}

struct listing {
	struct fatname name;		/* what its slots have said so far */
	int (*take)(void *ctx, const struct fat_file *file);
	void *ctx;
};

static int each_in(const struct fat *fat, uint64_t at, uint32_t len_bytes, struct listing *listing)
{
	uint8_t block[SECTOR_BYTES];
	struct fat_file file;
	int rc = 0;

	for (uint32_t done = 0; !rc && done < len_bytes; done += sizeof(block)) {
		rc = dev_read(&fat->dev, at + done, block, sizeof(block));
		for (size_t i = 0; !rc && i < sizeof(block); i += FATNAME_SLOT_BYTES)
			if (fatname_take(&listing->name, block + i, fat->bits == 32, &file))
				rc = listing->take(listing->ctx, &file);
	}
	return rc;
}

int fat_each(const struct fat *fat, const struct fat_file *dir,
	     int (*take)(void *ctx, const struct fat_file *file), void *ctx)
{
	struct listing listing = { .take = take, .ctx = ctx };
	uint32_t cluster = dir->cluster ? dir->cluster : fat->root_cluster;
	uint64_t at = 0, done_bytes = 0;
	int rc = 0;

	if (!cluster)
		return each_in(fat, fat->root_at, fat->root_bytes, &listing);
	while (!rc && cluster) {
		if (done_bytes >= DIR_BYTES_MAX)
			return damaged(fat);
		rc = place_of(fat, cluster, &at);
		if (!rc)
			rc = each_in(fat, at, fat->cluster_bytes, &listing);
		if (!rc)
			rc = next_cluster(fat, cluster, &cluster);
		done_bytes += fat->cluster_bytes;
	}
	return rc;
}

struct search {
	const char *name;
	size_t len_bytes;
	struct fat_file *found;
};

static int take_named(void *ctx, const struct fat_file *file)
{
	const struct search *search = ctx;

	if (strncasecmp(file->name, search->name, search->len_bytes) ||
	    file->name[search->len_bytes])
		return 0;
	*search->found = *file;
	return 1;
}

int fat_find(const struct fat *fat, const char *path, struct fat_file *ret_file)
{
	struct fat_file at = { .is_dir = true }, found;
	struct search search = { .found = &found };

	for (const char *word = path; *word;) {
		int rc;

		search.name = word;
		search.len_bytes = strcspn(word, "/");
		rc = at.is_dir ? fat_each(fat, &at, take_named, &search) : 0;
		if (rc < 0)
			return rc;
		if (!rc)
			return fail(ENOENT, "cannot find /%s on %s", path, fat->dev.name);
		at = found;
		word += search.len_bytes;
		word += *word == '/';
	}
	*ret_file = at;
	return 0;
}

int fat_read(const struct fat *fat, const struct fat_file *file, void *buf, size_t len_bytes)
{
	uint32_t cluster = file->cluster;
	uint8_t *to = buf;
	uint64_t at = 0;
	int rc = 0;

	if (file->is_dir || len_bytes > file->size_bytes)
		return fail(EINVAL, "cannot read %zu bytes of /%s on %s", len_bytes, file->name,
			    fat->dev.name);
	if (!cluster)	/* as a cut may leave it; Linux reads zeros */
		memset(buf, 0, len_bytes);
	while (cluster && len_bytes && !rc) {
		size_t piece = fat->cluster_bytes;

		if (piece > len_bytes)
			piece = len_bytes;
		rc = place_of(fat, cluster, &at);
		if (!rc)
			rc = dev_read(&fat->files, at, to, piece);
		to += piece;
		len_bytes -= piece;
		if (!rc && len_bytes)
			rc = next_cluster(fat, cluster, &cluster);
	}
	return rc;
}
