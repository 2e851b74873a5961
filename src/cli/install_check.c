/* SPDX-License-Identifier: MIT */
/*
 * Whether a bundle fits this board.  Reads the manifest and asks the system; must never write more
 * than the empty folder of the stores, so that a refusal leaves nothing to undo (I9).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "cli/install.h"
#include "storage/storefile.h"

const struct part *install_store_part(const struct board *b)
{
	const struct world *w = &b->world;

	if (b->conf.store[0]) {
		if (w->has_store_part)
			return &w->store_part;
		fail(ENODEV, "the partition for stores, %s, is not there", b->conf.store);
		return NULL;
	}
	if (w->has_data)
		return &w->data_part;
	fail(ENODEV, "the data partition, %s, is not there", b->conf.data.spec);
	return NULL;
}

/*
 * Stores in files want `data` mounted through its mapped device, on a file system that lets blocks
 * lie.
 */
static int check_place(const struct board *b)
{
	char dir[CONF_PATH_MAX + 16];
	int rc;

	if (!install_store_part(b))
		return -ENODEV;
	if (b->conf.store[0])
		return 0;
	if (!b->world.data_dir)
		return fail(ENODEV, "%s is not mounted from /dev/mapper/%s; stores are files there",
			    b->conf.data.dir, b->conf.data.name);
	rc = world_store_dir(&b->world, dir, sizeof(dir));
	if (rc)
		return rc;
	rc = sys_mkdir(dir, 0700);
	if (rc)
		return fail_sys(-rc, "cannot make %s", dir);
	return storefile_check_fs(dir);
}

/* The volume must run on its plain partition: that is what the store is made over. */
static int check_device(const struct part *part, const char *name)
{
	struct map_disk disk = { part->major, part->minor };
	struct dm_state state;
	int rc = dm_state(name, &state);

	if (rc)
		return fail(-rc, "/dev/mapper/%s is not there: this system was not booted through "
			    "cowboot", name);
	if (live_judge(&state, disk, disk, 0) != LIVE_ORIGIN ||
	    state.size_sectors != part->size_sectors)
		return fail(ESTALE, "/dev/mapper/%s is not the whole of %s (its table is \"%s\")",
			    name, part->path, state.table);
	return 0;
}

static int check_chunk(const struct bundle_volume *volume, const struct part *part)
{
	uint32_t chunk_bytes = volume->chunk_sectors * SECTOR_BYTES;

	if (part->logical_block_bytes && chunk_bytes % part->logical_block_bytes)
		return fail(EINVAL, "its chunks for %s are %" PRIu32 " bytes, the disk of %s has "
			    "blocks of %" PRIu32 "; make it with --chunk-sectors %" PRIu32,
			    volume->name, chunk_bytes, part->path, part->logical_block_bytes,
			    part->logical_block_bytes / SECTOR_BYTES);
	return 0;
}

static int check_volume(const struct board *b, const struct bundle_volume *volume)
{
	const struct part *part;
	unsigned i;
	int rc;

	for (i = 0; i < b->conf.volume_count; i++)
		if (!strcmp(b->conf.volume[i].name, volume->name))
			break;
	if (i == b->conf.volume_count)
		return fail(EINVAL, "it is for a volume \"%s\", which this board has not",
			    volume->name);
	if (!b->world.has_volume[i])
		return fail(ENODEV, "the partition of %s, %s, is not there", volume->name,
			    b->conf.volume[i].spec);
	part = &b->world.volume_part[i];
	if (volume->image_bytes > part->size_sectors * SECTOR_BYTES)
		return fail(EFBIG, "its image of %s has %" PRIu64 " bytes, %s only %" PRIu64,
			    volume->name, volume->image_bytes, part->path,
			    part->size_sectors * SECTOR_BYTES);
	rc = check_chunk(volume, part);
	if (!rc)
		rc = check_chunk(volume, install_store_part(b));
	if (!rc)
		rc = check_device(part, volume->name);
	return rc;
}

int install_check(const struct board *b, const struct bundle_manifest *manifest)
{
	int rc;

	if (manifest->board[0] && strcmp(manifest->board, b->conf.board))
		return fail(EINVAL, "it is for board \"%s\", this is \"%s\"", manifest->board,
			    b->conf.board);
	rc = board_kernel_check();
	if (!rc)
		rc = check_place(b);
	for (unsigned v = 0; !rc && v < manifest->volume_count; v++)
		rc = check_volume(b, &manifest->volume[v]);
	if (!rc && manifest->boot.image_bytes)
		rc = install_boot_check(b, &manifest->boot);
	return rc;
}
