/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader and cowboot tell each other, whichever loader it is: which boot slot it
 * starts, and the image of a slot.  One kind of loader is one struct loader_kind: U-Boot's boot
 * block on `meta` (uboot.c), systemd-boot's entries on the ESP (esp.c).  This room knows no record
 * and no phase; update/slots.h has the order of what is told when.  Failures leave a line in
 * base/fail.h.
 */
#ifndef COWBOOT_LOADER_LOADER_H
#define COWBOOT_LOADER_LOADER_H

#include "storage/dev.h"
#include "storage/find.h"

#define LOADER_SLOTS 2			/* 'a' and 'b' */
#define LOADER_TRIES_MAX 100
#define LOADER_PATH_MAX 128

/* Which slot the loader starts. */
struct loader_slots {
	char good;		/* slot of the confirmed system: 'a' or 'b' */
	char trial;		/* slot on trial, never the good one; 0: none */
	uint8_t tries_left;	/* times that the loader may still start it; the loader counts */
};

enum loader_health {
	LOADER_ABSENT,		/* nobody has told it anything: it starts what it always starts */
	LOADER_GOOD,		/* it does what slots says */
	LOADER_DAMAGED,		/* what it was told cannot be read, or makes no sense */
	LOADER_FOREIGN,		/* of a later version, or with a feature that is not known */
};

/* What the loader was told, as it has it. */
struct loader_state {
	enum loader_health health;
	struct loader_slots slots;	/* counts when good */
	bool untidy;	/* there are left-over entries beside it, or its two copies differ */
	bool read_only;	/* a later version has added what must not be written over */
};

/* The slot that a loader starts when it was told this. */
char loader_next(const struct loader_slots *slots);

/* Where a slot's image lies. */
struct loader_image {
	char path[LOADER_PATH_MAX];	/* a device or a file, there until loader_end_image */
	char name[LOADER_PATH_MAX];	/* for messages */
	struct dev dev;			/* open for writing after begin; closed after find */
	int held_fd;			/* keeps others away, or is its mount; -1: none */
};

struct loader;

/* Each of these as the function loader_… below that calls it. */
struct loader_kind {
	void (*load)(struct loader *loader);
	int (*save)(struct loader *loader, const struct loader_slots *slots);
	int (*check_image)(struct loader *loader, char slot, uint64_t size_bytes);
	int (*begin_image)(struct loader *loader, char slot, uint64_t size_bytes,
			   struct loader_image *image);
	int (*find_image)(struct loader *loader, char slot, uint64_t size_bytes,
			  struct loader_image *image);
	void (*end_image)(struct loader *loader, struct loader_image *image);
};

extern const struct loader_kind loader_uboot, loader_systemd_boot;

/* The board's loader. */
struct loader {
	const struct loader_kind *kind;			/* NULL: it knows no boot slots */
	const struct dev *meta;				/* where U-Boot's block lies */
	const struct part *slot[LOADER_SLOTS];		/* U-Boot's; NULL: not there */
	const struct part *esp;				/* systemd-boot's; NULL: not there */
	struct loader_state state;			/* by the last load or save */
};

/* Reads what it was told into loader->state. Never fails: what cannot be read is damaged. */
void loader_load(struct loader *loader);

/*
 * Tells the loader this, durably, and reads it back.  After a cut the loader does what it was told
 * before, or this.  What it was told already is not written again.  -EROFS: a later cowboot has
 * written what is there, or added to it.
 */
int loader_save(struct loader *loader, const struct loader_slots *slots);

/* Whether an image of that size can go into the slot now; changes nothing. */
int loader_check_image(struct loader *loader, char slot, uint64_t size_bytes);

/*
 * Opens the slot for an image of that size; what it held counts for lost.  Only for a slot that the
 * loader leaves alone.  The image is durable after dev_flush, and until loader_end_image nobody
 * else writes there.
 */
int loader_begin_image(struct loader *loader, char slot, uint64_t size_bytes,
		       struct loader_image *ret_image);

/*
 * Finds what the slot holds, for reading, past every cache with DEV_MEDIUM.  -ENOENT: it holds no
 * image of that size.
 */
int loader_find_image(struct loader *loader, char slot, uint64_t size_bytes,
		      struct loader_image *ret_image);

/* Opens an image that was begun or found, as dev_open does, with its name for messages. */
int loader_open_image(const struct loader_image *image, enum dev_mode mode, struct dev *ret_dev);

/* After begin or find that returned 0; ret_image's device is closed, too. */
void loader_end_image(struct loader *loader, struct loader_image *image);

#endif
