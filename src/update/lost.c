/* SPDX-License-Identifier: MIT */
/*
 * A record that was lost, told from one that never was: zeros where the record should be, beside a
 * store.  Holds I4.  Must never write, and never map anything.
 */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/format.h"
#include "storage/storefile.h"

#define HEADER_BYTES 4096u
#define PIECE_BYTES 65536u
#define FIRST_BYTES (1u << 20)	/* the first store begins at a multiple of the disk's io_min */

/* Whether a store with cowboot's mark begins with this sector. */
static bool is_marked(const uint8_t sector[SECTOR_BYTES])
{
	struct cow_header header;
	struct cow_mark mark;

	cow_header_decode(sector, &header);
	return header.magic == COW_MAGIC && !cow_mark_decode(sector + COW_MARK_OFFSET, &mark);
}

static int look_through(const struct dev *dev, bool *ret_marked)
{
	static uint8_t buf[PIECE_BYTES];
	const uint64_t end_bytes = dev->size_bytes < FIRST_BYTES ? dev->size_bytes : FIRST_BYTES;

	for (uint64_t at = 0; at < end_bytes; at += sizeof(buf)) {
		const uint64_t left = end_bytes - at;
		const size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		int rc = dev_read(dev, at, buf, len);

		if (rc)
			return rc;
		for (size_t i = 0; len - i >= SECTOR_BYTES && !*ret_marked; i += SECTOR_BYTES)
			*ret_marked = is_marked(buf + i);
	}
	return 0;
}

/* fs/ext4/ext4.h, include/linux/f2fs_fs.h */
#define EXT_MAGIC_AT 1080u
#define EXT_MAGIC 0xef53u
#define F2FS_MAGIC_AT 1024u
#define F2FS_MAGIC 0xf2f52010u

/* Its first bytes, from the medium; zeros where it is smaller. */
static int read_begin(const struct part *part, uint8_t buf[HEADER_BYTES])
{
	struct dev dev = DEV_CLOSED;
	int rc = dev_open(part->path, DEV_READ, &dev);

	if (rc)
		return rc;
	rc = dev_drop_cache(&dev);
	if (!rc && dev.size_bytes < HEADER_BYTES)
		memset(buf, 0, HEADER_BYTES);
	else if (!rc)
		rc = dev_read(&dev, 0, buf, HEADER_BYTES);
	dev_close(&dev);
	return rc;
}

/*
 * Whether the partition for stores begins with one of ours: where the partition does not begin at a
 * multiple of io_min, some sectors into it.  The mark outlives the update it was made for, so this may
 * be the store of an update that ended long ago; but then there would be a record that says so, and not
 * zeros.
 */
static int marked(const struct part *part, bool *ret_marked)
{
	struct dev dev = DEV_CLOSED;
	int rc = dev_open(part->path, DEV_READ, &dev);

	if (!rc)
		rc = dev_drop_cache(&dev);
	*ret_marked = false;
	if (!rc)
		rc = look_through(&dev, ret_marked);
	dev_close(&dev);
	return rc;
}

/*
 * Whether data, which is not mounted, is a file system that could hold store files: one that is
 * damaged, or that this kernel lacks.  A new board's may be empty, or not be there yet.
 */
static int could_hold(const struct part *part, bool *ret_could)
{
	static uint8_t buf[HEADER_BYTES] __attribute__((aligned(HEADER_BYTES)));
	int rc = read_begin(part, buf);

	if (!rc)
		*ret_could = (get_le32(buf + EXT_MAGIC_AT) & 0xffff) == EXT_MAGIC ||
			     get_le32(buf + F2FS_MAGIC_AT) == F2FS_MAGIC;
	return rc;
}

/* An update may have been installed before the configuration named a partition for stores: look there too. */
static int look(const struct world *w, bool *ret_left, const char **ret_where)
{
	struct store_dir dir;
	int rc = 0;

	*ret_left = false;
	*ret_where = w->store_part.path;
	if (w->conf->store[0] && w->has_store_part)
		rc = marked(&w->store_part, ret_left);
	if (rc || *ret_left)
		return rc;
	*ret_where = w->conf->data.name;
	if (w->data_dir) {
		rc = world_store_dir(w, &dir);
		rc = rc ? rc : storefile_any(&dir, ret_left);
		/* A link in place of the folder is no folder of stores, and hides none. */
		return rc == -ELOOP ? 0 : rc;
	}
	if (w->conf->store[0] || !w->has_data)
		return 0;
	return could_hold(&w->data_part, ret_left);
}

bool world_stores_left(const struct world *w)
{
	const char *where;
	bool left = false;

	/* What cannot be read is not taken for empty. */
	return look(w, &left, &where) || left;
}

void world_doubt_new(struct world *w)
{
	const char *where;
	bool left = false;
	int rc;

	if (w->copies.health != RECORD_NEW)
		return;
	rc = look(w, &left, &where);
	if (!rc && !left)
		return;
	w->copies.health = RECORD_DAMAGED;
	w->copies.repairable = false;
	if (rc)
		snprintf(w->copies.why, sizeof(w->copies.why),
			 "it is all zeros, and whether there are stores is not known: %s",
			 fail_text());
	else
		snprintf(w->copies.why, sizeof(w->copies.why),
			 w->conf->store[0] || w->data_dir ?
				 "it is all zeros, but there is a store on %s: it was lost" :
				 "it is all zeros, and %s cannot be mounted: a store may be there",
			 where);
}
