/* SPDX-License-Identifier: MIT */
/* Store files on a real ext4: whole, full, in pieces, moved; and where they must not be. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>

#include <cmocka.h>
#undef fail	/* cmocka has a macro of that name */

#include "base/bytes.h"
#include "base/fail.h"
#include "loop.h"
#include "storage/dev.h"
#include "storage/storefile.h"

#define MAX 4096
static struct extent extents[MAX];

static const struct store_dir nowhere = { .path = "/nowhere/cowboot" };
static const struct store_dir tmp = { .path = "/tmp/." };

static const struct store_dir *here(void)
{
	static struct store_dir dir;

	(void)snprintf(dir.path, sizeof(dir.path), "%s/cowboot", loop_mnt);
	return &dir;
}

static int create(const char *name, uint64_t sectors, uint32_t io_min, unsigned max,
		  unsigned *ret_count)
{
	return storefile_create(here(), name, sectors, 2048, io_min, extents, max, ret_count);
}

static uint64_t free_blocks(void)
{
	struct statvfs fs;

	assert_int_equal(statvfs(loop_mnt, &fs), 0);
	return fs.f_bfree;
}

static void test_whole(void **state)
{
	uint64_t before;
	unsigned count = 0;

	(void)state;
	loop_needed();
	before = free_blocks();
	assert_int_equal(storefile_check_fs(here()), 0);
	assert_int_equal(create("system", 2000, 512, MAX, &count), 0);
	assert_int_equal(count, 1);
	assert_true(extents[0].size_sectors == 2000);
	loop_must("test -f $MNT/cowboot/system.store && ! rm -f $MNT/cowboot/system.store");
	loop_must("! sh -c 'echo x >> $MNT/cowboot/system.store'");
	assert_int_equal(storefile_compare(here(), "system", 2048, 512, extents, count), 0);
	/* Again: the old one goes first. */
	assert_int_equal(create("system", 4000, 512, MAX, &count), 0);
	assert_int_equal(storefile_remove(here(), "system"), 0);
	assert_int_equal(storefile_remove(here(), "system"), 0);
	loop_must("! test -e $MNT/cowboot/system.store");
	assert_true(free_blocks() == before);
}

/* Survives a mount of its own, on the same blocks. */
static void test_lasts(void **state)
{
	unsigned count = 0;

	(void)state;
	loop_needed();
	assert_int_equal(create("system", 9999, 65536, MAX, &count), 0);
	loop_must("umount $MNT && e2fsck -fn $DEV && mount $DEV $MNT");
	assert_int_equal(storefile_compare(here(), "system", 2048, 65536, extents, count), 0);
	loop_must("lsattr $MNT/cowboot/system.store | grep -q '^....i'");
}

/*
 * Free space in many pieces.  What is then written to the extents, below the file system, must hit
 * nothing of it: e2fsck and the other files' bytes tell.
 */
static void test_pieces(void **state)
{
	static uint8_t junk[4096];
	struct dev dev;
	unsigned count = 0;
	uint64_t sum = 0;

	(void)state;
	loop_needed();
	loop_must("head -c 24M /dev/urandom | split -b 4096 -a 4 -d - $MNT/ && sync && "
		  "rm -f $MNT/*[13579] && sync && cat $MNT/[0-9]* | md5sum > before");
	assert_int_equal(create("system", 8000, 4096, MAX, &count), 0);
	print_message("%u pieces\n", count);
	assert_true(count > 100);
	assert_int_equal(dev_open(loop_dev, DEV_WRITE, &dev), 0);
	memset(junk, 0xa5, sizeof(junk));
	for (unsigned i = 0; i < count; i++) {
		assert_true((2048 + extents[i].start_sectors) % 8 == 0);
		sum += extents[i].size_sectors;
		for (uint64_t s = 0; s < extents[i].size_sectors; s++)
			assert_int_equal(dev_write(&dev, (extents[i].start_sectors + s) * 512, junk,
						   512), 0);
	}
	assert_true(sum == 8000);
	assert_int_equal(dev_flush(&dev), 0);
	dev_close(&dev);
	assert_int_equal(storefile_compare(here(), "system", 2048, 4096, extents, count), 0);
	loop_must("umount $MNT && e2fsck -fn $DEV && mount $DEV $MNT && "
		  "cat $MNT/[0-9]* | md5sum > after && cmp before after");
	/* Too few places for them in the record. */
	assert_int_equal(create("system", 8000, 4096, 100, &count), -E2BIG);
	assert_non_null(strstr(fail_text(), "the file lies in more than 100 pieces"));
	loop_must("! test -e $MNT/cowboot/system.store");
	/* No piece is as long as the disk's wish. */
	assert_int_equal(create("system", 8000, 65536, MAX, &count), -ENOSPC);
	loop_must("! test -e $MNT/cowboot/system.store");
}

