/* SPDX-License-Identifier: MIT */
/*
 * The manifest: text to struct.  Pure, no heap.  Nothing is taken over that was not compared with a
 * limit, and the text must be the very one that manifest_print would write.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/release.h"
#include "base/text.h"
#include "bundle/full.h"
#include "bundle/manifest.h"
#include "bundle/manifest_parts.h"
#include "cow/format.h"

/* Far above any disk, and low enough that no sum of eight overflows. */
#define IMAGE_BYTES_MAX (UINT64_C(1) << 55)

struct reading {
	const char *cursor, *end;
	struct text_line line;
	bool is_taken;		/* the line was used, the next one is due */
};

bool bundle_word_ok(const char *word, size_t size_bytes)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < len; i++)
		if (word[i] <= ' ' || word[i] > '~')
			return false;
	return len && len < size_bytes && word[0] != '#';
}

/* The value of the next line if its key is this one, else NULL; the line then stays. */
static const char *next_value(struct reading *r, const char *key)
{
	int rc = r->is_taken ? text_next_line(&r->cursor, r->end, &r->line) : 1;

	if (rc != 1)
		r->line.count = 0;
	if (!rc)
		r->line.number++;	/* the line that is missing */
	r->is_taken = r->line.count == 2 && !strcmp(r->line.word[0], key);
	return r->is_taken ? r->line.word[1] : NULL;
}

static int wrong(const struct reading *r, const char *key)
{
	return fail(EBADMSG, "its manifest is wrong in line %u (%s)", r->line.number, key);
}

static int read_number(struct reading *r, const char *key, uint64_t max, uint64_t *ret_value)
{
	const char *word = next_value(r, key);

	return !word || text_number(word, max, ret_value) ? wrong(r, key) : 0;
}

static int read_digest(struct reading *r, const char *key, uint8_t *ret_digest)
{
	const char *word = next_value(r, key);

	return !word || text_unhex(word, ret_digest, DIGEST_BYTES) ? wrong(r, key) : 0;
}

/* Whether the line is there: 1, or 0 and value as it was. */
static int read_if_there(struct reading *r, const char *key, uint64_t max, uint64_t *value)
{
	const char *word = next_value(r, key);

	return !word ? 0 : text_number(word, max, value) ? wrong(r, key) : 1;
}

static int read_word(struct reading *r, const char *key, bool required, char *buf,
		     size_t size_bytes)
{
	const char *word = next_value(r, key);

	if (!word)
		return required ? wrong(r, key) : 0;
	return !bundle_word_ok(word, size_bytes) || text_copy(buf, size_bytes, word) ?
	       wrong(r, key) : 0;
}

/* zstd never makes more than this of so many bytes. */
static bool payload_fits(uint64_t payload_bytes, uint64_t unpacked_bytes)
{
	return payload_bytes && payload_bytes <= unpacked_bytes + (unpacked_bytes >> 8) + 1024;
}

/* Whether the numbers of one volume fit each other. */
static bool volume_fits(const struct bundle_volume *v)
{
	uint64_t chunk_bytes = (uint64_t)v->chunk_sectors * SECTOR_BYTES, chunks;

	if (!cow_chunk_ok(v->chunk_sectors) || !v->image_bytes || !v->old_bytes)
		return false;
	chunks = v->image_bytes / chunk_bytes + !!(v->image_bytes % chunk_bytes);
	return v->exceptions <= chunks &&
	       v->store_bytes == cow_store_bytes(v->chunk_sectors, v->exceptions) &&
	       v->delta_bytes / 4 <= v->store_bytes &&
	       payload_fits(v->payload_bytes, v->delta_bytes ? v->delta_bytes : v->store_bytes);
}

/* What a full volume has in the place of a store; its payload is as long as its index says. */
static int read_full(struct reading *r, struct bundle_manifest *m, struct bundle_volume *v)
{
	uint64_t chunk_sectors = 0, frame_bytes = 0;
	int rc;

	if ((rc = read_number(r, "chunk-sectors", COW_CHUNK_SECTORS_MAX, &chunk_sectors)) ||
	    (rc = read_number(r, "frame-bytes", FULL_FRAME_BYTES_MAX, &frame_bytes)) ||
	    (rc = read_digest(r, "index-chain", v->index_digest)) ||
	    (rc = read_number(r, "payload-bytes", UINT64_MAX, &v->payload_bytes)) ||
	    (rc = read_digest(r, "new-blake2b", v->new_digest)))
		return rc;
	v->chunk_sectors = (uint32_t)chunk_sectors;
	v->frame_bytes = (uint32_t)frame_bytes;
	if (!full_fits(v))
		return fail(EBADMSG, "its manifest contradicts itself about volume %s", v->name);
	m->volume_count++;
	return 0;
}

