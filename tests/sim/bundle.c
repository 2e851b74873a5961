/* SPDX-License-Identifier: MIT */
/* The bundles that turn OLD into NEW, in memory; packed by the shipped writer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "host/delta_pack.h"
#include "host/full_pack.h"
#include "host/seal.h"
#include "host/writer.h"
#include "sim.h"

#define BUNDLE_BYTES_MAX (1u << 20)
#define RELEASE ((UINT64_C(1) << 32) + 7)	/* 1.7; the older one is 1.6 */

struct buffer {
	uint8_t data[BUNDLE_BYTES_MAX];
	size_t len_bytes;
};

static struct buffer payloads, bundle, older;

bool bundle_is_older;

static int append(void *ctx, const void *data, size_t len_bytes)
{
	struct buffer *b = ctx;

	if (len_bytes > sizeof(b->data) - b->len_bytes)
		abort();
	memcpy(b->data + b->len_bytes, data, len_bytes);
	b->len_bytes += len_bytes;
	return 0;
}

static int read_buffer(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct buffer *b = ctx;

	memcpy(buf, b->data + offset_bytes, len_bytes);
	return 0;
}

static int read_image(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const content *image = ctx;

	for (size_t done = 0; done < len_bytes; done++)
		((uint8_t *)buf)[done] = content_bytes(
			image[(offset_bytes + done) / SECTOR])[(offset_bytes + done) % SECTOR];
	return 0;
}

static void must(int rc, const char *what)
{
	if (!rc)
		return;
	fprintf(stderr, "sim: cannot %s the bundle: %s\n", what, fail_text());
	abort();
}

static void make(struct buffer *to, uint64_t release)
{
	static struct bundle_manifest manifest;
	const struct cow_sink to_payloads = { append, &payloads }, to_bundle = { append, to };
	static struct full_indexes indexes;
	struct full_payloads both = { &indexes, NULL };
	struct cow_source all;
	const struct bundle_packing packing = { .level = 1, .delta_level = 1, .payloads = &to_payloads };
	struct cow_source source = { .read = read_buffer, .ctx = &payloads };
	struct seal seal;

	memset(&manifest, 0, sizeof(manifest));
	payloads.len_bytes = to->len_bytes = 0;
	full_indexes_free(&indexes);
	manifest.release = release;
	snprintf(manifest.version_to, sizeof(manifest.version_to), "new");
	if (plan->slots) {
		const struct cow_source kernel = { read_image, kernel_of[KERNEL_NEW],
						   sizeof(kernel_of[KERNEL_NEW]) /
							   sizeof(content) * SECTOR };

		must(bundle_pack_boot(&packing, &kernel, &manifest), "pack the kernel into");
	}
	for (unsigned v = 0; v < plan->volumes; v++) {
		struct bundle_input input = {
			.name = volume_names[v],
			.old_image = { read_image, old_of[v], volume_image_sectors(v) * SECTOR },
			.new_image = { read_image, new_of[v], volume_image_sectors(v) * SECTOR },
			.chunk_sectors = plan->chunk_sectors,
		};

		if (plan->short_sectors)
			input.old_image.size_bytes -= SECTOR;
		must(plan->full ? full_pack(&packing, &input, &manifest, &indexes) :
		     (plan->delta ? delta_pack : bundle_pack)(&packing, &input, &manifest), "pack");
	}
	source.size_bytes = payloads.len_bytes;
	both.payloads = &source;
	all = full_source(&both);
	if (manifest_format(&manifest) >= BUNDLE_FORMAT_DELTA) {
		must(seal_make(&manifest, &all, &seal), "seal");
		must(seal_emit(&seal, &manifest, "", &all, &to_bundle), "write");
		seal_free(&seal);
		return;
	}
	if (plan->delta)
		abort(); /* no volume is told by its old one */
	must(bundle_emit(&manifest, &source, &to_bundle), "write");
}

void bundle_make(void)
{
	make(&bundle, plan->releases ? RELEASE : 0);
	if (plan->releases)
		make(&older, RELEASE - 1);
}

long bundle_take(size_t at, void *buf, size_t len_bytes)
{
	const struct buffer *from = bundle_is_older ? &older : &bundle;
	size_t left = from->len_bytes - at;

	if (len_bytes > left)
		len_bytes = left;
	memcpy(buf, from->data + at, len_bytes);
	return (long)len_bytes;
}

int bundle_left(size_t at, uint64_t len_bytes)
{
	return len_bytes > (bundle_is_older ? &older : &bundle)->len_bytes - at ? -EOVERFLOW : 0;
}
