/* SPDX-License-Identifier: MIT */
/*
 * Sticks and cards that somebody has put into the board: file systems on disks that hold none of
 * the board's own partitions.
 */
#ifndef COWBOOT_RECOVERY_MEDIA_H
#define COWBOOT_RECOVERY_MEDIA_H

#include "update/world.h"

#define MEDIA_MAX 16
#define MEDIA_DIR "/mnt/stick"

struct medium {
	char name[32];		/* kernel name: "sda1" */
	char path[128];
	char fstype[8];		/* "vfat", "ext4", "exfat" */
	char label[20];		/* of the file system; may be empty */
	uint64_t size_bytes;
};

/*
 * Pure. What file system the first 2048 bytes of a partition begin, NULL: none that is known here;
 * ret_label gets its name without trailing blanks.
 */
#define MEDIA_HEAD_BYTES 2048
const char *media_probe(const uint8_t head[MEDIA_HEAD_BYTES], char ret_label[20]);

/*
 * All there are now, at most MEDIA_MAX, on disks that are not the board's own: recovery/own.h, which
 * says what root and w are.
 */
unsigned media_list(const char *root, const struct world *w, struct medium ret_media[MEDIA_MAX]);

/* Mounts one on MEDIA_DIR; without write nothing on it is changed, not even its journal. */
int media_mount(const struct medium *medium, bool write);

/* Writes out all there is and unmounts; a failure means that something may be missing on it. */
int media_umount(void);

#endif
