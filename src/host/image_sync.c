/* SPDX-License-Identifier: MIT */
/*
 * The file system in an image, made the same as a folder.  The work is done by a child process in a
 * process group of its own: a signal goes to the programs that it runs and not to it, so that it always
 * comes to the unmounting.  As root it has a mount namespace too, and the mount ends with that.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "host/image_sync.h"
#include "host/tool.h"

#define FUSE_LIMIT_MS 60000u	/* for fuse2fs to have it mounted */
#define FUSE_POLL_MS 20u
#define PATH_BYTES 4200u

/* What the child says: exit codes. */
enum step { STEP_DONE, STEP_MOUNT, STEP_NO_ROOM, STEP_COPY, STEP_WRITE, STEP_UNMOUNT, STEP_DAMAGED };

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t came;
static volatile sig_atomic_t group;	/* the child's */

int image_sync_check(const struct image_sync *sync)
{
	if (!tool_is_there("rsync"))
		return fail(ENOENT, "cannot update %s: rsync is not installed; install it", sync->name);
	if (!sync->fuse)
		return 0;
	if (!tool_is_there("fuse2fs"))
		return fail(ENOENT, "cannot update %s: only root may mount it, and fuse2fs is not installed; "
			    "install it, or run this as root", sync->name);
	if (!sys_is_root() && !tool_is_there("fusermount"))
		return fail(ENOENT, "cannot update %s: only root may mount it, and fusermount is not installed; "
			    "install fuse3, or run this as root", sync->name);
	if (access("/dev/fuse", R_OK | W_OK))
		return fail_sys(errno, "cannot update %s: fuse2fs needs /dev/fuse; run this as root, or make "
				"that device usable", sync->name);
	return 0;
}

/* A path that no program takes for an option or for another machine's. */
static void plain_path(char buf[PATH_BYTES], const char *path, const char *tail)
{
	snprintf(buf, PATH_BYTES, "%s%s%s", path[0] == '/' ? "" : "./", path, tail);
}

/* ---- In the child ---- */

static void pass(int number)
{
	(void)number;	/* it ends the program that is waited for */
}

/* Passes rsync's messages on, and looks for the one that matters most. */
static bool told_no_room(int messages)
{
	char text[65536];
	ssize_t got = pread(messages, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return false;
	text[got] = '\0';
	(void)sys_write(STDERR_FILENO, text, (size_t)got);	/* who cannot be told is not */
	return strstr(text, strerror(ENOSPC)) != NULL;
}

static enum step copy(const struct image_sync *sync, const char *dir)
{
	char from[PATH_BYTES], to[PATH_BYTES];
	/* lost+found belongs to the file system, not to the tree. */
	const char *const argv[] = { "rsync", "-aHAX", "--numeric-ids", "--super", "--checksum", "--delete",
				     "--exclude=/lost+found", from, to, NULL };
	int code, messages = memfd_create("messages", MFD_CLOEXEC);
	bool no_room;

	if (messages < 0)
		return STEP_COPY;
	plain_path(from, sync->tree, "/");
	plain_path(to, dir, "/");
	code = tool_run(argv, messages);
	no_room = told_no_room(messages);
	(void)close(messages);
	if (code)
		return no_room ? STEP_NO_ROOM : STEP_COPY;
	/* What cannot be written to the image any more is told here, and not when it is unmounted. */
	return sys_sync_fs(dir) ? STEP_WRITE : STEP_DONE;
}

static enum step by_loop(const struct image_sync *sync, const char *dir)
{
	char image[PATH_BYTES];
	const char *const mount_argv[] = { "mount", "-t", sync->kind, "-o", "loop,noatime", image, dir, NULL };
	const char *const umount_argv[] = { "umount", dir, NULL };
	enum step step;

	/* Where the root is no mount point, as in a chroot, there is nothing that could be made private. */
	if (unshare(CLONE_NEWNS) || (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && errno != EINVAL))
		return STEP_MOUNT;
	plain_path(image, sync->image, "");
	if (tool_run(mount_argv, STDERR_FILENO))
		return STEP_MOUNT;
	step = copy(sync, dir);
	if (tool_run(umount_argv, STDERR_FILENO) && step == STEP_DONE)
		step = STEP_UNMOUNT;
	return step;
}

/* Whether another file system is in the folder by now; false: fuse2fs has ended, or takes too long. */
static bool wait_mounted(pid_t fuse, const char *dir, dev_t before, bool *ret_ended)
{
	struct stat st;

	*ret_ended = false;
	for (unsigned ms = 0; ms < FUSE_LIMIT_MS; ms += FUSE_POLL_MS) {
		if (!stat(dir, &st) && st.st_dev != before)
			return true;
		if (waitpid(fuse, NULL, WNOHANG) == fuse) {
			*ret_ended = true;
			return false;
		}
		sys_sleep_ms(FUSE_POLL_MS);
	}
	return false;
}

static enum step by_fuse(const struct image_sync *sync, const char *dir)
{
	char image[PATH_BYTES];
	/* fakeroot: owners are as the tree has them, whoever runs this. */
	const char *const fuse_argv[] = { "fuse2fs", "-f", "-o", "fakeroot", image, dir, NULL };
	const char *const check_argv[] = { "e2fsck", "-fn", image, NULL };
	posix_spawn_file_actions_t quiet;
	enum step step = STEP_MOUNT;
	struct stat st;
	bool ended;
	pid_t fuse;
	int rc;

	plain_path(image, sync->image, "");
	posix_spawn_file_actions_init(&quiet);
	rc = posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	/* It says of each image that it does not write its journal. */
	rc |= posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!rc)
		rc = stat(dir, &st) ? errno : tool_start(&fuse, &quiet, fuse_argv);
	posix_spawn_file_actions_destroy(&quiet);
	if (rc)
		return STEP_MOUNT;
	if (wait_mounted(fuse, dir, st.st_dev, &ended))
		step = copy(sync, dir);
	if (ended)
		return STEP_MOUNT;
	(void)kill(fuse, SIGTERM);	/* then it writes all out and unmounts */
	if (tool_wait(fuse) && step == STEP_DONE)
		step = STEP_UNMOUNT;
	if (step == STEP_DONE && tool_run(check_argv, -1))
		step = STEP_DAMAGED;
	return step;
}

