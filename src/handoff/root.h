/* SPDX-License-Identifier: MIT */
/* Checking the new root and entering it: all checks come first, because then there is no way back. */
#ifndef COWBOOT_HANDOFF_ROOT_H
#define COWBOOT_HANDOFF_ROOT_H

/*
 * Whether newroot can be entered: another file system than the initramfs, /dev /proc /sys /run are
 * directories, init can be started there (handoff/program.h). -ENOEXEC etc. with
 * the reason in base/fail.h.  Looks a second time before it says so. Changes nothing.
 */
int root_check(const char *newroot, const char *init);

/*
 * Moves the early mounts, deletes the initramfs' files, makes newroot the root and executes init
 * with argv and the environment the kernel gave.  Returns only on failure, and then the initramfs
 * may be gone.
 */
int root_enter(const char *newroot, const char *init, char *const argv[], char *const envp[]);

#endif
