/* SPDX-License-Identifier: MIT */
/*
 * NAME-store must be ours and lie over the record's blocks, or it is none; and who only looks needs none.
 * Over functions that stand for src/map/dm.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "map/dm.h"
#include "update/store.h"

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

static struct conf conf;
static struct world w;

/* What device-mapper has of that name: 0, -ENXIO, -EEXIST or -ESTALE, as dm_is_linear says. */
static int there;
static bool open_by_somebody;
static unsigned made, removed, on_minor = 5;
static struct extent first;

int dm_is_linear(const char *name, struct map_disk disk, const struct extent *pieces,
		 unsigned count, struct map_disk *ret_disk)
{
	assert_string_equal(name, "system-store");
	assert_int_equal(disk.minor, on_minor);
	assert_int_equal(count, 2);
	first = pieces[0];
	if (!there)
		*ret_disk = (struct map_disk){ 253, 1 };
	return there;
}

int dm_linear(const char *name, bool readonly, struct map_disk disk, const struct extent *pieces,
	      unsigned count, struct map_disk *ret_disk)
{
	(void)disk, (void)pieces, (void)count;
	assert_string_equal(name, "system-store");
	assert_false(readonly);
	made++;
	*ret_disk = (struct map_disk){ 253, 2 };
	return 0;
}

int dm_remove(const char *name)
{
	assert_string_equal(name, "system-store");
	removed++;
	return open_by_somebody ? -EBUSY : 0;
}

static int map(struct map_disk *ret_disk)
{
	made = removed = 0;
	return store_map(&w, 0, ret_disk);
}

static void only_over_its_own_blocks(void **state)
{
	struct map_disk disk = { 0, 0 };

	(void)state;
	there = -ENXIO;
	assert_int_equal(map(&disk), 0);
	assert_true(made == 1 && removed == 0 && disk.minor == 2);
	assert_true(first.start_sectors == 100 && first.size_sectors == 16);
	assert_int_equal(store_mapped(&w, 0, &disk), -ENXIO);
	there = 0;
	assert_int_equal(map(&disk), 0);
	assert_true(made == 0 && removed == 0 && disk.minor == 1);
	/* Left by an earlier update: what is written through it would go to blocks of others by now. */
	there = -ESTALE;
	assert_int_equal(store_mapped(&w, 0, &disk), -ESTALE);
	assert_int_equal(map(&disk), 0);
	assert_true(made == 1 && removed == 1 && disk.minor == 2);
	open_by_somebody = true;
	assert_int_equal(map(&disk), -EBUSY);
	assert_int_equal(made, 0);
	open_by_somebody = false;
	/* LVM's, say. */
	there = -EEXIST;
	assert_int_equal(map(&disk), -EEXIST);
	assert_true(made == 0 && removed == 0);
}

static void only_on_its_own_partition(void **state)
{
	struct map_disk disk = { 0, 0 };

	(void)state;
	there = 0;
	w.data_part.start_sectors++;
	assert_int_equal(map(&disk), -ESTALE);
	assert_int_equal(store_mapped(&w, 0, &disk), -ESTALE);
	w.data_part.start_sectors--;
	w.has_data = false;
	assert_int_equal(map(&disk), -ENODEV);
	w.has_data = true;
	w.data_part.size_sectors = 115;
	assert_int_equal(map(&disk), -EINVAL);
	w.data_part.size_sectors = 4096;
	assert_int_equal(map(&disk), 0);
}

/* `store` names a partition for stores: somebody else's device there is as much somebody else's. */
static void on_a_partition_for_stores(void **state)
{
	struct map_disk disk = { 0, 0 };

	(void)state;
	strcpy(conf.store, "PARTLABEL=cow");
	w.has_store_part = true;
	w.store_part = (struct part){ .path = "/dev/vda6", .major = 254, .minor = 6,
				      .start_sectors = 8192, .size_sectors = 300 };
	w.record.store_place = STORE_ON_PARTITION;
	w.record.store_part.start_sectors = 8192;
	on_minor = 6;
	only_over_its_own_blocks(NULL);
	/* Its blocks are not all on it; it is not there; what has its name is another. */
	there = -ENXIO;
	w.store_part.size_sectors = 207;
	assert_int_equal(map(&disk), -EINVAL);
	w.store_part.size_sectors = 208;
	assert_int_equal(map(&disk), 0);
	w.has_store_part = false;
	assert_int_equal(map(&disk), -ENODEV);
	assert_non_null(strstr(fail_text(), "(PARTLABEL=cow) is not there"));
	/* The configuration has changed since, and names none. */
	conf.store[0] = '\0';
	assert_int_equal(map(&disk), -ENODEV);
	assert_non_null(strstr(fail_text(), "cowboot.conf has no \"store\" that names it"));
	strcpy(conf.store, "PARTLABEL=cow");
	w.has_store_part = true;
	w.store_part.start_sectors++;
	assert_int_equal(map(&disk), -ESTALE);
	assert_int_equal(store_mapped(&w, 0, &disk), -ESTALE);
	assert_int_equal(made, 0);
}

static void put(FILE *file, uint32_t sector, int byte)
{
	assert_int_equal(fseek(file, sector * 512L, SEEK_SET), 0);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(fputc(byte, file), byte);
}

/*
 * Whoever looks holds no lock, so it must leave device-mapper alone: a store is read where it lies, over
 * its extents, whatever is mapped by its name meanwhile.
 */
static void a_look_maps_nothing(void **state)
{
	static const int states[] = { -ENXIO, 0, -ESTALE, -EEXIST };
	char path[] = "/tmp/cowboot-store-XXXXXX";
	struct store_open open;
	struct cow_found found;
	uint8_t buf[1024];
	FILE *file;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	put(file, 115, 'a');	/* the last sector of the first extent, and the first of the second */
	put(file, 200, 'b');
	put(file, 255, 0);
	assert_int_equal(fclose(file), 0);
	snprintf(w.data_part.path, sizeof(w.data_part.path), "%s", path);
	w.data_part.size_sectors = 256;
	w.record.volume[0].store_sectors = 24;
	w.record.volume[0].chunk_sectors = 8;
	for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
		there = states[i];
		made = removed = 0;
		assert_int_equal(store_open(&w, 0, &open), 0);
		assert_int_equal(open.store.read(open.store.ctx, 15 * 512, buf, sizeof(buf)), 0);
		assert_true(buf[0] == 'a' && buf[511] == 'a' && buf[512] == 'b' && buf[1023] == 'b');
		store_close(&open);
		assert_true(store_check(&w, 0, &found) < 0);	/* it holds no store */
		assert_true(made == 0 && removed == 0);
	}
	assert_int_equal(remove(path), 0);
}

static int set_up(void **state)
{
	struct record *rec = &w.record;

	(void)state;
	w.conf = &conf;
	w.has_data = true;
	w.data_part = (struct part){ .path = "/dev/vda5", .major = 254, .minor = 5,
				     .start_sectors = 2048, .size_sectors = 4096 };
	rec->phase = PHASE_TRIAL;
	rec->store_part.start_sectors = 2048;
	rec->volume_count = 1;
	strcpy(rec->volume[0].name, "system");
	rec->volume[0].extent_first = 1;
	rec->volume[0].extent_count = 2;
	rec->extent_count = 3;
	rec->extent[1] = (struct extent){ 100, 16 };
	rec->extent[2] = (struct extent){ 200, 8 };
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_over_its_own_blocks),
		cmocka_unit_test(only_on_its_own_partition),
		cmocka_unit_test(a_look_maps_nothing),
		cmocka_unit_test(on_a_partition_for_stores),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