/* Room that alignment takes away is made up for. */
static void test_slack(void **state)
{
	unsigned count = 0;

	(void)state;
	loop_needed();
	/* An odd start of the partition, so that no extent begins at a multiple. */
	assert_int_equal(storefile_create(here(), "a", 256, 8, 65536, extents, MAX, &count), 0);
	assert_int_equal(count, 1);
	assert_true((8 + extents[0].start_sectors) % 128 == 0);
	assert_true(extents[0].size_sectors == 256);
	assert_int_equal(storefile_compare(here(), "a", 8, 65536, extents, count), 0);
	/* The same file under a kernel with other ideas of the disk. */
	assert_int_equal(storefile_compare(here(), "a", 8, 512, extents, count), 0);
}

static void test_full(void **state)
{
	char want[256];
	uint64_t before;
	unsigned count = 77;
	struct statvfs fs;

	(void)state;
	loop_needed();
	before = free_blocks();
	assert_int_equal(create("system", 62 * 2048 + 1, 512, MAX, &count), -ENOSPC);
	assert_int_equal(statvfs(loop_mnt, &fs), 0);
	(void)snprintf(want, sizeof(want), "the store of system needs 63 MiB on %s, %llu MiB are "
		       "free", here()->path,
		       (unsigned long long)fs.f_bavail * fs.f_frsize >> 20);
	assert_string_equal(fail_text(), want);
	assert_int_equal(count, 77);
	assert_true(free_blocks() == before);
	loop_must("! test -e $MNT/cowboot/system.store");
}

/* The last of the space is kept for root, and stays so. */
static void test_kept_for_root(void **state)
{
	struct statvfs fs;
	unsigned count;

	(void)state;
	loop_needed();
	assert_int_equal(statvfs(loop_mnt, &fs), 0);
	assert_true(fs.f_bfree > fs.f_bavail + 64);
	assert_int_equal(create("system", (fs.f_bavail + 32) * 8, 512, MAX, &count), -ENOSPC);
}

static void test_moved(void **state)
{
	unsigned count = 0;

	(void)state;
	loop_needed();
	assert_int_equal(create("system", 2000, 512, MAX, &count), 0);
	loop_must("chattr -i $MNT/cowboot/system.store && cp $MNT/cowboot/system.store $MNT/cowboot/b && sync && "
		  "mv $MNT/cowboot/b $MNT/cowboot/system.store");
	assert_int_equal(storefile_compare(here(), "system", 2048, 512, extents, count), -ESTALE);
	assert_int_equal(storefile_compare(here(), "other", 2048, 512, extents, count), -ENOENT);
	loop_must("truncate -s 4096 $MNT/cowboot/system.store");
	assert_int_equal(storefile_compare(here(), "system", 2048, 512, extents, count), -ESTALE);
	loop_must("rm $MNT/cowboot/system.store && truncate -s 2M $MNT/cowboot/system.store");
	assert_int_equal(storefile_compare(here(), "system", 2048, 512, extents, count), -EINVAL);
	assert_non_null(strstr(fail_text(), "a hole at byte 0 of the file"));
}

/* One sector off, at either end, swapped or twice: not the same store. */
static void test_compare_order(void **state)
{
	struct extent e[3];
	unsigned count = 0;

	(void)state;
	loop_needed();
	assert_int_equal(create("a", 4096, 512, MAX, &count), 0);
	assert_int_equal(count, 1);
	e[0] = (struct extent){ extents[0].start_sectors, 8 };
	e[1] = (struct extent){ extents[0].start_sectors + 8, 4080 };
	e[2] = (struct extent){ extents[0].start_sectors + 4088, 8 };
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 3), 0);
	e[2].start_sectors += 1;
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 3), -ESTALE);
	assert_non_null(strstr(fail_text(), "a.store: piece 2 of it has moved"));
	e[2].start_sectors -= 2;
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 3), -ESTALE);
	e[2].start_sectors += 1;
	e[0].start_sectors -= 1;
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 3), -ESTALE);
	e[0] = e[1];
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 3), -ESTALE);
	e[0] = (struct extent){ extents[0].start_sectors, UINT64_MAX };
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 1), -ESTALE);
	e[0] = (struct extent){ UINT64_MAX - 7, 8 };
	assert_int_equal(storefile_compare(here(), "a", 0, 512, e, 1), -ESTALE);
}

