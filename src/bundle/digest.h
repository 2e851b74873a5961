/* SPDX-License-Identifier: MIT */
/*
 * BLAKE2b-256 without key: what `b2sum -l 256 FILE` prints.  The digest of manifests, payloads and
 * images.
 */
#ifndef COWBOOT_BUNDLE_DIGEST_H
#define COWBOOT_BUNDLE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <sodium/crypto_generichash.h>

#define DIGEST_BYTES 32u

struct digest {
	crypto_generichash_state state;
};

void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len_bytes);
/* Ends it; d must be begun again before further use. */
void digest_end(struct digest *d, uint8_t ret_digest[DIGEST_BYTES]);

#endif
