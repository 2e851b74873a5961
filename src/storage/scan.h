/* SPDX-License-Identifier: MIT */
/* One look at the partitions there are; find.c looks again until a deadline. */
#ifndef COWBOOT_STORAGE_SCAN_H
#define COWBOOT_STORAGE_SCAN_H

#include "storage/find.h"

/*
 * Looks once for the partition spec names. sysfs_dir and dev_dir are "/sys" and "/dev"; in tests,
 * other folders.  disk and the errors are as in find_part; ret_part is set on success only.
 */
int scan_part(const char *sysfs_dir, const char *dev_dir, const char *spec, const char *disk,
	      struct part *ret_part);

#endif
