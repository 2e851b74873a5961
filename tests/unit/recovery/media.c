/* SPDX-License-Identifier: MIT */
/* What file system the head of a stick is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "recovery/media.h"

static uint8_t head[MEDIA_HEAD_BYTES];
static char label[20];

static void put(size_t at, const char *text)
{
	memcpy(head + at, text, strlen(text));
}

static void begin(void)
{
	memset(head, 0, sizeof(head));
	head[510] = 0x55;
	head[511] = 0xaa;
}

static void fat_of_both_kinds(void **state)
{
	(void)state;
	begin();
	put(82, "FAT32   ");
	put(71, "MY STICK   ");
	assert_string_equal(media_probe(head, label), "vfat");
	assert_string_equal(label, "MY STICK");
	begin();
	put(54, "FAT16   ");
	put(43, "NO NAME    ");
	assert_string_equal(media_probe(head, label), "vfat");
	assert_string_equal(label, "");
}

static void ext4_with_a_label(void **state)
{
	(void)state;
	memset(head, 0, sizeof(head));
	head[1080] = 0x53;
	head[1081] = 0xef;
	memset(head + 1024 + 120, 'x', 16);
	assert_string_equal(media_probe(head, label), "ext4");
	assert_string_equal(label, "xxxxxxxxxxxxxxxx");
	head[1024 + 120] = 0x1b;	/* nothing that a terminal would obey */
	media_probe(head, label);
	assert_string_equal(label, "?xxxxxxxxxxxxxxx");
}

static void exfat(void **state)
{
	(void)state;
	begin();
	put(3, "EXFAT   ");
	assert_string_equal(media_probe(head, label), "exfat");
	assert_string_equal(label, "");
	head[511] = 0;
	assert_null(media_probe(head, label));
}

/* A partition table has the same two bytes at its end. */
static void nothing_else(void **state)
{
	(void)state;
	begin();
	assert_null(media_probe(head, label));
	memset(head, 0, sizeof(head));
	put(54, "FAT16   ");
	assert_null(media_probe(head, label));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fat_of_both_kinds),
		cmocka_unit_test(ext4_with_a_label),
		cmocka_unit_test(exfat),
		cmocka_unit_test(nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
