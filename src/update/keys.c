/* SPDX-License-Identifier: MIT */
/*
 * The board's keys.  Must never take a folder that cannot be read, or a key that is damaged, for one
 * that asks for less.
 */
#include "update/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"

#define KEY_BYTES_MAX 1024
#define PATH_BYTES_MAX 512

struct reading {
	const char *dir;
	struct trust *trust;
	int rc;			/* of the key that ended it; its line is kept */
};

static bool is_key(const char *name)
{
	const size_t len = strlen(name), end = strlen(".pub");

	return len > end && !strcmp(name + len - end, ".pub");
}

static int take_key(void *ctx, const char *name)
{
	struct reading *r = ctx;
	char text[KEY_BYTES_MAX], path[PATH_BYTES_MAX];
	size_t len;

	if (!is_key(name))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	r->rc = sys_read_file(path, text, sizeof(text), &len);
	if (r->rc && r->rc != -EFBIG) {
		fail_sys(-r->rc, "cannot read key %s", path);
		return 1;
	}
	r->rc = trust_add(r->trust, text, len);
	if (r->rc)
		fail_in(r->rc, "cannot use key %s", path);
	return r->rc != 0;
}

int keys_read(const char *dir, struct trust *trust)
{
	struct reading r = { .dir = dir, .trust = trust };
	int rc = sys_each_name(dir, take_key, &r);

	if (rc > 0)
		return r.rc;
	return rc && rc != -ENOENT ? fail_sys(-rc, "cannot read the keys in %s", dir) : 0;
}

int keys_load(const struct conf *conf, struct trust *ret_trust)
{
	int rc;

	*ret_trust = (struct trust){ .needed = conf->signatures ? conf->signatures : 1 };
	if (conf->take_unsigned)
		ret_trust->needed = 0;
	rc = keys_read(KEYS_DIR, ret_trust);
	if (!rc && !ret_trust->count)
		rc = keys_read(KEYS_RUN_DIR, ret_trust);
	if (rc)
		return rc;
	if (ret_trust->count < ret_trust->needed)
		return fail(EKEYREJECTED, "this board wants %u signature%s and has %u public key%s: put keys into "
			    KEYS_DIR " of the system or the initramfs, or set require-signature in "
			    "cowboot.conf", ret_trust->needed, ret_trust->needed == 1 ? "" : "s",
			    ret_trust->count, ret_trust->count == 1 ? "" : "s");
	return 0;
}

void keys_tell(const struct trust *trust, const char *signatures, size_t len_bytes,
	       const uint8_t hash[MINISIGN_HASH_BYTES])
{
	const char *cursor = signatures, *end = signatures + len_bytes;
	struct minisign_sig sig;

	while (minisign_sig_next(&cursor, end, &sig) == 1) {
		char id[MINISIGN_ID_TEXT_MAX];

		if (!trust_signer(trust, &sig, hash))
			continue;
		minisign_id_text(sig.id, id);
		for (char *c = sig.comment; *c; c++)	/* minisign puts tabs there */
			*c = *c == '\t' ? ' ' : *c;
		log_note("signed by %s: %s", id, sig.comment);
	}
}
