/* SPDX-License-Identifier: MIT */
/*
 * Where a file lies on its partition (FIEMAP), and which part of that a store may use.  A store in
 * a file is mapped by these extents with no file system between, so every doubtful extent is
 * refused (Documentation/filesystems/fiemap.rst).
 */
#ifndef COWBOOT_STORAGE_EXTENTS_H
#define COWBOOT_STORAGE_EXTENTS_H

#include <stdint.h>

#include "base/extent.h"	/* here they count from the start of the partition */

/*
 * The extents of the open file fd, in file order, neighbours joined.  Refuses (-EINVAL, with the
 * reason in base/fail.h) a hole before size_bytes and the flags UNKNOWN, DELALLOC, ENCODED,
 * DATA_ENCRYPTED, NOT_ALIGNED, DATA_INLINE, DATA_TAIL, SHARED, and physical 0.  -E2BIG: more than
 * max extents.  The last one may reach past size_bytes, to the end of its file-system block.  On
 * failure what ret_extents holds is undefined, and ret_count is untouched.
 */
int extents_of_file(int fd, uint64_t size_bytes, struct extent *ret_extents, unsigned max,
		    unsigned *ret_count);

/*
 * Cuts extents in place so that each starts at a multiple of io_min_bytes counted from the disk's
 * start (the partition begins at part_start_sectors), and the whole is exactly need_sectors long;
 * extents with nothing left vanish.  Pure.  ret_have_sectors is what the extents hold once aligned,
 * before the cut to need_sectors; with less than that it is -ENOSPC, and they are untouched.  This
 * is what keeps the kernel from warning of an "alignment inconsistency" (block/blk-settings.c,
 * blk_stack_limits).
 */
int extents_align(struct extent *extents, unsigned *count, uint64_t part_start_sectors,
		  uint32_t io_min_bytes, uint64_t need_sectors, uint64_t *ret_have_sectors);

#endif
