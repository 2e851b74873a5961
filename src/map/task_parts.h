/* SPDX-License-Identifier: MIT */
/* One libdevmapper task, for those who change (task.c) and those who look (task_look.c). */
#ifndef COWBOOT_MAP_TASK_PARTS_H
#define COWBOOT_MAP_TASK_PARTS_H

#include <libdevmapper.h>

#include "map/task.h"

#define TASK_UUID_BYTES 64

/* NULL with its line in base/fail.h. */
struct dm_task *task_new(int type, const char *name);

/*
 * Frees task, which may be NULL, and returns the error: libdevmapper's setters only ever fail for want
 * of memory, or with a complaint of their own.
 */
int task_broken(struct dm_task *task, const char *name);

/* Runs task; when it fails: "cannot VERB device NAME: REASON". */
int task_run(struct dm_task *task, const char *verb, const char *name);

/* Frees task, makes or removes nodes now, and closes /dev/mapper/control. Returns rc. */
int task_end(struct dm_task *task, int rc);

/*
 * What the device of that name has for a uuid when it is ours; false: the name is too long.  A name
 * alone may be anybody's: LVM calls the volume "store" of its group "system" system-store.
 */
bool task_uuid(char uuid[TASK_UUID_BYTES], const char *name);

#endif
