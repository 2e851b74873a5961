/* SPDX-License-Identifier: MIT */
/* An image whose free blocks are the old one's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/progress.h"
#include "base/sys.h"
#include "host/free_blocks.h"

#define PIECE_BYTES (64u * 1024)	/* whole blocks, whatever their size */

static bool is_free(const struct free_blocks *blocks, uint64_t block)
{
	return block < blocks->blocks && (blocks->bits[block / 8] >> block % 8 & 1);
}

/*
 * Puts OLD's bytes into the free blocks of a piece of NEW, a block at a time; counts those that were
 * not the same.
 */
static int leave(const struct free_blocks *blocks, const struct dev *old_image, uint64_t at_bytes,
		 uint8_t *piece, size_t len_bytes, uint64_t *count)
{
	static uint8_t old[PIECE_BYTES];
	uint32_t size = blocks->block_bytes;

	for (size_t at = 0; at + size <= len_bytes; at += size) {
		uint64_t place = at_bytes + at;
		int rc;

		if (!is_free(blocks, place / size) || place + size > old_image->size_bytes)
			continue;
		rc = dev_read(old_image, place, old, size);
		if (rc)
			return rc;
		*count += memcmp(piece + at, old, size) != 0;
		memcpy(piece + at, old, size);
	}
	return 0;
}

static size_t piece_bytes(const struct dev *image, uint64_t at_bytes)
{
	uint64_t left = image->size_bytes - at_bytes;

	return left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
}

static bool any_free(const struct free_blocks *blocks, uint64_t at_bytes, size_t len_bytes)
{
	for (size_t at = 0; at < len_bytes; at += blocks->block_bytes)
		if (is_free(blocks, (at_bytes + at) / blocks->block_bytes))
			return true;
	return false;
}

int free_blocks_count(const struct free_blocks *blocks, const struct dev *old_image,
		      const struct dev *new_image, uint64_t *ret_count)
{
	static uint8_t piece[PIECE_BYTES];
	uint64_t count = 0;

	for (uint64_t at = 0; at < new_image->size_bytes; at += PIECE_BYTES) {
		size_t len = piece_bytes(new_image, at);
		int rc;

		if (!any_free(blocks, at, len))
			continue;
		rc = dev_read(new_image, at, piece, len);
		if (!rc)
			rc = leave(blocks, old_image, at, piece, len, &count);
		if (rc)
			return rc;
	}
	*ret_count = count;
	return 0;
}

/* What is zeros becomes a hole. */
static int write_all(const struct free_blocks *blocks, const struct dev *old_image,
		     const struct dev *new_image, struct output *out, struct progress *progress)
{
	static uint8_t piece[PIECE_BYTES];
	uint64_t count = 0;

	for (uint64_t at = 0; at < new_image->size_bytes; at += PIECE_BYTES) {
		size_t len = piece_bytes(new_image, at);
		int rc = dev_read(new_image, at, piece, len);

		if (!rc)
			rc = leave(blocks, old_image, at, piece, len, &count);
		if (rc)
			return rc;
		if (!bytes_are_zero(piece, len) && (lseek(out->fd, (off_t)at, SEEK_SET) < 0 ||
						    (rc = sys_write(out->fd, piece, len))))
			return fail_sys(rc ? -rc : errno, "cannot write %s", out->path);
		progress_add(progress, len);
	}
	return ftruncate(out->fd, (off_t)new_image->size_bytes) ?
	       fail_sys(errno, "cannot write %s", out->path) : 0;
}

int free_blocks_write(const struct free_blocks *blocks, const struct dev *old_image,
		      const struct dev *new_image, const char *path)
{
	struct progress progress;
	struct output out;
	int rc = output_open(path, &out);

	if (rc)
		return rc;
	progress_begin(&progress, "copying", "", new_image->size_bytes);
	rc = write_all(blocks, old_image, new_image, &out, &progress);
	progress_end(&progress);
	if (rc) {
		output_drop(&out);
		return rc;
	}
	return output_finish(&out);
}
