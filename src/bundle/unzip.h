/* SPDX-License-Identifier: MIT */
/*
 * zstd frames, unpacked here: what the process of bundle/unpack.h does.  One allocation, none later,
 * and no system call: see base/confine.h.
 */
#ifndef COWBOOT_BUNDLE_UNZIP_H
#define COWBOOT_BUNDLE_UNZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "cow/write.h"

struct unzip;

/* Where a piece has ended. */
struct unzip_end {
	size_t used_bytes;	/* of the piece: all, or up to the end of the frame */
	bool is_ended;		/* the frame is */
};

/* NULL: no memory. */
struct unzip *unzip_open(void);
void unzip_close(struct unzip *unzip);

/* The next piece begins a frame.  0, or a ZSTD_ErrorCode. */
unsigned unzip_begin(struct unzip *unzip);

/*
 * Unpacks a piece into the sink, in parts of at most BUNDLE_BLOCK_BYTES.  0; a ZSTD_ErrorCode in
 * ret_code and -EBADMSG; or what the sink returned.
 */
int unzip_piece(struct unzip *unzip, const void *data, size_t len_bytes, const struct cow_sink *sink,
		struct unzip_end *ret_end, unsigned *ret_code);

#endif
