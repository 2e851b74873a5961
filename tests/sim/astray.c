/* SPDX-License-Identifier: MIT */
/* Names that lead elsewhere. The other disk's partitions all lie over each other: one counts at a time. */
#include "astray.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const astray_ways[ASTRAY_COUNT] = {
	[ASTRAY_NOT] = "none",
	[ASTRAY_ROOT] = "root= of another disk",
	[ASTRAY_VOLUME] = "the volume of another disk",
	[ASTRAY_VOLUME_COPY] = "the volume of another disk, under the same UUID",
	[ASTRAY_VOLUME_MOVED] = "the volume begins elsewhere",
	[ASTRAY_STORES] = "the stores' partition of another disk",
	[ASTRAY_TWINS] = "a copy of the disk beside it, without meta",
	[ASTRAY_TWINS_META] = "a copy of the disk beside it",
	[ASTRAY_META] = "an empty meta of another disk",
	[ASTRAY_LINK] = "the folder of stores is a link",
	[ASTRAY_MOUNT] = "the folder of stores is a mount",
	[ASTRAY_FOLDER] = "the folder of stores is another one",
};

bool astray_stops(enum astray way)
{
	return way != ASTRAY_ROOT && (way != ASTRAY_TWINS || plan->several_disks);
}

/* OLD, as an image that all boards were made from; but zeros where it stands for an empty meta. */
void astray_prepare(struct disks *disks, enum astray way)
{
	for (unsigned s = 0; way != ASTRAY_META && s < plan->volume_sectors[0]; s++)
		image_set(&disks->durable, disk_base[DISK_OTHER] + s, old_of[0][s]);
}

/* Where the stores lie is what the configuration says; the other one of the two may be anything. */
static bool holds_stores(enum disk d)
{
	return d == (plan->raw ? DISK_COW : DISK_DATA);
}

/* Whether the other disk's partition is in the place of the board's. */
static bool is_instead(enum disk d)
{
	switch ((enum astray)ledger.astray) {
	case ASTRAY_VOLUME:
	case ASTRAY_VOLUME_COPY:
	case ASTRAY_VOLUME_MOVED:
		return d == DISK_VOL0;
	case ASTRAY_STORES:
		return holds_stores(d);
	case ASTRAY_META:
		return d == DISK_META;
	default:
		return false;
	}
}

static bool is_beside(enum disk d)
{
	return (ledger.astray == ASTRAY_TWINS && d != DISK_META) || ledger.astray == ASTRAY_TWINS_META ||
	       (ledger.astray == ASTRAY_ROOT && d == DISK_VOL0);
}

bool astray_gone(enum disk d)
{
	return is_instead(d);
}

bool astray_other(enum disk d, const struct part *own, struct part *ret_other)
{
	struct part part = *own;

	if (!is_instead(d) && !is_beside(d))
		return false;
	part.minor = DISK_OTHER + 1;
	snprintf(part.name, sizeof(part.name), "sim%u", part.minor);
	snprintf(part.path, sizeof(part.path), "/dev/sim%u", part.minor);
	switch ((enum astray)ledger.astray) {
	case ASTRAY_TWINS:
	case ASTRAY_TWINS_META:
		snprintf(part.disk, sizeof(part.disk), "other");
		break;
	case ASTRAY_VOLUME_MOVED:
		part.start_sectors++;
		break;
	case ASTRAY_VOLUME_COPY:
		snprintf(part.disk, sizeof(part.disk), "other");
		memset(part.disk_id, 0x02, sizeof(part.disk_id));
		break;
	default:
		snprintf(part.disk, sizeof(part.disk), "other");
		memset(part.disk_id, 0x02, sizeof(part.disk_id));
		memset(part.part_uuid, (int)(0x80 + d), sizeof(part.part_uuid));
		break;
	}
	*ret_other = part;
	return true;
}

const char *astray_root(void)
{
	static char text[32];

	snprintf(text, sizeof(text), " root=/dev/sim%u", DISK_OTHER + 1);
	return ledger.astray == ASTRAY_ROOT ? text : "";
}

int astray_folder(struct place_folder *folder)
{
	switch ((enum astray)ledger.astray) {
	case ASTRAY_LINK:
		return -ELOOP;
	case ASTRAY_MOUNT:
		return -EXDEV;
	case ASTRAY_FOLDER:
		folder->inode++;
		return 0;
	default:
		return 0;
	}
}

bool astray_folder_is_empty(void)
{
	return ledger.astray == ASTRAY_FOLDER;
}
