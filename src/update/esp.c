/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries, read and made (docs/formats.md, "Boot entries").
 *
 * FAT has no journal: a cut while a file is made or removed can leave a name whose clusters are free.
 * What takes them next shares them, and removing the one name frees the other's.  So:
 *
 *	an entry counts only when its text is whole;
 *	it is made without a text, flushed, and then gets its text: who can be read is durable;
 *	it loses its text, flushed, before its name goes: who may be half gone cannot be read;
 *	what cannot be read is removed, flushed, before anything that needs a cluster;
 *	nothing is renamed, which would be two names of the same clusters for a while.
 * Must never remove the last entry that can be read.
 */
#include "update/esp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "storage/espfile.h"
#include "update/bootentry.h"

#define ESP_DIR "/run/cowboot/esp"
#define ENTRIES_DIR ESP_DIR "/loader/entries"
#define NAMES_MAX 16
#define LEFT_MOUNTED_MAX 16
#define NAME_MAX_BYTES 64

struct entry {
	char name[NAME_MAX_BYTES];
	struct bootentry_name is;
	bool is_entry;		/* its text is whole; else what a cut left of one */
	unsigned version;
	char text[BOOTENTRY_TEXT_MAX + 1];
};

struct entries {
	struct entry entry[NAMES_MAX];
	unsigned count;
};

static struct entries entries;

static int enter(const struct world *w, bool writable)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int rc;

	if (!w->has_esp)
		return fail(ENODEV, "cannot reach the boot entries: no partition %s", w->conf->esp);
	rc = sys_mkdir("/run/cowboot", 0755);
	if (!rc)
		rc = sys_mkdir(ESP_DIR, 0700);
	/* Killed commands have left it mounted, perhaps to read only. */
	for (unsigned n = 0; n < LEFT_MOUNTED_MAX && !sys_umount(ESP_DIR, 0);)
		n++;
	flags |= writable ? MS_SYNCHRONOUS : MS_RDONLY;
	if (!rc)
		rc = sys_mount(w->esp_part.path, ESP_DIR, "vfat", flags, "errors=continue");
	/* The system has it mounted to write to, as /boot/efi; a file system is the one or the other. */
	if (rc == -EBUSY && !writable)
		rc = sys_mount(w->esp_part.path, ESP_DIR, "vfat", flags & ~(unsigned long)MS_RDONLY,
			       "errors=continue");
	return rc ? fail_sys(-rc, "cannot mount %s on %s as vfat", w->esp_part.path, ESP_DIR) : 0;
}

void esp_leave(void)
{
	int rc = sys_umount(ESP_DIR, 0);

	if (rc)
		log_warn("cannot unmount %s: %s", ESP_DIR, strerror(-rc));
}

static void entry_path(const char *name, char path[ESP_PATH_MAX])
{
	snprintf(path, ESP_PATH_MAX, ENTRIES_DIR "/%s", name);
}

static int take_name(void *ctx, const char *name)
{
	struct entries *all = ctx;
	struct entry e = { .is_entry = false };

	if (!bootentry_is_ours(name) || text_copy(e.name, sizeof(e.name), name))
		return 0;
	if (all->count == NAMES_MAX)
		return fail(E2BIG, "cannot use the boot entries: there are more than %u of cowboot's",
			    NAMES_MAX);
	all->entry[all->count++] = e;
	return 0;
}

/* Unreadable is not empty: what fails to be read now may be the good one. */
static int read_entry(struct entry *e)
{
	char path[ESP_PATH_MAX];
	int rc;

	entry_path(e->name, path);
	rc = sys_read_file(path, e->text, sizeof(e->text), NULL);
	if (rc && rc != -EFBIG)
		return fail_sys(-rc, "cannot read the boot entry %s", path);
	if (rc)
		log_warn("cannot use the boot entry %s: %s (an entry has at most %d bytes)", path,
			 strerror(-rc), BOOTENTRY_TEXT_MAX);
	e->is_entry = !rc && bootentry_parse(e->name, &e->is) &&
		      bootentry_text_ok(e->text, e->is.slot, &e->version);
	return 0;
}

static int list(struct entries *ret_all)
{
	int rc;

	ret_all->count = 0;
	rc = espfile_each(ENTRIES_DIR, take_name, ret_all);
	for (unsigned i = 0; !rc && i < ret_all->count; i++)
		rc = read_entry(&ret_all->entry[i]);
	return rc;
}

/* The newest that can be read, of this slot (0: either) and of this kind. */
static const struct entry *find(const struct entries *all, char slot, bool counted)
{
	const struct entry *found = NULL;

	for (unsigned i = 0; i < all->count; i++) {
		const struct entry *e = &all->entry[i];

		if (e->is_entry && e->is.is_counted == counted && (!slot || e->is.slot == slot) &&
		    (!found || e->version > found->version))
			found = e;
	}
	return found;
}

static void judge(const struct entries *all, struct bootblocks *ret_blocks)
{
	/* Two without a counter are a confirmation that was cut: the newer one is good. */
	const struct entry *good = find(all, 0, false), *trial;
	struct bootblocks found = { .health = BOOTBLOCK_DAMAGED };

	if (good) {
		const char other = good->is.slot == 'a' ? 'b' : 'a';

		found.health = BOOTBLOCK_GOOD;
		found.block.good = good->is.slot;
		trial = find(all, other, true);
		if (trial && !find(all, other, false)) {
			found.block.trial = other;
			found.block.tries_left = (uint8_t)trial->is.left;
		}
		found.alike = all->count == (found.block.trial ? 2u : 1u);
	}
	*ret_blocks = found;
}

