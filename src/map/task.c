/* SPDX-License-Identifier: MIT */
/*
 * Single libdevmapper tasks, each with its own message when it fails.  Must never wait for udev, and
 * must leave no descriptor open: init executes the real root's init later (I10).
 */
#include "map/task_parts.h"

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

int task_broken(struct dm_task *task, const char *name)
{
	if (task)
		dm_task_destroy(task);
	return fail(ENOMEM, "cannot prepare device %s: %s", name,
		    complaint[0] ? complaint : "no memory");
}

struct dm_task *task_new(int type, const char *name)
{
	struct dm_task *task;

	complaint[0] = '\0';
	task = dm_task_create(type);
	if (task && dm_task_set_name(task, name))
		return task;
	task_broken(task, name);
	return NULL;
}

int task_run(struct dm_task *task, const char *verb, const char *name)
{
	int errnum;

	if (dm_task_run(task))
		return 0;
	errnum = dm_task_get_errno(task);
	if (errnum)
		return fail_sys(errnum, "cannot %s device %s", verb, name);
	return fail(EIO, "cannot %s device %s: %s", verb, name, complaint);
}

int task_end(struct dm_task *task, int rc)
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

bool task_uuid(char uuid[TASK_UUID_BYTES], const char *name)
{
	return (size_t)snprintf(uuid, TASK_UUID_BYTES, "COWBOOT-%s", name) < TASK_UUID_BYTES;
}

int task_create(const char *name)
{
	struct dm_task *task = task_new(DM_DEVICE_CREATE, name);
	char uuid[TASK_UUID_BYTES];

	if (!task)
		return -ENOMEM;
	/*
	 * The kernel makes the disk at the first load (5.15 and later), so the node waits for
	 * resume.
	 */
	if (!task_uuid(uuid, name) || !dm_task_set_uuid(task, uuid) ||
	    !dm_task_set_add_node(task, DM_ADD_NODE_ON_RESUME))
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
