/* SPDX-License-Identifier: MIT */
/*
 * Secret keys in minisign's format, and signing with them; on the build host only.  A key with a
 * password asks for it on the terminal.
 */
#ifndef COWBOOT_HOST_SECRET_H
#define COWBOOT_HOST_SECRET_H

#include "bundle/minisign.h"

#define SECRET_KEY_BYTES 64u
#define SECRET_SIGNATURE_MAX 1024u	/* one signature's text */

struct secret {
	uint8_t id[MINISIGN_ID_BYTES];
	uint8_t key[SECRET_KEY_BYTES];
};

/* Reads a secret key; secret_wipe either way.  Lines in base/fail.h name the file. */
int secret_load(const char *path, struct secret *ret_secret);
void secret_wipe(struct secret *secret);

/*
 * Writes the signature file over hash, with this trusted comment, and a zero byte behind it.  -EINVAL:
 * no signature can have such a comment.
 */
int secret_sign(const struct secret *secret, const uint8_t hash[MINISIGN_HASH_BYTES],
		const char *comment, char buf[SECRET_SIGNATURE_MAX]);

#endif
