/* SPDX-License-Identifier: MIT */
/*
 * Room for undo stores.  Must never give out what a store has that a record names; and never drop what is
 * kept already for a new one that would not find room either.
 */
#include "update/undo.h"

#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "update/kept.h"
#include "update/places.h"
#include "update/room.h"
#include "update/settle.h"

/* One that is kept of an update before; not the one whose way back this trial is. */
static bool has_older(const struct world *w)
{
	return w->record.kept.volume_count && !record_is_way_back(&w->record);
}

/* Pieces of the partition for stores that are not free; their number. */
static unsigned taken_pieces(const struct world *w, bool beside_older, struct extent *ret_taken)
{
	const struct record *rec = &w->record;
	unsigned count = 0;

	for (unsigned i = 0; rec->store_place == STORE_ON_PARTITION && i < rec->extent_count; i++)
		ret_taken[count++] = rec->extent[i];
	if (!beside_older || !has_older(w) || rec->kept.store_place != STORE_ON_PARTITION)
		return count;
	for (unsigned i = 0; i < rec->kept.extent_count; i++)
		ret_taken[count++] = rec->kept.extent[i];
	return count;
}

static int find_room(const struct world *w, struct world *k, bool beside_older)
{
	static struct extent taken[RECORD_EXTENTS_MAX + RECORD_KEPT_EXTENTS_MAX];
	const struct part *part;
	int rc = places_stores(w, &part);

	/* Those that a command has left behind that was killed. */
	if (!rc)
		rc = settle_files(w);
	if (!rc)
		rc = room_reserve(k, part, taken, taken_pieces(w, beside_older, taken));
	if (!rc && k->record.extent_count > RECORD_KEPT_EXTENTS_MAX)
		rc = fail(E2BIG, "its stores lie in %u pieces, more than %d", k->record.extent_count,
			  RECORD_KEPT_EXTENTS_MAX);
	return rc;
}

static int drop_older(struct world *w)
{
	char version[RECORD_VERSION_MAX];
	int rc;

	memcpy(version, w->record.kept.version, sizeof(version));
	rc = kept_drop(w);
	if (!rc)
		log_note("%s is not kept any longer: its space is needed", version);
	return rc;
}

int undo_take_room(struct world *w, struct world *k)
{
	int rc = find_room(w, k, true);

	if ((rc != -ENOSPC && rc != -E2BIG) || !has_older(w))
		return rc;
	if (w->record.store_place == STORE_ON_PARTITION) {
		rc = find_room(w, k, false);
		return rc ? rc : drop_older(w);
	}
	if (rc == -ENOSPC && !undo_fits_without(w))
		return rc;
	rc = drop_older(w);
	return rc ? rc : find_room(w, k, true);
}
