/* SPDX-License-Identifier: MIT */
/* Programs of the build host. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/tool.h"

extern char **environ;

static const char *const system_dirs[] = { "/usr/sbin", "/sbin" };

int tool_start(pid_t *ret_pid, const posix_spawn_file_actions_t *actions, const char *const *argv)
{
	char *const *words = (char *const *)(uintptr_t)argv;
	int rc = posix_spawnp(ret_pid, argv[0], actions, NULL, words, environ);

	for (size_t i = 0; rc == ENOENT && i < ARRAY_SIZE(system_dirs); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", system_dirs[i], argv[0]);
		rc = posix_spawn(ret_pid, path, actions, NULL, words, environ);
	}
	return rc;
}

int tool_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TOOL_MISSING;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int tool_run(const char *const *argv, int messages)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&actions);
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	rc |= posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	rc |= messages < 0 ?
	      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) :
	      posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
	if (!rc)
		rc = tool_start(&pid, &actions, argv);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? TOOL_MISSING : tool_wait(pid);
}

static bool is_in(const char *dir, size_t dir_bytes, const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%.*s/%s", (int)dir_bytes, dir, name);

	return len > 0 && (size_t)len < sizeof(path) && !access(path, X_OK);
}

bool tool_is_there(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t len = strcspn(path, ":");

		if (is_in(path, len, name))
			return true;
		path += len + (path[len] == ':');
	}
	for (size_t i = 0; i < ARRAY_SIZE(system_dirs); i++)
		if (is_in(system_dirs[i], strlen(system_dirs[i]), name))
			return true;
	return false;
}
