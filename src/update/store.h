/* SPDX-License-Identifier: MIT */
/*
 * One volume's store: read where it lies, which changes nothing, and as a device,
 * /dev/mapper/NAME-store, linear over its extents or its piece of `cow`.
 */
#ifndef COWBOOT_UPDATE_STORE_H
#define COWBOOT_UPDATE_STORE_H

#include "cow/kept.h"
#include "map/table.h"
#include "storage/storefile.h"
#include "update/world.h"

#define STORE_NAME_MAX 40

/* "NAME-store"; or of a store that is to be kept "NAME.kept", which no volume can be called. */
void store_name(char buf[STORE_NAME_MAX], const char *volume, bool is_kept);

/*
 * What tells the store files of an update from others of the same volume; and the name, without ".store",
 * under which a file for the store of the record's volume v is made: VOLUME, or of what is to be kept
 * VOLUME.TAG.
 */
void store_tag(char buf[STOREFILE_TAG_BYTES + 1], const uint8_t update_id[RECORD_ID_BYTES]);
const char *store_file(char buf[STOREFILE_NAME_MAX], const struct world *w, unsigned v);

/*
 * Whether the store of the record's volume v is mapped, over just the blocks that the record names.
 * -ENXIO: it is not; -EEXIST: a device of that name is not ours; -ESTALE: it lies over other blocks.
 */
int store_mapped(const struct world *w, unsigned v, struct map_disk *ret_disk);

/*
 * Maps the store of the record's volume v; one that is mapped already is success.  What an earlier
 * update has left of that name goes.
 */
int store_map(const struct world *w, unsigned v, struct map_disk *ret_disk);
int store_unmap(const char *volume, bool is_kept);

/* Whether the partition that the store lies on is there, and is long enough for it. */
int store_is_there(const struct world *w, unsigned v);

/*
 * Checks the store of the record's volume v (I5): header, mark, count and every exception, as the
 * medium has them, mapped or not.  In trial the count must be the installed one, in merging at most
 * that.
 */
int store_check(const struct world *w, unsigned v, struct cow_found *ret_found);

/* A store as it lies, read past every cache: what the kernel maps of it, and the kept list behind that. */
struct store_open {
	struct dev dev;
	const struct extent *extent;
	unsigned count;
	uint64_t kept_at_bytes;
	struct cow_source store, kept;	/* kept.size_bytes 0: it was installed without one */
};

/* Opens the store of the record's volume v, at the extents that the record names; it must not move. */
int store_open(const struct world *w, unsigned v, struct store_open *ret_open);
void store_close(struct store_open *open);

/*
 * Whether a store file still lies where the record says.  Unknown (data is not mounted) is not a refusal:
 * the store's mark decides then, for a merge must go on without the file system (I3).
 */
int store_compare(const struct world *w, unsigned v);

/* Whether the store was installed with a kept list, by its length. */
bool store_has_kept(const struct record_volume *vol);

/* Whose store it is, as its mark and its kept list say. */
struct cow_mark store_mark(const struct record *rec, unsigned v);

/* Checks the kept list of an opened store whole, against its volume. */
int store_check_kept(const struct world *w, unsigned v, const struct store_open *open);

/* Reads a dev as a cow_source. source->ctx is dev, which must stay. */
struct cow_source store_source(struct dev *dev);

#endif
