/* SPDX-License-Identifier: MIT */
/* Whether undo stores will find room.  Only looks; what is said now may have changed by then. */
#include "update/undo.h"

#include <errno.h>
#include <inttypes.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "storage/reserve.h"
#include "update/install.h"
#include "update/kept.h"
#include "update/room.h"
#include "update/slots.h"
#include "update/store.h"

#define MIB (1u << 20)

/* They are as large as the update's own. What is kept by then is dropped where there is no room beside it. */
static uint64_t needed_bytes(const struct record *rec)
{
	uint64_t sectors = 0;

	for (unsigned v = 0; v < rec->volume_count; v++)
		sectors += rec->volume[v].store_sectors;
	return sectors * SECTOR_BYTES;
}

static uint64_t free_in_files(const struct world *w)
{
	const struct record *rec = &w->record;
	const uint64_t kept = rec->kept.store_place == STORE_IN_FILES ? kept_bytes(rec) : 0;
	struct store_dir dir;
	uint64_t free_bytes = 0;

	if (world_store_dir(w, &dir) || reserve_free(dir.path, &free_bytes))
		return kept;
	return free_bytes + kept;
}

bool undo_fits_without(const struct world *w)
{
	return free_in_files(w) >= needed_bytes(&w->record);
}

bool undo_makes_room(const struct world *w)
{
	const unsigned times = w->conf->keep_old == KEEP_MUST ? 2 : 1;
	const struct part *part = install_store_part(w);
	uint64_t have;

	if (!part)
		return false;
	have = w->record.store_place == STORE_IN_FILES ? free_in_files(w) : part->size_sectors * SECTOR_BYTES;
	return have / times >= needed_bytes(&w->record);
}

/* Behind the update's own, which lie together unless something that is kept lies between. */
static uint64_t free_on(const struct world *w, const struct part *part)
{
	uint64_t sectors = part->size_sectors;

	for (unsigned i = 0; i < w->record.extent_count; i++)
		sectors -= w->record.extent[i].size_sectors;
	return sectors * SECTOR_BYTES;
}

int undo_will_fit(const struct world *w)
{
	const struct record *rec = &w->record;
	const struct part *part = install_store_part(w);
	const uint64_t need = needed_bytes(rec);
	uint64_t have;

	if (w->conf->keep_old == KEEP_NOT || !part)
		return 0;
	have = rec->store_place == STORE_IN_FILES ? free_in_files(w) : free_on(w, part);
	if (have >= need)
		return 0;
	fail(ENOSPC, "no room to keep the old system when %s is confirmed: that needs %" PRIu64
	     " MiB, and %" PRIu64 " MiB will be free", rec->version_to, need / MIB + 1, have / MIB);
	if (w->conf->keep_old == KEEP_MUST)
		return -ENOSPC;
	log_warn("%s; it goes on without", fail_text());
	return 0;
}
