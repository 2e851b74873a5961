/* SPDX-License-Identifier: MIT */
/*
 * States that no program can tell apart.  A block of the record that is neither in a whole head nor in
 * a whole tail (state/record.h: each has a checksum) says only that it is damaged, however a write of
 * it was torn.  What is written over it later is either whole, or damaged again: head and tail begin
 * with a generation or a checksum that no other content has.  So of all such contents one stands for
 * the others.  Blocks that cannot be read are a kind of their own, and zeros are what they are.
 */
#include "alike.h"

#include <string.h>

#include "state/copies.h"
#include "state/record_bytes.h"
#include "state/record_crc.h"

#define BLOCK_SECTORS (RECORD_BLOCK_BYTES / SECTOR)
#define COPY_SECTORS IMAGE_RECORD_SECTORS
#define COPY_BLOCKS (COPY_SECTORS / BLOCK_SECTORS)
#define MEMO_COUNT 65536u

_Static_assert(COPY_SECTORS * SECTOR == RECORD_BYTES_MAX, "one copy, whole");
_Static_assert(CONTENT_ZERO == 0, "a block of zeros has no bit set");

/* One copy's sectors, as they were found last under this hash. */
struct copy_seen {
	uint64_t raw; /* the sum of all its shares in the image's hash */
	uint64_t alike; /* what stands for that sum */
};

static struct copy_seen memo[MEMO_COUNT];

void alike_forget(void)
{
	memset(memo, 0, sizeof(memo));
}

enum block_kind { KIND_ZERO, KIND_BYTES, KIND_UNREADABLE };

static enum block_kind fetch(const content *at, uint8_t *bytes)
{
	enum block_kind kind = KIND_ZERO;

	for (unsigned i = 0; i < BLOCK_SECTORS; i++) {
		if (at[i] == CONTENT_BAD)
			return KIND_UNREADABLE;
		if (at[i] != CONTENT_ZERO)
			kind = KIND_BYTES;
		memcpy(bytes + i * SECTOR, content_bytes(at[i]), SECTOR);
	}
	return kind;
}

/* How many blocks from there on are a whole head or tail; 0: none. */
static unsigned whole_blocks(const uint8_t *bytes, const enum block_kind *kind, unsigned left)
{
	size_t len_bytes = record_length(bytes);
	unsigned blocks;

	if (!len_bytes)
		len_bytes = record_tail_length(bytes);
	blocks = (unsigned)(len_bytes / RECORD_BLOCK_BYTES);
	if (!blocks || blocks > left)
		return 0;
	for (unsigned i = 0; i < blocks; i++)
		if (kind[i] == KIND_UNREADABLE)
			return 0;
	return record_crc(bytes, len_bytes) == record_crc_of(bytes) ? blocks : 0;
}

static uint64_t understand(const content *at, unsigned base)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	enum block_kind kind[COPY_BLOCKS];
	uint64_t sum = 0; /* as of a copy of zeros, which stands for itself */
	unsigned whole = 0;

	for (unsigned b = 0; b < COPY_BLOCKS; b++)
		kind[b] = fetch(at + b * BLOCK_SECTORS, bytes + b * RECORD_BLOCK_BYTES);
	for (unsigned b = 0; b < COPY_BLOCKS; b++) {
		const unsigned first = b * BLOCK_SECTORS;

		if (!whole && kind[b] == KIND_BYTES)
			whole = whole_blocks(bytes + b * RECORD_BLOCK_BYTES, kind + b,
					     COPY_BLOCKS - b);
		if (!whole && kind[b] != KIND_ZERO)
			sum += mix64((uint64_t)(base + first) << 8 | kind[b]);
		for (unsigned i = 0; whole && i < BLOCK_SECTORS; i++)
			sum += image_share(base + first + i, at[first + i]);
		if (whole)
			whole--;
	}
	return sum;
}

/* What to add to the image's hash for this copy. */
static uint64_t instead(const struct disks *d, unsigned copy)
{
	const uint64_t raw = d->durable.record_hash[copy];
	struct copy_seen *seen = &memo[mix64(raw) % MEMO_COUNT];
	const unsigned base = image_record_base(copy);

	if (seen->raw != raw) {
		seen->raw = raw;
		seen->alike = understand(&d->durable.at[base], base);
	}
	return seen->alike - raw;
}

uint64_t alike_hash(const struct disks *d)
{
	return disks_hash(d, d->durable.hash + instead(d, 0) + instead(d, 1));
}
