/* SPDX-License-Identifier: MIT */
/* A small ext4 on a loop device. Tests that need one skip where there is none to be had. */
#ifndef TEST_STORAGE_LOOP_H
#define TEST_STORAGE_LOOP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char loop_dir[] = "/tmp/cowboot-loop-XXXXXX";
static char loop_dev[64];	/* empty: there is none */
static char loop_mnt[64];

/* Runs a shell command; %s in it is not expanded. 0 when it did. */
static inline int loop_run(const char *command)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "cd %s && export DEV=%s MNT=%s && { %s; } >log 2>&1",
		       loop_dir, loop_dev, loop_mnt, command);
	return system(line) ? -1 : 0;
}

static inline void loop_must(const char *command)
{
	if (loop_run(command)) {
		print_error("this failed: %s\n", command);
		assert_true(false);
	}
}

static inline int loop_setup(void **state)
{
	char command[256];
	FILE *out;

	(void)state;
	(void)strcpy(loop_dir + strlen(loop_dir) - 6, "XXXXXX");
	if (!mkdtemp(loop_dir))
		return -1;
	(void)snprintf(loop_mnt, sizeof(loop_mnt), "%s/mnt", loop_dir);
	(void)snprintf(command, sizeof(command), "cd %s && mkdir mnt && truncate -s 32M image && "
		       "losetup -f --show image 2>/dev/null", loop_dir);
	loop_dev[0] = '\0';
	out = popen(command, "r");
	if (!out)
		return -1;
	if (fscanf(out, "%63s", loop_dev) != 1)
		loop_dev[0] = '\0';
	(void)pclose(out);
	if (loop_dev[0] && loop_run("mkfs.ext4 -q -b 4096 $DEV && mount $DEV $MNT && mkdir $MNT/cowboot")) {
		(void)loop_run("losetup -d $DEV");
		loop_dev[0] = '\0';
	}
	return 0;
}

static inline int loop_teardown(void **state)
{
	char command[128];

	(void)state;
	if (loop_dev[0]) {
		(void)loop_run("umount $MNT/cowboot; chattr -i $MNT/cowboot/*.store; umount -R $MNT");
		(void)loop_run("losetup -d $DEV");
	}
	(void)snprintf(command, sizeof(command), "rm -rf %s", loop_dir);
	return system(command) ? -1 : 0;
}

#define loop_needed() \
	do { \
		if (!loop_dev[0]) { \
			print_message("SKIPPED: no loop device or no ext4 here (not root?)\n"); \
			skip(); \
		} \
	} while (0)

#endif
