/* SPDX-License-Identifier: MIT */
/*
 * Which of two disks' partitions the board takes for its own (src/update/partitions.c and places.c,
 * I13): in place of storage/find.c stands a list of what is plugged in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../state/samples.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "update/places.h"
#include "update/transition.h"

#define PLUGGED_MAX 16
#define VOLUME_SECTORS 1433600

static struct world world;
static struct conf conf;
static char meta_path[] = "/tmp/cowboot-unit-XXXXXX";

/* ---- what is plugged in ---- */

static struct plugged {
	const char *disk, *label, *path;
	uint8_t uuid;		/* all of its bytes; 0: it has none */
	uint64_t start_sectors;
} plugged[PLUGGED_MAX];
static unsigned plugged_count;

static void plug(const char *disk, const char *label, const char *path, uint8_t uuid,
		 uint64_t start_sectors)
{
	plugged[plugged_count++] = (struct plugged){ disk, label, path, uuid, start_sectors };
}

static struct part part_of(const struct plugged *p)
{
	struct part part = { .major = 1, .minor = (unsigned)(p - plugged),
			     .start_sectors = p->start_sectors, .size_sectors = VOLUME_SECTORS };

	snprintf(part.path, sizeof(part.path), "%s", p->path);
	snprintf(part.disk, sizeof(part.disk), "%s", p->disk);
	memset(part.part_uuid, p->uuid, sizeof(part.part_uuid));
	return part;
}

static bool answers(const struct plugged *p, const char *spec)
{
	const struct part part = part_of(p);
	const struct place place = place_of(&part);
	char uuid[PLACE_SPEC_MAX];

	return strcmp(spec, p->path) == 0 || (place_spec(uuid, &place) && !strcmp(spec, uuid)) ||
	       (!strncmp(spec, "PARTLABEL=", 10) && !strcmp(spec + 10, p->label));
}

int find_part(const char *spec, const char *disk, uint64_t deadline_ms, struct part *ret_part)
{
	const struct plugged *found = NULL;
	unsigned here = 0, elsewhere = 0;

	(void)deadline_ms;
	for (unsigned i = 0; i < plugged_count; i++) {
		const bool is_here = !disk || spec[0] == '/' || !strcmp(plugged[i].disk, disk);

		if (!answers(&plugged[i], spec))
			continue;
		found = is_here || !found ? &plugged[i] : found;
		here += is_here;
		elsewhere += !is_here;
	}
	if (!found)
		return fail(ENODEV, "there is no %s", spec);
	if (here > 1)
		return fail(ENOTUNIQ, "two are %s: both", spec);
	if (!here && !strncmp(spec, "PARTLABEL=", 10))
		return fail(EXDEV, "%s is /dev/other", spec);
	*ret_part = part_of(found);
	return 0;
}

const char *find_lost_tables(void)
{
	return "";
}

void find_check_table(const struct part *part, char why[FIND_WHY_MAX])
{
	(void)part;
	why[0] = 0;
}

/* ---- the board ---- */

#define PUT(field, text) ((void)snprintf(field, sizeof(field), "%s", text))

/* meta and two volumes on "own", named by their labels. */
static int begin(void **state)
{
	(void)state;
	assert_int_equal(truncate(meta_path, 0), 0);
	assert_int_equal(truncate(meta_path, META_BYTES_MIN), 0);
	plugged_count = 0;
	plug("own", "meta", meta_path, 0x11, 2048);
	plug("own", "system", "/dev/own2", 0x22, 4096);
	plug("own", "vendor", "/dev/own3", 0x33, 8192);
	memset(&conf, 0, sizeof(conf));
	PUT(conf.meta, "PARTLABEL=meta");
	conf.volume_count = 2;
	PUT(conf.volume[0].name, "system");
	PUT(conf.volume[0].spec, "PARTLABEL=system");
	PUT(conf.volume[1].name, "vendor");
	PUT(conf.volume[1].spec, "PARTLABEL=vendor");
	return 0;
}

