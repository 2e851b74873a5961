/* SPDX-License-Identifier: MIT */
/* A kept list behind its head, both checksums mended, against an origin and a store of 1 MiB. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "cow/kept.h"

#define AT_LIST_CRC 72u		/* in the head: docs/formats.md */
#define AT_CRC 508u
#define SIZE_BYTES (1u << 20)

static uint8_t buf[65536], bits[65536];

static void mend(uint8_t *kept, size_t len_bytes)
{
	const uint64_t sectors = cow_kept_sectors(get_le64(kept + 64));

	if (sectors && sectors <= len_bytes / 512)
		put_le32(kept + AT_LIST_CRC, crc32c(0, kept + COW_KEPT_HEAD_BYTES,
						    (size_t)sectors * 512 - COW_KEPT_HEAD_BYTES));
	put_le32(kept + AT_CRC, crc32c(0, kept, AT_CRC));
}

static int take(void *ctx, uint64_t index, const struct cow_kept_entry *entry)
{
	uint64_t *count = ctx;

	must(index == (*count)++ && entry->new_chunk > 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	const struct cow_scratch scratch = { buf, sizeof(buf), bits, sizeof(bits) };
	struct fuzz_disk disk;
	const struct cow_source source = { fuzz_read, &disk, len_bytes };
	uint8_t again[COW_KEPT_HEAD_BYTES], *kept;
	struct cow_found found;
	struct cow_kept head;
	uint64_t count = 0;

	if (len_bytes < COW_KEPT_HEAD_BYTES)
		return 0;
	kept = fuzz_copy(data, len_bytes);
	mend(kept, len_bytes);
	disk = (struct fuzz_disk){ kept, len_bytes };
	if (!cow_kept_decode(kept, &head)) {
		cow_kept_encode(&head, again);
		must(!memcmp(again, kept, sizeof(again)));
		if (!cow_kept_check(&source, &head.mark, head.chunk_sectors, SIZE_BYTES, SIZE_BYTES, &scratch,
				    &found)) {
			must(!cow_kept_walk(&source, found.exceptions, &scratch, take, &count));
			must(count == head.mark.exceptions);
		}
	}
	free(kept);
	return 0;
}
