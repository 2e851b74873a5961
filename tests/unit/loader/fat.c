/* SPDX-License-Identifier: MIT */
/*
 * FAT file systems as mkfs.vfat and mtools make them, of each width, read without a mount; and
 * damaged ones, which are read to some end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail	/* cmocka's; base/fail.h has its own */

#include "base/fail.h"
#include "loader/fat.h"

#define BIG_BYTES 100000u
#define MANY 100u

static char folder[] = "/tmp/cowboot-fat-XXXXXX", image[64];
static uint8_t big[BIG_BYTES], is[BIG_BYTES];

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	assert_int_equal(system(line), 0);
}

static void put(const char *name, const void *data, size_t len_bytes)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fwrite(data, 1, len_bytes, file) == len_bytes);
	assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(image, sizeof(image), "%s/image", folder);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 251);
	put("big", big, sizeof(big));
	put("small", "small\n", 6);
	put("empty", "", 0);
	return 0;
}

static int remove_folder(void **state)
{
	char line[96];

	(void)state;
	snprintf(line, sizeof(line), "rm -r %s", folder);
	return system(line);
}

/* An ESP with a folder of so many names that it has several clusters, some of them removed again. */
static void make(unsigned bits, unsigned sectors_per_cluster, unsigned mib)
{
	run("truncate -s 0 %s; truncate -s %uM %s", image, mib, image);
	run("/sbin/mkfs.vfat -F %u -s %u %s > /dev/null", bits, sectors_per_cluster, image);
	run("mmd -i %s ::LOADER ::loader/entries ::cowboot", image);
	run("cd %s && for i in $(seq %u); do cp small cowboot-b+$i.conf; done && "
	    "mcopy -i image cowboot-b+*.conf ::loader/entries && rm cowboot-b+*.conf", folder, MANY);
	run("cd %s && mdel -i image ::loader/entries/cowboot-b+[5-9]?.conf", folder);
	run("cd %s && mcopy -i image big ::cowboot/a.efi && mcopy -i image small ::SHORT.TXT && "
	    "mcopy -i image empty ::loader/entries/cowboot-a.conf", folder);
}

struct seen {
	unsigned names, of_b;
	bool has_a;
};

static int take(void *ctx, const struct fat_file *file)
{
	struct seen *seen = ctx;
	char name[64];

	seen->names++;
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "cowboot-b+%u.conf", i);
		if (!strcmp(file->name, name) && file->size_bytes == 6 && !file->is_dir)
			seen->of_b++;
	}
	if (!strcmp(file->name, "cowboot-a.conf"))
		seen->has_a = file->size_bytes == 0;
	return 0;
}

static void judge(unsigned bits)
{
	struct seen seen = { .names = 0 };
	struct fat_file file, dir;
	struct fat fat;

	assert_int_equal(fat_open(image, &fat), 0);
	assert_int_equal(fat.bits, bits);
	assert_int_equal(fat_find(&fat, "loader/entries", &dir), 0);
	assert_true(dir.is_dir);
	assert_int_equal(fat_each(&fat, &dir, take, &seen), 0);
	assert_int_equal(seen.names, MANY - 50 + 1);
	assert_int_equal(seen.of_b, MANY - 50);
	assert_true(seen.has_a);

	assert_int_equal(fat_find(&fat, "Loader/Entries/Cowboot-B+7.conf", &file), 0);
	assert_int_equal(fat_read(&fat, &file, is, 6), 0);
	assert_memory_equal(is, "small\n", 6);
	assert_int_equal(fat_read(&fat, &file, is, 7), -EINVAL);
	assert_int_equal(fat_read(&fat, &dir, is, 1), -EINVAL);
	assert_int_equal(fat_find(&fat, "cowboot/a.efi", &file), 0);
	assert_int_equal(file.size_bytes, BIG_BYTES);
	assert_int_equal(fat_read(&fat, &file, is, BIG_BYTES), 0);
	assert_memory_equal(is, big, BIG_BYTES);
	assert_int_equal(fat_find(&fat, "short.txt", &file), 0);
	assert_string_equal(file.name, "SHORT.TXT");
	assert_int_equal(fat_find(&fat, "loader/entries/cowboot-b+55.conf", &file), -ENOENT);
	assert_int_equal(fat_find(&fat, "loader/entries/cowboot-b+5", &file), -ENOENT);
	assert_int_equal(fat_find(&fat, "short.txt/entries", &file), -ENOENT);
	fat_close(&fat);
}

static void each_width_is_read(void **state)
{
	(void)state;
	make(12, 1, 1);
	judge(12);
	make(16, 4, 16);
	judge(16);
	make(32, 1, 40);
	judge(32);
}

static void what_is_no_fat(void **state)
{
	struct fat fat;

	(void)state;
	run("truncate -s 0 %s; truncate -s 64K %s", image, image);
	assert_int_equal(fat_open(image, &fat), -EBADMSG);
	run("truncate -s 100 %s", image);
	assert_true(fat_open(image, &fat) < 0);
	assert_true(fat_open("/nowhere", &fat) < 0);
}

/* What says where things lie, and noise over the rest: it comes to an end, within its bounds. */
static void a_damaged_one_is_read_to_an_end(void **state)
{
	struct seen seen = { .names = 0 };
	struct fat_file file;
	struct fat fat;
	unsigned seed = 1;
	FILE *f;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		if (round % 50 == 0)
			make(12, 1, 1);
		f = fopen(image, "r+");
		assert_non_null(f);
		for (unsigned i = 0; i < 8; i++) {
			seed = seed * 1103515245u + 12345u;
			/* Boot block, table, root, and the folders behind it. */
			assert_int_equal(fseek(f, (long)(seed >> 8) % 40000, SEEK_SET), 0);
			if (i == 0)
				assert_int_equal(fseek(f, 11 + (long)(round % 40), SEEK_SET), 0);
			assert_true(fputc((int)(seed >> 16) & 0xff, f) != EOF);
		}
		assert_int_equal(fclose(f), 0);
		if (fat_open(image, &fat))
			continue;
		if (!fat_find(&fat, "loader/entries", &file) && file.is_dir)
			(void)fat_each(&fat, &file, take, &seen);
		if (!fat_find(&fat, "cowboot/a.efi", &file) && !file.is_dir &&
		    file.size_bytes >= BIG_BYTES)
			(void)fat_read(&fat, &file, is, BIG_BYTES);
		fat_close(&fat);
	}
}

/* The table says that the folder goes on in its own first cluster. */
static void a_circle_ends(void **state)
{
	struct seen seen = { .names = 0 };
	struct fat_file dir;
	struct fat fat;
	FILE *f;

	(void)state;
	make(16, 4, 16);
	assert_int_equal(fat_open(image, &fat), 0);
	assert_int_equal(fat_find(&fat, "loader/entries", &dir), 0);
	f = fopen(image, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)(fat.table_at + dir.cluster * 2), SEEK_SET), 0);
	assert_true(fputc((int)dir.cluster & 0xff, f) != EOF);
	assert_true(fputc((int)dir.cluster >> 8, f) != EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(fat_each(&fat, &dir, take, &seen), -EIO);
	fat_close(&fat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_width_is_read),
		cmocka_unit_test(what_is_no_fat),
		cmocka_unit_test(a_damaged_one_is_read_to_an_end),
		cmocka_unit_test(a_circle_ends),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
