/* SPDX-License-Identifier: MIT */
/*
 * dm VERB NAME ...: device-mapper for the experiments, one raw table line per argument. It checks
 * nothing: what the kernel does with nonsense is what the tests ask. It prints one line, and an
 * errno where the kernel refuses.
 *
 *   map [-r] NAME "START LENGTH TARGET PARAMETERS"...  ok | create N | load N | resume N (removed)
 *   load [-r] NAME LINE...                             ok | load N
 *   suspend | resume | remove NAME                     ok | VERB N
 *   status | table NAME                                what the target says
 */
#include <errno.h>
#include <libdevmapper.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EX_USAGE 64

static void silence(int level, const char *file, int line, int errnum, const char *fmt, ...)
{
	(void)level, (void)file, (void)line, (void)errnum, (void)fmt;
}

static struct dm_task *task_for(int type, const char *name)
{
	struct dm_task *task = dm_task_create(type);

	if (!task || !dm_task_set_name(task, name))
		exit(EX_USAGE);
	return task;
}

/* 0 or the errno the kernel gave. */
static int run(struct dm_task *task)
{
	int errnum = dm_task_run(task) ? 0 : dm_task_get_errno(task);

	dm_task_destroy(task);
	return errnum;
}

static int report(const char *verb, int errnum)
{
	if (errnum)
		printf("%s %d\n", verb, errnum);
	else
		puts("ok");
	return 0;
}

static int load(const char *name, bool readonly, char **lines)
{
	struct dm_task *task = task_for(DM_DEVICE_RELOAD, name);

	if (readonly && !dm_task_set_ro(task))
		exit(EX_USAGE);
	for (; *lines; lines++) {
		unsigned long long start, length;
		char target[32];
		int at = 0;

		if (sscanf(*lines, "%llu %llu %31s %n", &start, &length, target, &at) != 3 ||
		    !dm_task_add_target(task, start, length, target, *lines + at))
			exit(EX_USAGE);
	}
	return run(task);
}

static int map(const char *name, bool readonly, char **lines)
{
	const char *verb = "create";
	int errnum = run(task_for(DM_DEVICE_CREATE, name));

	if (errnum)
		return report(verb, errnum);
	verb = "load";
	errnum = load(name, readonly, lines);
	if (!errnum) {
		verb = "resume";
		errnum = run(task_for(DM_DEVICE_RESUME, name));
	}
	if (errnum && run(task_for(DM_DEVICE_REMOVE, name)))
		verb = "remove";
	return report(verb, errnum);
}

static int look(int type, const char *name)
{
	struct dm_task *task = task_for(type, name);
	uint64_t start, length;
	char *target, *params;
	void *next = NULL;

	if (!dm_task_run(task))
		return report("look", dm_task_get_errno(task));
	do {
		next = dm_get_next_target(task, next, &start, &length, &target, &params);
		puts(params ? params : "");
	} while (next);
	dm_task_destroy(task);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	bool readonly = argc > 3 && !strcmp(argv[2], "-r");
	char **rest = argv + 2 + readonly;

	dm_log_with_errno_init(silence);
	dm_udev_set_sync_support(0);
	dm_udev_set_checking(0);
	if (!strcmp(verb, "map"))
		return map(rest[0], readonly, rest + 1);
	if (!strcmp(verb, "load"))
		return report(verb, load(rest[0], readonly, rest + 1));
	if (!strcmp(verb, "suspend"))
		return report(verb, run(task_for(DM_DEVICE_SUSPEND, rest[0])));
	if (!strcmp(verb, "resume"))
		return report(verb, run(task_for(DM_DEVICE_RESUME, rest[0])));
	if (!strcmp(verb, "remove"))
		return report(verb, run(task_for(DM_DEVICE_REMOVE, rest[0])));
	if (!strcmp(verb, "status"))
		return look(DM_DEVICE_STATUS, rest[0]);
	if (!strcmp(verb, "table"))
		return look(DM_DEVICE_TABLE, rest[0]);
	fputs("dm map|load|suspend|resume|remove|status|table NAME ...\n", stderr);
	return EX_USAGE;
}