static void test_sweep(void **state)
{
	unsigned count = 0, removed = 0;

	(void)state;
	loop_needed();
	assert_int_equal(create("system", 200, 512, MAX, &count), 0);
	assert_int_equal(create("vendor", 200, 512, MAX, &count), 0);
	loop_must("touch $MNT/cowboot/mine.txt $MNT/cowboot/store $MNT/cowboot/.store");
	assert_int_equal(storefile_sweep(here(), NULL, &removed), 0);
	assert_int_equal(removed, 2);
	assert_int_equal(storefile_sweep(here(), NULL, &removed), 0);
	assert_int_equal(removed, 0);
	loop_must("test -e $MNT/cowboot/mine.txt && test -e $MNT/cowboot/store && test -e $MNT/cowboot/.store");
	assert_int_equal(storefile_sweep(&nowhere, NULL, &removed), 0);
	/* A folder that is called so is nobody's store: it stays, and is in nobody's way but its own. */
	loop_must("mkdir $MNT/cowboot/system.store $MNT/cowboot/x.store && touch $MNT/cowboot/x.store/mine");
	assert_int_equal(create("vendor", 200, 512, MAX, &count), 0);
	assert_int_equal(storefile_sweep(here(), NULL, &removed), 0);
	assert_int_equal(removed, 1);
	loop_must("test -e $MNT/cowboot/x.store/mine && test ! -e $MNT/cowboot/vendor.store");
	assert_int_equal(storefile_remove(here(), "system"), -EISDIR);
	assert_non_null(strstr(fail_text(), "system.store for a store: it is a folder; move it away"));
}

/* Pure: what a sweep leaves alone. */
static void test_kept_names(void **state)
{
	struct storefile_keep keep = { .tag = { "0a1b2c3d", "" } };

	(void)state;
	assert_false(storefile_is_kept("system.0a1b2c3d.store", NULL));
	assert_true(storefile_is_kept("system.0a1b2c3d.store", &keep));
	assert_true(storefile_is_kept("vendor-2.0a1b2c3d.store", &keep));
	assert_false(storefile_is_kept("system.0a1b2c3e.store", &keep));
	assert_false(storefile_is_kept("system.0a1b2c3.store", &keep));
	assert_false(storefile_is_kept("system.0a1b2c3d4.store", &keep));
	assert_false(storefile_is_kept("system..store", &keep));
	assert_false(storefile_is_kept("system.store", &keep));
	keep.untagged = true;
	assert_true(storefile_is_kept("system.store", &keep));
	assert_false(storefile_is_kept("mine.txt", &keep));
	assert_false(storefile_is_kept("System.store", &keep));
}

static void test_sweep_keeps(void **state)
{
	const struct storefile_keep keep = { .tag = { "", "0a1b2c3d" } };
	unsigned count = 0, removed = 0;

	(void)state;
	loop_needed();
	assert_int_equal(create("system", 200, 512, MAX, &count), 0);
	assert_int_equal(create("system.0a1b2c3d", 200, 512, MAX, &count), 0);
	assert_int_equal(create("system.ffffffff", 200, 512, MAX, &count), 0);
	assert_int_equal(storefile_sweep(here(), &keep, &removed), 0);
	assert_int_equal(removed, 2);
	loop_must("test -e $MNT/cowboot/system.0a1b2c3d.store && test ! -e $MNT/cowboot/system.store");
	assert_int_equal(storefile_remove(here(), "system.0a1b2c3d"), 0);
	loop_must("test ! -e $MNT/cowboot/system.0a1b2c3d.store");
}

static void test_names(void **state)
{
	unsigned count;

	(void)state;
	assert_int_equal(storefile_create(&tmp, "../x", 8, 0, 512, extents, MAX, &count),
			 -EINVAL);
	assert_int_equal(storefile_remove(&tmp, "a/b"), -EINVAL);
	assert_int_equal(storefile_create(&tmp, "x", 0, 0, 512, extents, MAX, &count), -EINVAL);
	assert_string_equal(fail_text(), "cannot make a store of 0 sectors");
	assert_int_equal(storefile_create(&tmp, "x", UINT64_MAX, 0, 512, extents, MAX, &count),
			 -EINVAL);
	assert_string_equal(fail_text(), "cannot make a store of 18446744073709551615 sectors");
}

static void refused(const char *words)
{
	assert_int_equal(storefile_check_fs(here()), -ENOTSUP);
	assert_non_null(strstr(fail_text(), words));
}

