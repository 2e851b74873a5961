/* SPDX-License-Identifier: MIT */
/*
 * Finding and mounting what somebody has brought.  Must never touch a disk that holds one of the
 * board's own partitions, and mounts for reading unless logs are to be saved.
 */
#define _GNU_SOURCE
#include "recovery/media.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "storage/dev.h"

#define SYSFS "/sys/class/block/"

static void take_label(char ret_label[20], const uint8_t *text, size_t len)
{
	size_t end = 0;

	memset(ret_label, 0, 20);
	for (size_t i = 0; i < len && text[i]; i++) {
		ret_label[i] = isprint(text[i]) ? (char)text[i] : '?';
		if (text[i] != ' ')
			end = i + 1;
	}
	ret_label[end] = 0;
}

const char *media_probe(const uint8_t head[MEDIA_HEAD_BYTES], char ret_label[20])
{
	const uint8_t *ext = head + 1024;

	if (ext[56] == 0x53 && ext[57] == 0xef) {
		take_label(ret_label, ext + 120, 16);
		return "ext4";
	}
	if (head[510] != 0x55 || head[511] != 0xaa)
		return NULL;
	if (memcmp(head + 82, "FAT32", 5) == 0)
		take_label(ret_label, head + 71, 11);
	else if (memcmp(head + 54, "FAT", 3) == 0)
		take_label(ret_label, head + 43, 11);
	else
		return NULL;
	if (strcmp(ret_label, "NO NAME") == 0)
		ret_label[0] = 0;
	return "vfat";
}

/* The disk that a partition or a disk of that name is on: the folder above, or itself. */
static int disk_of(const char *name, char *buf, size_t size_bytes)
{
	char path[96], target[512];
	char *last, *above;
	ssize_t len;

	snprintf(path, sizeof(path), SYSFS "%s", name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = 0;
	last = strrchr(target, '/');
	if (!last)
		return -EINVAL;
	snprintf(path, sizeof(path), SYSFS "%s/partition", name);
	if (access(path, F_OK) == 0) {
		*last = 0;
		above = strrchr(target, '/');
		last = above ? above : last;
	}
	if (strlen(last + 1) >= size_bytes)
		return -ENAMETOOLONG;
	strcpy(buf, last + 1);
	return 0;
}

static bool same_disk(const char *name, const struct part *part, bool has)
{
	char a[64], b[64];

	return has && !disk_of(name, a, sizeof(a)) && !disk_of(part->name, b, sizeof(b)) &&
	       strcmp(a, b) == 0;
}

static bool is_own(const struct world *w, const char *name)
{
	if (!w)
		return false;
	for (unsigned i = 0; i < w->conf->volume_count; i++)
		if (same_disk(name, &w->volume_part[i], w->has_volume[i]))
			return true;
	return same_disk(name, &w->meta_part, w->has_meta) ||
	       same_disk(name, &w->data_part, w->has_data) ||
	       same_disk(name, &w->store_part, w->has_store_part);
}

static bool is_skipped(const char *name)
{
	static const char *const kinds[] = { ".", "dm-", "ram", "zram", "loop", "mtdblock", "nbd" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return strlen(name) >= sizeof(((struct medium *)0)->name);
}

static bool look_at(const char *name, struct medium *ret_medium)
{
	uint8_t head[MEDIA_HEAD_BYTES];
	struct medium m = { .fstype = "" };
	struct dev dev = DEV_CLOSED;
	const char *fstype = NULL;

	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.path, sizeof(m.path), "/dev/%s", name);
	if (dev_open(m.path, DEV_READ, &dev))
		return false;
	m.size_bytes = dev.size_bytes;
	if (dev.size_bytes >= sizeof(head) && !dev_read(&dev, 0, head, sizeof(head)))
		fstype = media_probe(head, m.label);
	dev_close(&dev);
	if (!fstype)
		return false;
	snprintf(m.fstype, sizeof(m.fstype), "%s", fstype);
	*ret_medium = m;
	return true;
}

unsigned media_list(const struct world *w, struct medium ret_media[MEDIA_MAX])
{
	DIR *dir = opendir(SYSFS);
	struct dirent *entry;
	unsigned count = 0;

	if (!dir)
		return 0;
	while (count < MEDIA_MAX && (entry = readdir(dir)))
		if (!is_skipped(entry->d_name) && !is_own(w, entry->d_name) &&
		    look_at(entry->d_name, &ret_media[count]))
			count++;
	closedir(dir);
	return count;
}

int media_mount(const struct medium *medium, bool write)
{
	const bool ext4 = strcmp(medium->fstype, "ext4") == 0;
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (write ? 0 : MS_RDONLY);
	int rc = sys_mkdir("/mnt", 0755);

	if (!rc)
		rc = sys_mkdir(MEDIA_DIR, 0755);
	if (!rc)
		rc = sys_mount(medium->path, MEDIA_DIR, medium->fstype, flags,
			       ext4 && !write ? "noload" : NULL);
	return rc ? fail_sys(-rc, "cannot mount %s as %s", medium->path, medium->fstype) : 0;
}

int media_umount(void)
{
	int fd = open(MEDIA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || syncfs(fd) < 0)
		rc = fail_sys(errno, "cannot write all to %s", MEDIA_DIR);
	if (fd >= 0)
		close(fd);
	if (sys_umount(MEDIA_DIR, 0) < 0 && !rc)
		rc = fail(EBUSY, "cannot unmount %s", MEDIA_DIR);
	return rc;
}
