/* SPDX-License-Identifier: MIT */
/*
 * Makes, shows or removes a device-mapper device that is not cowboot's: one linear piece over the
 * begin of another device.  For test_places.py.
 *
 * usage: dm_device make NAME UUID MAJOR:MINOR SECTORS | show NAME | remove NAME
 */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static union {
	struct dm_ioctl head;
	char bytes[4096];
} ask;

static int run(int control, unsigned long request, const char *name)
{
	ask.head.version[0] = DM_VERSION_MAJOR;
	ask.head.data_size = sizeof(ask);
	ask.head.data_start = sizeof(ask.head);
	strncpy(ask.head.name, name, sizeof(ask.head.name) - 1);
	if (ioctl(control, request, &ask) == 0)
		return 0;
	perror(name);
	return 1;
}

static int begin(int control, unsigned long request, const char *name)
{
	memset(&ask, 0, sizeof(ask));
	return run(control, request, name);
}

static int make(int control, char **word)
{
	struct dm_target_spec *line = (void *)(ask.bytes + sizeof(ask.head));

	memset(&ask, 0, sizeof(ask));
	strncpy(ask.head.uuid, word[1], sizeof(ask.head.uuid) - 1);
	if (run(control, DM_DEV_CREATE, word[0]))
		return 1;
	memset(&ask, 0, sizeof(ask));
	ask.head.target_count = 1;
	line->length = strtoull(word[3], NULL, 10);
	strcpy(line->target_type, "linear");
	snprintf((char *)(line + 1), 64, "%s 0", word[2]);
	return run(control, DM_TABLE_LOAD, word[0]) || begin(control, DM_DEV_SUSPEND, word[0]);
}

static int show(int control, const char *name)
{
	const struct dm_target_spec *line = (void *)(ask.bytes + sizeof(ask.head));
	char uuid[sizeof(ask.head.uuid)];

	if (begin(control, DM_DEV_STATUS, name))
		return 1;
	strcpy(uuid, ask.head.uuid);
	memset(&ask, 0, sizeof(ask));
	ask.head.flags = DM_STATUS_TABLE_FLAG;
	if (run(control, DM_TABLE_STATUS, name))
		return 1;
	line = (void *)(ask.bytes + ask.head.data_start);
	printf("%s %u %llu %s %s\n", uuid, ask.head.target_count, (unsigned long long)line->length,
	       line->target_type, (const char *)(line + 1));
	return 0;
}

int main(int argc, char **argv)
{
	const int control = open("/dev/mapper/control", O_RDWR);

	if (control < 0 || argc < 3)
		return 64;
	if (argc == 6 && strcmp(argv[1], "make") == 0)
		return make(control, argv + 2);
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show(control, argv[2]);
	if (argc == 3 && strcmp(argv[1], "remove") == 0)
		return begin(control, DM_DEV_REMOVE, argv[2]);
	return 64;
}