void esp_load(const struct world *w, struct bootblocks *ret_blocks)
{
	int rc = enter(w, false);

	if (!rc) {
		rc = list(&entries);
		if (!rc)
			judge(&entries, ret_blocks);
		esp_leave();
	}
	if (rc) {
		log_warn("%s", fail_text());
		*ret_blocks = (struct bootblocks){ .health = BOOTBLOCK_DAMAGED };
	}
}

/* Removes all but keep, or of them only those that cannot be read; durable at the end. */
static int clear(const struct entries *all, const struct entry *keep, bool broken_only)
{
	char path[ESP_PATH_MAX];
	unsigned removed = 0;
	int rc = 0;

	for (unsigned i = 0; !rc && i < all->count && !broken_only; i++)
		if (all->entry[i].is_entry && &all->entry[i] != keep) {
			entry_path(all->entry[i].name, path);
			rc = espfile_blank(path);
		}
	for (unsigned i = 0; !rc && i < all->count; i++)
		if (&all->entry[i] != keep && !(broken_only && all->entry[i].is_entry)) {
			entry_path(all->entry[i].name, path);
			rc = espfile_unlink(path);
			removed++;
		}
	return rc || !removed ? rc : espfile_flush(ENTRIES_DIR);
}

/* A new entry of slot: from one of its own, or made from another's. Newer than all. */
static int make(const struct entries *all, const struct entry *from, char slot, const char *name)
{
	char text[BOOTENTRY_TEXT_MAX + 1], path[ESP_PATH_MAX];
	struct text_out out;
	unsigned version = 0;

	for (unsigned i = 0; i < all->count; i++)
		if (all->entry[i].is_entry && all->entry[i].version > version)
			version = all->entry[i].version;
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(from->text, slot, version + 1, &out);
	if (out.full)
		return fail(ENOSPC, "cannot make %s: an entry has at most %d bytes", name,
			    BOOTENTRY_TEXT_MAX);
	entry_path(name, path);
	return espfile_make(path, text, strlen(text));
}

/*
 * Leaves what the loader relies on until the new entry is durable: a good one that can be read, the
 * wanted slot's if there is one.  What is wanted besides is made anew, whatever was there.
 */
static int save(const struct bootblock *block)
{
	char good[NAME_MAX_BYTES], trial[NAME_MAX_BYTES];
	const struct entry *stays, *own;
	int rc = list(&entries);

	if (rc)
		return rc;
	stays = find(&entries, block->good, false);
	stays = stays ? stays : find(&entries, 0, false);
	if (!stays)
		stays = find(&entries, 0, true);
	if (!stays)
		return fail(ENOENT, "cannot make a boot entry: there is none to make it from");
	own = find(&entries, block->good, true);
	/* After a reset, a kill or a failed flush what stays may be in the disk's cache only. */
	rc = espfile_flush(ENTRIES_DIR);
	if (!rc)
		rc = clear(&entries, stays, false);
	if (!rc && (stays->is.slot != block->good || stays->is.is_counted)) {
		snprintf(good, sizeof(good), "cowboot-%c.conf", block->good);
		rc = make(&entries, own ? own : stays, block->good, good);
		if (!rc)
			rc = list(&entries);
		stays = find(&entries, block->good, false);
		if (!rc && !stays)
			rc = fail(EIO, "the boot entry %s does not stay as it is made", good);
		if (!rc)
			rc = clear(&entries, stays, false);
	}
	if (!rc && block->trial) {
		snprintf(trial, sizeof(trial), "cowboot-%c+%u.conf", block->trial,
			 block->tries_left);
		rc = make(&entries, stays, block->trial, trial);
	}
	return rc;
}

int esp_save(const struct world *w, const struct bootblock *block, struct bootblocks *blocks)
{
	int rc;

	if (blocks->health == BOOTBLOCK_GOOD && blocks->alike &&
	    blocks->block.good == block->good && blocks->block.trial == block->trial &&
	    blocks->block.tries_left == block->tries_left)
		return 0;
	rc = enter(w, true);
	if (rc)
		return rc;
	rc = save(block);
	esp_leave();
	if (rc)
		return rc;
	esp_load(w, blocks);
	return blocks->health == BOOTBLOCK_GOOD && blocks->block.good == block->good ?
	       0 : fail(EIO, "the boot entries on %s do not stay as they are made",
			w->esp_part.path);
}

int esp_begin_kernel(const struct world *w, char slot, uint64_t size_bytes,
		     char ret_path[ESP_PATH_MAX])
{
	int rc = enter(w, true);

	if (rc)
		return rc;
	snprintf(ret_path, ESP_PATH_MAX, ESP_DIR "/cowboot/%c.efi", slot);
	rc = list(&entries);
	if (!rc)
		rc = clear(&entries, NULL, true);
	if (!rc)
		rc = espfile_create(ret_path, size_bytes);
	if (rc)
		esp_leave();
	return rc;
}
