/* SPDX-License-Identifier: MIT */
/*
 * The first process's own mounts.  A failure here is fatal to the boot but never ends the process: the
 * caller goes to recovery.
 */
#include "handoff/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "handoff/inroot.h"

static const struct {
	const char *dir, *fstype, *options;
	unsigned long flags;
} early[] = {
	{ "/dev", "devtmpfs", "mode=0755", MS_NOSUID },
	{ "/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV },
};

/*
 * The kernel has opened the initramfs's own console node, or nothing; that of devtmpfs outlives the
 * initramfs.
 */
static void standard_descriptors(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	/* Without any console the log still reaches the kernel's. */
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		return;
	for (int want = 0; want <= 2; want++)
		dup2(fd, want);
	if (fd > 2)
		close(fd);
}

int mounts_early(void)
{
	dev_t unused;
	const bool again = sys_fs_dev(MOUNTS_AGAIN, &unused) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(early) && !again; i++) {
		int rc = sys_mkdir(early[i].dir, 0755);

		if (rc == 0)
			rc = sys_mount(early[i].fstype, early[i].dir, early[i].fstype,
				       early[i].flags, early[i].options);
		/* EBUSY: the kernel mounted /dev itself (CONFIG_DEVTMPFS_MOUNT). */
		if (rc < 0 && rc != -EBUSY)
			return fail_sys(-rc, "cannot mount %s", early[i].dir);
	}
	standard_descriptors();
	if (sys_mkdir("/dev/mapper", 0755) < 0 || sys_mkdir("/run/cowboot", 0755) < 0)
		return fail(EIO, "cannot make /dev/mapper and /run/cowboot");
	return 0;
}

int mounts_move(const char *newroot)
{
	char to[ARRAY_SIZE(early)][256];

	/* All before the first one: a link is followed by way of /proc. */
	for (size_t i = 0; i < ARRAY_SIZE(early); i++) {
		int rc = inroot_dir(newroot, early[i].dir, to[i], sizeof(to[i]));

		if (rc < 0)
			return fail_sys(-rc, "cannot find %s in the new root", early[i].dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(early); i++) {
		int rc = sys_mount(early[i].dir, to[i], NULL, MS_MOVE, NULL);

		if (rc < 0)
			return fail_sys(-rc, "cannot move %s to %s", early[i].dir, to[i]);
	}
	return 0;
}
