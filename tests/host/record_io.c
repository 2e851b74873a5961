/* SPDX-License-Identifier: MIT */
/*
 * usage: record_io META ACT…
 *
 * Reads the record in a file, does each ACT and saves it as that version of cowboot does whose src/ this
 * is compiled with; then says what is there, as a line of JSON.  For test_record_versions.py, which
 * compiles it with the tree's sources, with those of version 1 of the record, and with those of a version
 * 2 that knows no releases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "state/copies.h"
#if __has_include("state/features.h")
#include "state/features.h"
#endif

static struct record rec;
static struct copies copies;
static struct dev meta;

static void stop(const char *what)
{
	fprintf(stderr, "record_io: cannot %s: %s\n", what, fail_text());
	exit(1);
}

static void stage(void)
{
	record_clear(&rec);
	memset(rec.update_id, 0xa1, sizeof(rec.update_id));
	strcpy(rec.version_from, "1.0");
	strcpy(rec.version_to, "2.0");
	rec.phase = PHASE_STAGING;
	rec.slot_old = 'a';
	rec.slot = 'b';
}

static void arm(void)
{
	struct record_volume *vol = &rec.volume[0];

	rec.phase = PHASE_TRIAL;
	rec.tries_left = rec.tries_total = 3;
	rec.volume_count = 1;
	strcpy(vol->name, "system");
	vol->volume_sectors = 4096;
	vol->image_bytes = 4096 * 512;
	vol->chunk_sectors = 8;
	vol->store_sectors = 80;
	vol->exceptions = 8;
	vol->extent_count = rec.extent_count = 1;
	rec.extent[0] = (struct extent){ 2048, 80 };
}

#ifdef RECORD_FORMAT

static void add_places(void)
{
	memset(rec.store_part.part_uuid, 0x11, sizeof(rec.store_part.part_uuid));
	rec.store_part.start_sectors = 2048;
	rec.store_dir_inode = 12;
	rec.volume[0].origin.size_sectors = 4096;
}

static void end(enum result result, enum reason reason, uint64_t when_s)
{
	record_end(&rec, result, reason, "", when_s);
}

#ifdef HAS_RELEASES

static bool act_release(const char *act)
{
	if (!strcmp(act, "release-7"))
		record_release_note(&rec, 7, 20787, 1);
	else if (!strcmp(act, "raise"))
		record_release_confirm(&rec);
	else
		return false;
	return true;
}

static void say_release(void)
{
	printf(", \"floor\": %llu, \"release\": %llu, \"newest\": %llu",
	       (unsigned long long)rec.releases.floor, (unsigned long long)record_release_pending(&rec),
	       (unsigned long long)rec.releases.newest);
}

#else

static bool act_release(const char *act)
{
	(void)act;
	return false;
}

static void say_release(void)
{
	printf(", \"other_bytes\": %u", rec.other_bytes);
}

#endif

static bool act_later(const char *act)
{
	if (!strcmp(act, "places"))
		add_places();
	else if (!strcmp(act, "note-a"))
		record_note_init(&rec, 'a');
	else if (!strcmp(act, "note-b"))
		record_note_init(&rec, 'b');
	else if (!strcmp(act, "prove"))
		rec.phase = PHASE_PROVING;
	else
		return act_release(act);
	return true;
}

static void say_later(void)
{
	printf(", \"part_start\": %llu, \"inode\": %llu, \"origin_sectors\": %llu, \"earlier\": %u, "
	       "\"may_prove\": %d, \"tail_lost\": %d, \"read_only\": %d",
	       (unsigned long long)rec.store_part.start_sectors,
	       (unsigned long long)rec.store_dir_inode,
	       (unsigned long long)rec.volume[0].origin.size_sectors, rec.earlier_count,
	       record_may_use(&rec, true, 0, RECORD_IN_PROVING), copies.tail_lost,
	       copies.read_only);
	say_release();
}

#else

/* Version 1 had the reason's words where there is a code now. */
#define REASON_MERGED "every store is merged"
#define REASON_TRIES_SPENT "no tries are left"

static void end(enum result result, const char *reason, uint64_t when_s)
{
	record_end(&rec, result, reason, when_s);
}

static bool act_later(const char *act)
{
	(void)act;
	return false;
}

static void say_later(void)
{
	printf(", \"part_start\": %llu", (unsigned long long)rec.store_part_start_sectors);
}

#endif

static void act(const char *act)
{
	if (!strcmp(act, "stage"))
		stage();
	else if (!strcmp(act, "arm"))
		arm();
	else if (!strcmp(act, "spend"))
		rec.tries_left--;
	else if (!strcmp(act, "confirm"))
		rec.phase = PHASE_MERGING;
	else if (!strcmp(act, "finish"))
		end(RESULT_MERGED, REASON_MERGED, 1);
	else if (!strcmp(act, "revert"))
		end(RESULT_REVERTED, REASON_TRIES_SPENT, 2);
	else if (strcmp(act, "again") && !act_later(act))
		stop(act);
	if (copies_save(&meta, &rec, &copies, false))
		stop(act);
}

int main(int argc, char **argv)
{
	if (argc < 2 || dev_open(argv[1], DEV_WRITE, &meta) ||
	    copies_load(&meta, &rec, &copies) || copies_repair(&meta, &rec, &copies))
		stop("load");
	for (int i = 2; i < argc; i++)
		act(argv[i]);
	if (copies_load(&meta, &rec, &copies))
		stop("load");
	printf("{\"health\": %d, \"a\": %d, \"b\": %d, \"phase\": \"%s\", \"tries_left\": %u, "
	       "\"generation\": %llu, \"result\": \"%s\", \"to\": \"%s\", \"slot_old\": \"%.1s\", "
	       "\"volumes\": %u, \"why\": \"%s\"",
	       (int)copies.health, (int)copies.copy[0], (int)copies.copy[1], phase_name(rec.phase),
	       rec.tries_left, (unsigned long long)rec.generation, result_name(rec.last.result),
	       rec.last.version_to, rec.slot_old ? &rec.slot_old : "", rec.volume_count,
	       copies.why);
	say_later();
	puts("}");
	dev_close(&meta);
	return 0;
}
