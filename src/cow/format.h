/* SPDX-License-Identifier: MIT */
/*
 * The kernel's persistent exception store, version 1, byte for byte: struct disk_header, struct
 * disk_exception and area_location of drivers/md/dm-snap-persistent.c.  Pure.
 *
 *   chunk 0            header: le32 magic, valid, version, chunk_size (sectors); the rest is free
 *   chunk 1+a*(E+1)    area a: E entries of le64 old_chunk, le64 new_chunk; new_chunk 0 is the end
 *   others             data
 *
 * E = chunk_bytes / 16.  An area that is full is followed by another, so n = k*E needs area k,
 * zeroed.
 */
#ifndef COWBOOT_COW_FORMAT_H
#define COWBOOT_COW_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define COW_MAGIC 0x70416e53u		/* "SnAp" */
#define COW_VERSION 1u
#define COW_HEADER_BYTES 16u
#define COW_ENTRY_BYTES 16u
#define COW_CHUNK_SECTORS_DEFAULT 8u
#define COW_CHUNK_SECTORS_MAX 2097152u	/* INT_MAX >> 9, as a power of two (dm-exception-store.c) */
#define COW_NAME_MAX 32
#define COW_ID_BYTES 16

struct cow_header {
	uint32_t magic, valid, version, chunk_sectors;
};

void cow_header_encode(const struct cow_header *header, uint8_t buf[COW_HEADER_BYTES]);
void cow_header_decode(const uint8_t buf[COW_HEADER_BYTES], struct cow_header *ret_header);

/* A power of two, 1 to COW_CHUNK_SECTORS_MAX. */
bool cow_chunk_ok(uint64_t chunk_sectors);

/* Entries in one area. */
uint64_t cow_area_entries(uint32_t chunk_sectors);

/* An exact store for n exceptions: 1 + 1 + n + n / E chunks. 0: too many bytes for 64 bits. */
uint64_t cow_store_chunks(uint32_t chunk_sectors, uint64_t n);
uint64_t cow_store_bytes(uint32_t chunk_sectors, uint64_t n);

/* Chunk of area a; data chunk of the i-th exception of a canonical store: 2 + i + i / E. */
uint64_t cow_area_chunk(uint32_t chunk_sectors, uint64_t area);
uint64_t cow_data_chunk(uint32_t chunk_sectors, uint64_t i);

/*
 * cowboot's own mark in the header chunk, bytes 16 to 95, which the kernel ignores and keeps
 * (docs/formats.md): whose store this is.  It survives a merge; invalidation by the kernel wipes
 * it.
 */
#define COW_MARK_OFFSET 16u
#define COW_MARK_BYTES 80u

struct cow_mark {
	uint8_t update_id[COW_ID_BYTES];
	char volume[COW_NAME_MAX];
	uint64_t exceptions;		/* as installed */
};

void cow_mark_encode(const struct cow_mark *mark, uint8_t buf[COW_MARK_BYTES]);
/* -ENODATA: all zeros, no mark; -EBADMSG: neither a mark nor zeros. */
int cow_mark_decode(const uint8_t buf[COW_MARK_BYTES], struct cow_mark *ret_mark);

#endif
