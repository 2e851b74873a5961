/* SPDX-License-Identifier: MIT */
/*
 * Public keys and signatures in minisign's format: Ed25519 over BLAKE2b-512, by libsodium.  Pure but for
 * fail.h.  Source of the format: minisign's own page, "Signature format" and "Public key format"; the
 * tests hold it against the program.  Only the prehashed kind ("ED") is taken: what is signed may be
 * longer than memory, and one kind is enough.
 */
#ifndef COWBOOT_BUNDLE_MINISIGN_H
#define COWBOOT_BUNDLE_MINISIGN_H

#include <stddef.h>
#include <stdint.h>

#include <sodium/crypto_generichash.h>

#define MINISIGN_ID_BYTES 8u
#define MINISIGN_ID_TEXT_MAX 17u	/* as minisign prints it, and a zero byte */
#define MINISIGN_KEY_BYTES 32u
#define MINISIGN_SIG_BYTES 64u
#define MINISIGN_HASH_BYTES 64u
#define MINISIGN_COMMENT_MAX 512u	/* of a trusted comment, with its zero byte */

struct minisign_key {
	uint8_t id[MINISIGN_ID_BYTES];
	uint8_t key[MINISIGN_KEY_BYTES];
};

struct minisign_sig {
	uint8_t id[MINISIGN_ID_BYTES];
	uint8_t sig[MINISIGN_SIG_BYTES];	/* of the hash */
	uint8_t global[MINISIGN_SIG_BYTES];	/* of sig and the trusted comment */
	char comment[MINISIGN_COMMENT_MAX];	/* the trusted one; nobody's word until it was checked */
};

/* What is signed, hashed: BLAKE2b-512 without key. */
struct minisign_hash {
	crypto_generichash_state state;
};

void minisign_hash_begin(struct minisign_hash *h);
void minisign_hash_add(struct minisign_hash *h, const void *data, size_t len_bytes);
void minisign_hash_end(struct minisign_hash *h, uint8_t ret_hash[MINISIGN_HASH_BYTES]);

/* A public key's file. -EBADMSG with the reason. */
int minisign_key_parse(const char *text, size_t len_bytes, struct minisign_key *ret_key);

/*
 * The next of the signatures in a text that is nothing but whole signature files, one after another:
 * 1; 0 at the end; -EBADMSG: something else is there.  *cursor moves on.
 */
int minisign_sig_next(const char **cursor, const char *end, struct minisign_sig *ret_sig);

/* Whether it is key's signature of hash, and its comment too. -EKEYREJECTED: it is not. */
int minisign_sig_check(const struct minisign_sig *sig, const struct minisign_key *key,
		       const uint8_t hash[MINISIGN_HASH_BYTES]);

/* A key's id as minisign prints it. */
void minisign_id_text(const uint8_t id[MINISIGN_ID_BYTES], char buf[MINISIGN_ID_TEXT_MAX]);

#endif
