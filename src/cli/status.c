/* SPDX-License-Identifier: MIT */
/*
 * cowboot status: what is, and with --explain what the next boot would do, asked of the function
 * the boot itself runs.  Reads only, and needs no lock: it works beside an install or a merge, and
 * with a record that cannot be used.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "cli/board.h"
#include "cli/report.h"
#include "map/status.h"
#include "storage/reserve.h"
#include "update/kept.h"
#include "update/live.h"
#include "update/merging.h"
#include "update/release.h"
#include "update/slots.h"
#include "update/store.h"

static const char *target_word(enum dm_target target)
{
	switch (target) {
	case DM_LINEAR:
		return "linear";
	case DM_SNAPSHOT:
		return "snapshot";
	case DM_SNAPSHOT_MERGE:
		return "snapshot-merge";
	case DM_OTHER:
		break;
	}
	return "other";
}

static void take_kernel_view(struct report_volume *to, enum phase phase,
			     const struct record_volume *update, const struct dm_state *state)
{
	struct snap_status status;

	snprintf(to->mapped, sizeof(to->mapped), "%s", target_word(state->target));
	/* While merging, only an empty store lets a volume run on its plain origin. */
	if (state->target == DM_LINEAR && (phase == PHASE_MERGING || phase == PHASE_PROVING))
		to->exceptions_left = 0;
	if (state->target != DM_SNAPSHOT && state->target != DM_SNAPSHOT_MERGE)
		return;
	if (status_parse(state->params, &status) || status.state != SNAP_OK)
		snprintf(to->trouble, sizeof(to->trouble), "%.31s", state->params);
	else if (update && state->target == DM_SNAPSHOT_MERGE)
		to->exceptions_left = status_exceptions(&status, update->chunk_sectors);
}

static void gather_volume(const struct board *b, unsigned i, struct report_volume *to)
{
	const struct record *rec = &b->world.record;
	const struct record_volume *update = NULL;
	const char *name = b->conf.volume[i].name;
	struct dm_state state;

	memset(to, 0, sizeof(*to));
	snprintf(to->name, sizeof(to->name), "%s", name);
	snprintf(to->device, sizeof(to->device), DM_DIR "%s", name);
	if (b->world.has_volume[i]) {
		snprintf(to->partition, sizeof(to->partition), "%s", b->world.volume_part[i].path);
		to->volume_bytes = b->world.volume_part[i].size_sectors * SECTOR_BYTES;
	}
	for (unsigned v = 0; v < rec->volume_count; v++)
		if (!strcmp(rec->volume[v].name, name))
			update = &rec->volume[v];
	if (update) {
		to->updated = true;
		to->store_bytes = update->store_sectors * SECTOR_BYTES;
		to->chunk_bytes = update->chunk_sectors * SECTOR_BYTES;
		to->exceptions = to->exceptions_left = update->exceptions;
		to->image_bytes = update->image_bytes;
		memcpy(to->new_digest, update->new_digest, sizeof(to->new_digest));
	}
	if (!dm_state(name, &state))
		take_kernel_view(to, rec->phase, update, &state);
}

static enum report_running judge_running(const struct board *b, const struct report *r)
{
	const struct record *rec = &b->world.record;
	unsigned origins = 0;

	if (rec->phase == PHASE_IDLE || rec->phase == PHASE_STAGING) {
		for (unsigned v = 0; v < r->volume_count; v++)
			origins += !strcmp(r->volume[v].mapped, "linear");
		if (origins != r->volume_count || !report_known(r))
			return RUNNING_UNKNOWN;
		return RUNNING_CONFIRMED;
	}
	if (world_count_live(&b->world, LIVE_OTHER) || world_count_live(&b->world, LIVE_NONE) ||
	    world_count_live(&b->world, LIVE_UNKNOWN))
		return RUNNING_UNKNOWN;
	if (rec->phase == PHASE_MERGING || rec->phase == PHASE_PROVING)
		return RUNNING_MERGING;
	if (world_count_live(&b->world, LIVE_TRIAL) == rec->volume_count)
		return RUNNING_TRIAL;
	if (world_count_live(&b->world, LIVE_ORIGIN) == rec->volume_count)
		return RUNNING_OLD;
	return RUNNING_UNKNOWN;
}

static unsigned sum_percent(const struct report *r)
{
	uint64_t total_sectors = 0, left_sectors = 0;

	for (unsigned v = 0; v < r->volume_count; v++) {
		const struct report_volume *volume = &r->volume[v];
		uint64_t chunk_sectors = volume->chunk_bytes / SECTOR_BYTES;

		total_sectors += volume->exceptions * chunk_sectors;
		left_sectors += volume->exceptions_left * chunk_sectors;
	}
	return merging_percent(total_sectors, left_sectors);
}

