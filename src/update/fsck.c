/* SPDX-License-Identifier: MIT */
/*
 * Choosing what checks a file system, and when.  Must never run it.  The superblock of ext2, ext3 and
 * ext4: fs/ext4/ext4.h (struct ext4_super_block).
 */
#include "update/fsck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sys.h"
#include "storage/dev.h"

#define SUPER_AT 1024u
#define SUPER_BYTES 1024u
#define MOUNTS 52u
#define MOUNTS_MAX 54u		/* signed; 0 and less: any number */
#define MAGIC 56u
#define STATE 58u
#define STATE_VALID 1u
#define STATE_ERROR 2u
#define INTERVAL_S 68u
#define INCOMPAT 96u
#define RO_COMPAT 100u
#define RECOVER 0x4u		/* INCOMPAT: the journal is not empty */
#define ORPHAN_PRESENT 0x10000u	/* RO_COMPAT */
#define ORPHAN 232u

bool fsck_is_damage(int rc)
{
	return rc == -EBADMSG || rc == -EUCLEAN;
}

static uint16_t low16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static bool says_clean(const uint8_t *super)
{
	const int16_t mounts_max = (int16_t)low16(super + MOUNTS_MAX);

	if (low16(super + MAGIC) != 0xef53)
		return false;
	if ((low16(super + STATE) & (STATE_VALID | STATE_ERROR)) != STATE_VALID)
		return false;
	if ((get_le32(super + INCOMPAT) & RECOVER) || get_le32(super + ORPHAN) ||
	    (get_le32(super + RO_COMPAT) & ORPHAN_PRESENT))
		return false;
	/*
	 * Where a check from time to time is asked for, e2fsck is run: it knows whether that time has
	 * come.
	 */
	return !get_le32(super + INTERVAL_S) &&
	       (mounts_max <= 0 || low16(super + MOUNTS) < mounts_max);
}

bool fsck_is_clean(const char *device)
{
	static uint8_t buf[SUPER_AT + SUPER_BYTES] __attribute__((aligned(4096)));
	struct dev dev = DEV_CLOSED;
	int rc = dev_open(device, DEV_READ, &dev);

	if (!rc)
		rc = dev_read(&dev, 0, buf, sizeof(buf));
	dev_close(&dev);
	return !rc && says_clean(buf + SUPER_AT);
}

const char *fsck_program(void)
{
	static const char *const paths[] = { FSCK_HOOK, "/bin/e2fsck", "/sbin/e2fsck" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (sys_is_program(paths[i]))
			return paths[i];
	return NULL;
}

int fsck_prepare(const struct conf_mount *m, enum fsck_how how, struct fsck_call *ret_call)
{
	static const char *const word[] = { "ro", "rw", "rw", "force" };
	static const char *const option[] = { "-fn", "-fp", "-p", "-fy" };
	const char *path = fsck_program();
	const bool hook = path && strcmp(path, FSCK_HOOK) == 0;

	if (!path || (!hook && strncmp(m->fstype, "ext", 3) != 0))
		return -ENOENT;
	ret_call->path = path;
	snprintf(ret_call->device, sizeof(ret_call->device), DM_DIR "%s", m->name);
	if (hook)
		memcpy(ret_call->argv,
		       (char *[]){ "fsck", ret_call->device, (char *)m->fstype, (char *)word[how], NULL },
		       sizeof(ret_call->argv));
	else
		memcpy(ret_call->argv,
		       (char *[]){ "e2fsck", (char *)option[how], ret_call->device, NULL, NULL },
		       sizeof(ret_call->argv));
	return 0;
}
