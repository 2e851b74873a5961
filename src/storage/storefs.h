/* SPDX-License-Identifier: MIT */
/* The pure part of storefile_check_fs (storage/storefile.h). */
#ifndef COWBOOT_STORAGE_STOREFS_H
#define COWBOOT_STORAGE_STOREFS_H

#include <stdbool.h>

/* Whether option stands on a line of its own in /proc/fs/ext4/DEVICE/options. */
bool storefs_has_option(const char *options, const char *option);

#endif