/*
 * A merge that failed tells no numbers any more; and one that is just being put in place of the trial tells
 * those of an empty store, before it has taken over the list.  What a store still holds is on the disk.
 */
static void count_on_disk(const struct board *b, struct report *r)
{
	const struct record *rec = &b->world.record;
	struct cow_found found;

	for (unsigned i = 0; i < r->volume_count; i++)
		for (unsigned v = 0; (r->volume[i].trouble[0] || !r->volume[i].exceptions_left) &&
				     v < rec->volume_count; v++)
			if (!strcmp(rec->volume[v].name, r->volume[i].name) &&
			    rec->phase == PHASE_MERGING && !store_check(&b->world, v, &found))
				r->volume[i].exceptions_left = found.exceptions;
}

/* What decide() says to the facts as the next boot will find them. */
static void explain(struct board *b, struct report *r)
{
	struct facts facts;

	/* Not from the slot of this boot, but from that which the loader will choose. */
	b->conf.slot = slots_next(&b->world);
	world_facts(&b->world, &facts);
	/* What this boot's command line asked for says nothing of the next one's. */
	facts.recovery_asked = b->world.record.recovery.asked;
	r->plan = decide(&facts);
	r->stores_why = b->world.stores_why;
	r->explained = true;
}

/* Where the room cannot be looked at, nothing is known of it; the record's trouble has its own line. */
static void gather_room(const struct board *b, struct report_room *room)
{
	const struct world *w = &b->world;
	struct store_dir dir;

	room->kept_bytes = kept_bytes(&w->record);
	for (unsigned v = 0; v < w->record.volume_count; v++)
		room->pending_bytes += w->record.volume[v].store_sectors * SECTOR_BYTES;
	if (w->has_store_part) {
		const uint64_t all_bytes = w->store_part.size_sectors * SECTOR_BYTES;
		const uint64_t used_bytes = room->pending_bytes +
					    (record_is_way_back(&w->record) ? 0 : room->kept_bytes);

		snprintf(room->place, sizeof(room->place), "%s", w->store_part.path);
		room->free_bytes = all_bytes > used_bytes ? all_bytes - used_bytes : 0;
	} else if (!b->conf.store[0] && w->data_dir && !world_store_dir(w, &dir) &&
		   !reserve_free(w->data_dir, &room->free_bytes)) {
		snprintf(room->place, sizeof(room->place), "%s", dir.path);
	}
}

static void gather(struct board *b, struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->board = b->conf.board;
	r->cowboot = COWBOOT_VERSION;
	gather_room(b, &r->room);
	r->meta = b->world.meta.fd >= 0 ? b->world.meta_part.path : NULL;
	r->copies = b->world.copies;
	r->record = &b->world.record;
	r->now_s = sys_wall_s();
	r->clock_right = release_clock_right(r->record, r->now_s);
	r->volume_count = b->conf.volume_count;
	for (unsigned i = 0; i < r->volume_count; i++)
		gather_volume(b, i, &r->volume[i]);
	count_on_disk(b, r);
	r->has_slots = slots_configured(&b->conf);
	r->slot = b->conf.slot;
	r->slots = b->world.loader.state;
	r->running = judge_running(b, r);
	r->merge_percent = sum_percent(r);
}

int cli_status(int argc, char **argv)
{
	static char buf[32 * 1024];
	static struct board board;
	static struct report report;
	bool json = false, explained = false;
	const struct cli_option options[] = {
		{ "--json", &json, NULL }, { "--explain", &explained, NULL }, { NULL, NULL, NULL },
	};
	struct text_out out;
	int rc = cli_options(&argc, argv, options);

	if (rc)
		return rc;
	if (argc != 1)
		return cli_usage("status", "status takes no operand");
	rc = board_open(&board, "show the status", WORLD_LOOK);
	if (!rc) {
		gather(&board, &report);
		if (explained)
			explain(&board, &report);
		text_begin(&out, buf, sizeof(buf));
		if (json)
			report_json(&report, &out);
		else
			report_text(&report, &out);
		if (!json)
			text_blot(buf);
		fputs(buf, stdout);
		rc = out.full ? cli_refuse(EXIT_FAILED, "cannot show the status: it is too long") :
				cli_printed(EXIT_DONE);
	}
	board_close(&board);
	return rc;
}
