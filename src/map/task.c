/* SPDX-License-Identifier: MIT */
/*
 * One libdevmapper task after another, each with its own words when it fails.  Must never wait for
 * udev, and must leave no descriptor open: init executes the real root's init later (I10).
 */
#include "map/task.h"

#include <errno.h>
#include <libdevmapper.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"

#define RESUME_ATTEMPTS 10	/* a suspend that a signal interrupts is asked for again */
#define REMOVE_ATTEMPTS 50	/* udev's probing holds a device open for a moment */
#define REMOVE_PAUSE_MS 100
#define UUID_BYTES 64
#define LEVEL_MASK 7		/* libdevmapper's level; the bits above say where it would print */

/* What libdevmapper last complained of, for failures that are its own and have no errno. */
static char complaint[256];

static void take_message(int level, const char *file, int line, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void take_message(int level, const char *file, int line, int errnum, const char *fmt, ...)
{
	char text[sizeof(complaint)];
	va_list args;

	(void)file;
	(void)line;
	(void)errnum;
	if ((level & LEVEL_MASK) > LOG_WARN)
		return;
	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	va_end(args);
	if ((level & LEVEL_MASK) <= LOG_ERROR)
		memcpy(complaint, text, sizeof(complaint));
	log_line(LOG_DEBUG, "libdevmapper: %s", text);
}

void dm_setup(void)
{
	dm_log_with_errno_init(take_message);
	/*
	 * No cookies: nobody answers them in an initramfs, and the command must see what init sees.
	 */
	dm_udev_set_sync_support(0);
	dm_udev_set_checking(0);
}

const char *task_target_word(enum dm_target target)
{
	switch (target) {
	case DM_LINEAR:
		return "linear";
	case DM_SNAPSHOT:
		return "snapshot";
	case DM_SNAPSHOT_MERGE:
		return "snapshot-merge";
	case DM_OTHER:
		break;
	}
	return "other";
}

/* libdevmapper's setters only ever fail for want of memory, or with a complaint of their own. */
static int task_broken(struct dm_task *task, const char *name)
{
	if (task)
		dm_task_destroy(task);
	return fail(ENOMEM, "cannot prepare device %s: %s", name,
		    complaint[0] ? complaint : "no memory");
}

/* NULL with its line in base/fail.h. */
static struct dm_task *task_new(int type, const char *name)
{
	struct dm_task *task;

	complaint[0] = '\0';
	task = dm_task_create(type);
	if (task && dm_task_set_name(task, name))
		return task;
	task_broken(task, name);
	return NULL;
}

/* Runs task; when it fails: "cannot VERB device NAME: REASON". */
static int task_run(struct dm_task *task, const char *verb, const char *name)
{
	int errnum;

	if (dm_task_run(task))
		return 0;
	errnum = dm_task_get_errno(task);
	if (errnum)
		return fail_sys(errnum, "cannot %s device %s", verb, name);
	return fail(EIO, "cannot %s device %s: %s", verb, name, complaint);
}

/* Frees task, makes or removes nodes now, and closes /dev/mapper/control. */
static int task_end(struct dm_task *task, int rc)
{
	dm_task_destroy(task);
	dm_lib_release();
	return rc;
}

static int run_plain(int type, const char *verb, const char *name)
{
	struct dm_task *task = task_new(type, name);

	return task ? task_end(task, task_run(task, verb, name)) : -ENOMEM;
}

/* A name may be anybody's: LVM calls the volume "store" of its group "system" system-store. */
static bool our_uuid(char uuid[UUID_BYTES], const char *name)
{
	return (size_t)snprintf(uuid, UUID_BYTES, "COWBOOT-%s", name) < UUID_BYTES;
}

int task_create(const char *name)
{
	struct dm_task *task = task_new(DM_DEVICE_CREATE, name);
	char uuid[UUID_BYTES];

	if (!task)
		return -ENOMEM;
	/*
	 * The kernel makes the disk at the first load (5.15 and later), so the node waits for
	 * resume.
	 */
	if (!our_uuid(uuid, name) || !dm_task_set_uuid(task, uuid) || !dm_task_set_add_node(task, DM_ADD_NODE_ON_RESUME))
		return task_broken(task, name);
	return task_end(task, task_run(task, "create", name));
}

int task_load(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
	      const char *params)
{
	struct dm_task *task = task_new(DM_DEVICE_RELOAD, name);

	if (!task)
		return -ENOMEM;
	if ((readonly && !dm_task_set_ro(task)) ||
	    !dm_task_add_target(task, 0, size_sectors, task_target_word(target), params))
		return task_broken(task, name);
	return task_end(task, task_run(task, "load the table of", name));
}

int task_load_pieces(const char *name, bool readonly, struct map_disk disk,
		     const struct extent *pieces, unsigned count)
{
	struct dm_task *task = task_new(DM_DEVICE_RELOAD, name);
	char params[TABLE_PARAMS_MAX];
	uint64_t at_sectors = 0;

	if (!task)
		return -ENOMEM;
	if (readonly && !dm_task_set_ro(task))
		return task_broken(task, name);
	for (unsigned i = 0; i < count; i++) {
		if (table_linear(params, sizeof(params), disk, pieces[i].start_sectors) ||
		    !dm_task_add_target(task, at_sectors, pieces[i].size_sectors, "linear", params))
			return task_broken(task, name);
		at_sectors += pieces[i].size_sectors;
	}
	return task_end(task, task_run(task, "load the table of", name));
}

int task_resume(const char *name)
{
	int rc = -EINTR;

	for (int i = 0; i < RESUME_ATTEMPTS && rc == -EINTR; i++) {
		struct dm_task *task = task_new(DM_DEVICE_RESUME, name);

		if (!task)
			return -ENOMEM;
		if (!dm_task_set_add_node(task, DM_ADD_NODE_ON_RESUME))
			return task_broken(task, name);
		rc = task_end(task, task_run(task, "resume", name));
	}
	return rc;
}

int task_clear(const char *name)
{
	return run_plain(DM_DEVICE_CLEAR, "clear the table of", name);
}

int task_remove(const char *name)
{
	int rc = -EBUSY;

	for (int i = 0; i < REMOVE_ATTEMPTS && rc == -EBUSY; i++) {
		if (i)
			sys_sleep_ms(REMOVE_PAUSE_MS);
		rc = run_plain(DM_DEVICE_REMOVE, "remove", name);
	}
	return rc;
}

/* Fills look from the lines of a task that ran. */
static void take_lines(struct dm_task *task, struct task_look *look)
{
	uint64_t start_sectors, size_sectors;
	char *word, *params;
	void *next = NULL;

	do {
		next = dm_get_next_target(task, next, &start_sectors, &size_sectors, &word,
					  &params);
		if (!word)
			return;
		look->size_sectors = start_sectors + size_sectors;
		if (!look->target[0]) {
			snprintf(look->target, sizeof(look->target), "%s", word);
			snprintf(look->params, sizeof(look->params), "%s", params ? params : "");
		}
	} while (next);
}

static bool is_ours(struct dm_task *task, const char *name)
{
	const char *uuid = dm_task_get_uuid(task);
	char ours[UUID_BYTES];

	return uuid && our_uuid(ours, name) && strcmp(uuid, ours) == 0;
}

/* Whether the lines of a task that ran are just these pieces. */
static bool has_pieces(struct dm_task *task, struct map_disk disk, const struct extent *pieces,
		       unsigned count)
{
	uint64_t start_sectors, size_sectors, at_sectors = 0;
	char *word, *params, want[TABLE_PARAMS_MAX];
	void *next = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (i && !next)
			return false;
		next = dm_get_next_target(task, next, &start_sectors, &size_sectors, &word, &params);
		if (!word || !params || strcmp(word, "linear") != 0 || start_sectors != at_sectors ||
		    size_sectors != pieces[i].size_sectors ||
		    table_linear(want, sizeof(want), disk, pieces[i].start_sectors) ||
		    strcmp(params, want) != 0)
			return false;
		at_sectors += size_sectors;
	}
	return count && !next;
}

