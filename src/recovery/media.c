/* SPDX-License-Identifier: MIT */
/*
 * Finding and mounting what somebody has brought.  Must never offer a disk that is the board's own, or
 * may be; and mounts for reading unless logs are to be saved.
 */
#include "recovery/media.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/sys.h"
#include "base/text.h"
#include "recovery/own.h"
#include "storage/dev.h"

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
	if (memcmp(head + 3, "EXFAT   ", 8) == 0) {
		ret_label[0] = 0; /* it stands in the root directory, wherever that is */
		return "exfat";
	}
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

static bool look_at(const char *root, const char *name, struct medium *ret_medium)
{
	uint8_t head[MEDIA_HEAD_BYTES];
	struct medium m = { .fstype = "" };
	struct dev dev = DEV_CLOSED;
	const char *fstype = NULL;

	if (text_copy(m.name, sizeof(m.name), name))
		return false;
	(void)snprintf(m.path, sizeof(m.path), "%s/dev/%s", root, name);
	if (dev_open(m.path, DEV_READ, &dev))
		return false;
	m.size_bytes = dev.size_bytes;
	if (dev.size_bytes >= sizeof(head) && !dev_read(&dev, 0, head, sizeof(head)))
		fstype = media_probe(head, m.label);
	dev_close(&dev);
	if (!fstype)
		return false;
	(void)snprintf(m.fstype, sizeof(m.fstype), "%s", fstype);
	*ret_medium = m;
	return true;
}

struct listing {
	struct own own;
	struct medium *media;
	unsigned count;
};

static int list_one(void *ctx, const char *name)
{
	struct listing *listing = ctx;

	if (own_is_foreign(&listing->own, name) &&
	    look_at(listing->own.root, name, &listing->media[listing->count]))
		listing->count++;
	return listing->count == MEDIA_MAX;
}

unsigned media_list(const char *root, const struct world *w, struct medium ret_media[MEDIA_MAX])
{
	static struct listing listing;
	char path[128];

	listing.media = ret_media;
	listing.count = 0;
	(void)snprintf(path, sizeof(path), "%s/sys/class/block", root);
	if (own_find(root, w, &listing.own) || sys_each_name(path, list_one, &listing) < 0)
		return 0;
	return listing.count;
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
	int rc = sys_sync_fs(MEDIA_DIR);

	if (rc)
		rc = fail_sys(-rc, "cannot write all to %s", MEDIA_DIR);
	if (sys_umount(MEDIA_DIR, 0) < 0 && !rc)
		rc = fail(EBUSY, "cannot unmount %s", MEDIA_DIR);
	return rc;
}
