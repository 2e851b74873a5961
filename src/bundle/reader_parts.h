/* SPDX-License-Identifier: MIT */
/* What the files of the streaming reader share, and nobody else: reader.c, reader_payload.c, _full.c. */
#ifndef COWBOOT_BUNDLE_READER_PARTS_H
#define COWBOOT_BUNDLE_READER_PARTS_H

#include "bundle/full.h"
#include "bundle/reader.h"
#include "bundle/unpack.h"

#define PIECE_BYTES BUNDLE_BLOCK_BYTES

struct bundle {
	bundle_read *read;
	void *ctx;
	uint64_t done_bytes, total_bytes;	/* total 0: not known yet */
	struct bundle_seek seek;		/* skip NULL: all is read */
	bool boot_is_due;
	unsigned volume_next;
	unsigned indexes_due, index_next;	/* of full volumes */
	struct full *full[BUNDLE_VOLUMES_MAX];
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
	bool is_index;				/* of a full volume: it is not packed */
	uint64_t out_bytes;
	int sink_rc;				/* what the sink failed with */
	bool is_ended;				/* the frame is */
};

/* Reads exactly len_bytes into buf, or fails. */
int reader_get(struct bundle *b, void *buf, size_t len_bytes);

/* Starts the process that unpacks, unless it runs. */
int reader_start(struct bundle *b);

/* Reads the payload, checks it and unpacks it into its sink; reader_next in the process that does. */
int reader_next(struct bundle *b, struct payload *p);
int payload_read(struct bundle *b, struct payload *p);

/* All of a full volume's frames, or of its chunks that differ the store, into the sink. */
int full_read_image(struct bundle *b, unsigned v, const struct cow_sink *sink);
int full_read_store(struct bundle *b, unsigned v, const struct cow_sink *sink);

#endif
