/* SPDX-License-Identifier: MIT */
/*
 * Mount options: which are flags of mount(2), which are for the file system, and which only
 * mount(8) and fstab know.  Pure.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include "base/bytes.h"
#include "conf/conf.h"

static const struct {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "atime", 0, MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "relatime", MS_RELATIME, 0 },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "nolazytime", 0, MS_LAZYTIME },
	{ "silent", MS_SILENT, 0 },
	{ "loud", 0, MS_SILENT },
	{ "defaults", 0, 0 },
	{ "auto", 0, 0 },
	{ "noauto", 0, 0 },
	{ "user", 0, 0 },
	{ "users", 0, 0 },
	{ "owner", 0, 0 },
	{ "group", 0, 0 },
	{ "nouser", 0, 0 },
	{ "nousers", 0, 0 },
	{ "noowner", 0, 0 },
	{ "nogroup", 0, 0 },
	{ "nofail", 0, 0 },
	{ "_netdev", 0, 0 },
};

/* What mount(8) and its helpers keep to themselves; the kernel would refuse the mount. */
static const char *const beginnings[] = { "x-", "X-", "comment=", "uhelper=", "helper=" };

static bool is_for_mount(const char *option, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (len >= strlen(beginnings[i]) &&
		    memcmp(option, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static bool take_flag(const char *option, size_t len, unsigned long *value)
{
	if (is_for_mount(option, len))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strlen(flags[i].name) != len || memcmp(flags[i].name, option, len) != 0)
			continue;
		*value = (*value & ~flags[i].clear) | flags[i].set;
		return true;
	}
	return false;
}

int conf_mount_flags(const char *options, unsigned long *ret_flags, char *ret_data,
		     size_t size_bytes)
{
	char data[CONF_OPTIONS_MAX];
	unsigned long value = 0;
	size_t at = 0;

	while (*options) {
		size_t len = strcspn(options, ",");

		if (len && !take_flag(options, len, &value)) {
			size_t end = at + !!at + len;

			if (end >= sizeof(data) || end >= size_bytes)
				return -ENAMETOOLONG;
			if (at)
				data[at++] = ',';
			memcpy(data + at, options, len);
			at = end;
		}
		options += len + (options[len] == ',');
	}
	if (!size_bytes)
		return -ENAMETOOLONG;
	memcpy(ret_data, data, at);
	ret_data[at] = '\0';
	*ret_flags = value;
	return 0;
}
