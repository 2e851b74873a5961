/* SPDX-License-Identifier: MIT */
/* minisign's files: a public key, signatures one after another, and the judgement about these. */
#include "fuzz.h"

#include "bundle/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static const uint8_t hash[MINISIGN_HASH_BYTES];
	struct trust trust = { .needed = 1 };
	const char *text = (const char *)data, *cursor = text;
	struct minisign_sig sig;
	struct minisign_key key = { .id = { 0 } };
	char id[MINISIGN_ID_TEXT_MAX];
	int rc;

	(void)minisign_key_parse(text, len_bytes, &key);
	(void)trust_add(&trust, text, len_bytes);
	must(trust.count <= 1);
	while ((rc = minisign_sig_next(&cursor, text + len_bytes, &sig)) > 0) {
		must(cursor > text && cursor <= text + len_bytes);
		must(memchr(sig.comment, 0, sizeof(sig.comment)));
		minisign_id_text(sig.id, id);
		memcpy(key.id, sig.id, sizeof(key.id));
		if (!trust.count)
			trust.key[trust.count++] = key;
	}
	must(rc == 0 || rc == -EBADMSG);
	must(trust_check(&trust, text, len_bytes, hash));	/* nobody has signed this */
	return 0;
}
