/* SPDX-License-Identifier: MIT */
/*
 * What a boot loader would take from an image: it reads the partition itself, below the maps, so it
 * would start the old kernel in a trial, and read a mixture while an update is merged.  Looks with
 * the file system's own tool, and sees nothing where that is not installed.  Only reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "host/file.h"
#include "host/tool.h"

#define IMAGE_FD 99		/* of the tool */
#define IMAGE_PATH "/proc/self/fd/99"
#define ANSWER_BYTES 4096

/* What loaders that search partitions look for: U-Boot's standard boot, and GRUB. */
static const char *const wanted[] = {
	"/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf", "/boot/boot.scr", "/boot.scr",
	"/boot/boot.scr.uimg", "/boot.scr.uimg", "/boot/grub/grub.cfg",
	"/boot/grub2/grub.cfg", "/grub/grub.cfg", "/grub2/grub.cfg",
};

/* A tool that says something of a path in an image; %s is the path. */
static const struct {
	const char *kind, *argv[6];
	const char *says;		/* what it prints of a file that is there */
} tools[] = {
	{ "ext4", { "debugfs", "-c", "-R", "stat %s", IMAGE_PATH }, "Inode:" },
	{ "squashfs", { "unsquashfs", "-ls", IMAGE_PATH, "%s" }, "%s" },
	{ "erofs", { "dump.erofs", "--path=%s", IMAGE_PATH }, "NID:" },
};

/* Runs it without input; its output, as far as it fits, as a string. Empty: it did not run. */
static void ask(const struct dev *image, const char *const *argv, char ret_answer[ANSWER_BYTES])
{
	posix_spawn_file_actions_t actions;
	size_t have = 0;
	int ends[2], rc;
	pid_t pid;

	ret_answer[0] = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return;
	posix_spawn_file_actions_init(&actions);
	rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	rc |= posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	rc |= posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	rc |= posix_spawn_file_actions_adddup2(&actions, image->fd, IMAGE_FD);
	if (!rc)
		rc = tool_start(&pid, &actions, argv);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (!rc) {
		char rest[ANSWER_BYTES];
		bool fits = have < ANSWER_BYTES - 1;
		ssize_t got = fits ? read(ends[0], ret_answer + have, ANSWER_BYTES - 1 - have) :
			      read(ends[0], rest, sizeof(rest));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += fits ? (size_t)got : 0;
	}
	ret_answer[have] = '\0';
	close(ends[0]);
	if (!rc)
		(void)tool_wait(pid);
}

static bool is_there(const struct dev *image, size_t tool, const char *path)
{
	char words[ARRAY_SIZE(tools[0].argv)][96], says[96], answer[ANSWER_BYTES];
	const char *argv[ARRAY_SIZE(words) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(words) && tools[tool].argv[i]; i++) {
		const char *hole = strstr(tools[tool].argv[i], "%s");

		argv[i] = words[i];
		snprintf(words[i], sizeof(words[i]), "%.*s%s%s",
			 hole ? (int)(hole - tools[tool].argv[i]) : 95, tools[tool].argv[i],
			 hole ? path : "", hole ? hole + 2 : "");
	}
	snprintf(says, sizeof(says), "%s", tools[tool].says[0] == '%' ? path : tools[tool].says);
	ask(image, argv, answer);
	return strstr(answer, says);
}

int image_check_loader(const struct dev *image, const char *kind)
{
	for (size_t tool = 0; kind && tool < ARRAY_SIZE(tools); tool++)
		for (size_t i = 0; !strcmp(kind, tools[tool].kind) && i < ARRAY_SIZE(wanted); i++)
			if (is_there(image, tool, wanted[i]))
				return fail(EINVAL, "cannot use %s: it has %s, and a boot loader "
					    "that takes it reads the partition itself and sees no "
					    "update; remove it, or say --loader-files if the "
					    "board's loader does not look there", image->name,
					    wanted[i]);
	return 0;
}
