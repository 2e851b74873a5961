/* SPDX-License-Identifier: MIT */
/*
 * rdinit of the crash suite's guests: stands before cowboot's init, with no driver loaded and no disk
 * read. The host saves the whole guest here, once, and begins each of its boots from here.
 * Never in anything that ships. Holds none of I1-I12.
 */
#include <unistd.h>

#define SAY(text) do { if (write(1, text, sizeof(text) - 1) < 0) return 1; } while (0)

int main(int argc, char *argv[], char *envp[])
{
	char go;

	(void)argc;
	SAY("fork: here\n");
	if (read(0, &go, 1) != 1)
		return 1;
	argv[0] = "/init";
	execve(argv[0], argv, envp);
	SAY("fork: there is no /init\n");
	return 1;
}
