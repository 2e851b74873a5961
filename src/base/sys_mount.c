/* SPDX-License-Identifier: MIT */
/*
 * Mounting where nobody else sees it: by the calls of Linux 5.2, which make a mount before they put
 * it anywhere, and so can leave that out.  (Not in sys.c: their constants and sys/mount.h's do not
 * go together in every libc.)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"

#define KEY_BYTES 32

static int config(int fs, unsigned command, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, command, key, value, 0) < 0 ? -errno : 0;
}

static int set_option(int fs, const char *option)
{
	const size_t len = strcspn(option, "=");
	char key[KEY_BYTES];

	if (!option[len])
		return config(fs, FSCONFIG_SET_FLAG, option, NULL);
	if ((size_t)snprintf(key, sizeof(key), "%.*s", (int)len, option) >= sizeof(key))
		return -EINVAL;
	return config(fs, FSCONFIG_SET_STRING, key, option + len + 1);
}

/* The file system, of its own or shared with whoever has it mounted. */
static int create(int fs, const char *source, const char *const options[], unsigned *attributes)
{
	int rc = config(fs, FSCONFIG_SET_STRING, "source", source);

	for (; !rc && *options; options++) {
		rc = set_option(fs, *options);
		if (!strcmp(*options, "ro"))
			*attributes |= MOUNT_ATTR_RDONLY;
	}
	return rc ? rc : config(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
}

int sys_mount_apart(const char *source, const char *fstype, const char *const options[])
{
	unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	int fs = (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC), rc;

	if (fs < 0)
		return -errno;
	rc = create(fs, source, options, &attributes);
	if (!rc) {
		rc = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
		rc = rc < 0 ? -errno : rc;
	}
	(void)close(fs);	/* the mount stays */
	return rc;
}
