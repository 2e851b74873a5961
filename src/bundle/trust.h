/* SPDX-License-Identifier: MIT */
/*
 * Whose signatures count, and how many of them there must be.  Pure but for fail.h.  Who holds all the
 * keys of a set is nobody alone: m of n have to sign.
 */
#ifndef COWBOOT_BUNDLE_TRUST_H
#define COWBOOT_BUNDLE_TRUST_H

#include <stdbool.h>

#include "bundle/minisign.h"

#define TRUST_KEYS_MAX 16u
#define TRUST_SIGNATURES_MAX 16384u	/* bytes of all signatures of one thing */

struct trust {
	unsigned needed;	/* signatures by so many different keys; 0: it may be without any */
	unsigned count;
	struct minisign_key key[TRUST_KEYS_MAX];
};

/*
 * Adds the key of a public key's file; one that is there already is not counted twice.  -EBADMSG: it
 * is none; -E2BIG: there are too many.
 */
int trust_add(struct trust *t, const char *text, size_t len_bytes);

/* The key that has this id and signed hash so; NULL: there is none. */
const struct minisign_key *trust_signer(const struct trust *t, const struct minisign_sig *sig,
					const uint8_t hash[MINISIGN_HASH_BYTES]);

/*
 * Whether signatures (a text as in minisign_sig_next; empty: none) are enough.  Those of unknown keys
 * are passed over; but one with the id of a known key that is wrong, or one key's twice, is refused
 * whatever the others say.  -EKEYREJECTED, or -EBADMSG: it is no such text.
 */
int trust_check(const struct trust *t, const char *signatures, size_t len_bytes,
		const uint8_t hash[MINISIGN_HASH_BYTES]);

#endif
