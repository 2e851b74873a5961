/* SPDX-License-Identifier: MIT */
/*
 * Whether an image was unmounted.  A volume is read-only on the board, so that no log can be played
 * back there: the kernel refuses to mount it, or passes over what the log holds.  Only reads; what is
 * no such file system any more, or damaged, is not judged here.
 *
 * ext4: fs/ext4/ext4.h (struct ext4_super_block).  btrfs: a log tree is there (log_root).  f2fs:
 * include/linux/f2fs_fs.h: the newer checkpoint says whether it was written by an unmount.  xfs:
 * fs/xfs/libxfs/xfs_format.h (struct xfs_dsb) and xfs_log_format.h (struct xlog_rec_header): the
 * newest record of the log is the one that an unmount writes, and nothing else is in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "host/file.h"

#define EXT_STATE 1082u			/* s_state */
#define EXT_ERROR_FS 2u
#define EXT_FEATURES 1120u		/* s_feature_incompat */
#define EXT_RECOVER 0x4u
#define EXT_ORPHAN 1256u		/* s_last_orphan */

#define BTRFS_LOG_ROOT (65536u + 96)

#define F2FS_SUPER 1024u
#define F2FS_LOG_BLOCK (F2FS_SUPER + 16)
#define F2FS_LOG_BLOCKS_PER_SEGMENT (F2FS_SUPER + 20)
#define F2FS_CHECKPOINT (F2FS_SUPER + 76)
#define F2FS_FLAGS 132u			/* of a checkpoint, as is the next */
#define F2FS_PACK_BLOCKS 136u
#define F2FS_UMOUNT 1u

#define XFS_LOG_START 48u		/* a block: its group's number above its number in there */
#define XFS_GROUP_BLOCKS 84u
#define XFS_LOG_BLOCKS 96u
#define XFS_BLOCK_LOG 120u
#define XFS_GROUP_LOG 124u
#define XFS_RECORD 0xfeedbabeu		/* in no other sector: their first bytes are a count */
#define XFS_RECORD_VERSION 8u		/* of a record, as is the rest */
#define XFS_RECORD_AT 16u		/* grows with each record */
#define XFS_RECORD_PARTS 40u
#define XFS_RECORD_SIZE 320u
#define XFS_HEADER_OF_BYTES 32768u	/* one sector of header for so many */
#define XFS_PART_FLAGS 9u
#define XFS_UNMOUNT 0x20u

uint64_t image_number(const struct dev *image, uint64_t at_bytes, size_t len_bytes)
{
	uint8_t buf[8] = { 0 };

	if (at_bytes > image->size_bytes || len_bytes > image->size_bytes - at_bytes ||
	    dev_read(image, at_bytes, buf, len_bytes))
		return 0;
	return get_le64(buf);
}

/* NULL: nothing to say against it. */
static const char *look_at_ext(const struct dev *image)
{
	if (image_number(image, EXT_FEATURES, 4) & EXT_RECOVER)
		return "it was not unmounted, and its journal cannot be played back on a board, "
		       "which never writes to it; unmount it, or run e2fsck -fp on it";
	if (image_number(image, EXT_STATE, 2) & EXT_ERROR_FS)
		return "its file system says that it has errors; run e2fsck -f on it";
	if (image_number(image, EXT_ORPHAN, 4))
		return "it has files that were deleted while they were open; run e2fsck -fp on it";
	return NULL;
}

#define NOT_UNMOUNTED "it was not unmounted, and its journal cannot be played back on a board, " \
	"which never writes to it; unmount it"

static const char *look_at_btrfs(const struct dev *image)
{
	return image_number(image, BTRFS_LOG_ROOT, 8) ? NOT_UNMOUNTED : NULL;
}

static const char *look_at_f2fs(const struct dev *image)
{
	uint64_t block_log = image_number(image, F2FS_LOG_BLOCK, 4);
	uint64_t segment_log = image_number(image, F2FS_LOG_BLOCKS_PER_SEGMENT, 4);
	uint64_t first = image_number(image, F2FS_CHECKPOINT, 4), newest = 0, flags = F2FS_UMOUNT;

	if (block_log < 9 || block_log > 16 || segment_log > 16)
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = (first + ((uint64_t)i << segment_log)) << block_log;
		uint64_t version = image_number(image, at, 8);
		uint64_t blocks = image_number(image, at + F2FS_PACK_BLOCKS, 4);

		/* Written whole: the version is there again in the last block. */
		if (!blocks || version <= newest ||
		    image_number(image, at + ((blocks - 1) << block_log), 8) != version)
			continue;
		newest = version;
		flags = image_number(image, at + F2FS_FLAGS, 4);
	}
	return flags & F2FS_UMOUNT ? NULL : NOT_UNMOUNTED;
}

/* A big-endian number of at most 8 bytes; 0 where the image ends before. */
static uint64_t big_number(const struct dev *image, uint64_t at_bytes, unsigned len_bytes)
{
	uint64_t little = image_number(image, at_bytes, len_bytes), big = 0;

	for (unsigned i = 0; i < len_bytes; i++)
		big = big << 8 | (little >> 8 * i & 0xff);
	return big;
}

/* Whether the record in that sector of the log was written by an unmount. */
static bool is_unmount(const struct dev *image, uint64_t at)
{
	uint64_t size = big_number(image, at + XFS_RECORD_SIZE, 4), headers = 1;

	if ((big_number(image, at + XFS_RECORD_VERSION, 4) & 2) && size > XFS_HEADER_OF_BYTES)
		headers = (size + XFS_HEADER_OF_BYTES - 1) / XFS_HEADER_OF_BYTES;
	return big_number(image, at + XFS_RECORD_PARTS, 4) == 1 &&
	       (big_number(image, at + headers * SECTOR_BYTES + XFS_PART_FLAGS, 1) & XFS_UNMOUNT);
}

static const char *look_at_xfs(const struct dev *image)
{
	uint64_t start = big_number(image, XFS_LOG_START, 8), newest = 0;
	uint64_t block_log = big_number(image, XFS_BLOCK_LOG, 1);
	uint64_t group_log = big_number(image, XFS_GROUP_LOG, 1);
	uint64_t sectors, block;
	bool clean = true;

	if (!start || block_log < 9 || block_log > 16 || group_log > 31)
		return NULL; /* without a log in it, or damaged */
	block = (start >> group_log) * big_number(image, XFS_GROUP_BLOCKS, 4) +
		(start & ((1ull << group_log) - 1));
	sectors = big_number(image, XFS_LOG_BLOCKS, 4) << (block_log - 9);
	for (uint64_t i = 0; i < sectors; i++) {
		uint64_t at = (block << block_log) + i * SECTOR_BYTES, when;

		if (big_number(image, at, 4) != XFS_RECORD)
			continue;
		when = big_number(image, at + XFS_RECORD_AT, 8);
		if (when < newest)
			continue;
		newest = when;
		clean = is_unmount(image, at);
	}
	return clean ? NULL : NOT_UNMOUNTED;
}

int image_check_clean(const struct dev *image, const char *kind)
{
	static const struct {
		const char *kind, *(*look)(const struct dev *image);
	} looks[] = {
		{ "ext4", look_at_ext }, { "btrfs", look_at_btrfs }, { "f2fs", look_at_f2fs },
		{ "xfs", look_at_xfs },
	};

	for (size_t i = 0; kind && i < ARRAY_SIZE(looks); i++) {
		const char *why = strcmp(kind, looks[i].kind) ? NULL : looks[i].look(image);

		if (why)
			return fail(EINVAL, "cannot use %s: %s", image->name, why);
	}
	return 0;
}