/* data=journal as the mount asks for it, as the superblock has it, and for one folder. */
static void test_data_journal(void **state)
{
	unsigned count;

	(void)state;
	loop_needed();
	loop_must("umount $MNT && mount -o data=journal $DEV $MNT");
	refused("data=journal would write old content over them; mount it with data=ordered");
	loop_must("umount $MNT && tune2fs -o journal_data $DEV && mount $DEV $MNT");
	loop_must("! grep -q \"$MNT.*data=journal\" /proc/mounts");
	refused("data=journal");
	loop_must("umount $MNT && tune2fs -o ^journal_data $DEV && mount $DEV $MNT");
	assert_int_equal(storefile_check_fs(here()), 0);
	/* What chattr +j does, which takes a right that not every root has. */
	loop_must("umount $MNT && debugfs -w -R 'set_inode_field cowboot flags 0x84000' $DEV && "
		  "mount $DEV $MNT && lsattr -d $MNT/cowboot | grep -q j");
	refused("clear that with chattr -j");
	assert_int_equal(create("system", 200, 512, MAX, &count), -ENOTSUP);
	loop_must("! test -e $MNT/cowboot/system.store");
}

static void test_ext2(void **state)
{
	unsigned count;

	(void)state;
	loop_needed();
	loop_must("umount $MNT && mkfs.ext2 -qF $DEV && mount $DEV $MNT && "
		  "mkdir $MNT/cowboot");
	/* Same magic number; the blocks cannot be reserved, and that is said. */
	assert_int_equal(create("system", 200, 512, MAX, &count), -EOPNOTSUPP);
	loop_must("! test -e $MNT/cowboot/system.store");
}

/* What lies elsewhere than on the file system itself is told, and left alone: nothing is made or removed. */
static void is_elsewhere(int rc, const char *words)
{
	unsigned count = 77, removed = 77;
	bool any = false;

	assert_int_equal(storedir_make(here()), rc);
	assert_non_null(strstr(fail_text(), words));
	assert_int_equal(storefile_check_fs(here()), rc);
	assert_int_equal(create("system", 200, 512, MAX, &count), rc);
	assert_int_equal(storefile_sweep(here(), NULL, &removed), rc);
	assert_int_equal(storefile_remove(here(), "victim"), rc);
	assert_int_equal(storefile_compare(here(), "victim", 0, 512, extents, 1), rc);
	assert_int_equal(storefile_any(here(), &any), rc);
	assert_non_null(strstr(fail_text(), words));
	assert_true(count == 77 && removed == 77);
	loop_must("test -e $MNT/cowboot/victim.store && test ! -e $MNT/cowboot/system.store");
}

static void test_link(void **state)
{
	(void)state;
	loop_needed();
	loop_must("rmdir $MNT/cowboot && mkdir other && touch other/victim.store && "
		  "ln -s $PWD/other $MNT/cowboot");
	is_elsewhere(-ELOOP, "is a symbolic link, and stores lie on data itself: remove it");
	/* To a folder of the same file system as well: the next boot need not find it there. */
	loop_must("rm $MNT/cowboot && mkdir $MNT/more && touch $MNT/more/victim.store && "
		  "ln -s more $MNT/cowboot");
	is_elsewhere(-ELOOP, "is a symbolic link");
}

static void test_mount(void **state)
{
	struct store_dir anothers = *here();
	unsigned count = 0;
	bool any;

	(void)state;
	loop_needed();
	loop_must("mount -t tmpfs none $MNT/cowboot && touch $MNT/cowboot/victim.store");
	is_elsewhere(-EXDEV, "something else is mounted on");
	loop_must("umount $MNT/cowboot && mkdir $MNT/more && touch $MNT/more/victim.store && "
		  "mount --bind $MNT/more $MNT/cowboot");
	is_elsewhere(-EXDEV, "something else is mounted on");
	loop_must("umount $MNT/cowboot");
	assert_int_equal(create("system", 200, 512, MAX, &count), 0);
	/* A folder that is not on the device that it must be on, or not the one it was. */
	anothers.folder.device = 1;
	assert_int_equal(storefile_any(&anothers, &any), -EXDEV);
	assert_non_null(strstr(fail_text(), "is another folder than the one that stores belong in"));
	anothers = *here();
	anothers.folder.inode = 3;
	assert_int_equal(storefile_remove(&anothers, "system"), -EXDEV);
	loop_must("test -e $MNT/cowboot/system.store");
}

/* DATA is a folder of the file system: what the next boot mounts has another one at its top. */
static void test_not_the_top(void **state)
{
	(void)state;
	loop_needed();
	loop_must("mkdir -p $MNT/home/cowboot top && mount --bind $MNT/home $MNT");
	refused("it is not in the topmost folder of its file system");
	loop_must("umount $MNT");
	assert_int_equal(storefile_check_fs(here()), 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_whole),
		test(test_lasts),
		test(test_pieces),
		test(test_slack),
		test(test_full),
		test(test_kept_for_root),
		test(test_moved),
		test(test_compare_order),
		test(test_sweep),
		cmocka_unit_test(test_kept_names),
		test(test_sweep_keeps),
		cmocka_unit_test(test_names),
		test(test_data_journal),
		test(test_ext2),
		test(test_link),
		test(test_mount),
		test(test_not_the_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
