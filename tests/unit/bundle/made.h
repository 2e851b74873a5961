/* SPDX-License-Identifier: MIT */
/*
 * The bundle that the tests of reader and writer share: two volumes, small enough to try every bit.
 * "system" changes in two places, "vendor" ends in a partial chunk.
 */
#ifndef COWBOOT_TESTS_MADE_H
#define COWBOOT_TESTS_MADE_H

#include "../cow/memory.h"
#include "base/bytes.h"
#include "bundle/reader.h"
#include "host/writer.h"

struct made {
	struct memory old_image[2], new_image[2], payloads, bundle;
	struct bundle_manifest manifest;
};

static inline int made_pack(struct made *m, unsigned v, int level)
{
	static const char *const names[] = { "system", "vendor" };
	const struct cow_sink payloads = memory_sink(&m->payloads);
	const struct bundle_packing packing = { .level = level, .payloads = &payloads };
	const struct bundle_input input = {
		names[v], memory_source(&m->old_image[v]), memory_source(&m->new_image[v]),
		v ? 2 : 1,
	};

	return bundle_pack(&packing, &input, &m->manifest);
}

static inline struct made made_new(void)
{
	struct made m = { .old_image = { memory_new(40 * 512), memory_new(3 * 512) } };
	struct cow_source payloads;
	struct cow_sink sink;

	for (unsigned v = 0; v < 2; v++) {
		for (size_t i = 0; i < m.old_image[v].len_bytes; i++)
			m.old_image[v].data[i] = (uint8_t)(i * (v + 3) / 512);
		m.new_image[v] = memory_copy(&m.old_image[v]);
	}
	for (size_t i = 0; i < 34; i++)		/* one area and two more */
		m.new_image[0].data[(i + 2) * 512 + i] ^= 0xff;
	m.new_image[1].data[1200] ^= 1;
	strcpy(m.manifest.board, "qemu-virt");
	strcpy(m.manifest.version_from, "1.0");
	strcpy(m.manifest.version_to, "1.1");
	assert_int_equal(made_pack(&m, 0, 9), 0);
	assert_int_equal(made_pack(&m, 1, 9), 0);
	payloads = memory_source(&m.payloads);
	sink = memory_sink(&m.bundle);
	assert_int_equal(bundle_emit(&m.manifest, &payloads, &sink), 0);
	return m;
}

static inline void made_free(struct made *m)
{
	for (unsigned v = 0; v < 2; v++) {
		free(m->old_image[v].data);
		free(m->new_image[v].data);
	}
	free(m->payloads.data);
	free(m->bundle.data);
}

/* Hands out a bundle in memory, at most piece_bytes at a time. */
struct feed {
	const uint8_t *data;
	size_t len_bytes, at, piece_bytes;
};

static inline ssize_t feed_read(void *ctx, void *buf, size_t len_bytes)
{
	struct feed *f = ctx;
	size_t left = f->len_bytes - f->at;

	if (len_bytes > left)
		len_bytes = left;
	if (len_bytes > f->piece_bytes)
		len_bytes = f->piece_bytes;
	memcpy(buf, f->data + f->at, len_bytes);
	f->at += len_bytes;
	return (ssize_t)len_bytes;
}

/* Reads all of a bundle into stores[], which may have grown when it fails. */
static inline int made_read_by(struct feed *feed, const struct trust *trust,
			       struct memory stores[BUNDLE_VOLUMES_MAX])
{
	struct bundle *bundle;
	int rc = bundle_open(feed_read, feed, trust, &bundle);

	if (rc)
		return rc;
	for (unsigned v = 0; v < bundle_manifest(bundle)->volume_count && !rc; v++) {
		struct cow_sink sink = memory_sink(&stores[v]);

		rc = bundle_volume_next(bundle, NULL, &sink);
	}
	if (!rc)
		rc = bundle_end(bundle);
	bundle_close(bundle);
	return rc;
}

static inline int made_read(struct feed *feed, struct memory stores[BUNDLE_VOLUMES_MAX])
{
	return made_read_by(feed, NULL, stores);
}

static inline void stores_free(struct memory stores[BUNDLE_VOLUMES_MAX])
{
	for (unsigned v = 0; v < BUNDLE_VOLUMES_MAX; v++)
		free(stores[v].data);
	memset(stores, 0, BUNDLE_VOLUMES_MAX * sizeof(*stores));
}

#endif