/* An update of system, for the partition with that UUID and that start. */
static void pend(enum phase phase, uint8_t uuid, uint64_t start_sectors)
{
	static struct record rec;
	struct copies copies;
	struct dev dev;

	assert_int_equal(dev_open(meta_path, DEV_WRITE, &dev), 0);
	assert_int_equal(copies_load(&dev, &rec, &copies), 0);
	sample_merging(&rec);
	rec.phase = phase;
	rec.store_place = STORE_IN_FILES;
	memset(rec.volume[0].origin.part_uuid, uuid, PLACE_UUID_BYTES);
	rec.volume[0].origin.start_sectors = start_sectors;
	rec.volume[0].origin.size_sectors = VOLUME_SECTORS;
	assert_int_equal(copies_save(&dev, &rec, &copies, false), 0);
	dev_close(&dev);
}

/* As recovery's menu does. */
static void look(void)
{
	world_find(&world, &conf, NULL, 0);
	world.access = WORLD_BOOT;
	assert_int_equal(world_load(&world, DEV_WRITE), 0);
}

/* ---- tests ---- */

static void slots_by_path(void **state)
{
	(void)state;
	plug("other", "boot_a", "/dev/cbx1", 0x44, 2048);
	plug("own", "boot_b", "/dev/cbx2", 0x55, 9000);
	PUT(conf.boot[0], "/dev/cbx1");
	PUT(conf.boot[1], "/dev/cbx2");
	look();
	assert_false(world.has_boot[0]);
	assert_true(world.has_boot[1]);
	conf.several_disks = true;
	look();
	assert_true(world.has_boot[0] && world.has_boot[1]);
}

static void slots_by_label(void **state)
{
	(void)state;
	plug("other", "boot_a", "/dev/cbx1", 0x44, 2048);
	plug("other", "boot_b", "/dev/cbx2", 0x55, 4096);
	plug("own", "boot_b", "/dev/own4", 0x55, 9000);
	PUT(conf.boot[0], "PARTLABEL=boot_a");
	PUT(conf.boot[1], "PARTLABEL=boot_b");
	look();
	assert_false(world.has_boot[0]);
	assert_true(world.has_boot[1]);
	assert_string_equal(world.boot_part[1].path, "/dev/own4");
	/* Any disk's may be meant then, so two are none. */
	conf.several_disks = true;
	look();
	assert_true(world.has_boot[0]);
	assert_false(world.has_boot[1]);
}

/* Whoever renumbers the disks must not have an ESP mounted, nor a partition wiped for stores. */
static void esp_and_stores_by_path(void **state)
{
	(void)state;
	plug("other", "esp", "/dev/cbx1", 0x44, 2048);
	plug("other", "cow", "/dev/cbx2", 0x55, 4096);
	PUT(conf.esp, "/dev/cbx1");
	PUT(conf.store, "/dev/cbx2");
	world_find(&world, &conf, NULL, 0);	/* and no more: world_load would mount it */
	assert_false(world.has_esp || world.has_store_part);
	conf.several_disks = true;
	world_find(&world, &conf, NULL, 0);
	assert_true(world.has_esp && world.has_store_part);
}

/* ---- what the log says ---- */

static char logged[2048];

static void keep_line(enum log_level level, const char *line)
{
	const size_t len = strlen(logged);

	(void)level;
	(void)snprintf(logged + len, sizeof(logged) - len, "%s\n", line);
}

/* What is looked for by the record says nothing to somebody who knows the configuration. */
static void both_names_of_what_is_not_there(void **state)
{
	(void)state;
	PUT(conf.data.spec, "PARTLABEL=data");
	plugged[1].label = "unnamed";
	pend(PHASE_TRIAL, 0x99, 4096);
	logged[0] = 0;
	log_setup("unit", keep_line, LOG_WARN);
	look();
	log_setup("unit", NULL, LOG_INFO);
	assert_non_null(strstr(logged, "system: there is no PARTUUID=99999999-9999-9999-9999-999999999999; "
				       "the configuration says PARTLABEL=system\n"));
	assert_non_null(strstr(logged, "data: there is no "));
}

/* ---- a whole image amid an update ---- */

static void assert_kept(enum phase phase)
{
	assert_int_equal(update_partial(&world, "vendor"), -ESTALE);
	look();
	assert_int_equal(world.record.phase, phase);
}

static void no_end_while_a_volume_is_another(void **state)
{
	(void)state;
	for (enum phase phase = PHASE_TRIAL; phase <= PHASE_MERGING; phase++) {
		begin(state);
		/* The update's own is gone; another one has its name. */
		pend(phase, 0x99, 4096);
		look();
		assert_true(world.misplaced && world.volume_misplaced && !world.has_volume[0]);
		assert_int_equal(places_replaced(&world), phase == PHASE_MERGING);
		if (phase == PHASE_TRIAL)
			assert_kept(phase);
		/* Two others have it. */
		plug("own", "system", "/dev/own5", 0x66, 16384);
		look();
		assert_true(world.volume_misplaced && !world.has_volume[0]);
		assert_kept(phase);
	}
}

