/* SPDX-License-Identifier: MIT */
/* Whether there is a store beside a record of zeros: the answer for what cannot be read is yes (I4). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cow/format.h"
#include "update/world.h"

#include <cmocka.h>

#define CHUNK_BYTES 4096u

static char data[] = "/tmp/lost-XXXXXX";
static struct conf conf;
static struct world w;

static const char *in(const char *name)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s%s", data, name);
	return full;
}

static void put(const char *name, const void *bytes, size_t len_bytes)
{
	FILE *file = fopen(in(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len_bytes, file), len_bytes);
	assert_int_equal(fclose(file), 0);
}

static void store_files(void **state)
{
	(void)state;
	assert_false(world_stores_left(&w));	/* no folder */
	assert_int_equal(mkdir(in("/cowboot"), 0755), 0);
	assert_false(world_stores_left(&w));
	put("/cowboot/notes", "x", 1);
	assert_false(world_stores_left(&w));
	put("/cowboot/system.store", "", 0);
	assert_true(world_stores_left(&w));
	assert_int_equal(unlink(in("/cowboot/system.store")), 0);
	assert_int_equal(unlink(in("/cowboot/notes")), 0);
	assert_int_equal(rmdir(in("/cowboot")), 0);
	put("/cowboot", "a file", 6);		/* a folder that cannot be read is not empty */
	assert_true(world_stores_left(&w));
	assert_int_equal(unlink(in("/cowboot")), 0);
}

/* It cannot be mounted: what was a file system may hold a store, what never was one does not. */
static void data_unmounted(void **state)
{
	uint8_t begin[CHUNK_BYTES] = { 0 };

	(void)state;
	w.data_dir = NULL;
	assert_false(world_stores_left(&w));	/* not even the partition is there */
	w.has_data = true;
	snprintf(w.data_part.path, sizeof(w.data_part.path), "%.20s/part", data);
	assert_true(world_stores_left(&w));	/* it is, and cannot be opened */
	put("/part", begin, 512);
	assert_false(world_stores_left(&w));
	put("/part", begin, sizeof(begin));
	assert_false(world_stores_left(&w));
	memcpy(begin + 1080, "\x53\xef", 2);	/* ext4 */
	put("/part", begin, sizeof(begin));
	assert_true(world_stores_left(&w));
	w.copies.health = RECORD_NEW;
	world_doubt_new(&w);
	assert_int_equal(w.copies.health, RECORD_DAMAGED);
	assert_non_null(strstr(w.copies.why, "data cannot be mounted"));
	memset(begin, 0, sizeof(begin));
	memcpy(begin + 1024, "\x10\x20\xf5\xf2", 4);	/* f2fs */
	put("/part", begin, sizeof(begin));
	assert_true(world_stores_left(&w));
	assert_int_equal(unlink(in("/part")), 0);
	w.has_data = false;
	w.data_dir = data;
}

static void store_partition(void **state)
{
	const struct cow_header header = { .magic = COW_MAGIC, .valid = 1, .version = 1,
					   .chunk_sectors = CHUNK_BYTES / 512 };
	struct cow_mark mark = { .exceptions = 1, .volume = "system" };
	uint8_t chunk[CHUNK_BYTES] = { 0 };
	static uint8_t room[131072 + CHUNK_BYTES];

	(void)state;
	snprintf(conf.store, sizeof(conf.store), "PARTLABEL=cow");
	assert_false(world_stores_left(&w));	/* the partition is not there */
	w.has_store_part = true;
	snprintf(w.store_part.path, sizeof(w.store_part.path), "%.20s/part", data);
	assert_true(world_stores_left(&w));	/* it is, and cannot be opened */
	put("/part", chunk, 512);
	assert_false(world_stores_left(&w));	/* too small for any */
	put("/part", chunk, sizeof(chunk));
	assert_false(world_stores_left(&w));
	cow_header_encode(&header, chunk);
	put("/part", chunk, sizeof(chunk));
	assert_false(world_stores_left(&w));	/* somebody's, and not ours */
	cow_mark_encode(&mark, chunk + COW_MARK_OFFSET);
	put("/part", chunk, sizeof(chunk));
	assert_true(world_stores_left(&w));
	/* As far into the partition as the disk's io_min wants it. */
	for (unsigned skip = 512; skip <= 131072; skip *= 2) {
		memset(room, 0, sizeof(room));
		memcpy(room + skip, chunk, sizeof(chunk));
		put("/part", room, sizeof(room));
		assert_true(world_stores_left(&w));
	}
	chunk[0] ^= 1;
	put("/part", chunk, sizeof(chunk));
	assert_false(world_stores_left(&w));
	/* Installed when the configuration named none. */
	assert_int_equal(mkdir(in("/cowboot"), 0755), 0);
	put("/cowboot/system.store", "", 0);
	w.copies.health = RECORD_NEW;
	world_doubt_new(&w);
	assert_int_equal(w.copies.health, RECORD_DAMAGED);
	assert_string_equal(w.copies.why, "it is all zeros, but there is a store on data: it was lost");
	assert_int_equal(unlink(in("/cowboot/system.store")), 0);
	assert_int_equal(rmdir(in("/cowboot")), 0);
	assert_int_equal(unlink(in("/part")), 0);
}

static int set_up(void **state)
{
	(void)state;
	w.conf = &conf;
	snprintf(conf.data.name, sizeof(conf.data.name), "data");
	w.data_dir = data;
	return mkdtemp(data) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_files),
		cmocka_unit_test(data_unmounted),
		cmocka_unit_test(store_partition),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
