/* SPDX-License-Identifier: MIT */
/*
 * The PARTUUID of a partition, from the disk's GPT (UEFI specification, chapter 5) or MBR, as the
 * kernel would print it; older kernels do not say it in the uevent.  Pure: the disk is read through
 * a function, so that tests and fuzzers bring their own.
 */
#ifndef COWBOOT_STORAGE_GPT_H
#define COWBOOT_STORAGE_GPT_H

#include <stddef.h>
#include <stdint.h>

#define PARTUUID_TEXT_MAX 37

struct gpt_disk {
	/* Reads len_bytes; 0 or a negative errno. Never called for bytes past size_bytes. */
	int (*read)(void *ctx, uint64_t offset_bytes, void *buf, size_t len_bytes);
	void *ctx;
	uint64_t size_bytes;
	uint32_t logical_block_bytes;
};

/*
 * The PARTUUID of partition number (from 1), lower case: of the GPT's first copy, of the second
 * when the first is damaged; of the MBR (SIGNATURE-NN) where there is no GPT.  -ENOENT: the table
 * has no such partition; -EBADMSG: there is no table, or both copies are damaged.  ret_uuid is set
 * on success only.
 */
int gpt_partuuid(const struct gpt_disk *disk, unsigned number, char ret_uuid[PARTUUID_TEXT_MAX]);

#endif
