/* SPDX-License-Identifier: MIT */
/* What the menu runs, verbs and programs, in processes of their own.  Must never be what a Ctrl-C ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/cli.h"
#include "cli/menu.h"

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	if (WIFSIGNALED(status))
		printf("\nended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static pid_t begin_child(void)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		printf("cannot start a process: %s\n", strerror(errno));
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGTSTP, SIG_DFL);
	}
	return pid;
}

int menu_verb(int (*verb)(int argc, char **argv), char *const words[])
{
	char *argv[8];
	int argc = 0;
	pid_t pid = begin_child();

	if (pid < 0)
		return EXIT_FAILED;
	if (pid)
		return wait_for(pid);
	/* The verb may change the order of its words. */
	while (words[argc] && argc < 7) {
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc] = NULL;
	argc = verb(argc, argv);
	(void)fflush(stdout);
	_exit(argc);
}

int menu_program(const char *path, char *const argv[])
{
	pid_t pid = begin_child();

	if (pid < 0)
		return EXIT_FAILED;
	if (pid)
		return wait_for(pid);
	sys_exec(path, argv, environ);
	_exit(127);
}
