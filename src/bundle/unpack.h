/* SPDX-License-Identifier: MIT */
/*
 * zstd frames, unpacked by a process that has no rights (base/confine.h): whatever a frame does to the
 * decompressor, all that comes of it is other bytes, which their digest then finds.
 */
#ifndef COWBOOT_BUNDLE_UNPACK_H
#define COWBOOT_BUNDLE_UNPACK_H

#include "bundle/unzip.h"

struct unpack;

/* Starts the process. ret_unpack is the caller's until unpack_close. 0 or a negative errno, and no text. */
int unpack_open(struct unpack **ret_unpack);

/* Ends it; NULL too. */
void unpack_close(struct unpack *unpack);

/*
 * The next piece begins a frame; this and unpack_piece fail with -EBADMSG and the bare reason in
 * base/fail.h when the frame is damaged or the process has ended.
 */
int unpack_begin(struct unpack *unpack);

/*
 * Unpacks a piece of at most BUNDLE_BLOCK_BYTES into the sink, and returns what that returned.  After an
 * error nothing but unpack_close is of use.
 */
int unpack_piece(struct unpack *unpack, const void *data, size_t len_bytes,
		 const struct cow_sink *sink, struct unzip_end *ret_end);

#endif
