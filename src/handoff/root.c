/* SPDX-License-Identifier: MIT */
/*
 * Entering the new root, in the manner of toybox's switch_root: everything is checked while there is
 * still a way back, then comes the point of no return.
 */
#define _GNU_SOURCE
#include "handoff/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "handoff/inroot.h"
#include "handoff/mounts.h"
#include "handoff/program.h"
#include "handoff/wipe.h"

#define DESCRIPTORS_MAX 256

static int check_once(const char *newroot, const char *init)
{
	static const char *const dirs[] = { "/dev", "/proc", "/sys", "/run" };
	dev_t here, there;

	if (sys_fs_dev("/", &here) < 0 || sys_fs_dev(newroot, &there) < 0 || here == there)
		return fail(EINVAL, "cannot enter %s: nothing is mounted there", newroot);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[256];

		if (inroot_dir(newroot, dirs[i], path, sizeof(path)) < 0)
			return fail(ENOTDIR, "cannot enter the new root: it has no directory %s",
				    dirs[i]);
	}
	return program_check(newroot, init);
}

/* A failure here leads to a revert or to recovery, which is too much for one read that failed. */
int root_check(const char *newroot, const char *init)
{
	int rc = check_once(newroot, init);

	return rc < 0 ? check_once(newroot, init) : rc;
}

int root_enter(const char *newroot, const char *init, char *const argv[], char *const envp[])
{
	int old, rc;

	rc = root_check(newroot, init);
	if (rc < 0)
		return rc;
	old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return fail_sys(errno, "cannot open the initramfs");
	rc = mounts_move(newroot);
	if (rc < 0)
		goto out_close;
	rc = sys_chdir(newroot);
	if (rc == 0)
		rc = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (rc == 0)
		rc = sys_chroot(".");
	if (rc == 0)
		rc = sys_chdir("/");
	if (rc < 0) {
		fail_sys(-rc, "cannot make %s the root", newroot);
		goto out_close;
	}
	/* ---- Point of no return: the initramfs goes, and only init or a reboot can follow. ---- */
	rc = wipe_initramfs(old);
	if (rc < 0)
		log_warn("the initramfs' memory could not be freed");
	for (int fd = 3; fd < DESCRIPTORS_MAX; fd++)
		close(fd);
	rc = sys_exec(init, argv, envp);
	return fail_sys(-rc, "cannot run %s", init);

out_close:
	close(old);
	return rc;
}
