/* SPDX-License-Identifier: MIT */
/*
 * Whose image it is: signatures in a file beside it.  An image is larger than the memory, and a stick may
 * hand out something else when it is read again.  So what was signed here is a digest, and image_put
 * compares what it has written with that.
 */
#include "recovery/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/sys.h"
#include "update/fill.h"
#include "update/keys.h"

#define PATH_BYTES_MAX 512

static char signatures[TRUST_SIGNATURES_MAX];
static uint8_t piece[FILL_PIECE_BYTES];

static int hash_image(const struct dev *image, image_progress *progress, void *ctx,
		      uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	struct minisign_hash hash;

	minisign_hash_begin(&hash);
	for (uint64_t at = 0; at < image->size_bytes;) {
		const uint64_t left = image->size_bytes - at;
		const size_t len = left < FILL_PIECE_BYTES ? (size_t)left : FILL_PIECE_BYTES;
		int rc = dev_read(image, at, piece, len);

		if (!rc)
			rc = progress(ctx, at + len);
		if (rc)
			return rc;
		minisign_hash_add(&hash, piece, len);
		at += len;
	}
	minisign_hash_end(&hash, ret_hash);
	return 0;
}

int image_signed(const char *path, const struct dev *image, const struct trust *trust,
		 image_progress *progress, void *ctx, uint8_t ret_hash[MINISIGN_HASH_BYTES])
{
	char beside[PATH_BYTES_MAX];
	size_t len;
	int rc;

	snprintf(beside, sizeof(beside), "%s.minisig", path);
	rc = sys_read_file(beside, signatures, sizeof(signatures), &len);
	if (rc == -ENOENT && !trust->needed)
		return 0;
	if (rc == -ENOENT)
		return fail(EKEYREJECTED, "it is not signed: its signature would be a file of that name and "
			    ".minisig beside it");
	if (rc)
		return fail_sys(-rc, "cannot read its signature");
	rc = hash_image(image, progress, ctx, ret_hash);
	if (!rc)
		rc = trust_check(trust, signatures, len, ret_hash);
	if (rc)
		return rc;
	keys_tell(trust, signatures, len, ret_hash);
	return 1;
}
