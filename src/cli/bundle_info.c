/* SPDX-License-Identifier: MIT */
/*
 * cowboot bundle info: what a bundle says of itself.  Reads header, signatures and manifest, whose
 * digest is checked, and no payload: `verify` does that, and checks the signatures.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/release.h"
#include "base/text.h"
#include "bundle/full.h"
#include "cli/bundle_verb.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cow/kept.h"

static void print_digest(const char *label, const uint8_t *digest)
{
	char hex[2 * DIGEST_BYTES + 1];

	text_hex(hex, digest, DIGEST_BYTES);
	printf("  %-9s%s\n", label, hex);
}

static void print_signature(void *ctx, const char *id, const struct minisign_sig *sig)
{
	(void)ctx;
	cli_print("signature  %s, not checked: %s\n", id, sig->comment);
}

static void print_day(const char *label, uint32_t day)
{
	char text[DAY_TEXT_MAX];

	day_text(day, text);
	if (day)
		printf("%-11s%s\n", label, text);
}

static void print_full(const struct bundle_volume *v)
{
	printf("  image    %" PRIu64 " bytes, over any other\n", v->image_bytes);
	printf("  frames   %" PRIu64 " of %" PRIu32 " bytes, packed %" PRIu64 "\n", full_frames(v),
	       v->frame_bytes, v->payload_bytes);
	printf("  index    %" PRIu64 " bytes, for chunks of %" PRIu64 "\n", full_index_bytes(v),
	       (uint64_t)v->chunk_sectors * SECTOR_BYTES);
	print_digest("new", v->new_digest);
}

static void print(const struct bundle *bundle)
{
	const struct bundle_manifest *m = bundle_manifest(bundle);
	char release[RELEASE_TEXT_MAX];

	printf("bundle     format %u, %" PRIu64 " bytes\n", manifest_format(m),
	       bundle_total_bytes(bundle));
	bundle_each_signature(bundle, print_signature, NULL);
	cli_print("board      %s\n", m->board[0] ? m->board : "any");
	cli_print("version    %s -> %s\n", m->version_from[0] ? m->version_from : "(not said)",
		  m->version_to);
	release_text(m->release, release);
	printf("release    %s\n", m->release ? release : "none");
	print_day("created", m->created_day);
	print_day("expires", m->expires_day);
	if (m->boot.image_bytes) {
		printf("boot slot  %" PRIu64 " bytes, packed %" PRIu64 "\n", m->boot.image_bytes,
		       m->boot.payload_bytes);
		print_digest("image", m->boot.image_digest);
	}
	for (unsigned i = 0; i < m->volume_count; i++) {
		const struct bundle_volume *v = &m->volume[i];

		printf("volume     %s\n", v->name);
		if (v->frame_bytes) {
			print_full(v);
			continue;
		}
		printf("  image    %" PRIu64 " bytes", v->image_bytes);
		if (v->old_bytes != v->image_bytes)
			printf(", the old one %" PRIu64, v->old_bytes);
		printf("\n");
		printf("  changed  %" PRIu64 " chunks of %" PRIu64 " bytes\n", v->exceptions,
		       (uint64_t)v->chunk_sectors * SECTOR_BYTES);
		printf("  store    %" PRIu64 " bytes, packed %" PRIu64 "%s\n", v->store_bytes,
		       v->payload_bytes, v->delta_bytes ? ", a delta" : "");
		print_digest("old", v->old_digest);
		print_digest("new", v->new_digest);
	}
}

static void json_word(struct text_out *out, const char *key, const char *word)
{
	text_add(out, ",\"%s\":", key);
	text_add_json_or_null(out, word);
}

static void json_digest(struct text_out *out, const char *key, const uint8_t *digest)
{
	char hex[2 * DIGEST_BYTES + 1];

	text_hex(hex, digest, DIGEST_BYTES);
	json_word(out, key, hex);
}

static void json_release(struct text_out *out, const struct bundle_manifest *m)
{
	char release[RELEASE_TEXT_MAX], day[DAY_TEXT_MAX];

	release_text(m->release, release);
	json_word(out, "release", m->release ? release : NULL);
	day_text(m->created_day, day);
	json_word(out, "created", m->created_day ? day : NULL);
	day_text(m->expires_day, day);
	json_word(out, "expires", m->expires_day ? day : NULL);
}

static void json_boot(struct text_out *out, const struct bundle_boot *boot, bool in_blocks)
{
	if (!boot->image_bytes) {
		text_add(out, ",\"boot\":null");
		return;
	}
	text_add(out, ",\"boot\":{\"image_bytes\":%" PRIu64 ",\"payload_bytes\":%" PRIu64,
		 boot->image_bytes, boot->payload_bytes);
	json_digest(out, in_blocks ? "payload_chain" : "payload_blake2b", boot->payload_digest);
	json_digest(out, "image_blake2b", boot->image_digest);
	text_add(out, "}");
}

static void json_full(struct text_out *out, const struct bundle_volume *v)
{
	text_add(out, ",\"image_bytes\":%" PRIu64 ",\"chunk_sectors\":%" PRIu32
		 ",\"frame_bytes\":%" PRIu32 ",\"index_bytes\":%" PRIu64, v->image_bytes, v->chunk_sectors,
		 v->frame_bytes, full_index_bytes(v));
	json_digest(out, "index_chain", v->index_digest);
	text_add(out, ",\"payload_bytes\":%" PRIu64, v->payload_bytes);
	json_digest(out, "new_blake2b", v->new_digest);
	text_add(out, "}");
}

static void json_volume(struct text_out *out, const struct bundle_volume *v, bool in_blocks)
{
	text_add(out, "{\"name\":");
	text_add_json(out, v->name);
	if (v->frame_bytes) {
		json_full(out, v);
		return;
	}
	text_add(out, ",\"image_bytes\":%" PRIu64 ",\"old_bytes\":%" PRIu64
		 ",\"chunk_sectors\":%" PRIu32, v->image_bytes, v->old_bytes, v->chunk_sectors);
	text_add(out, ",\"exceptions\":%" PRIu64 ",\"store_bytes\":%" PRIu64, v->exceptions,
		 v->store_bytes);
	if (v->delta_bytes)
		text_add(out, ",\"delta_bytes\":%" PRIu64, v->delta_bytes);
	text_add(out, ",\"payload_bytes\":%" PRIu64, v->payload_bytes);
	json_digest(out, in_blocks ? "payload_chain" : "payload_blake2b", v->payload_digest);
	json_digest(out, "old_blake2b", v->old_digest);
	json_digest(out, "new_blake2b", v->new_digest);
	text_add(out, "}");
}

static void json_signature(void *ctx, const char *id, const struct minisign_sig *sig)
{
	struct text_out *out = ctx;

	text_add(out, "%s{\"key_id\":\"%s\",\"trusted_comment\":", out->buf[out->len_bytes - 1] == '[' ?
		 "" : ",", id);
	text_add_json(out, sig->comment);
	text_add(out, "}");
}

static int print_json(const struct bundle *bundle)
{
	static char buf[BUNDLE_MANIFEST_MAX + 6 * TRUST_SIGNATURES_MAX];
	const struct bundle_manifest *m = bundle_manifest(bundle);
	uint64_t stores_bytes = 0;
	struct text_out out;

	for (unsigned i = 0; i < m->volume_count; i++)
		stores_bytes += cow_room_sectors(m->volume[i].chunk_sectors,
						 m->volume[i].exceptions) * SECTOR_BYTES;
	text_begin(&out, buf, sizeof(buf));
	text_add(&out, "{\"schema\":1,\"format\":%u,\"bundle_bytes\":%" PRIu64,
		 manifest_format(m), bundle_total_bytes(bundle));
	text_add(&out, ",\"signatures\":[");
	bundle_each_signature(bundle, json_signature, &out);
	text_add(&out, "]");
	json_word(&out, "board", m->board);
	json_word(&out, "version_from", m->version_from);
	json_word(&out, "version_to", m->version_to);
	json_release(&out, m);
	json_boot(&out, &m->boot, m->in_blocks);
	if (m->volume[0].frame_bytes)
		text_add(&out, ",\"stores_bytes\":null");	/* the board will know */
	else
		text_add(&out, ",\"stores_bytes\":%" PRIu64, stores_bytes);
	text_add(&out, ",\"volumes\":[");
	for (unsigned i = 0; i < m->volume_count; i++) {
		if (i)
			text_add(&out, ",");
		json_volume(&out, &m->volume[i], m->in_blocks);
	}
	text_add(&out, "]}");
	if (out.full)
		return cli_refuse(EXIT_FAILED, "cannot show it: its manifest is too long");
	puts(buf);
	return EXIT_DONE;
}

int bundle_info(int argc, char **argv)
{
	static struct input input;
	const char *header_file = NULL;
	bool json = false;
	const struct cli_option options[] = {
		{ "--json", &json, NULL }, { "--header-file", NULL, &header_file }, { 0 },
	};
	struct bundle *bundle;
	int rc = cli_options(&argc, argv, options);

	if (!rc && argc != 2)
		rc = cli_usage(argv[0], "bundle info needs one BUNDLE");
	if (rc)
		return rc;
	rc = input_open(&input, argv[1], header_file);
	if (!rc)
		rc = input_bundle(&input, NULL, &bundle);
	if (rc) {
		fail_in(rc, "cannot read %s", input.name);
		input_close(&input);
		return cli_failed();
	}
	if (json)
		rc = print_json(bundle);
	else
		print(bundle);
	bundle_close(bundle);
	input_close(&input);
	return rc ? rc : cli_printed(EXIT_DONE);
}