/* ---- In the parent ---- */

static void take_signal(int number)
{
	came = number;
	if (group)
		(void)kill(-group, SIGTERM);
}

static int failed(const struct image_sync *sync, int code)
{
	switch (code) {
	case STEP_DONE:
		return 0;
	case STEP_MOUNT:
		return fail(EIO, "cannot update %s: it cannot be mounted%s", sync->name,
			    sync->fuse ? " by fuse2fs" : "; where there are no loop devices, --fuse may do it");
	case STEP_NO_ROOM:
		return fail(ENOSPC, "cannot update %s: there is no room in its file system for %s; take away from "
			    "the tree, or make the image larger with resize2fs", sync->name, sync->tree);
	case STEP_COPY:
		return fail(EIO, "cannot update %s: rsync could not copy all of %s", sync->name, sync->tree);
	case STEP_WRITE:
		return fail(EIO, "cannot update %s: the new image cannot be written; is there room on the disk?",
			    sync->name);
	case STEP_UNMOUNT:
		return fail(EIO, "cannot update %s: it cannot be unmounted", sync->name);
	case STEP_DAMAGED:
		return fail(EIO, "cannot update %s: e2fsck finds errors in what fuse2fs has written; run this as root",
			    sync->name);
	default:
		return fail(EIO, "cannot update %s: the process that does it was ended", sync->name);
	}
}

static void catch_deadly(void (*take)(int number), struct sigaction *before)
{
	struct sigaction action = { .sa_handler = take };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		(void)sigaction(deadly[i], &action, before ? &before[i] : NULL); /* they can be caught */
}

static int run_child(const struct image_sync *sync, const char *dir)
{
	sigset_t held, old;
	pid_t pid;
	int code;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaddset(&held, deadly[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &old);	/* until it is known whom to tell */
	pid = fork();
	if (!pid) {
		(void)setpgid(0, 0);
		catch_deadly(pass, NULL);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		_exit((int)(sync->fuse ? by_fuse(sync, dir) : by_loop(sync, dir)));
	}
	if (pid > 0) {
		(void)setpgid(pid, pid);
		group = pid;
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return fail_sys(errno, "cannot update %s", sync->name);
	code = tool_wait(pid);
	group = 0;
	return failed(sync, code);
}

int image_sync_run(const struct image_sync *sync, int *ret_signal)
{
	struct sigaction before[ARRAY_SIZE(deadly)];
	const char *base = getenv("TMPDIR");
	char dir[PATH_BYTES];
	int rc;

	came = 0;
	catch_deadly(take_signal, before);
	snprintf(dir, sizeof(dir), "%s/cowboot-image-XXXXXX", base && base[0] == '/' ? base : "/tmp");
	if (mkdtemp(dir)) {
		rc = came ? 0 : run_child(sync, dir);
		if (rmdir(dir) && !rc)
			rc = fail_sys(errno, "cannot remove %s", dir);
	} else {
		rc = fail_sys(errno, "cannot make a folder for the mount, %s", dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		(void)sigaction(deadly[i], &before[i], NULL);
	*ret_signal = came;
	return came ? -EINTR : rc;
}
