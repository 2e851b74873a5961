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
#include "base/log.h"
#include "base/sys.h"
#include "update/install.h"
#include "update/live.h"
#include "update/release.h"
#include "storage/storefile.h"

const struct part *install_store_part(const struct world *w)
{
	if (w->conf->store[0]) {
		if (w->has_store_part)
			return &w->store_part;
		fail(ENODEV, "the partition for stores, %s, is not there", w->conf->store);
		return NULL;
	}
	if (w->has_data)
		return &w->data_part;
	fail(ENODEV, "the data partition, %s, is not there", w->conf->data.spec);
	return NULL;
}

/*
 * Stores in files need `data` mounted through its mapped device, with a file system that leaves blocks
 * where they are.
 */
static int check_place(const struct world *w)
{
	struct store_dir dir;
	int rc;

	if (!install_store_part(w))
		return -ENODEV;
	if (w->conf->store[0])
		return 0;
	if (!w->data_dir)
		return fail(ENODEV, "%s is not mounted from " DM_DIR "%s; stores are files there",
			    w->conf->data.dir, w->conf->data.name);
	rc = world_store_dir(w, &dir);
	if (rc)
		return rc;
	rc = storedir_make(&dir);
	return rc ? rc : storefile_check_fs(&dir);
}

/* The volume must run on its plain partition: that is what the store is made over. */
static int check_device(const struct part *part, const char *name)
{
	struct map_disk disk = { part->major, part->minor };
	struct dm_state state;
	int rc = dm_state(name, &state);

	if (rc)
		return fail(-rc, DM_DIR "%s is not there: this system was not booted through "
			    "cowboot", name);
	if (live_judge(&state, disk, disk, 0) != LIVE_ORIGIN ||
	    state.size_sectors != part->size_sectors)
		return fail(ESTALE, DM_DIR "%s is not the whole of %s (its table is \"%s\")",
			    name, part->path, state.table);
	return 0;
}

/* An update is for the volume that the configuration names: a boot from elsewhere by root= takes none. */
static int check_root(const struct world *w, unsigned i)
{
	const char *disk = w->conf->several_disks ? NULL : w->meta_part.disk;
	const struct part *root = &w->volume_part[0];
	struct part configured;

	if (i || !w->conf->root[0] ||
	    find_part(w->conf->volume[0].spec, disk, 0, &configured) < 0 ||
	    (configured.major == root->major && configured.minor == root->minor))
		return 0;
	return fail(EINVAL, "this boot is from %s, by root= on the kernel command line, and the "
		    "board's own %s is %s; boot that first", root->path, w->conf->volume[0].name,
		    configured.path);
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

static int check_volume(const struct world *w, const struct bundle_volume *volume)
{
	const struct part *part;
	const int i = world_named(w, volume->name);
	int rc;

	if (i < 0)
		return fail(EINVAL, "it is for a volume \"%s\", which this board has not",
			    volume->name);
	if (!w->has_volume[i])
		return fail(ENODEV, "the partition of %s, %s, is not there", volume->name,
			    w->conf->volume[i].spec);
	rc = check_root(w, (unsigned)i);
	if (rc)
		return rc;
	part = &w->volume_part[i];
	if (volume->old_bytes > part->size_sectors * SECTOR_BYTES)
		return fail(ESTALE, "it was made over another %s: the old image has %" PRIu64
			    " bytes, %s only %" PRIu64, volume->name, volume->old_bytes,
			    part->path, part->size_sectors * SECTOR_BYTES);
	if (volume->image_bytes > part->size_sectors * SECTOR_BYTES)
		return fail(EFBIG, "its image of %s has %" PRIu64 " bytes, %s only %" PRIu64,
			    volume->name, volume->image_bytes, part->path,
			    part->size_sectors * SECTOR_BYTES);
	rc = check_chunk(volume, part);
	if (!rc)
		rc = check_chunk(volume, install_store_part(w));
	if (!rc)
		rc = check_device(part, volume->name);
	return rc;
}

int install_check(struct world *w, const struct bundle_manifest *manifest, bool allow_downgrade)
{
	int rc;

	if (manifest->board[0] && strcmp(manifest->board, w->conf->board))
		return fail(EINVAL, "it is for board \"%s\", this is \"%s\"", manifest->board,
			    w->conf->board);
	rc = release_check(w, manifest, allow_downgrade);
	if (!rc)
		rc = world_kernel_check(w);
	if (!rc)
		rc = check_place(w);
	for (unsigned v = 0; !rc && v < manifest->volume_count; v++)
		rc = check_volume(w, &manifest->volume[v]);
	if (!rc && manifest->boot.image_bytes)
		rc = install_boot_check(w, &manifest->boot);
	return rc;
}

int install_check_versions(const struct world *w, const struct bundle_manifest *manifest,
			   bool same)
{
	const char *runs = world_version(w), *to = manifest->version_to;
	const char *from = manifest->version_from;

	if (!runs[0])
		return 0;
	if (same && strcmp(runs, to))
		return fail(ESTALE, "what it brings is there already, but this system is %s and not "
			    "%s: were OLD and NEW swapped when it was made?", runs, to);
	if (!same && from[0] && strcmp(runs, from) && !strcmp(runs, to))
		return fail(ESTALE, "it leads from %s to %s, but what it was made over is %s, which "
			    "runs: were OLD and NEW swapped when it was made?", from, to, runs);
	if (!same && from[0] && strcmp(runs, from))
		log_warn("this bundle calls the system that runs %s; it is %s", from, runs);
	return 0;
}

bool install_is_armed(struct world *w, const struct bundle_manifest *manifest)
{
	const struct record *rec = &w->record;

	if (rec->phase != PHASE_TRIAL || rec->refused[0] ||
	    strcmp(rec->version_to, manifest->version_to) ||
	    rec->volume_count != manifest->volume_count ||
	    !rec->slot != !manifest->boot.image_bytes)
		return false;
	for (unsigned v = 0; v < rec->volume_count; v++)
		if (strcmp(rec->volume[v].name, manifest->volume[v].name) ||
		    rec->volume[v].image_bytes != manifest->volume[v].image_bytes ||
		    memcmp(rec->volume[v].new_digest, manifest->volume[v].new_digest,
			   sizeof(rec->volume[v].new_digest)))
			return false;
	return !rec->slot || install_boot_there(w, &manifest->boot);
}
