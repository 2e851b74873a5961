/* SPDX-License-Identifier: MIT */
/* Whether the kernel can start a program of a root that is not ours yet. */
#ifndef COWBOOT_HANDOFF_PROGRAM_H
#define COWBOOT_HANDOFF_PROGRAM_H

/*
 * Looks at path (links followed as in the root that the directory newroot will be) as execve(2) will: a
 * file that may be executed, an ELF program for this kind of machine with the dynamic linker that it
 * names, or a script with its interpreter, which is looked at the same way.  -ENOENT, -ENOEXEC etc.
 * with the reason in base/fail.h.  Reads only. It cannot know whether the dynamic linker will find the
 * program's libraries.
 */
int program_check(const char *newroot, const char *path);

#endif
