/* SPDX-License-Identifier: MIT */
/*
 * The fake world's disks.  A disk is an array of sectors; a sector is the number of its content in
 * a pool, so that a whole world is copied, compared and hashed cheaply.  A write goes to a volatile
 * cache and is durable after the disk's next flush; until then a power cut keeps it, loses it or
 * tears it.
 *
 * Each partition counts as a disk of its own with its own cache: a flush of one says nothing of the
 * others, which is the harder case.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR 512u
#define SECTORS_MAX 6144u
#define PENDING_MAX 160u
#define WORDS_MAX 4096u

enum disk { DISK_META, DISK_VOL0, DISK_VOL1, DISK_DATA, DISK_COW, DISK_FS,
	    DISK_BOOT_A, DISK_BOOT_B, DISK_ESP, DISK_OTHER, DISK_COUNT };
#define VOLUMES_MAX 2u

/* Content of one sector; equal numbers, equal bytes. */
typedef uint32_t content;
#define CONTENT_ZERO 0u
#define CONTENT_BAD 1u /* cannot be read until it is written again */

/* Empties the pool: all numbers are void. Before anything else, and between two scenarios. */
void contents_forget(void);
content content_of(const void *sector);
const uint8_t *content_bytes(content c);
content content_noise(unsigned at, unsigned seed); /* bytes that nobody wrote */

/* One world's sectors, all disks in one row. */
#define IMAGE_RECORD_SECTORS 512u /* RECORD_BYTES_MAX */

struct image {
	uint64_t hash;
	uint64_t record_hash[2]; /* what the sectors of each copy of the record add to it */
	content at[SECTORS_MAX];
};

enum write_flag {
	WRITE_CACHED = 1, /* in the page cache: lost with a soft reboot */
	WRITE_WHOLE = 2, /* never torn */
	WRITE_ORDERED = 4, /* kept only when all ordered writes before it are: a journal */
	WRITE_ORPHAN = 8, /* its flush failed: no later flush makes it durable */
	WRITE_FUA = 16,
};
/* What the host held itself; what the disk had taken already is durable after its next good flush.
 */
#define WRITE_MADE_BY_HOST (WRITE_CACHED | WRITE_ORDERED)

struct write {
	uint8_t disk, flags;
	uint16_t count; /* sectors */
	uint32_t at; /* first sector, in the row of all disks */
	uint32_t word; /* its contents, in the words of whatever holds it */
};

/* What survives between two lives of the board: the medium, and what is still in the disks' caches.
 */
struct disks {
	struct image durable;
	unsigned pending_count, word_count;
	struct write pending[PENDING_MAX];
	content words[WORDS_MAX];
};

/* Where each disk lies in the row; set once for each scenario. */
extern unsigned disk_base[DISK_COUNT], disk_size[DISK_COUNT], disks_total;
void disks_layout(const unsigned size_sectors[DISK_COUNT]);

void image_set(struct image *image, unsigned at, content c);
void image_copy(struct image *to, const struct image *from);
void image_clear(struct image *image);

/* The first sector of a copy of the record, 0 or 1. */
unsigned image_record_base(unsigned copy);
void image_apply(struct image *image, const struct write *w, const content *words);

/* What that content there adds to an image's hash. */
uint64_t image_share(unsigned at, content c);

uint64_t mix64(uint64_t x);

/* ---- The running disks ---- */

extern struct disks now; /* as it is at this moment */
extern struct image view; /* what a read returns: durable with all that is pending */

void disks_start(const struct disks *from);
/* A copy to go on from, holding the pending writes too. */
void disks_copy(struct disks *to, const struct disks *from);
/* Drops pending writes whose count is 0; the order of the rest stays. */
void disks_compact(struct disks *d);
/* image: the durable image's hash, or one that stands for it. */
uint64_t disks_hash(const struct disks *d, uint64_t image);

/* Adds a write of count sectors at the row's sector at; data is theirs, from first to last. */
void disk_write(enum disk d, unsigned at, unsigned count, const content *data, unsigned flags);
/* What is pending on d becomes durable. */
void disk_flush(enum disk d);
/*
 * Flushes that are lies, once the update is confirmed: number, counted from 1, of those of an origin or of
 * the stores' disk for which something is pending; 0: none.  lie_calls: so many there were.
 */
void lie_plan(unsigned number, bool goes_on);
extern unsigned lie_calls;
/* The same without success: what is pending stays in doubt for good. */
void disk_flush_failed(enum disk d);
/* The page cache is dropped: what a failed flush left there was never on the medium. */
void disk_forget_orphans(enum disk d);
/* The last write, made with WRITE_FUA, is durable now. */
void disk_settle(void);
/* The world's own doing, outside any crash: straight onto the medium. */
void disk_poke(unsigned at, content c);

#endif
