/* SPDX-License-Identifier: MIT */
/*
 * Making a bundle whose manifest can be signed: its payloads in blocks, each with the digest of the next
 * behind it, so that the manifest, which has that of the first, covers every byte.  The digests are
 * found from the last block to the first; after that the bundle is written from front to back.
 */
#ifndef COWBOOT_HOST_SEAL_H
#define COWBOOT_HOST_SEAL_H

#include "bundle/manifest.h"
#include "cow/write.h"

struct seal {
	uint8_t (*digest)[DIGEST_BYTES];	/* of each block of all payloads, in the bundle's order */
	size_t count;
};

/*
 * Reads the payloads, which stand one after another in the manifest's order, as bundle_pack writes
 * them (the indexes of full volumes first), and puts the manifest into blocks: format 4 to 7.  seal_free
 * either way.
 */
int seal_make(struct bundle_manifest *manifest, const struct cow_source *payloads,
	      struct seal *ret_seal);
void seal_free(struct seal *seal);

/*
 * What stands before the payloads: the header, the manifest, which is in blocks, and the signatures.
 * -E2BIG: there are none in format 4, or too many.
 */
int seal_emit_head(const struct bundle_manifest *manifest, const char *signatures,
		   const struct cow_sink *sink);

/* Writes the bundle; signatures is a text as in minisign_sig_next. */
int seal_emit(const struct seal *seal, const struct bundle_manifest *manifest,
	      const char *signatures, const struct cow_source *payloads, const struct cow_sink *sink);

#endif
