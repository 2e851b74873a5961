/* SPDX-License-Identifier: MIT */
/*
 * Opening the board.  Must never write to a device but what copies_repair makes whole: it finds,
 * loads and looks.  Whoever changes something holds the lock from before the record is read (one
 * update at a time).
 */
#include "update/open.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/sys.h"
#include "conf/args.h"
#include "conf/lock.h"
#include "storage/block.h"
#include "update/live.h"
#include "update/slots.h"

#define LOCK_ATTEMPTS 50
#define LOCK_PAUSE_MS 100

/* What init booted with; without it the file. */
static int load_config(const char *config, struct conf *ret_conf)
{
	static char text[LIMIT_CONF_BYTES], cmdline[LIMIT_CMDLINE_BYTES];
	static const char run_config[] = OPEN_RUN_CONFIG;
	const char *path = config ? config : run_config;
	size_t len_bytes;
	int rc = sys_read_file(path, text, sizeof(text), &len_bytes);

	if (rc == -ENOENT && !config) {
		path = OPEN_CONFIG;
		rc = sys_read_file(path, text, sizeof(text), &len_bytes);
	}
	if (rc)
		return fail_sys(-rc, "cannot read configuration %s", path);
	rc = path == run_config ? conf_parse_printed(text, len_bytes, ret_conf) :
				  conf_parse(text, len_bytes, ret_conf);
	if (rc) {
		conf_unusable(text, len_bytes, ret_conf);
		return fail_in(rc, "cannot use configuration %s", path);
	}
	rc = sys_read_file("/proc/cmdline", cmdline, sizeof(cmdline), &len_bytes);
	if (rc == -EFBIG)
		args_drop_last(cmdline);
	else if (rc)
		return fail_sys(-rc, "cannot read /proc/cmdline");
	conf_cmdline(ret_conf, cmdline, NULL);
	return 0;
}

static int take_lock(const char *verb, int *ret_fd)
{
	int fd = -EWOULDBLOCK, rc = sys_mkdir(OPEN_RUN_DIR, 0755);

	if (rc)
		return fail_sys(-rc, "cannot make %s", OPEN_RUN_DIR);
	for (int i = 0; i < LOCK_ATTEMPTS; i++) {
		fd = sys_lock(OPEN_LOCK);
		if (fd != -EWOULDBLOCK)
			break;
		sys_sleep_ms(LOCK_PAUSE_MS);
	}
	if (fd == -EWOULDBLOCK)
		return fail(EBUSY, "cannot %s: another cowboot is at work; try again when it is "
			    "done", verb);
	if (fd < 0)
		return fail_sys(-fd, "cannot lock %s", OPEN_LOCK);
	*ret_fd = fd;
	return 0;
}

/*
 * Where `data` is mounted, in a system or in recovery, and through its mapped device (I8).  That is the
 * whole partition and nothing else: one that is encrypted, say, may be called data as well, and where
 * its files lie says nothing of the partition's blocks.
 */
static void find_data_dir(struct world *w)
{
	const char *const dirs[] = { w->conf->data.dir, WORLD_INIT_DATA };
	struct map_disk disk = { w->data_part.major, w->data_part.minor };
	struct dm_state state;
	dev_t dev;

	if (!w->has_data || dm_state(w->conf->data.name, &state) ||
	    live_judge(&state, disk, disk, 0) != LIVE_ORIGIN ||
	    state.size_sectors > w->data_part.size_sectors)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!sys_fs_dev(dirs[i], &dev) &&
		    dev == makedev(state.disk.major, state.disk.minor)) {
			w->data_dir = dirs[i];
			w->data_device = dev;
			return;
		}
}

/* What the init of this boot has said of itself: it is saved with whatever is saved next. */
static void note_init(struct world *w)
{
	const bool has_slots = slots_configured(w->conf);
	struct record_knows knows;
	char text[64];

	if (sys_read_file(OPEN_RUN_KNOWS, text, sizeof(text), NULL) ||
	    sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu32, &knows.format, &knows.ro_compat,
		   &knows.incompat) != 3)
		return;
	record_note_knows(&w->record, has_slots ? w->conf->slot : 0, &knows);
}

/*
 * Reads the record; a verb that changes things goes no further with one that cannot be used (I4).
 */
static int load_record(struct world *w)
{
	int rc = world_load(w, w->access == WORLD_LOOK ? DEV_READ : DEV_WRITE);

	world_doubt_new(w);
	if (w->access == WORLD_LOOK)
		return 0;
	if (rc)
		return fail_in(rc, "cannot %s", w->verb);
	if (w->write_protected)
		return fail(EROFS, "cannot %s: %s, which has the record, is write-protected; a card "
			    "may have a switch for that, and worn flash ends so", w->verb,
			    w->meta_part.path);
	if (w->access == WORLD_FORCE)
		return 0;
	if (w->copies.health == RECORD_DAMAGED)
		return fail(EBADMSG, "cannot %s: the record on %s cannot be used (%s); nothing was "
			    "changed, see CAVEATS of cowboot(8)", w->verb, w->meta_part.path,
			    w->copies.why);
	if (w->copies.read_only)
		return fail(EROFS, "cannot %s: a later cowboot has added to the record what this one "
			    "would lose; nothing was changed", w->verb);
	/*
	 * What a command that was killed left in the cache only must last before anything is built
	 * on it (I2).
	 */
	rc = copies_repair(&w->meta, &w->record, &w->copies);
	note_init(w);
	return rc ? fail_in(rc, "cannot %s", w->verb) : 0;
}

/*
 * The disk that the running root is on: a copy of it that somebody has plugged in since does not make
 * its record a question.  NULL: it cannot be told, as in recovery.
 */
static const char *booted_disk(const struct conf *conf, char disk[BLOCK_NAME_MAX])
{
	struct dm_state state;
	unsigned major, minor;

	if (!conf->volume_count || dm_state(conf->volume[0].name, &state) || !state.ours ||
	    sscanf(state.table, "%u:%u", &major, &minor) != 2 ||
	    block_disk_of("/sys", major, minor, disk, BLOCK_NAME_MAX))
		return NULL;
	return disk;
}

int world_open(struct world *w, struct conf *ret_conf, const char *config, const char *verb,
	       enum world_access access)
{
	char disk[BLOCK_NAME_MAX];
	int lock_fd = -1, rc;

	world_blank(w, ret_conf);
	conf_unusable(NULL, 0, ret_conf);	/* a board of which nothing is known is locked */
	/* Before the check for root: make checks a board's configuration as an ordinary user. */
	rc = load_config(config, ret_conf);
	if (!rc && !sys_is_root())
		rc = fail(EPERM, "cannot %s: must be root", verb);
	if (rc)
		return rc;
	dm_setup();
	rc = access == WORLD_LOOK ? 0 : take_lock(verb, &lock_fd);
	if (rc)
		return rc;
	world_find(w, ret_conf, booted_disk(ret_conf, disk), 0);
	w->verb = verb;
	w->access = access;
	w->lock_fd = lock_fd;
	find_data_dir(w);
	return load_record(w);
}

void world_unlock(struct world *w)
{
	if (w->lock_fd >= 0)
		sys_close(w->lock_fd);
	w->lock_fd = -1;
}

int world_relock(struct world *w)
{
	int rc = take_lock(w->verb, &w->lock_fd);

	if (rc)
		return rc;
	dev_close(&w->meta);
	return load_record(w);
}
