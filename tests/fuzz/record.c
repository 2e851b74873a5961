/* SPDX-License-Identifier: MIT */
/* The record, its checksums mended: what is accepted is encoded to the same bytes again. */
#include "fuzz.h"

#include "state/record_bytes.h"
#include "state/record_crc.h"

#define AT_HEAD_CRC 20u		/* in the tail: docs/formats.md */

static uint8_t buf[RECORD_BYTES_MAX], again[RECORD_BYTES_MAX];

static void mend(size_t len_bytes)
{
	const size_t head = record_length(buf);
	size_t tail;

	if (!head || head > len_bytes)
		return;
	put_le32(buf + RECORD_AT_CRC, record_crc(buf, head));
	if (len_bytes - head < RECORD_BLOCK_BYTES)
		return;
	tail = record_tail_length(buf + head);
	if (!tail || tail > len_bytes - head)
		return;
	put_le32(buf + head + AT_HEAD_CRC, record_crc_of(buf));
	put_le32(buf + head + RECORD_AT_CRC, record_crc(buf + head, tail));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static struct record rec;
	size_t padded, again_bytes;
	int rc;

	if (len_bytes > sizeof(buf))
		len_bytes = sizeof(buf);
	padded = (len_bytes + RECORD_BLOCK_BYTES - 1) / RECORD_BLOCK_BYTES * RECORD_BLOCK_BYTES;
	memset(buf, 0, padded);
	if (len_bytes)
		memcpy(buf, data, len_bytes);
	if (padded)
		mend(padded);
	rc = record_decode(buf, padded, &rec);
	must(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP || rc == -ENODATA);
	if (rc && rc != -ENODATA)
		return 0;
	must(record_ok(&rec));
	if (rc || rec.read_only)
		return 0;
	must(!record_encode(&rec, again, &again_bytes));
	must(again_bytes <= padded && !memcmp(again, buf, again_bytes));
	return 0;
}