static int read_volume(struct reading *r, bool is_full, struct bundle_manifest *m)
{
	struct bundle_volume *v = &m->volume[m->volume_count];
	uint64_t chunk_sectors = 0;
	int rc;

	if (m->volume_count == BUNDLE_VOLUMES_MAX || !text_is_name(r->line.word[1]) ||
	    text_copy(v->name, sizeof(v->name), r->line.word[1]))
		return wrong(r, "volume");
	for (unsigned i = 0; i < m->volume_count; i++)
		if (!strcmp(m->volume[i].name, v->name))
			return fail(EBADMSG, "its manifest names volume %s twice", v->name);
	if ((rc = read_number(r, "image-bytes", IMAGE_BYTES_MAX, &v->image_bytes)))
		return rc;
	v->old_bytes = v->image_bytes;
	if (is_full)
		return read_full(r, m, v);
	if ((rc = read_if_there(r, "old-bytes", IMAGE_BYTES_MAX, &v->old_bytes)) < 0 ||
	    (rc = read_number(r, "chunk-sectors", COW_CHUNK_SECTORS_MAX, &chunk_sectors)) ||
	    (rc = read_number(r, "exceptions", UINT64_MAX, &v->exceptions)) ||
	    (rc = read_number(r, "store-bytes", UINT64_MAX, &v->store_bytes)) ||
	    (rc = read_if_there(r, "delta-bytes", IMAGE_BYTES_MAX, &v->delta_bytes)) < 0 ||
	    (rc = read_number(r, "payload-bytes", UINT64_MAX, &v->payload_bytes)) ||
	    (rc = read_digest(r, manifest_payload_key(m), v->payload_digest)) ||
	    (rc = read_digest(r, "old-blake2b", v->old_digest)) ||
	    (rc = read_digest(r, "new-blake2b", v->new_digest)))
		return rc;
	v->chunk_sectors = (uint32_t)chunk_sectors;
	if (!volume_fits(v))
		return fail(EBADMSG, "its manifest contradicts itself about volume %s", v->name);
	m->volume_count++;
	return 0;
}

static int read_boot(struct reading *r, struct bundle_manifest *m)
{
	struct bundle_boot *boot = &m->boot;
	int rc;

	if ((rc = read_number(r, "boot-payload-bytes", UINT64_MAX, &boot->payload_bytes)) ||
	    (rc = read_digest(r, manifest_boot_payload_key(m), boot->payload_digest)) ||
	    (rc = read_digest(r, "boot-blake2b", boot->image_digest)))
		return rc;
	if (!boot->image_bytes || boot->image_bytes % SECTOR_BYTES ||
	    !payload_fits(boot->payload_bytes, boot->image_bytes))
		return fail(EBADMSG, "its manifest contradicts itself about the boot image");
	return 0;
}

/* Whether the line is there: 1, or 0 and day as it was. */
static int read_day_if_there(struct reading *r, const char *key, uint32_t *day)
{
	const char *word = next_value(r, key);

	return !word ? 0 : day_parse(word, day) ? wrong(r, key) : 1;
}

static int read_release(struct reading *r, bool required, struct bundle_manifest *m)
{
	const char *word = next_value(r, "release");
	int rc;

	if (!word && !required)
		return 0;
	if (!word || release_parse(word, &m->release))
		return wrong(r, "release");
	if ((rc = read_day_if_there(r, "created", &m->created_day)) < 0 ||
	    (rc = read_day_if_there(r, "expires", &m->expires_day)) < 0)
		return rc;
	if (m->expires_day && m->expires_day < m->created_day)
		return fail(EBADMSG, "its manifest says it expires before it was created");
	return 0;
}

static int read_all(struct reading *r, struct bundle_manifest *m)
{
	uint64_t format = 0;
	int rc;

	if ((rc = read_number(r, "format", UINT32_MAX, &format)))
		return rc;
	if (format < BUNDLE_FORMAT || format > BUNDLE_FORMAT_LATEST)
		return wrong(r, "format");
	m->in_blocks = format >= BUNDLE_FORMAT_SIGNED;
	if ((rc = read_word(r, "board", false, m->board, sizeof(m->board))) ||
	    (rc = read_word(r, "version-from", false, m->version_from, sizeof(m->version_from))) ||
	    (rc = read_word(r, "version-to", true, m->version_to, sizeof(m->version_to))) ||
	    (format >= BUNDLE_FORMAT_RELEASE &&
	     (rc = read_release(r, format == BUNDLE_FORMAT_RELEASE, m))))
		return rc;
	if (format != BUNDLE_FORMAT) {
		rc = read_if_there(r, "boot-bytes", IMAGE_BYTES_MAX, &m->boot.image_bytes);
		if (!rc && format == BUNDLE_FORMAT_BOOT)
			return wrong(r, "boot-bytes");
		if (rc > 0)
			rc = read_boot(r, m);
		if (rc)
			return rc;
	}
	while (next_value(r, "volume")) {
		rc = read_volume(r, format == BUNDLE_FORMAT_FULL, m);
		if (rc)
			return rc;
	}
	if (!m->volume_count)
		return wrong(r, "volume");
	return format == BUNDLE_FORMAT_FULL && !full_all_fit(m) ?
	       fail(EBADMSG, "its volumes are too large for their frames and chunks") : 0;
}

int manifest_parse(const char *text, size_t len_bytes, struct bundle_manifest *ret_manifest)
{
	struct reading r = { .cursor = text, .end = text + len_bytes, .is_taken = true };
	struct bundle_manifest m = { 0 };
	char canonical[BUNDLE_MANIFEST_MAX];
	size_t canonical_bytes;
	int rc = read_all(&r, &m);

	if (!rc)
		rc = manifest_print(&m, canonical, sizeof(canonical), &canonical_bytes);
	if (rc)
		return rc;
	/* Also what catches a line too many, a comment, a leading zero. */
	if (canonical_bytes != len_bytes || memcmp(canonical, text, len_bytes))
		return fail(EBADMSG, "its manifest is not written as its format has it");
	*ret_manifest = m;
	return 0;
}
