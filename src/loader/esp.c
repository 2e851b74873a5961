/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot, told by its entries on the ESP (loader/entries.h); each slot is a file there.  Must
 * never remove the last entry that can be read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "loader/entries.h"
#include "loader/espfile.h"

#define ESP_DIR "/run/cowboot/esp"
#define ENTRIES_DIR ESP_DIR "/loader/entries"
#define LEFT_MOUNTED_MAX 16

static struct entries all;

static int enter(const struct part *esp, bool writable)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int rc;

	if (!esp)
		return fail(ENODEV, "cannot reach the boot entries: the partition boot-esp is not there");
	rc = sys_mkdir("/run/cowboot", 0755);
	if (!rc)
		rc = sys_mkdir(ESP_DIR, 0700);
	/* Killed commands have left it mounted, perhaps to read only. */
	for (unsigned n = 0; n < LEFT_MOUNTED_MAX && !sys_umount(ESP_DIR, 0);)
		n++;
	flags |= writable ? MS_SYNCHRONOUS : MS_RDONLY;
	if (!rc)
		rc = sys_mount(esp->path, ESP_DIR, "vfat", flags, "errors=continue");
	/* The system has it mounted to write to, as /boot/efi; a file system is the one or the other. */
	if (rc == -EBUSY && !writable)
		rc = sys_mount(esp->path, ESP_DIR, "vfat", flags & ~(unsigned long)MS_RDONLY,
			       "errors=continue");
	return rc ? fail_sys(-rc, "cannot mount %s on %s as vfat", esp->path, ESP_DIR) : 0;
}

static void leave(void)
{
	int rc = sys_umount(ESP_DIR, 0);

	if (rc)
		log_warn("cannot unmount %s: %s", ESP_DIR, strerror(-rc));
}

static void load(struct loader *loader)
{
	int rc = enter(loader->esp, false);

	if (!rc) {
		rc = entries_list(ESP_DIR, &all);
		if (!rc)
			entries_judge(&all, &loader->state);
		leave();
	}
	if (rc) {
		log_warn("%s", fail_text());
		loader->state = (struct loader_state){ .health = LOADER_DAMAGED };
	}
}

/* The good slot's entry, without a counter, and no other; stays and own are what there is of it. */
static int make_good(const struct entry **stays, const struct entry *own, char slot)
{
	char name[ENTRY_NAME_MAX];
	int rc;

	snprintf(name, sizeof(name), "cowboot-%c.conf", slot);
	rc = entries_make(&all, own ? own : *stays, slot, name);
	if (!rc)
		rc = entries_list(ESP_DIR, &all);
	*stays = entries_find(&all, slot, false);
	if (!rc && !*stays)
		rc = fail(EIO, "the boot entry %s does not stay as it is made", name);
	return rc ? rc : entries_clear(&all, *stays, false);
}

/*
 * Leaves what the loader relies on until the new entry is durable: a good one that can be read, the
 * wanted slot's if there is one.  What is wanted besides is made anew, whatever was there.
 */
static int save_entries(const struct loader_slots *slots)
{
	const struct entry *stays, *own;
	char name[ENTRY_NAME_MAX];
	int rc = entries_list(ESP_DIR, &all);

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
	rc = espfile_flush(all.dir);
	if (!rc)
		rc = entries_clear(&all, stays, false);
	if (!rc && (stays->is.slot != slots->good || stays->is.is_counted))
		rc = make_good(&stays, own, slots->good);
	if (!rc && slots->trial) {
		snprintf(name, sizeof(name), "cowboot-%c+%u.conf", slots->trial, slots->tries_left);
		rc = entries_make(&all, stays, slots->trial, name);
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
	int rc = enter(loader->esp, true);

	if (rc)
		return rc;
	/* A command that was killed may have left what is so already in a cache only. */
	rc = says(is, slots) ? espfile_flush(ENTRIES_DIR) : save_entries(slots);
	leave();
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

static void image_path(char slot, struct loader_image *image)
{
	snprintf(image->path, sizeof(image->path), ESP_DIR "/cowboot/%c.efi", slot);
}

static int begin_image(struct loader *loader, char slot, uint64_t size_bytes,
		       struct loader_image *image)
{
	int rc = enter(loader->esp, true);

	if (rc)
		return rc;
	image->is_mounted = true;
	image_path(slot, image);
	rc = entries_list(ESP_DIR, &all);
	if (!rc)
		rc = entries_clear(&all, NULL, true);
	if (!rc)
		rc = espfile_create(image->path, size_bytes);
	if (!rc)
		rc = dev_open(image->path, DEV_WRITE, &image->dev);
	if (rc)
		leave();
	return rc;
}

/* A file has the size of its image; what is longer or shorter is another's. */
static int find_image(struct loader *loader, char slot, uint64_t size_bytes,
		      struct loader_image *image)
{
	struct dev file = DEV_CLOSED;
	int rc = enter(loader->esp, false);

	if (rc)
		return rc;
	image->is_mounted = true;
	image_path(slot, image);
	rc = dev_open(image->path, DEV_READ, &file);
	if (!rc && file.size_bytes != size_bytes)
		rc = fail(ENOENT, "the file of boot slot %c has %" PRIu64 " bytes", slot,
			  file.size_bytes);
	dev_close(&file);
	if (rc)
		leave();
	return rc;
}

static void end_image(struct loader *loader, struct loader_image *image)
{
	(void)loader;
	if (image->is_mounted)
		leave();
	image->is_mounted = false;
}

const struct loader_kind loader_systemd_boot = {
	.load = load,
	.save = save,
	.check_image = check_image,
	.begin_image = begin_image,
	.find_image = find_image,
	.end_image = end_image,
};
