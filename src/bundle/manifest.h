/* SPDX-License-Identifier: MIT */
/*
 * The bundle's header and manifest, as bytes and as a struct.  Pure.  The manifest is "key value"
 * lines in one fixed order and one fixed spelling (docs/formats.md): two different texts never mean
 * the same, so a digest of the text is a digest of the meaning.
 */
#ifndef COWBOOT_BUNDLE_MANIFEST_H
#define COWBOOT_BUNDLE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle/digest.h"

#define BUNDLE_MAGIC "COWBNDL1"
#define BUNDLE_FORMAT 1u
#define BUNDLE_FORMAT_BOOT 2u		/* the same with a boot image: older readers must not pass over that */
#define BUNDLE_FORMAT_SIZES 3u		/* with images of any size; a boot image if it likes */
#define BUNDLE_FORMAT_SIGNED 4u		/* signed, and each block of a payload can be checked by itself */
#define BUNDLE_FORMAT_DELTA 5u		/* as 4, signed or not; volumes may be told by the old ones */
#define BUNDLE_FORMAT_RELEASE 6u	/* as 5, with or without a delta; it has a release, and maybe days */
#define BUNDLE_FORMAT_FULL 7u		/* as 6, or without a release; volumes are whole, over anything */
#define BUNDLE_FORMAT_LATEST BUNDLE_FORMAT_FULL
#define BUNDLE_BLOCK_BYTES (128u * 1024)	/* of a payload, from format 4 on */
#define BUNDLE_HEADER_BYTES 64u
#define BUNDLE_MANIFEST_MAX 16384u	/* eight volumes take less than half of it */
#define BUNDLE_VOLUMES_MAX 8u
#define BUNDLE_NAME_MAX 32		/* with the zero byte, as are the next two */
#define BUNDLE_BOARD_MAX 32
#define BUNDLE_VERSION_MAX 64

struct bundle_header {
	uint32_t format;			/* 1 to BUNDLE_FORMAT_LATEST, as the manifest's */
	uint32_t manifest_bytes;
	uint32_t signature_bytes;		/* 0 in 1 to 3, not in 4; at most TRUST_SIGNATURES_MAX */
	uint8_t manifest_digest[DIGEST_BYTES];	/* of the manifest and the signatures */
};

/* A full volume has no OLD: exceptions and store_bytes are those of bundle_compare_next, 0 before. */
struct bundle_volume {
	char name[BUNDLE_NAME_MAX];
	uint64_t image_bytes;			/* of NEW */
	uint64_t old_bytes;			/* of OLD; of a full volume image_bytes */
	uint32_t chunk_sectors;
	uint32_t frame_bytes;			/* of a full volume (bundle/full.h); 0: it is none */
	uint64_t exceptions;
	uint64_t store_bytes;			/* cow_store_bytes(chunk_sectors, exceptions) */
	uint64_t delta_bytes;			/* of the delta that makes the store; 0: the payload is the store */
	uint64_t payload_bytes;			/* as it travels: one zstd frame; all those of a full volume */
	uint8_t payload_digest[DIGEST_BYTES];	/* in blocks: of its first one; not of a full volume */
	uint8_t index_digest[DIGEST_BYTES];	/* of a full volume: of its index' first block */
	uint8_t old_digest[DIGEST_BYTES];	/* of the images, each as long as it is */
	uint8_t new_digest[DIGEST_BYTES];
};

/* What goes to the other boot slot, whole: kernel, initramfs and device trees. */
struct bundle_boot {
	uint64_t image_bytes;			/* whole sectors; 0: the bundle brings none */
	uint64_t payload_bytes;			/* as it travels, one zstd frame */
	uint8_t payload_digest[DIGEST_BYTES];	/* in blocks: of its first one */
	uint8_t image_digest[DIGEST_BYTES];
};

struct bundle_manifest {
	bool in_blocks;				/* from format 4 on: each block has the digest of the next */
	char board[BUNDLE_BOARD_MAX];		/* empty: any board */
	char version_from[BUNDLE_VERSION_MAX];	/* empty: not said; the old digests decide anyway */
	char version_to[BUNDLE_VERSION_MAX];
	uint64_t release;			/* base/release.h; 0: none, and then no days either */
	uint32_t created_day, expires_day;	/* days since 1970, the latter not before the former; 0: not said */
	struct bundle_boot boot;		/* its payload comes before the volumes' */
	unsigned volume_count;			/* 1 to BUNDLE_VOLUMES_MAX, names differ */
	struct bundle_volume volume[BUNDLE_VOLUMES_MAX];
};

/*
 * -EBADMSG: not a bundle, or damaged; -ENOTSUP: a later format, or a signature in one that has none.
 * The reason is in base/fail.h.
 */
int bundle_header_decode(const uint8_t buf[BUNDLE_HEADER_BYTES], struct bundle_header *ret_header);
void bundle_header_encode(const struct bundle_header *header, uint8_t buf[BUNDLE_HEADER_BYTES]);

/* A version or board as a manifest may carry it: 1 to size-1 bytes of '!' to '~', no '#' first. */
bool bundle_word_ok(const char *word, size_t size_bytes);

/*
 * Reads a manifest and checks every number in it, and them against each other.  -EBADMSG with the
 * line and the reason in base/fail.h, ret_manifest untouched.
 */
int manifest_parse(const char *text, size_t len_bytes, struct bundle_manifest *ret_manifest);

/* Writes the one text for manifest, with a zero byte after it; -ENOSPC when buf is too small. */
int manifest_print(const struct bundle_manifest *manifest, char *buf, size_t size_bytes,
		   size_t *ret_len_bytes);

/*
 * 7 where volumes are full; 6 with a release, and 5 where a volume is a delta, which are all in blocks; 4
 * in blocks; 3 where images differ in size or are not whole sectors; else 2 with a boot image, else 1.
 */
unsigned manifest_format(const struct bundle_manifest *manifest);

/*
 * What a payload of that length takes in the bundle: in blocks, each but the last has the digest of the
 * next behind it.
 */
uint64_t manifest_travel_bytes(const struct bundle_manifest *manifest, uint64_t payload_bytes);

/* The same of volume v: frames have nothing behind them, for the index has said what they are. */
uint64_t manifest_volume_travel_bytes(const struct bundle_manifest *manifest, unsigned v);

/* Sum of that over indexes and payloads: the bytes that follow the manifest and the signatures. */
uint64_t manifest_payload_bytes(const struct bundle_manifest *manifest);

#endif
