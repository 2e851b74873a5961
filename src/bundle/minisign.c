/* SPDX-License-Identifier: MIT */
/*
 * Keys and signatures as text, and the check.  Whoever wrote the text is not known yet: every length is
 * compared with a limit, and nothing but the bytes that are checked is taken over.
 */
#include "bundle/minisign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include "base/bytes.h"
#include "base/fail.h"

#define ALGORITHM_BYTES 2u
#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

/* The two lines that are base64, as bytes. */
#define KEY_LINE_BYTES (ALGORITHM_BYTES + MINISIGN_ID_BYTES + MINISIGN_KEY_BYTES)
#define SIG_LINE_BYTES (ALGORITHM_BYTES + MINISIGN_ID_BYTES + MINISIGN_SIG_BYTES)

struct line {
	const char *text;
	size_t len_bytes;
};

void minisign_hash_begin(struct minisign_hash *h)
{
	if (crypto_generichash_init(&h->state, NULL, 0, MINISIGN_HASH_BYTES))
		abort();
}

void minisign_hash_add(struct minisign_hash *h, const void *data, size_t len_bytes)
{
	if (crypto_generichash_update(&h->state, data, len_bytes))
		abort();
}

void minisign_hash_end(struct minisign_hash *h, uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	if (crypto_generichash_final(&h->state, ret_hash, MINISIGN_HASH_BYTES))
		abort();
}

/* Cuts the next line off, which ends with a newline. */
static bool next_line(const char **cursor, const char *end, struct line *ret_line)
{
	const char *newline = memchr(*cursor, '\n', (size_t)(end - *cursor));

	if (!newline)
		return false;
	ret_line->text = *cursor;
	ret_line->len_bytes = (size_t)(newline - *cursor);
	*cursor = newline + 1;
	return true;
}

static bool begins_with(const struct line *line, const char *word)
{
	size_t len = strlen(word);

	return line->len_bytes >= len && !memcmp(line->text, word, len);
}

/*
 * The whole line, as exactly len_bytes.  Where char is signed, libsodium 1.0.18 takes some bytes above 127
 * for letters; so those are looked for here.
 */
static bool unbase64(const struct line *line, uint8_t *buf, size_t len_bytes)
{
	const char *stopped;
	size_t got;

	for (size_t i = 0; i < line->len_bytes; i++)
		if ((uint8_t)line->text[i] > '~')
			return false;
	return !sodium_base642bin(buf, len_bytes, line->text, line->len_bytes, NULL, &got, &stopped,
				  sodium_base64_VARIANT_ORIGINAL) &&
	       got == len_bytes && stopped == line->text + line->len_bytes;
}

int minisign_key_parse(const char *text, size_t len_bytes, struct minisign_key *ret_key)
{
	const char *cursor = text, *end = text + len_bytes;
	uint8_t bytes[KEY_LINE_BYTES];
	struct line line;

	if (!next_line(&cursor, end, &line) || !begins_with(&line, UNTRUSTED))
		return fail(EBADMSG, "it is no public key of minisign");
	if (!next_line(&cursor, end, &line)) {	/* the last newline may be missing */
		line = (struct line){ cursor, (size_t)(end - cursor) };
		cursor = end;
	}
	if (cursor != end || !unbase64(&line, bytes, sizeof(bytes)) || memcmp(bytes, "Ed", ALGORITHM_BYTES))
		return fail(EBADMSG, "it is no public key of minisign");
	memcpy(ret_key->id, bytes + ALGORITHM_BYTES, MINISIGN_ID_BYTES);
	memcpy(ret_key->key, bytes + ALGORITHM_BYTES + MINISIGN_ID_BYTES, MINISIGN_KEY_BYTES);
	return 0;
}

static int take_comment(const struct line *line, struct minisign_sig *sig)
{
	const size_t skip = strlen(TRUSTED);

	if (!begins_with(line, TRUSTED))
		return fail(EBADMSG, "a signature has no trusted comment");
	if (line->len_bytes - skip >= sizeof(sig->comment) ||
	    memchr(line->text, '\0', line->len_bytes))
		return fail(EBADMSG, "a signature's trusted comment is longer than %u bytes",
			    MINISIGN_COMMENT_MAX - 1);
	memset(sig->comment, 0, sizeof(sig->comment));
	memcpy(sig->comment, line->text + skip, line->len_bytes - skip);
	return 0;
}

int minisign_sig_next(const char **cursor, const char *end, struct minisign_sig *ret_sig)
{
	uint8_t bytes[SIG_LINE_BYTES];
	struct line line[4];
	int rc;

	if (*cursor == end)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(line); i++)
		if (!next_line(cursor, end, &line[i]))
			return fail(EBADMSG, "a signature ends before its fourth line");
	if (!begins_with(&line[0], UNTRUSTED) || !unbase64(&line[1], bytes, sizeof(bytes)))
		return fail(EBADMSG, "it holds no signature of minisign");
	if (!memcmp(bytes, "Ed", ALGORITHM_BYTES))
		return fail(EBADMSG, "a signature is of minisign's legacy kind; sign without -l");
	if (memcmp(bytes, "ED", ALGORITHM_BYTES))
		return fail(EBADMSG, "a signature is of a kind that is not known");
	rc = take_comment(&line[2], ret_sig);
	if (rc)
		return rc;
	if (!unbase64(&line[3], ret_sig->global, sizeof(ret_sig->global)))
		return fail(EBADMSG, "a signature of a trusted comment is damaged");
	memcpy(ret_sig->id, bytes + ALGORITHM_BYTES, MINISIGN_ID_BYTES);
	memcpy(ret_sig->sig, bytes + ALGORITHM_BYTES + MINISIGN_ID_BYTES, MINISIGN_SIG_BYTES);
	return 1;
}

int minisign_sig_check(const struct minisign_sig *sig, const struct minisign_key *key,
		       const uint8_t hash[MINISIGN_HASH_BYTES])
{
	uint8_t told[MINISIGN_SIG_BYTES + MINISIGN_COMMENT_MAX];
	size_t comment_bytes = strlen(sig->comment);
	char id[MINISIGN_ID_TEXT_MAX];

	minisign_id_text(sig->id, id);
	if (crypto_sign_ed25519_verify_detached(sig->sig, hash, MINISIGN_HASH_BYTES, key->key))
		return fail(EKEYREJECTED, "the signature of key %s is not one of this", id);
	memcpy(told, sig->sig, MINISIGN_SIG_BYTES);
	memcpy(told + MINISIGN_SIG_BYTES, sig->comment, comment_bytes);
	if (crypto_sign_ed25519_verify_detached(sig->global, told, MINISIGN_SIG_BYTES + comment_bytes,
						key->key))
		return fail(EKEYREJECTED, "the trusted comment beside the signature of key %s is not "
			    "that key's", id);
	return 0;
}

void minisign_id_text(const uint8_t id[MINISIGN_ID_BYTES], char buf[MINISIGN_ID_TEXT_MAX])
{
	snprintf(buf, MINISIGN_ID_TEXT_MAX, "%016" PRIX64, get_le64(id));
}
