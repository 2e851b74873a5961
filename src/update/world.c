/* SPDX-License-Identifier: MIT */
/* The record as the world keeps it.  Must never write to any disk but by world_save. */
#include "update/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "update/slots.h"

void world_blank(struct world *w, const struct conf *conf)
{
	memset(w, 0, offsetof(struct world, record));
	record_blank(&w->record);
	w->conf = conf;
	w->meta.fd = -1;
	w->lock_fd = -1;
}

/* A card with its switch set, an eMMC at its end: what they hold can still be read, and booted. */
static int open_meta(struct world *w, enum dev_mode mode)
{
	int rc = -EROFS;

	if (mode == DEV_READ || !w->meta_part.write_protected)
		rc = dev_open(w->meta_part.path, mode, &w->meta);
	w->write_protected = mode == DEV_WRITE && (rc == -EROFS || rc == -EACCES || rc == -EPERM);
	if (!w->write_protected)
		return rc;
	return dev_open(w->meta_part.path, DEV_READ, &w->meta);
}

int world_load(struct world *w, enum dev_mode mode)
{
	int rc;

	record_clear(&w->record);
	w->copies.health = RECORD_DAMAGED;
	if (!w->has_meta)
		return fail(ENODEV, "cannot read the record: no partition %s", w->conf->meta);
	rc = open_meta(w, mode);
	if (rc < 0)
		return rc;
	/* A flush that failed leaves pages that read as written and are not on the medium. */
	if (dev_drop_cache(&w->meta) < 0)
		log_warn("%s", fail_text());
	slots_load(w);
	return copies_load(&w->meta, &w->record, &w->copies);
}

int world_named(const struct world *w, const char *name)
{
	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (strcmp(w->conf->volume[i].name, name) == 0)
			return (int)i;
	return -1;
}

int world_volume(const struct world *w, unsigned v)
{
	return world_named(w, w->record.volume[v].name);
}

const char *world_version(const struct world *w)
{
	const struct record_result *last = &w->record.last;

	return last->result == RESULT_MERGED || last->result == RESULT_RESTORED ?
	       last->version_to : last->version_from;
}

static struct record next;	/* too large for a stack */

struct record *world_edit(const struct world *w)
{
	record_copy(&next, &w->record);
	return &next;
}

int world_save(struct world *w, struct record *edited)
{
	int rc;

	if (w->access == WORLD_LOOK)
		return fail(EPERM, "cannot save the record: it was opened to look at it");
	if (w->access != WORLD_BOOT && w->lock_fd < 0)
		return fail(ENOLCK, "cannot save the record: without the lock");
	rc = copies_save(&w->meta, edited, &w->copies, w->access == WORLD_FORCE);
	if (!rc)
		record_copy(&w->record, edited);
	/*
	 * The generation is used up even when the save failed: it may be on the medium, and what is
	 * saved next must have another.
	 */
	w->record.generation = edited->generation;
	return rc;
}

/* The lock is given back last: whoever waits for it finds all else closed. */
void world_close(struct world *w)
{
	dev_close(&w->meta);
	if (w->lock_fd >= 0)
		sys_close(w->lock_fd);
	w->lock_fd = -1;
}

int world_store_dir(const struct world *w, struct store_dir *ret_dir)
{
	struct store_dir dir = { .folder = { .device = w->data_device } };

	if (w->record.phase != PHASE_IDLE && w->record.store_place == STORE_IN_FILES)
		dir.folder.inode = w->record.store_dir_inode;
	if (!w->data_dir)
		return fail(ENODEV, "cannot reach the stores: data is not mounted");
	if ((size_t)snprintf(dir.path, sizeof(dir.path), "%s/cowboot", w->data_dir) >=
	    sizeof(dir.path))
		return fail(ENAMETOOLONG, "cannot reach the stores: the path %s is too long",
			    w->data_dir);
	*ret_dir = dir;
	return 0;
}
