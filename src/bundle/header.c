/* SPDX-License-Identifier: MIT */
/* The first 64 bytes of a bundle (docs/formats.md).  Pure. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "bundle/manifest.h"
#include "bundle/trust.h"

#define AT_FORMAT 8u
#define AT_MANIFEST_BYTES 12u
#define AT_SIGNATURE_BYTES 16u
#define AT_SPARE 20u
#define AT_DIGEST 32u

void bundle_header_encode(const struct bundle_header *header, uint8_t buf[BUNDLE_HEADER_BYTES])
{
	memset(buf, 0, BUNDLE_HEADER_BYTES);
	memcpy(buf, BUNDLE_MAGIC, AT_FORMAT);
	put_le32(buf + AT_FORMAT, header->format);
	put_le32(buf + AT_MANIFEST_BYTES, header->manifest_bytes);
	put_le32(buf + AT_SIGNATURE_BYTES, header->signature_bytes);
	memcpy(buf + AT_DIGEST, header->manifest_digest, DIGEST_BYTES);
}

int bundle_header_decode(const uint8_t buf[BUNDLE_HEADER_BYTES], struct bundle_header *ret_header)
{
	uint32_t format = get_le32(buf + AT_FORMAT);
	uint32_t manifest_bytes = get_le32(buf + AT_MANIFEST_BYTES);
	uint32_t signature_bytes = get_le32(buf + AT_SIGNATURE_BYTES);

	if (memcmp(buf, BUNDLE_MAGIC, AT_FORMAT))
		return fail(EBADMSG, "it is no bundle");
	if (format < BUNDLE_FORMAT || format > BUNDLE_FORMAT_LATEST)
		return fail(ENOTSUP, "its format is %" PRIu32 ", this cowboot reads %u to %u",
			    format, BUNDLE_FORMAT, BUNDLE_FORMAT_LATEST);
	/* To pass over it would be to accept what nobody has checked. */
	if (format < BUNDLE_FORMAT_SIGNED && signature_bytes)
		return fail(ENOTSUP, "it says it is signed, and format %" PRIu32 " has no signatures",
			    format);
	if (signature_bytes > TRUST_SIGNATURES_MAX ||
	    (format == BUNDLE_FORMAT_SIGNED && !signature_bytes))
		return fail(EBADMSG, "its header is damaged: signatures of %" PRIu32 " bytes",
			    signature_bytes);
	if (!bytes_are_zero(buf + AT_SPARE, AT_DIGEST - AT_SPARE))
		return fail(EBADMSG, "its header is damaged");
	if (!manifest_bytes || manifest_bytes > BUNDLE_MANIFEST_MAX)
		return fail(EBADMSG, "its header is damaged: a manifest of %" PRIu32 " bytes",
			    manifest_bytes);
	ret_header->format = format;
	ret_header->manifest_bytes = manifest_bytes;
	ret_header->signature_bytes = signature_bytes;
	memcpy(ret_header->manifest_digest, buf + AT_DIGEST, DIGEST_BYTES);
	return 0;
}
