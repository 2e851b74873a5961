/* SPDX-License-Identifier: MIT */
/*
 * BLAKE2b-256 by libsodium.  Its calls fail on impossible lengths only, and those here are constant.
 * sodium_init() is left out on purpose: it asks for randomness, for which an early boot may have to
 * wait, and makes this 15 % faster on a PC and no faster on ARM.
 */
#include <stdlib.h>

#include "bundle/digest.h"

void digest_begin(struct digest *d)
{
	if (crypto_generichash_init(&d->state, NULL, 0, DIGEST_BYTES))
		abort();
}

void digest_add(struct digest *d, const void *data, size_t len_bytes)
{
	if (crypto_generichash_update(&d->state, data, len_bytes))
		abort();
}

void digest_end(struct digest *d, uint8_t ret_digest[DIGEST_BYTES])
{
	if (crypto_generichash_final(&d->state, ret_digest, DIGEST_BYTES))
		abort();
}
