/* SPDX-License-Identifier: MIT */
/*
 * The parts of an install, in the order they run: install_check.c, install_verify.c (base),
 * install_boot.c, install_store.c, install_verify.c (result); install.c holds the order and the
 * transitions (update/transition.h).  Each leaves its line in base/fail.h.
 */
#ifndef COWBOOT_UPDATE_INSTALL_H
#define COWBOOT_UPDATE_INSTALL_H

#include "base/progress.h"
#include "bundle/reader.h"
#include "update/world.h"

/* ---- install_check.c: what can be refused before anything is read or written ---- */

/*
 * The board, the releases it has seen, its volumes, this kernel and the stores' place against the
 * manifest.  allow_downgrade: as in update/release.h.
 */
int install_check(struct world *w, const struct bundle_manifest *manifest, bool allow_downgrade);

/*
 * The digests say what the bundle was made over, and the record what that is called; a bundle that
 * calls it otherwise was most likely made with OLD and NEW swapped.  same: what it brings is here.
 */
int install_check_versions(const struct world *w, const struct bundle_manifest *manifest,
			   bool same);

/*
 * Whether the trial that waits is this very bundle's, by its version and the digests of all it
 * brings; one that was refused is not.
 */
bool install_is_armed(struct world *w, const struct bundle_manifest *manifest);

/*
 * The partition that stores lie on: `data` or the configured one; NULL with a line when it is not
 * there.
 */
const struct part *install_store_part(const struct world *w);

/* ---- install_boot.c: the other boot slot ---- */

/* The slot that a kernel of an update goes to: not the one this boot is from. */
char install_slot(const struct world *w);

/* Whether the board has slots, is sure of its own, and the boot image fits into the other one. */
int install_boot_check(struct world *w, const struct bundle_boot *boot);

/* Whether the other slot holds this boot image now. */
bool install_boot_there(struct world *w, const struct bundle_boot *boot);

/* Writes the bundle's boot image to the other slot and reads it back. The record is in staging. */
int install_boot(struct world *w, struct bundle *bundle, struct progress *progress);

/* ---- install_verify.c ---- */

/*
 * Opens a volume's partition itself and not /dev/mapper/NAME, which is mounted: what the file system
 * keeps in that device's cache is not what lies on the disk, and what lies there is what an update is
 * made over.
 */
int verify_open_origin(const struct world *w, const char *name, struct dev *ret_dev);

/*
 * Reads each volume's partition, past every cache, and compares its digest with the manifest's old
 * one; or, where the bundle is full, the volume itself with the bundle's index.  -ESTALE: over a different
 * base. ret_same: every volume has its new digest already.  ret_found, one for each volume: what lies
 * there, image_bytes and digest of it.
 */
int verify_base(const struct world *w, struct bundle *bundle, struct record_installed *ret_found,
		bool *ret_same);

/*
 * Reads back the store of the record's volume v from the medium: every exception in order and in
 * bounds, and the digest of volume and store together against record and manifest.  Changes
 * nothing.
 */
int verify_result(const struct world *w, unsigned v);

/* ---- install_store.c: on a record in phase staging ---- */

/* Fills the volumes of next from the manifest, without a place for their stores yet. */
void install_plan(const struct world *w, const struct bundle_manifest *manifest, struct record *next);

/*
 * Finds room for every store, beside what is kept, and notes it in the record; writes nothing into it.
 */
int install_reserve(struct world *w);

/*
 * Maps, wipes and fills the store of the record's volume v with the bundle's next payload, and
 * flushes it. Until that is done the store has no header, and is nobody's.  It stays mapped.  Where
 * the image ends amid a chunk, the chunk gets the partition's own bytes behind it: the merge writes
 * whole chunks, and must leave there what is there.
 */
int install_fill(struct world *w, unsigned v, struct bundle *bundle, struct progress *progress);

#endif
