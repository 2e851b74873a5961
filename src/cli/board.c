/* SPDX-License-Identifier: MIT */
/*
 * Opening the board for a verb.  Must never write to the record or to a device: it finds, loads and
 * looks.  Every verb that changes something holds the lock from before the record is read (one
 * update at a time).
 */
#include "cli/board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "cli/cli.h"
#include "update/recovery.h"

#define CONFIG_BYTES_MAX 65536u
#define LOCK_ATTEMPTS 50
#define LOCK_PAUSE_MS 100

/* The configuration init booted with; without it, or when --config names another, the file. */
static int load_config(struct conf *ret_conf)
{
	static char text[CONFIG_BYTES_MAX], cmdline[8192];
	const char *path = cli_config_path();
	size_t len_bytes;
	int rc = -ENOENT;

	if (!strcmp(path, CLI_CONFIG_DEFAULT)) {
		rc = sys_read_file(BOARD_RUN_CONFIG, text, sizeof(text), &len_bytes);
		if (rc != -ENOENT)
			path = BOARD_RUN_CONFIG;
	}
	if (rc == -ENOENT)
		rc = sys_read_file(path, text, sizeof(text), &len_bytes);
	if (rc)
		return fail_sys(-rc, "cannot read configuration %s", path);
	rc = conf_parse(text, len_bytes, ret_conf);
	if (rc)
		return fail_in(rc, "cannot use configuration %s", path);
	rc = sys_read_file("/proc/cmdline", cmdline, sizeof(cmdline), &len_bytes);
	if (rc)
		return fail_sys(-rc, "cannot read /proc/cmdline");
	conf_cmdline(ret_conf, cmdline, NULL);
	return 0;
}

static int take_lock(struct board *b)
{
	int fd, rc = sys_mkdir(BOARD_RUN_DIR, 0755);

	if (rc)
		return fail_sys(-rc, "cannot make %s", BOARD_RUN_DIR);
	fd = open(BOARD_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(errno, "cannot open %s", BOARD_LOCK);
	for (int i = 0; i < LOCK_ATTEMPTS; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB)) {
			b->lock_fd = fd;
			return 0;
		}
		rc = errno;
		if (rc != EWOULDBLOCK && rc != EINTR)
			break;
		sys_sleep_ms(LOCK_PAUSE_MS);
	}
	close(fd);
	if (rc == EWOULDBLOCK)
		return fail(EBUSY, "cannot %s: another cowboot is at work; try again when it is "
			    "done", b->verb);
	return fail_sys(rc, "cannot lock %s", BOARD_LOCK);
}

/* Where `data` is mounted, in a system or in recovery, and through its mapped device (I8). */
static const char *mounted_data(const struct conf *conf)
{
	const char *const dirs[] = { conf->data.dir, RECOVERY_DATA };
	struct dm_state state;
	dev_t dev;

	if (!conf->data.spec[0] || dm_state(conf->data.name, &state))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!sys_fs_dev(dirs[i], &dev) &&
		    dev == makedev(state.disk.major, state.disk.minor))
			return dirs[i];
	return NULL;
}

/*
 * Reads the record; a verb that changes things goes no further with one that cannot be used (I4).
 */
static int load_record(struct board *b, enum board_access access)
{
	int rc = world_load(&b->world, access == BOARD_LOOK ? DEV_READ : DEV_WRITE);

	if (access == BOARD_LOOK)
		return 0;
	if (rc)
		return fail_in(rc, "cannot %s", b->verb);
	if (access == BOARD_FORCE)
		return 0;
	if (b->world.copies.health == RECORD_DAMAGED)
		return fail(EBADMSG, "cannot %s: the record on %s cannot be used (%s); nothing was "
			    "changed, see CAVEATS of cowboot(8)", b->verb, b->world.meta_part.path,
			    b->world.copies.why);
	/*
	 * What a command that was killed left in the cache only must last before anything is built
	 * on it (I2).
	 */
	rc = copies_repair(&b->world.meta, &b->world.record, &b->world.copies);
	return rc ? fail_in(rc, "cannot %s", b->verb) : 0;
}

int board_open(struct board *b, const char *verb, enum board_access access)
{
	int rc;

	memset(b, 0, sizeof(*b));
	b->verb = verb;
	b->lock_fd = -1;
	b->world.meta.fd = -1;
	if (geteuid() != 0)
		return cli_refuse(EXIT_FAILED, "cannot %s: must be root", verb);
	if (load_config(&b->conf))
		return cli_failed();
	dm_setup();
	rc = access == BOARD_LOOK ? 0 : take_lock(b);
	if (rc)
		return cli_failed();
	world_find(&b->world, &b->conf, 0);
	b->world.data_dir = mounted_data(&b->conf);
	return load_record(b, access) ? cli_failed() : 0;
}

void board_unlock(struct board *b)
{
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	b->lock_fd = -1;
}

int board_relock(struct board *b)
{
	if (take_lock(b))
		return cli_failed();
	world_close(&b->world);
	return load_record(b, BOARD_CHANGE) ? cli_failed() : 0;
}

void board_close(struct board *b)
{
	world_close(&b->world);
	board_unlock(b);
}

int board_kernel_check(void)
{
	char release[256];
	int rc = sys_kernel_release(release, sizeof(release));

	if (rc)
		return fail_sys(-rc, "cannot ask for the kernel's release");
	if (!world_kernel_flushes(release))
		return fail(ENOTSUP, "this kernel (%s) loses merged data when the power is cut; "
			    "merging needs 5.10.9, 5.11 or later", release);
	return 0;
}

const char *board_version(const struct record *rec)
{
	const struct record_result *last = &rec->last;

	return last->result == RESULT_MERGED || last->result == RESULT_RESTORED ?
	       last->version_to : last->version_from;
}
