/* SPDX-License-Identifier: MIT */
/* Runs a command as user and group 65534, in a root that has no su. For test_verbs.py. */
#define _GNU_SOURCE
#include <grp.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2 || setgroups(0, NULL) || setgid(65534) || setuid(65534))
		return 125;
	execvp(argv[1], argv + 1);
	return 126;
}
