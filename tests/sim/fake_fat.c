/* SPDX-License-Identifier: MIT */
/*
 * Stands for src/loader/fat.c: the ESP as it is read without a mount.  Each call that reads can
 * fail.  Nobody changes anything meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "esp.h"
#include "loader/fat.h"

#define ENTRIES_CLUSTER 1u /* the folder; what is in it is found by where its name lies */

int fat_open(const char *device, struct fat *ret_fat)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/sim%d", DISK_ESP + 1);
	if (strcmp(device, path))
		violation("%s was read as the ESP", device);
	kernel_tick();
	if (fault(FAULT_ESP, "open", device))
		return fail_sys(EIO, "cannot open %s", device);
	*ret_fat = (struct fat){ .dev = DEV_CLOSED, .files = DEV_CLOSED };
	return 0;
}

void fat_close(struct fat *fat)
{
	(void)fat;
}

/* Only the entries are ever listed. */
int fat_find(const struct fat *fat, const char *path, struct fat_file *ret_file)
{
	(void)fat;
	if (strcmp(path, "loader/entries"))
		violation("%s is looked for on the ESP", path);
	if (fault(FAULT_ESP, "find", path))
		return fail_sys(EIO, "cannot read the ESP");
	*ret_file = (struct fat_file){ .is_dir = true, .cluster = ENTRIES_CLUSTER };
	return 0;
}

int fat_each(const struct fat *fat, const struct fat_file *dir,
	     int (*take)(void *ctx, const struct fat_file *file), void *ctx)
{
	struct fat_file file = { .is_dir = false };
	int rc = 0;

	(void)fat;
	if (!dir->is_dir || dir->cluster != ENTRIES_CLUSTER)
		violation("what is no folder is listed");
	for (unsigned n = 0; !rc && esp_nth(ESP_ENTRIES, n, file.name); n++) {
		if (fault(FAULT_ESP, "read", "a name"))
			return fail_sys(EIO, "cannot read the ESP");
		file.cluster = (unsigned)esp_find(ESP_ENTRIES, file.name);
		file.size_bytes = esp_at(file.cluster).size_bytes;
		rc = take(ctx, &file);
	}
	return rc;
}

int fat_read(const struct fat *fat, const struct fat_file *file, void *buf, size_t len_bytes)
{
	const struct esp_file at = esp_at(file->cluster);

	(void)fat;
	if (fault(FAULT_ESP, "read", file->name) || !esp_read(&at, buf, len_bytes))
		return fail_sys(EIO, "cannot read %s", file->name);
	return 0;
}
