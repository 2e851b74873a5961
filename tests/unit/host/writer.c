/* SPDX-License-Identifier: MIT */
/* Making bundles: the same bytes every time, and what is refused. */
#include "../bundle/made.h"

#include <errno.h>
#include <stdio.h>

static void test_deterministic(void **state)
{
	struct made first = made_new(), second = made_new();

	(void)state;
	assert_int_equal(first.bundle.len_bytes, second.bundle.len_bytes);
	assert_memory_equal(first.bundle.data, second.bundle.data, first.bundle.len_bytes);
	made_free(&first);
	made_free(&second);
}

/* Payload size and digest depend on zstd's version, and are masked; nothing else may change. */
static void test_golden_manifest(void **state)
{
	struct made m = made_new();
	char text[BUNDLE_MANIFEST_MAX], want[BUNDLE_MANIFEST_MAX] = "";
	FILE *f = fopen("tests/golden/bundle/v1.manifest", "r");
	size_t len;

	(void)state;
	assert_non_null(f);
	assert_true(fread(want, 1, sizeof(want) - 1, f) > 0);
	assert_int_equal(fclose(f), 0);
	for (unsigned v = 0; v < m.manifest.volume_count; v++) {
		m.manifest.volume[v].payload_bytes = 1;
		memset(m.manifest.volume[v].payload_digest, 0, DIGEST_BYTES);
	}
	assert_int_equal(manifest_print(&m.manifest, text, sizeof(text), &len), 0);
	assert_string_equal(text, want);
	made_free(&m);
}

static void test_every_level(void **state)
{
	struct made m = made_new();

	(void)state;
	for (int level = 1; level <= BUNDLE_LEVEL_MAX; level++) {
		struct memory stores[BUNDLE_VOLUMES_MAX] = { 0 }, bundle = { 0 };
		struct cow_sink sink = memory_sink(&bundle);
		struct cow_source payloads;
		struct feed feed;

		m.payloads.len_bytes = 0;
		m.manifest.volume_count = 0;
		assert_int_equal(made_pack(&m, 0, level), 0);
		payloads = memory_source(&m.payloads);
		assert_int_equal(bundle_emit(&m.manifest, &payloads, &sink), 0);
		feed = (struct feed){ bundle.data, bundle.len_bytes, 0, SIZE_MAX };
		assert_int_equal(made_read(&feed, stores), 0);
		stores_free(stores);
		free(bundle.data);
	}
	made_free(&m);
}

static void test_refusals(void **state)
{
	struct made m = made_new();
	struct bundle_manifest manifest = { .volume_count = 0 };
	const struct cow_sink payloads = memory_sink(&m.payloads);
	const struct bundle_packing packing = { .level = 3, .payloads = &payloads };
	struct bundle_input input = {
		"UPPER", memory_source(&m.old_image[0]), memory_source(&m.new_image[0]), 8,
	};

	(void)state;
	assert_int_equal(bundle_pack(&packing, &input, &manifest), -EINVAL);
	assert_string_equal(fail_text(), "'UPPER' is no name for a volume");
	input.name = "system";
	assert_int_equal(bundle_pack(&packing, &input, &m.manifest), -EINVAL);
	assert_string_equal(fail_text(), "volume system is given twice");
	input.chunk_sectors = 7;
	assert_int_equal(bundle_pack(&packing, &input, &manifest), -EINVAL);
	input.chunk_sectors = 8;
	input.new_image.size_bytes = 0;
	assert_int_equal(bundle_pack(&packing, &input, &manifest), -EINVAL);
	assert_int_equal(manifest.volume_count, 0);
	input.new_image = memory_source(&m.new_image[0]);
	manifest.volume_count = BUNDLE_VOLUMES_MAX;
	assert_int_equal(bundle_pack(&packing, &input, &manifest), -EINVAL);
	assert_string_equal(fail_text(), "a bundle holds at most 8 volumes");
	made_free(&m);
}

struct changing {
	struct memory *image;
	unsigned reads_left;
};

static int changing_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	struct changing *c = ctx;

	if (!c->reads_left--)
		c->image->data[0] ^= 1;
	return memory_read(c->image, offset_bytes, buf, len_bytes);
}

/* An image that somebody writes to meanwhile must not become a bundle with digests that lie. */
static void test_image_changes(void **state)
{
	struct made m = made_new();
	struct bundle_manifest manifest = { .volume_count = 0 };
	const struct cow_sink payloads = memory_sink(&m.payloads);
	const struct bundle_packing packing = { .level = 3, .payloads = &payloads };
	struct changing changing = { &m.new_image[0], 1 };
	struct bundle_input input = {
		"system", memory_source(&m.old_image[0]),
		{ changing_read, &changing, m.new_image[0].len_bytes }, 8,
	};

	(void)state;
	memcpy(m.new_image[0].data, m.old_image[0].data, m.old_image[0].len_bytes);
	for (int more = 1; more >= 0; more--) {		/* then one exception less */
		changing.reads_left = 1;
		assert_int_equal(bundle_pack(&packing, &input, &manifest), -ESTALE);
		assert_string_equal(fail_text(),
				    "the images of system changed while they were read");
		assert_int_equal(manifest.volume_count, 0);
	}
	made_free(&m);
}

static void test_sinks_fail(void **state)
{
	struct made m = made_new();
	struct cow_source payloads = memory_source(&m.payloads);
	struct memory full = { .fail_after = 1 };
	struct cow_sink sink = memory_sink(&full);
	const struct bundle_packing packing = { .level = 3, .payloads = &sink };
	struct bundle_input input = {
		"new", memory_source(&m.old_image[0]), memory_source(&m.new_image[0]), 8,
	};

	(void)state;
	assert_int_equal(bundle_pack(&packing, &input, &m.manifest), -EIO);
	assert_int_equal(m.manifest.volume_count, 2);
	for (size_t limit = 1; limit < m.bundle.len_bytes; limit += 100) {
		full = (struct memory){ .fail_after = limit };
		assert_int_equal(bundle_emit(&m.manifest, &payloads, &sink), -EIO);
		free(full.data);
	}
	made_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_golden_manifest),
		cmocka_unit_test(test_every_level),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_image_changes),
		cmocka_unit_test(test_sinks_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
