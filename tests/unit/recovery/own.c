/* SPDX-License-Identifier: MIT */
/* Which disks recovery offers: never the board's own, by whatever it can be told that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../storage/tree.h"
#include "recovery/media.h"
#include "recovery/own.h"
#include "state/copies.h"

static struct conf conf;
static struct world world;
static struct medium media[MEDIA_MAX];
static unsigned count;

static void write_at(const char *name, long offset, const void *data, size_t len_bytes)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/dev/%s", tree_dir, name);
	file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(data, 1, len_bytes, file), len_bytes);
	assert_int_equal(fclose(file), 0);
}

/* An ext4, as far as anybody looks. */
static void put_ext4(const char *name)
{
	write_at(name, 1080, "\x53\xef", 2);
	write_at(name, 4095, "", 1);
}

static void put_record(const char *name)
{
	static struct record rec;
	static struct copies copies;
	struct dev dev = DEV_CLOSED;
	char path[256];

	write_at(name, META_BYTES_MIN - 1, "", 1);
	(void)snprintf(path, sizeof(path), "%s/dev/%s", tree_dir, name);
	assert_int_equal(dev_open(path, DEV_WRITE, &dev), 0);
	copies_load(&dev, &rec, &copies);
	assert_int_equal(copies_save(&dev, &rec, &copies, false), 0);
	dev_close(&dev);
}

/* One that people plug in, with a partition; more is further lines of that one's uevent. */
static void add_stick(const char *bus, const char *name, const char *part, const char *more)
{
	char path[64], target[64];

	(void)snprintf(path, sizeof(path), "sys/devices/%s/%s/uevent", bus, name);
	tree_file(path, "MAJOR=8\nMINOR=32\nDEVTYPE=disk\n");
	(void)snprintf(path, sizeof(path), "sys/class/block/%s", name);
	(void)snprintf(target, sizeof(target), "../../devices/%s/%s", bus, name);
	tree_link(target, path);
	(void)snprintf(path, sizeof(path), "dev/%s", name);
	tree_file(path, "");
	(void)snprintf(path, sizeof(path), "%s/%s", bus, name);
	tree_part(path, part, part, 33, "8", "100", more);
	put_ext4(part);
}

/* What is soldered in: an eMMC with its areas. */
static void add_emmc(void)
{
	tree_disk("mmcblk0", "mmcblk0", 0, "512", "512", "512");
	tree_file("sys/devices/mmcblk0/removable", "0\n");
	tree_part("mmcblk0", "mmcblk0p4", "mmcblk0p4", 4, "8", "100", "PARTNAME=system\n");
	tree_area("mmcblk0", "mmcblk0boot0", 8);
	tree_area("mmcblk0", "mmcblk0gp0", 16);
	put_ext4("mmcblk0p4");
	put_ext4("mmcblk0boot0");
	put_ext4("mmcblk0gp0");
}

static int setup(void **state)
{
	memset(&conf, 0, sizeof(conf));
	memset(&world, 0, sizeof(world));
	world.conf = &conf;
	return tree_setup(state);
}

static void list(const struct world *w)
{
	count = media_list(tree_dir, w, media);
}

static bool has(const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(media[i].name, name))
			return true;
	return false;
}

/* Its system would be mounted for writing, and in a trial or a merge be a mixture then (I12). */
static void without_a_configuration(void **state)
{
	(void)state;
	add_emmc();
	add_stick("usb1", "sda", "sda1", "");
	list(NULL);
	assert_true(has("sda1"));
	assert_int_equal(count, 1);
}

/* The board may well boot from such a disk itself. */
static void a_plugged_disk_may_be_the_boards(void **state)
{
	(void)state;
	add_stick("usb1", "sda", "sda1", "");
	add_stick("usb2", "sdb", "sdb1", "");
	tree_part("usb2/sdb", "sdb2", "sdb2", 34, "8", "100", "PARTN=2\nPARTNAME=meta\n");
	add_stick("usb3", "sdc", "sdc1", "");
	tree_part("usb3/sdc", "sdc2", "sdc2", 35, "8", "100", "");
	put_record("sdc2");
	list(NULL);
	assert_true(has("sda1"));
	assert_int_equal(count, 1);
}

static void what_is_plugged(void **state)
{
	(void)state;
	add_stick("pci/mmc_host/mmc1", "mmcblk1", "mmcblk1p1", "");
	add_stick("soc/usbphy", "sdb", "sdb1", "");	/* a name that begins so is no bus */
	list(NULL);
	assert_int_equal(count, 0);
	tree_file("sys/devices/pci/mmc_host/mmc1/mmcblk1/removable", "1\n");
	list(NULL);
	assert_true(has("mmcblk1p1"));
	assert_int_equal(count, 1);
}

/* With one, all but the disks of the board's partitions, and but areas, whoever's those are. */
static void with_a_configuration(void **state)
{
	(void)state;
	add_emmc();
	tree_disk("vda", "vda", 64, "512", "512", "512");
	tree_part("vda", "vda1", "vda1", 65, "8", "100", "");
	put_ext4("vda1");
	world.has_meta = true;
	(void)strcpy(world.meta_part.disk, "mmcblk0");
	list(&world);
	assert_true(has("vda1"));
	assert_int_equal(count, 1);
	world.has_meta = false;
	list(&world);
	assert_true(has("vda1") && has("mmcblk0p4"));
	assert_int_equal(count, 2);
}

/* Two that answer to a name: neither was taken, and either may be the board's. */
static void called_as_the_boards(void **state)
{
	(void)state;
	add_stick("usb1", "sda", "sda1", "PARTNAME=user-data\n");
	add_stick("usb2", "sdb", "sdb1", "PARTNAME=pictures\n");
	(void)strcpy(conf.data.spec, "PARTLABEL=user-data");
	list(&world);
	assert_true(has("sdb1"));
	assert_int_equal(count, 1);
}

static void nothing_known_nothing_offered(void **state)
{
	struct own own;

	(void)state;
	assert_true(own_find("/nowhere", &world, &own) < 0);
	count = media_list("/nowhere", &world, media);
	assert_int_equal(count, 0);
	add_stick("usb1", "sda", "sda1", "");
	assert_int_equal(own_find(tree_dir, &world, &own), 0);
	assert_true(own_is_foreign(&own, "sda1"));
	own.is_full = true;
	assert_false(own_is_foreign(&own, "sda1"));
}

#define IN_A_TREE(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_TREE(without_a_configuration),
		IN_A_TREE(a_plugged_disk_may_be_the_boards),
		IN_A_TREE(what_is_plugged),
		IN_A_TREE(with_a_configuration),
		IN_A_TREE(called_as_the_boards),
		IN_A_TREE(nothing_known_nothing_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
