/* SPDX-License-Identifier: MIT */
/*
 * Whether there is anything on a target that somebody may want: what is not zeros at its beginning and
 * its end.  That finds every file system, partition table and member of an array; the table below only
 * gives some of them a name.  Only reads.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "cli/bench.h"

#define LOOK_BYTES (1u << 20)	/* at either end */

static const struct {
	const char *name;
	uint32_t at_bytes;
	const char *magic;
	uint32_t magic_bytes;
} kinds[] = {
	{ "an ext2, ext3 or ext4", 1080, "\x53\xef", 2 },
	{ "a squashfs", 0, "hsqs", 4 },
	{ "an erofs", 1024, "\xe2\xe1\xf5\xe0", 4 },
	{ "a btrfs", 65536 + 64, "_BHRfS_M", 8 },
	{ "an f2fs", 1024, "\x10\x20\xf5\xf2", 4 },
	{ "an xfs", 0, "XFSB", 4 },
	{ "swap space", 4086, "SWAPSPACE2", 10 },
	{ "a LUKS container", 0, "LUKS\xba\xbe", 6 },
	{ "a physical volume of LVM", 512, "LABELONE", 8 },
	{ "a member of an md array", 4096, "\xfc\x4e\x2b\xa9", 4 },
	{ "a store", 0, "SnAp", 4 },
	{ "a record of cowboot", 0, "COWBOOT\n", 8 },
	{ "a bundle", 0, "COWBNDL1", 8 },
	{ "a test of cuts", 0, "COWCUTSH", 8 },
	{ "a partition table", 512, "EFI PART", 8 },
	{ "a partition table, or a FAT", 510, "\x55\xaa", 2 },
};

static const char *kind_of(const uint8_t *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!memcmp(data + kinds[i].at_bytes, kinds[i].magic, kinds[i].magic_bytes))
			return kinds[i].name;
	return "something";
}

int bench_check_blank(const struct bench_target *t)
{
	static uint8_t buf[LOOK_BYTES];
	uint64_t size_bytes = t->spare.medium.size_bytes;	/* all of it: a table's copy is at the end */
	int rc = dev_read(&t->spare.medium, 0, buf, sizeof(buf));

	if (rc)
		return rc;
	if (!bytes_are_zero(buf, sizeof(buf)))
		return fail(EEXIST, "cannot use %s: %s is on it; --force writes over it",
			    t->spare.dev.name, kind_of(buf));
	rc = dev_read(&t->spare.medium, size_bytes - sizeof(buf), buf, sizeof(buf));
	if (!rc && !bytes_are_zero(buf, sizeof(buf)))
		rc = fail(EEXIST, "cannot use %s: something is at its end; --force writes over it",
			  t->spare.dev.name);
	return rc;
}