int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count)
{
	struct dm_task *task = task_new(DM_DEVICE_TABLE, name);
	int rc;

	if (!task)
		return -ENOMEM;
	rc = task_run(task, "look at", name);
	if (!rc && !has_pieces(task, disk, pieces, count))
		rc = fail(ESTALE, "device %s lies over other blocks", name);
	return task_end(task, rc);
}

int task_look(const char *name, enum task_what what, struct task_look *ret_look)
{
	struct dm_task *task = task_new(what == TASK_TABLE ? DM_DEVICE_TABLE : DM_DEVICE_STATUS,
					name);
	struct task_look look = { .target = "" };
	struct dm_info info;
	int rc;

	if (!task)
		return -ENOMEM;
	if (what == TASK_LOADED && !dm_task_query_inactive_table(task))
		return task_broken(task, name);
	rc = task_run(task, "look at", name);
	if (!rc && (!dm_task_get_info(task, &info) || !info.exists))
		rc = fail_sys(ENXIO, "cannot look at device %s", name);
	if (rc)
		return task_end(task, rc);
	look.disk = (struct map_disk){ .major = info.major, .minor = info.minor };
	look.readonly = info.read_only;
	look.ours = is_ours(task, name);
	look.suspended = info.suspended;
	look.open_count = (unsigned)info.open_count;
	take_lines(task, &look);
	*ret_look = look;
	return task_end(task, 0);
}