/* A merge on a disk that nobody can bring back: nothing but an image onto what is there leads out. */
static void an_end_where_one_has_its_name(void **state)
{
	(void)state;
	pend(PHASE_MERGING, 0x99, 4096);
	look();
	assert_true(world.volume_replaced[0] && !world.has_volume[0]);
	assert_string_equal(world.volume_part[0].path, "/dev/own2");
	assert_int_equal(update_partial(&world, "system"), 0);
	assert_true(record_is_partial(&world.record, "system"));
	look();
	assert_true(world.has_volume[0] && !world.misplaced);
}

/* Another disk's is none that the board's names lead to. */
static void no_end_where_another_disk_has_its_name(void **state)
{
	(void)state;
	plugged[1].label = "unnamed";
	plug("other", "system", "/dev/other2", 0x22, 4096);
	pend(PHASE_MERGING, 0x99, 4096);
	look();
	assert_true(world.volume_misplaced && !world.volume_replaced[0]);
	assert_kept(PHASE_MERGING);
}

/* Stores that are on another disk only are elsewhere, and not gone: a trial waits for them. */
static void stores_on_another_disk(void **state)
{
	(void)state;
	PUT(conf.data.spec, "PARTLABEL=data");
	plug("other", "data", "/dev/other4", 0x44, 16384);
	pend(PHASE_TRIAL, 0x22, 4096);
	look();
	assert_true(world.misplaced && !world.volume_misplaced);
	plugged_count--;
	look();
	assert_false(world.misplaced);
}

/* Of a volume that is just not there nothing can be written to by its name. */
static void an_end_while_a_volume_is_not_there(void **state)
{
	(void)state;
	plugged[1].label = "unnamed";
	pend(PHASE_MERGING, 0x99, 4096);
	look();
	assert_false(world.misplaced || world.volume_misplaced || world.has_volume[0]);
	assert_int_equal(update_partial(&world, "vendor"), 0);
	assert_true(record_is_partial(&world.record, "system"));
	assert_true(record_is_partial(&world.record, "vendor"));
}

static void an_end_where_all_is_in_place(void **state)
{
	(void)state;
	/* Whatever it is called now, and whatever else is called so. */
	plugged[1].label = "unnamed";
	plug("own", "system", "/dev/own5", 0x66, 16384);
	pend(PHASE_MERGING, 0x22, 4096);
	look();
	assert_string_equal(world.volume_part[0].path, "/dev/own2");
	assert_int_equal(update_partial(&world, "system"), 0);
}

/* Between the menu's question and its answer somebody has plugged in another disk. */
static void not_the_one_any_more(void **state)
{
	struct part part;

	(void)state;
	part = part_of(&plugged[1]);
	assert_int_equal(places_still(&part), 0);
	plugged[1].start_sectors++;
	assert_int_equal(places_still(&part), -ESTALE);
	plugged[1].start_sectors--;
	plugged[1].uuid = 0x66;
	assert_true(places_still(&part) < 0);
	plugged[1].uuid = 0x22;
	plugged[1].path = "/dev/own7";
	assert_int_equal(places_still(&part), -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slots_by_path, begin),
		cmocka_unit_test_setup(slots_by_label, begin),
		cmocka_unit_test_setup(esp_and_stores_by_path, begin),
		cmocka_unit_test_setup(both_names_of_what_is_not_there, begin),
		cmocka_unit_test_setup(no_end_while_a_volume_is_another, begin),
		cmocka_unit_test_setup(an_end_where_one_has_its_name, begin),
		cmocka_unit_test_setup(no_end_where_another_disk_has_its_name, begin),
		cmocka_unit_test_setup(stores_on_another_disk, begin),
		cmocka_unit_test_setup(an_end_while_a_volume_is_not_there, begin),
		cmocka_unit_test_setup(an_end_where_all_is_in_place, begin),
		cmocka_unit_test_setup(not_the_one_any_more, begin),
	};
	const int fd = mkstemp(meta_path);
	int rc;

	if (fd < 0)
		return 1;
	(void)close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(meta_path);
	return rc;
}
