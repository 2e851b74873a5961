/* SPDX-License-Identifier: MIT */
/* Names below a root that is not ours yet, as a program in it would find them. */
#ifndef COWBOOT_HANDOFF_INROOT_H
#define COWBOOT_HANDOFF_INROOT_H

#include <stddef.h>

/*
 * Opens path below the directory newroot, with every link on the way followed as in a root that
 * newroot is: "/x" begins there, and ".." ends there.  ret_fd is closed by the caller. Negative errno.
 */
int inroot_open(const char *newroot, const char *path, int flags, int *ret_fd);

/*
 * Where that directory lies for us, without any link: for mount(2), which would follow links as in
 * the initramfs.  -ENOTDIR, -ENOENT etc.; -ENAMETOOLONG where it does not fit into buf.
 */
int inroot_dir(const char *newroot, const char *path, char *buf, size_t size_bytes);

#endif
