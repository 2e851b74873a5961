/* SPDX-License-Identifier: MIT */
/*
 * What a disk's GPT (UEFI specification, chapter 5) or MBR says of its partitions, where the kernel
 * does not: older kernels have no PARTUUID in their uevents, and of a table whose first copy is damaged
 * the kernel reads nothing at all.  Pure: the disk is read through a function, so that tests and
 * fuzzers bring their own.
 */
#ifndef COWBOOT_STORAGE_GPT_H
#define COWBOOT_STORAGE_GPT_H

#include <stddef.h>
#include <stdint.h>

#include "storage/place.h"

#define PARTUUID_TEXT_MAX 37
#define GPT_LABEL_MAX 37	/* 36 UTF-16 units, each as one byte, as the kernel shows them */

struct gpt_disk {
	/* Reads len_bytes; 0 or a negative errno. Never called for bytes past size_bytes. */
	int (*read)(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes);
	void *ctx;
	uint64_t size_bytes;
	uint32_t logical_block_bytes;
};

struct gpt_entry {
	char uuid[PARTUUID_TEXT_MAX];	/* lower case */
	char label[GPT_LABEL_MAX];	/* of the MBR: empty */
	uint64_t start_bytes, size_bytes;	/* of the MBR: 0 */
	uint8_t part_uuid[PLACE_UUID_BYTES], disk_id[PLACE_UUID_BYTES];	/* as in struct place */
};

/* Which copies of the GPT can be used. */
enum gpt_copies {
	GPT_NONE,		/* there is no GPT, and nothing says that there was one */
	GPT_BOTH,
	GPT_FIRST,		/* the second, at the disk's end, is damaged */
	GPT_SECOND,		/* the first is damaged: Linux reads the other only when told `gpt` */
	GPT_LOST,		/* there was one, and both are damaged */
	/* The first is good, but Linux looks at neither: sector 0, which says that there is a GPT, */
	GPT_UNSEEN,		/* is all zeros; */
	GPT_UNREADABLE,		/* or cannot be read. */
};

enum gpt_copies gpt_look(const struct gpt_disk *disk);

/*
 * Partition number (from 1): of the GPT's first copy, of the second when the first is damaged; of the
 * MBR (SIGNATURE-NN) where there is no GPT.  -ENOENT: the table has no such partition; -EBADMSG: there
 * is no table, or both copies are damaged.  ret_entry is set on success only.
 */
int gpt_entry(const struct gpt_disk *disk, unsigned number, struct gpt_entry *ret_entry);

#endif
