/* SPDX-License-Identifier: MIT */
/*
 * What a partition or a folder is, whatever it is called now: names, labels and numbers move from one
 * disk to another (I13).  Pure but for place_folder_of; the record keeps these, and everything that
 * maps, merges, frees or writes compares them here.
 */
#ifndef COWBOOT_STORAGE_PLACE_H
#define COWBOOT_STORAGE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#define PLACE_UUID_BYTES 16
#define PLACE_TEXT_MAX 96
#define PLACE_SPEC_MAX 48

struct part;

/*
 * All zeros: nothing is known of it.  A UUID is a GPT's GUID as it stands on the disk, or of an MBR the
 * disk's signature and the partition's number as two little-endian words of 32 bits, with zeros behind
 * them (place_mbr_uuid); zeros where there is none, or where it could not be read.
 */
struct place {
	uint8_t part_uuid[PLACE_UUID_BYTES];
	uint8_t disk_id[PLACE_UUID_BYTES];	/* GPT's disk GUID, or the MBR's signature */
	uint64_t start_sectors;			/* from the disk's start; 0 for a whole disk */
	uint64_t size_sectors;
};

struct place place_of(const struct part *part);

/* Whether anything is known: a record of version 1 keeps no places. */
bool place_is_known(const struct place *place);

/*
 * Whether what was found is what the record keeps.  It begins at the same sector, and each id that both
 * know is equal; an id that one side lacks (a table that cannot be read now, a disk without one) says
 * nothing.  Where both know the partition's own, its size may have changed: it grew in its place, and
 * whoever needs a length compares that.  Where they don't, the size counts, if it is known.  Where the
 * record keeps no place (version 1), every place that was found will do, so that an update that an
 * older cowboot has installed goes on.  A place of which nothing could be found out (zeros) is never
 * the one that is kept.
 */
bool place_same(const struct place *kept, const struct place *found);

/* The same; -ESTALE says in base/fail.h what the two are.  name is what it is called now. */
int place_check(const char *name, const struct place *kept, const struct place *found);

/* "PARTUUID=… at sector 2048", or "4096 sectors at sector 2048"; "an unknown place". */
void place_text(char buf[PLACE_TEXT_MAX], const struct place *place);

/* "PARTUUID=…", as find_part takes it; false: it has none. */
bool place_spec(char buf[PLACE_SPEC_MAX], const struct place *place);

void place_mbr_uuid(uint8_t ret_uuid[PLACE_UUID_BYTES], uint32_t signature, uint32_t number);

/*
 * From PARTUUID's text, of either kind and case; false, and all zeros, for any other text.
 */
bool place_uuid_parse(const char *text, uint8_t ret_uuid[PLACE_UUID_BYTES]);

/*
 * A folder.  device is its file system's device number, 0 where that is not known: those of
 * device-mapper change from boot to boot, so the record keeps 0, and whoever compares takes that of the
 * device that the folder must lie on.
 */
struct place_folder {
	uint64_t device;
	uint64_t inode;		/* 0: nothing is known of it */
};

/* Of a folder that is open there; -ENOTDIR where it is none. */
int place_folder_of(int fd, struct place_folder *ret_folder);

/* As place_same: what only one side knows says nothing; but found must be known. */
bool place_same_folder(const struct place_folder *kept, const struct place_folder *found);

#endif
