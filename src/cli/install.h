/* SPDX-License-Identifier: MIT */
/*
 * The parts of `cowboot install`, in the order they run: install_check.c, verify.c (base),
 * install_boot.c, install_store.c, verify.c (result); install.c holds the order and the clean-up.  Each leaves its
 * line in base/fail.h.
 */
#ifndef COWBOOT_CLI_INSTALL_H
#define COWBOOT_CLI_INSTALL_H

#include "bundle/reader.h"
#include "cli/board.h"
#include "cli/progress.h"

/*
 * Whether a signal asked to stop: -EINTR with its line, else 0. Everything long asks between two
 * chunks.
 */
int install_stopped(void);

/* ---- install_check.c: what can be refused before anything is read or written ---- */

/* The board, its volumes, this kernel and the stores' place against the manifest. */
int install_check(const struct board *b, const struct bundle_manifest *manifest);

/*
 * The partition that stores lie on: `data` or the configured one; NULL with a line when it is not
 * there.
 */
const struct part *install_store_part(const struct board *b);

/* ---- install_boot.c: the other boot slot ---- */

/* The slot that a kernel of an update goes to: not the one this boot is from. */
char install_slot(const struct board *b);

/* Whether the board has slots, is sure of its own, and the boot image fits into the other one. */
int install_boot_check(const struct board *b, const struct bundle_boot *boot);

/* Writes the bundle's boot image to the other slot and reads it back. The record is in staging. */
int install_boot(struct board *b, struct bundle *bundle, struct progress *progress);

/* ---- verify.c ---- */

/*
 * Reads each volume's device and compares its digest with the manifest's old one. -ESTALE: over a
 * different base. ret_same: every volume has its new digest already.
 */
int verify_base(const struct bundle_manifest *manifest, bool *ret_same);

/*
 * Reads back the store of the record's volume v from the medium: every exception in order and in
 * bounds, and the digest of volume and store together against record and manifest.  Changes
 * nothing.
 */
int verify_result(const struct board *b, unsigned v);

/* ---- install_store.c: on a record in phase staging ---- */

/* Fills the record's volumes from the manifest, without a place for their stores yet. */
void install_plan(struct board *b, const struct bundle_manifest *manifest);

/*
 * Pure. One piece for each store, one after another on a partition, each beginning at a multiple of
 * align_sectors from the disk's start.  -ENOSPC: ret_need_sectors is what the partition would have
 * to have.
 */
int install_place(uint64_t part_start_sectors, uint64_t part_size_sectors, uint64_t align_sectors,
		const uint64_t *store_sectors, unsigned count, struct extent *ret_extents,
		uint64_t *ret_need_sectors);

/* Finds room for every store and notes it in the record; writes nothing into the room. */
int install_reserve(struct board *b);

/*
 * Maps, wipes and fills the store of the record's volume v with the bundle's next payload, and
 * flushes it. Until that is done the store has no header, and is nobody's.  It stays mapped.
 */
int install_fill(struct board *b, unsigned v, struct bundle *bundle, struct progress *progress);

#endif
