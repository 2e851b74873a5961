/* SPDX-License-Identifier: MIT */
/*
 * Counting signatures.  Must never count one key twice, whatever it is called: keys are told apart by
 * what they are and not by their ids, which anybody may choose.
 */
#include "bundle/trust.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"

int trust_add(struct trust *t, const char *text, size_t len_bytes)
{
	struct minisign_key key;
	int rc = minisign_key_parse(text, len_bytes, &key);

	if (rc)
		return rc;
	for (unsigned i = 0; i < t->count; i++)
		if (!memcmp(t->key[i].key, key.key, sizeof(key.key)))
			return 0;
	if (t->count == TRUST_KEYS_MAX)
		return fail(E2BIG, "there are more than %u keys", TRUST_KEYS_MAX);
	t->key[t->count++] = key;
	return 0;
}

/* Two keys may have one id; ret_known: at least one has. */
static int find_signer(const struct trust *t, const struct minisign_sig *sig,
		       const uint8_t hash[MINISIGN_HASH_BYTES], bool *ret_known)
{
	*ret_known = false;
	for (unsigned i = 0; i < t->count; i++) {
		if (memcmp(t->key[i].id, sig->id, sizeof(sig->id)))
			continue;
		*ret_known = true;
		if (!minisign_sig_check(sig, &t->key[i], hash))
			return (int)i;
	}
	return -EKEYREJECTED;
}

const struct minisign_key *trust_signer(const struct trust *t, const struct minisign_sig *sig,
					const uint8_t hash[MINISIGN_HASH_BYTES])
{
	bool known;
	int i = find_signer(t, sig, hash, &known);

	return i < 0 ? NULL : &t->key[i];
}

static int too_few(const struct trust *t, unsigned good, unsigned unknown)
{
	if (!good && !unknown)
		return fail(EKEYREJECTED, "it is not signed, and %u signature%s needed", t->needed,
			    t->needed == 1 ? " is" : "s are");
	return fail(EKEYREJECTED, "signatures by %u known key%s are needed, and it has %u; %u %s by keys that "
		    "are not known here", t->needed, t->needed == 1 ? "" : "s", good, unknown,
		    unknown == 1 ? "is" : "are");
}

int trust_check(const struct trust *t, const char *signatures, size_t len_bytes,
		const uint8_t hash[MINISIGN_HASH_BYTES])
{
	const char *cursor = signatures, *end = signatures + len_bytes;
	bool has_signed[TRUST_KEYS_MAX] = { false };
	unsigned good = 0, unknown = 0;
	char id[MINISIGN_ID_TEXT_MAX];
	struct minisign_sig sig;
	int rc;

	while ((rc = minisign_sig_next(&cursor, end, &sig)) == 1) {
		bool known;
		int i = find_signer(t, &sig, hash, &known);

		if (i < 0 && known)
			return i;
		if (i < 0) {
			unknown++;
			continue;
		}
		minisign_id_text(sig.id, id);
		if (has_signed[i])
			return fail(EKEYREJECTED, "key %s has signed it twice", id);
		has_signed[i] = true;
		good++;
	}
	if (rc)
		return rc;
	return good < t->needed ? too_few(t, good, unknown) : 0;
}
