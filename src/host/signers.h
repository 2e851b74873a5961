/* SPDX-License-Identifier: MIT */
/* Those who sign a bundle on this machine. */
#ifndef COWBOOT_HOST_SIGNERS_H
#define COWBOOT_HOST_SIGNERS_H

#include "bundle/manifest.h"
#include "bundle/trust.h"
#include "cli/cli.h"
#include "host/secret.h"

struct signers {
	unsigned count;
	struct secret secret[CLI_WORDS_MAX];
};

/* Reads the secret keys. signers_wipe either way; the reason is in base/fail.h. */
int signers_load(const struct cli_words *paths, struct signers *ret_signers);
void signers_wipe(struct signers *signers);

/*
 * Appends the signature of each over the manifest, which is of format 4.  -EEXIST: one has signed it
 * already; -E2BIG: there is no room for more.
 */
int signers_sign(const struct signers *signers, const struct bundle_manifest *manifest,
		 char signatures[TRUST_SIGNATURES_MAX + 1]);

/* The same with whole signature files that were made elsewhere. */
int signatures_append(char signatures[TRUST_SIGNATURES_MAX + 1], const char *text, size_t len_bytes);

/* What is signed, hashed. */
int signers_hash(const struct bundle_manifest *manifest, uint8_t ret_hash[MINISIGN_HASH_BYTES]);

/* A line for each. */
void signers_print(const struct signers *signers);

#endif
