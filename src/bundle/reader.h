/* SPDX-License-Identifier: MIT */
/*
 * Reading a bundle from its first byte to its last, once, with bounded memory: it may come from a pipe.
 * Nothing is believed before what it rests on was checked: the signatures over the manifest before a word
 * of it is read, and in a signed bundle each block of a payload before it is unpacked (I16).  In one that
 * is not signed the payloads are unpacked as they come.  In both, what a sink got is to be used only when
 * bundle_volume_next returned 0, and the bundle as a whole only when bundle_end did.
 *
 * Failures leave the bare reason in base/fail.h ("truncated at byte 812"); the caller, who knows
 * what it was reading for, puts "cannot VERB BUNDLE" before it with fail_in.  -EBADMSG: truncated,
 * padded or damaged; -ENOTSUP: a format this program does not know; -EKEYREJECTED: not signed by those
 * who have to; else what the source or sink returned.
 */
#ifndef COWBOOT_BUNDLE_READER_H
#define COWBOOT_BUNDLE_READER_H

#include <sys/types.h>

#include "bundle/manifest.h"
#include "bundle/trust.h"
#include "cow/write.h"

/* Up to len_bytes into buf; how many, 0 at the end, or a negative errno. Short reads are fine. */
typedef ssize_t bundle_read(void *ctx, void *buf, size_t len_bytes);

/* A bundle_read for descriptors; ctx points to the int. */
ssize_t bundle_read_fd(void *ctx, void *buf, size_t len_bytes);

struct bundle;

/*
 * Reads and checks header, signatures and manifest.  trust NULL: whoever has made it, for a look.
 * ret_bundle is the caller's until bundle_close.
 */
int bundle_open(bundle_read *read, void *ctx, const struct trust *trust, struct bundle **ret_bundle);

/*
 * What a source can do that is more than a pipe.  skip goes so many bytes further without reading them:
 * -ESPIPE: it never can, which skipping 0 bytes tells; -EOVERFLOW: it ends before; others: as
 * bundle_read.  want, which may be NULL, is told beforehand, in order, of bytes that will be read: from
 * the bundle's at_bytes on so many.
 */
struct bundle_seek {
	int (*skip)(void *ctx, uint64_t len_bytes);
	void (*want)(void *ctx, uint64_t at_bytes, uint64_t len_bytes);
};

/* A skip for descriptors: of files; -ESPIPE for all others. ctx points to the int. */
int bundle_skip_fd(void *ctx, uint64_t len_bytes);

/* For after bundle_open, with its ctx: of a full bundle only what is needed is read from now on. */
void bundle_may_skip(struct bundle *bundle, const struct bundle_seek *seek);

/* What the bundle says of itself; lives as long as the bundle. */
const struct bundle_manifest *bundle_manifest(const struct bundle *bundle);

/* Its signatures, a text as in minisign_sig_next, empty where there is none; and what they are of. */
const char *bundle_signatures(const struct bundle *bundle, size_t *ret_len_bytes);
const uint8_t *bundle_signed_hash(const struct bundle *bundle);

/*
 * For each full volume (manifest->volume[v].frame_bytes), before anything else: reads its index, and compares
 * the volume that is there with it, at least image_bytes long and read once from front to back.  The
 * volume's exceptions and store_bytes then say what its store will have.  there NULL: for a look.
 */
int bundle_compare_next(struct bundle *bundle, const struct cow_source *there);

/*
 * Unpacks the boot image into sink, exactly manifest->boot.image_bytes; once, and before the volumes,
 * where the manifest has one.  Its digest is the caller's to compare.
 */
int bundle_boot_next(struct bundle *bundle, const struct cow_sink *sink);

/*
 * Unpacks the next volume's store into sink, exactly manifest->volume[v].store_bytes, v = 0, 1, …
 * in successive calls.  The store's own content is not looked at: cow_check does that.  old: OLD, for a
 * volume that is told by it (manifest->volume[v].delta_bytes); NULL: for a look, where the store's data
 * does not matter.
 */
int bundle_volume_next(struct bundle *bundle, const struct cow_source *old, const struct cow_sink *sink);

/* In its place, of a full volume: unpacks the whole image, exactly image_bytes. */
int bundle_image_next(struct bundle *bundle, const struct cow_sink *sink);

/* After the last volume: -EBADMSG when a byte follows. */
int bundle_end(struct bundle *bundle);

/* Bytes read or passed over so far, and in all, for progress. */
uint64_t bundle_done_bytes(const struct bundle *bundle);
uint64_t bundle_total_bytes(const struct bundle *bundle);

/* Frees bundle, NULL included. Does not close what it was read from. */
void bundle_close(struct bundle *bundle);

#endif
