/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share.  A target is one file with LLVMFuzzerTestOneInput: it gives the input to
 * the code that ships, as a disk or a stranger would, and says what must hold of whatever that accepts.
 */
#ifndef COWBOOT_TESTS_FUZZ_H
#define COWBOOT_TESTS_FUZZ_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cow/write.h"

/* Called by libFuzzer with each input, which it owns. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/* What the code promises; abort() is a finding. */
#define must(what) ((what) ? (void)0 : must_failed(#what, __LINE__))

static inline void must_failed(const char *what, int line)
{
	fprintf(stderr, "does not hold, line %d: %s (%s)\n", line, what, fail_text());
	abort();
}

/* A copy that the code may change and that ends exactly where it ends; the caller's to free. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t len_bytes)
{
	uint8_t *copy = malloc(len_bytes ? len_bytes : 1);

	must(copy);
	if (len_bytes)
		memcpy(copy, data, len_bytes);
	return copy;
}

/* The same as a text: with a zero byte behind it. */
static inline char *fuzz_text(const uint8_t *data, size_t len_bytes)
{
	char *text = malloc(len_bytes + 1);

	must(text);
	if (len_bytes)
		memcpy(text, data, len_bytes);
	text[len_bytes] = '\0';
	return text;
}

/* Bytes that are read as a disk is: zeros behind len_bytes, up to whatever size the reader was told. */
struct fuzz_disk {
	const uint8_t *data;
	size_t len_bytes;
};

static inline int fuzz_read(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	const struct fuzz_disk *disk = ctx;
	size_t there = 0;

	if (offset_bytes < disk->len_bytes)
		there = disk->len_bytes - (size_t)offset_bytes;
	if (there > len_bytes)
		there = len_bytes;
	if (there)
		memcpy(buf, disk->data + offset_bytes, there);
	memset((uint8_t *)buf + there, 0, len_bytes - there);
	return 0;
}

/* Counts what it gets, and has no room behind max_bytes. */
struct fuzz_sink {
	uint64_t bytes, max_bytes;
};

static inline int fuzz_write(void *ctx, const void *data, size_t len_bytes)
{
	struct fuzz_sink *sink = ctx;

	(void)data;
	sink->bytes += len_bytes;
	return sink->bytes > sink->max_bytes ? fail(ENOSPC, "there is no room") : 0;
}

#endif
