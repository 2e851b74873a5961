/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot, told by its entries on the ESP (loader/entries.h); each slot is a file there.  Must
 * never remove the last entry that can be read.
 *
 * A look reads the partition and mounts nothing (I17, loader/fat.h).  One device's file system is
 * mounted either to read or to write: so a mount to read would stand in the way of whoever wants to
 * write, and one that shares what another mounted would write when it is the last to end.  What
 * changes something mounts it where nobody else sees it (sys_mount_apart), and holds the lock.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "loader/entries.h"
#include "loader/espfile.h"

static struct entries all;

static int has_esp(const struct loader *loader)
{
	if (loader->esp)
		return 0;
	return fail(ENODEV, "cannot reach the boot entries: the partition boot-esp is not there");
}

/* The root of the ESP; sys_close ends it, and so does the end of this program. */
static int enter(const struct loader *loader, bool writable, int *ret_fd)
{
	static const char *const reading[] = { "ro", "errors=continue", NULL };
	static const char *const writing[] = { "sync", "errors=continue", NULL };
	const char *path = loader->esp ? loader->esp->path : NULL;
	int fd = -EBUSY, rc = has_esp(loader);

	if (rc)
		return rc;
	if (!writable)
		fd = sys_mount_apart(path, "vfat", reading);
	/* The system has it mounted to write to, as /boot/efi; its file system is shared then. */
	if (fd == -EBUSY)
		fd = sys_mount_apart(path, "vfat", writing);
	if (fd == -EBUSY)
		return fail(EBUSY, "cannot write to the ESP %s: it is mounted read-only elsewhere; "
			    "unmount it, or mount it to write to", path);
	if (fd < 0)
		return fail_sys(-fd, "cannot mount %s as vfat", path);
	*ret_fd = fd;
	return 0;
}

static void load(struct loader *loader)
{
	int rc = has_esp(loader);

	if (!rc)
		rc = entries_list(loader->esp->path, &all);
	if (!rc)
		entries_judge(&all, &loader->state);
	if (rc) {
		log_warn("%s", fail_text());
		loader->state = (struct loader_state){ .health = LOADER_DAMAGED };
	}
}

/* The good slot's entry, without a counter, and no other; stays and own are what there is of it. */
static int make_good(const struct loader *loader, int esp_fd, const struct entry **stays,
		     const struct entry *own, char slot)
{
	char name[ENTRY_NAME_MAX];
	int rc;

	snprintf(name, sizeof(name), "cowboot-%c.conf", slot);
	rc = entries_make(&all, esp_fd, own ? own : *stays, slot, name);
	if (!rc)
		rc = entries_list(loader->esp->path, &all);
	*stays = entries_find(&all, slot, false);
	if (!rc && !*stays)
		rc = fail(EIO, "the boot entry %s does not stay as it is made", name);
	return rc ? rc : entries_clear(&all, esp_fd, *stays, false);
}

/*
 * Leaves what the loader relies on until the new entry is durable: a good one that can be read, the
 * wanted slot's if there is one.  What is wanted besides is made anew, whatever was there.
 */
static int save_entries(const struct loader *loader, int esp_fd,
			const struct loader_slots *slots)
{
	const struct entry *stays, *own;
	char name[ENTRY_NAME_MAX];
	int rc = entries_list(loader->esp->path, &all);

	if (rc)
		return rc;
	stays = entries_find(&all, slots->good, false);
	stays = stays ? stays : entries_find(&all, 0, false);
	if (!stays)
		stays = entries_find(&all, 0, true);
	if (!stays)
		return fail(ENOENT, "cannot make a boot entry: there is none to make it from");
	own = entries_find(&all, slots->good, true);
	/* After a reset, a kill or a failed flush what stays may be in the disk's cache only. */
	rc = espfile_flush(esp_fd);
	if (!rc)
		rc = entries_clear(&all, esp_fd, stays, false);
	if (!rc && (stays->is.slot != slots->good || stays->is.is_counted))
		rc = make_good(loader, esp_fd, &stays, own, slots->good);
	if (!rc && slots->trial) {
		snprintf(name, sizeof(name), "cowboot-%c+%u.conf", slots->trial, slots->tries_left);
		rc = entries_make(&all, esp_fd, stays, slots->trial, name);
	}
	return rc;
}

static bool says(const struct loader_state *state, const struct loader_slots *slots)
{
	return state->health == LOADER_GOOD && !state->untidy &&
	       state->slots.good == slots->good && state->slots.trial == slots->trial &&
	       state->slots.tries_left == slots->tries_left;
}

static int save(struct loader *loader, const struct loader_slots *slots)
{
	const struct loader_state *is = &loader->state;
	int fd, rc = enter(loader, true, &fd);

	if (rc)
		return rc;
	/* A command that was killed may have left what is so already in a cache only. */
	rc = says(is, slots) ? espfile_flush(fd) : save_entries(loader, fd, slots);
	sys_close(fd);
	if (rc)
		return rc;
	load(loader);
	return is->health == LOADER_GOOD && is->slots.good == slots->good ?
	       0 : fail(EIO, "the boot entries on %s do not stay as they are made",
			loader->esp->path);
}

/* Whether it fits, making the file says. */
static int check_image(struct loader *loader, char slot, uint64_t size_bytes)
{
	(void)slot;
	(void)size_bytes;
	return loader->state.health == LOADER_GOOD ?
	       0 : fail(ENOENT, "the boot entries on the ESP cannot be used");
}

#define IMAGE_PATH "cowboot/%c.efi"

static void name_image(char slot, struct loader_image *image)
{
	/* The mount has no path but this one, and to this process only. */
	snprintf(image->path, sizeof(image->path), "/proc/self/fd/%d/" IMAGE_PATH, image->held_fd,
		 slot);
	snprintf(image->name, sizeof(image->name), "/" IMAGE_PATH " on the ESP", slot);
}

static void end_image(struct loader *loader, struct loader_image *image)
{
	(void)loader;
	if (image->held_fd >= 0)
		sys_close(image->held_fd);
	image->held_fd = -1;
}

static int begin_image(struct loader *loader, char slot, uint64_t size_bytes,
		       struct loader_image *image)
{
	char file[LOADER_PATH_MAX];
	int rc = enter(loader, true, &image->held_fd);

	if (rc)
		return rc;
	name_image(slot, image);
	snprintf(file, sizeof(file), IMAGE_PATH, slot);
	rc = entries_list(loader->esp->path, &all);
	if (!rc)
		rc = entries_clear(&all, image->held_fd, NULL, true);
	if (!rc)
		rc = espfile_create(image->held_fd, file, size_bytes);
	if (!rc)
		rc = loader_open_image(image, DEV_WRITE, &image->dev);
	if (rc)
		end_image(loader, image);
	return rc;
}

/* A file has the size of its image; what is longer or shorter is another's. */
static int find_image(struct loader *loader, char slot, uint64_t size_bytes,
		      struct loader_image *image)
{
	struct dev file = DEV_CLOSED;
	int rc = enter(loader, false, &image->held_fd);

	if (rc)
		return rc;
	name_image(slot, image);
	rc = loader_open_image(image, DEV_READ, &file);
	if (!rc && file.size_bytes != size_bytes)
		rc = fail(ENOENT, "the file of boot slot %c has %" PRIu64 " bytes", slot,
			  file.size_bytes);
	dev_close(&file);
	if (rc)
		end_image(loader, image);
	return rc;
}

const struct loader_kind loader_systemd_boot = {
	.load = load,
	.save = save,
	.check_image = check_image,
	.begin_image = begin_image,
	.find_image = find_image,
	.end_image = end_image,
};
