/* SPDX-License-Identifier: MIT */
/* The manifest: struct to text, and which format that text has.  Pure, no heap. */
#include <errno.h>
#include <inttypes.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/release.h"
#include "base/text.h"
#include "bundle/manifest.h"
#include "bundle/manifest_parts.h"

const char *manifest_payload_key(const struct bundle_manifest *m)
{
	return m->in_blocks ? "payload-chain" : "payload-blake2b";
}

const char *manifest_boot_payload_key(const struct bundle_manifest *m)
{
	return m->in_blocks ? "boot-payload-chain" : "boot-payload-blake2b";
}

static void print_digest(struct text_out *out, const char *key, const uint8_t *digest)
{
	char hex[2 * DIGEST_BYTES + 1];

	text_hex(hex, digest, DIGEST_BYTES);
	text_add(out, "%s %s\n", key, hex);
}

/* Whether formats 1 and 2 cannot say how long its images are. */
static bool has_sizes(const struct bundle_volume *v)
{
	return v->old_bytes != v->image_bytes || v->image_bytes % SECTOR_BYTES;
}

static void print_full(struct text_out *out, const struct bundle_volume *v)
{
	text_add(out, "chunk-sectors %" PRIu32 "\n", v->chunk_sectors);
	text_add(out, "frame-bytes %" PRIu32 "\n", v->frame_bytes);
	print_digest(out, "index-chain", v->index_digest);
	text_add(out, "payload-bytes %" PRIu64 "\n", v->payload_bytes);
	print_digest(out, "new-blake2b", v->new_digest);
}

static void print_volume(struct text_out *out, const struct bundle_manifest *m, unsigned i)
{
	const struct bundle_volume *v = &m->volume[i];

	text_add(out, "volume %s\n", v->name);
	text_add(out, "image-bytes %" PRIu64 "\n", v->image_bytes);
	if (v->frame_bytes) {
		print_full(out, v);
		return;
	}
	if (has_sizes(v))
		text_add(out, "old-bytes %" PRIu64 "\n", v->old_bytes);
	text_add(out, "chunk-sectors %" PRIu32 "\n", v->chunk_sectors);
	text_add(out, "exceptions %" PRIu64 "\n", v->exceptions);
	text_add(out, "store-bytes %" PRIu64 "\n", v->store_bytes);
	if (v->delta_bytes)
		text_add(out, "delta-bytes %" PRIu64 "\n", v->delta_bytes);
	text_add(out, "payload-bytes %" PRIu64 "\n", v->payload_bytes);
	print_digest(out, manifest_payload_key(m), v->payload_digest);
	print_digest(out, "old-blake2b", v->old_digest);
	print_digest(out, "new-blake2b", v->new_digest);
}

static void print_boot(struct text_out *out, const struct bundle_manifest *m)
{
	const struct bundle_boot *boot = &m->boot;

	text_add(out, "boot-bytes %" PRIu64 "\n", boot->image_bytes);
	text_add(out, "boot-payload-bytes %" PRIu64 "\n", boot->payload_bytes);
	print_digest(out, manifest_boot_payload_key(m), boot->payload_digest);
	print_digest(out, "boot-blake2b", boot->image_digest);
}

static void print_release(struct text_out *out, const struct bundle_manifest *m)
{
	char release[RELEASE_TEXT_MAX], day[DAY_TEXT_MAX];

	release_text(m->release, release);
	text_add(out, "release %s\n", release);
	day_text(m->created_day, day);
	if (m->created_day)
		text_add(out, "created %s\n", day);
	day_text(m->expires_day, day);
	if (m->expires_day)
		text_add(out, "expires %s\n", day);
}

unsigned manifest_format(const struct bundle_manifest *manifest)
{
	if (manifest->volume_count && manifest->volume[0].frame_bytes)
		return BUNDLE_FORMAT_FULL;
	if (manifest->release)
		return BUNDLE_FORMAT_RELEASE;
	for (unsigned v = 0; v < manifest->volume_count; v++)
		if (manifest->volume[v].delta_bytes)
			return BUNDLE_FORMAT_DELTA;
	if (manifest->in_blocks)
		return BUNDLE_FORMAT_SIGNED;
	for (unsigned v = 0; v < manifest->volume_count; v++)
		if (has_sizes(&manifest->volume[v]))
			return BUNDLE_FORMAT_SIZES;
	return manifest->boot.image_bytes ? BUNDLE_FORMAT_BOOT : BUNDLE_FORMAT;
}

int manifest_print(const struct bundle_manifest *manifest, char *buf, size_t size_bytes,
		   size_t *ret_len_bytes)
{
	struct text_out out;

	text_begin(&out, buf, size_bytes);
	text_add(&out, "format %u\n", manifest_format(manifest));
	if (manifest->board[0])
		text_add(&out, "board %s\n", manifest->board);
	if (manifest->version_from[0])
		text_add(&out, "version-from %s\n", manifest->version_from);
	text_add(&out, "version-to %s\n", manifest->version_to);
	if (manifest->release)
		print_release(&out, manifest);
	if (manifest->boot.image_bytes)
		print_boot(&out, manifest);
	for (unsigned v = 0; v < manifest->volume_count; v++)
		print_volume(&out, manifest, v);
	if (out.full)
		return fail(ENOSPC, "its manifest is too long");
	*ret_len_bytes = out.len_bytes;
	return 0;
}
