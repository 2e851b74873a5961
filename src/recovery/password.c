/* SPDX-License-Identifier: MIT */
/*
 * Hashing and checking a password.  The cost is for boards with little memory: 16 MiB, and a second
 * or some on a slow core; the string carries it, so another may be used.
 */
#include "recovery/password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/fail.h"

#define MEMORY_BYTES (16u << 20)
#define PASSES 3

_Static_assert(crypto_pwhash_STRBYTES <= CONF_PASSWORD_MAX, "the string fits the configuration");

bool password_opens(const char *hash, const char *password)
{
	return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

int password_hash(const char *password, char ret_hash[CONF_PASSWORD_MAX])
{
	char hash[crypto_pwhash_STRBYTES];

	if (sodium_init() < 0)
		return fail(EIO, "cannot hash the password: no randomness");
	if (crypto_pwhash_str(hash, password, strlen(password), PASSES, MEMORY_BYTES))
		return fail(ENOMEM, "cannot hash the password: not enough memory");
	memset(ret_hash, 0, CONF_PASSWORD_MAX);
	memcpy(ret_hash, hash, sizeof(hash));
	return 0;
}
