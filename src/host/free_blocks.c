/* SPDX-License-Identifier: MIT */
/*
 * The free blocks of an ext4, by libext2fs, which also knows those of groups whose bitmap was never
 * written.  Only reads; what is marked here is marked in memory.  Bitmaps are believed as far as they
 * agree with all the rest: a block that is used and was called free makes none of them free.
 */
#include "host/free_blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <ext2fs/ext2fs.h>

#include "base/bytes.h"
#include "base/fail.h"

#define PIECE_BYTES (64u * 1024)

/* A block in use; wrong counts those that the bitmap called free, and those that are none. */
static void use(ext2_filsys fs, blk64_t block, uint64_t *wrong)
{
	bool is_there = block >= fs->super->s_first_data_block && block < ext2fs_blocks_count(fs->super);

	*wrong += !is_there || !ext2fs_mark_block_bitmap2(fs->block_map, block);
}

/* Superblocks and descriptors with the room they may grow into, bitmaps, inode tables. */
static void use_metadata(ext2_filsys fs, uint64_t *wrong)
{
	for (dgrp_t group = 0; group < fs->group_desc_count; group++) {
		blk64_t table = ext2fs_inode_table_loc(fs, group);

		(void)ext2fs_reserve_super_and_bgd(fs, group, fs->block_map);
		use(fs, ext2fs_block_bitmap_loc(fs, group), wrong);
		use(fs, ext2fs_inode_bitmap_loc(fs, group), wrong);
		for (unsigned i = 0; i < fs->inode_blocks_per_group; i++)
			use(fs, table + i, wrong);
	}
	if (ext2fs_has_feature_mmp(fs->super) && fs->super->s_mmp_block)
		use(fs, fs->super->s_mmp_block, wrong);
}

static int use_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t count, blk64_t ref_block, int ref_offset,
		     void *wrong)
{
	(void)count;
	(void)ref_block;
	(void)ref_offset;
	use(fs, *block, wrong);
	return 0;
}

static errcode_t use_inode(ext2_filsys fs, ext2_ino_t ino, struct ext2_inode *inode, uint64_t *wrong)
{
	blk64_t attributes = ext2fs_file_acl_block(fs, inode);

	if (!inode->i_links_count && ino >= EXT2_FIRST_INODE(fs->super))
		return 0;	/* it is free, or was deleted */
	if (attributes)
		use(fs, attributes, wrong);
	if (!ext2fs_inode_has_valid_blocks2(fs, inode))
		return 0;
	return ext2fs_block_iterate3(fs, ino, BLOCK_FLAG_READ_ONLY, NULL, use_block, wrong);
}

static errcode_t use_inodes(ext2_filsys fs, uint64_t *wrong)
{
	struct ext2_inode inode;
	ext2_inode_scan scan;
	ext2_ino_t ino = 0;
	errcode_t error = ext2fs_open_inode_scan(fs, 0, &scan);

	if (error)
		return error;
	do {
		error = ext2fs_get_next_inode(scan, &ino, &inode);
		if (!error && ino)
			error = use_inode(fs, ino, &inode, wrong);
	} while (!error && ino);
	ext2fs_close_inode_scan(scan);
	return error;
}

/* What lies behind the file system may be about it: a tree of digests covers free blocks too. */
static bool ends_with_zeros(const struct dev *image, uint64_t at_bytes)
{
	static uint8_t piece[PIECE_BYTES];

	while (at_bytes < image->size_bytes) {
		uint64_t left = image->size_bytes - at_bytes;
		size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		if (dev_read(image, at_bytes, piece, len) || !bytes_are_zero(piece, len))
			return false;
		at_bytes += len;
	}
	return true;
}

static int check(ext2_filsys fs, const struct dev *image)
{
	uint64_t end = ext2fs_blocks_count(fs->super) * fs->blocksize;

	if (ext2fs_has_feature_bigalloc(fs->super))
		return fail(ENOTSUP, "its ext4 has clusters (bigalloc)");
	if (!(fs->super->s_state & EXT2_VALID_FS) || (fs->super->s_state & EXT2_ERROR_FS) ||
	    ext2fs_has_feature_journal_needs_recovery(fs->super))
		return fail(ENOTSUP, "its ext4 does not say that it is clean; run e2fsck -f on it");
	if (end > image->size_bytes)
		return fail(ENOTSUP, "its ext4 is longer than the image");
	if (!ends_with_zeros(image, end))
		return fail(ENOTSUP, "there is something behind its ext4, at byte %" PRIu64, end);
	return 0;
}

static int damaged(errcode_t error)
{
	return fail(ENOTSUP, "its ext4 cannot be read (%s); run e2fsck -f on it", error_message(error));
}

static int take_free(ext2_filsys fs, struct free_blocks *blocks)
{
	blocks->blocks = ext2fs_blocks_count(fs->super);
	blocks->block_bytes = fs->blocksize;
	blocks->bits = calloc(1, (size_t)(blocks->blocks / 8 + 1));
	if (!blocks->bits)
		return fail_sys(ENOMEM, "cannot hold a bit for each block");
	for (blk64_t b = fs->super->s_first_data_block; b < blocks->blocks; b++)
		if (!ext2fs_test_block_bitmap2(fs->block_map, b))
			blocks->bits[b / 8] |= (uint8_t)(1u << b % 8);
	return 0;
}

static int find(ext2_filsys fs, const struct dev *image, struct free_blocks *ret_blocks)
{
	uint64_t wrong = 0;
	errcode_t error;
	int rc = check(fs, image);

	if (rc)
		return rc;
	error = ext2fs_read_block_bitmap(fs);
	if (!error) {
		use_metadata(fs, &wrong);
		error = use_inodes(fs, &wrong);
	}
	if (error)
		return damaged(error);
	if (wrong)
		return fail(ENOTSUP, "its ext4 calls %" PRIu64 " blocks free that are in use; run e2fsck -f on it",
			    wrong);
	return take_free(fs, ret_blocks);
}

int free_blocks_find(const struct dev *image, struct free_blocks *ret_blocks)
{
	ext2_filsys fs;
	char path[64];
	errcode_t error;
	int rc;

	*ret_blocks = (struct free_blocks){ 0 };
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->fd);
	initialize_ext2_error_table();
	error = ext2fs_open2(path, NULL, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs);
	if (error)
		return damaged(error);
	rc = find(fs, image, ret_blocks);
	ext2fs_free(fs);	/* and not ext2fs_close, which may write */
	return rc;
}

void free_blocks_drop(struct free_blocks *blocks)
{
	free(blocks->bits);
	*blocks = (struct free_blocks){ 0 };
}
