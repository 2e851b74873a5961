/* SPDX-License-Identifier: MIT */
/* What the files of the streaming reader share, and nobody else: reader.c, reader_payload.c. */
#ifndef COWBOOT_BUNDLE_READER_PARTS_H
#define COWBOOT_BUNDLE_READER_PARTS_H

#include "bundle/reader.h"
#include "bundle/unpack.h"

#define PIECE_BYTES BUNDLE_BLOCK_BYTES

struct bundle {
	bundle_read *read;
	void *ctx;
	uint64_t done_bytes, total_bytes;	/* total 0: not known yet */
	bool boot_is_due;
	unsigned volume_next;
	bool is_broken;				/* after an error there is nothing more to be had */
	struct unpack *unpack;			/* NULL before the first payload */
	struct bundle_manifest manifest;
	size_t signature_bytes;
	char signatures[TRUST_SIGNATURES_MAX];
	uint8_t signed_hash[MINISIGN_HASH_BYTES];	/* of the manifest */
	uint8_t in[PIECE_BYTES + DIGEST_BYTES];
};

/* One payload on its way to the sink. */
struct payload {
	const char *volume;			/* NULL: it is the boot image */
	uint64_t packed_bytes, unpacked_bytes;
	const uint8_t *packed_digest;		/* of all of it; in blocks, of the first one */
	const struct cow_sink *sink;
	uint64_t out_bytes;
	int sink_rc;				/* what the sink failed with */
	bool is_ended;				/* the frame is */
};

/* Reads exactly len_bytes into buf, or fails. */
int reader_get(struct bundle *b, void *buf, size_t len_bytes);

/* Reads the payload, checks it and unpacks it into its sink. */
int payload_read(struct bundle *b, struct payload *p);

#endif
