/* SPDX-License-Identifier: MIT */
/* Signatures of a manifest, one behind another, each key once. */
#include "host/signers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

int signers_load(const struct cli_words *paths, struct signers *ret_signers)
{
	ret_signers->count = 0;
	for (unsigned i = 0; i < paths->count; i++) {
		int rc = secret_load(paths->word[i], &ret_signers->secret[i]);

		if (rc)
			return rc;
		ret_signers->count++;
	}
	return 0;
}

void signers_wipe(struct signers *signers)
{
	for (size_t i = 0; i < CLI_WORDS_MAX; i++)
		secret_wipe(&signers->secret[i]);
	signers->count = 0;
}

/* The text is whole signatures: what was appended has been looked at. */
static bool has_signed(const char *signatures, const uint8_t id[MINISIGN_ID_BYTES])
{
	const char *cursor = signatures, *end = signatures + strlen(signatures);
	struct minisign_sig sig;

	while (minisign_sig_next(&cursor, end, &sig) == 1)
		if (!memcmp(sig.id, id, sizeof(sig.id)))
			return true;
	return false;
}

int signatures_append(char signatures[TRUST_SIGNATURES_MAX + 1], const char *text, size_t len_bytes)
{
	const char *cursor = text, *end = text + len_bytes, *begin = cursor;
	struct minisign_sig sig;
	int rc;

	while ((rc = minisign_sig_next(&cursor, end, &sig)) == 1) {
		size_t have = strlen(signatures), more = (size_t)(cursor - begin);
		char id[MINISIGN_ID_TEXT_MAX];

		minisign_id_text(sig.id, id);
		if (has_signed(signatures, sig.id))
			return fail(EEXIST, "key %s has signed it already", id);
		if (more > TRUST_SIGNATURES_MAX - have)
			return fail(E2BIG, "there is no room for more signatures");
		memcpy(signatures + have, begin, more);
		signatures[have + more] = '\0';
		begin = cursor;
	}
	return rc;
}

int signers_hash(const struct bundle_manifest *manifest, uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	char text[BUNDLE_MANIFEST_MAX];
	struct minisign_hash hash;
	size_t len;
	int rc = manifest_print(manifest, text, sizeof(text), &len);

	if (rc)
		return rc;
	minisign_hash_begin(&hash);
	minisign_hash_add(&hash, text, len);
	minisign_hash_end(&hash, ret_hash);
	return 0;
}

int signers_sign(const struct signers *signers, const struct bundle_manifest *manifest,
		 char signatures[TRUST_SIGNATURES_MAX + 1])
{
	uint8_t hash[MINISIGN_HASH_BYTES];
	char comment[MINISIGN_COMMENT_MAX];
	int rc = signers_hash(manifest, hash);

	snprintf(comment, sizeof(comment), "cowboot bundle version:%s board:%s", manifest->version_to,
		 manifest->board[0] ? manifest->board : "any");
	for (unsigned i = 0; i < signers->count && !rc; i++) {
		char one[SECRET_SIGNATURE_MAX];

		rc = secret_sign(&signers->secret[i], hash, comment, one);
		if (!rc)
			rc = signatures_append(signatures, one, strlen(one));
	}
	return rc;
}

void signers_print(const struct signers *signers)
{
	for (unsigned i = 0; i < signers->count; i++) {
		char id[MINISIGN_ID_TEXT_MAX];

		minisign_id_text(signers->secret[i].id, id);
		printf("signed by %s\n", id);
	}
}
