/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries, one by one.  Must never take what failed to be read for one that is not
 * there: it may be the good one.
 */
#include "loader/entries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "loader/espfile.h"
#include "loader/fat.h"

#define LIST_ATTEMPTS 25
#define LIST_PAUSE_MS 20

static void entry_path(const char *name, char path[LOADER_PATH_MAX])
{
	snprintf(path, LOADER_PATH_MAX, ESPFILE_ENTRIES "/%s", name);
}

static int each_entry(const struct fat *fat, int (*take)(void *ctx, const struct fat_file *file),
		      void *ctx)
{
	struct fat_file dir;
	int rc = fat_find(fat, ESPFILE_ENTRIES, &dir);

	return rc ? rc : fat_each(fat, &dir, take, ctx);
}

static bool is_ours(const struct fat_file *file)
{
	return !file->is_dir && bootentry_is_ours(file->name) &&
	       strlen(file->name) < ENTRY_NAME_MAX;
}

static int take_name(void *ctx, const struct fat_file *file)
{
	struct entries *all = ctx;
	struct entry e = { .cluster = file->cluster, .size_bytes = file->size_bytes };

	if (!is_ours(file) || text_copy(e.name, sizeof(e.name), file->name))
		return 0;
	if (all->count == ENTRIES_MAX)
		return fail(E2BIG, "cannot use the boot entries: there are more than %u of cowboot's",
			    ENTRIES_MAX);
	all->entry[all->count++] = e;
	return 0;
}

static int read_entry(const struct fat *fat, struct entry *e)
{
	struct fat_file file = { .cluster = e->cluster, .size_bytes = e->size_bytes };

	if (e->size_bytes > BOOTENTRY_TEXT_MAX) {
		log_warn("cannot use the boot entry %s: it has %u bytes (an entry has at most %d)",
			 e->name, e->size_bytes, BOOTENTRY_TEXT_MAX);
		return 0;
	}
	snprintf(file.name, sizeof(file.name), "%s", e->name);
	if (fat_read(fat, &file, e->text, e->size_bytes))
		return fail_in(-EIO, "cannot read the boot entry %s", e->name);
	e->is_entry = bootentry_parse(e->name, &e->is) &&
		      bootentry_text_ok(e->text, e->is.slot, &e->version);
	return 0;
}

struct comparison {
	const struct entries *all;
	unsigned at;
};

static int compare_name(void *ctx, const struct fat_file *file)
{
	struct comparison *to = ctx;
	const struct entry *e = &to->all->entry[to->at];

	if (!is_ours(file))
		return 0;
	if (to->at == to->all->count || strcmp(e->name, file->name) != 0 ||
	    e->cluster != file->cluster || e->size_bytes != file->size_bytes)
		return 1;
	to->at++;
	return 0;
}

/*
 * A verb may be at work on them.  It makes an entry before it takes the letter from another one, so
 * whoever reads the old one's text too late sees other names, or another file, after that.
 */
static int read_once(const struct fat *fat, struct entries *all, bool *ret_changed)
{
	struct comparison to = { .all = all };
	int rc, compared;

	*ret_changed = false;
	all->count = 0;
	rc = each_entry(fat, take_name, all);
	if (rc)
		return rc;
	for (unsigned i = 0; !rc && i < all->count; i++)
		rc = read_entry(fat, &all->entry[i]);
	compared = each_entry(fat, compare_name, &to);
	if (compared < 0)
		return compared;
	*ret_changed = compared || to.at != all->count;
	return rc;
}

int entries_list(const char *device, struct entries *ret_all)
{
	bool changed = false;
	struct fat fat;
	int rc;

	ret_all->count = 0;
	rc = fat_open(device, &fat);
	if (rc)
		return rc;
	for (unsigned n = 0; n < LIST_ATTEMPTS; n++) {
		rc = read_once(&fat, ret_all, &changed);
		if (!changed)
			break;
		sys_sleep_ms(LIST_PAUSE_MS);
	}
	fat_close(&fat);
	if (changed)
		return fail(EAGAIN, "cannot read the boot entries: they change all the time");
	return rc;
}

const struct entry *entries_find(const struct entries *all, char slot, bool counted)
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

void entries_judge(const struct entries *all, struct loader_state *ret_state)
{
	/* Two without a counter are a confirmation that was cut: the newer one is good. */
	const struct entry *good = entries_find(all, 0, false), *trial;
	struct loader_state found = { .health = LOADER_DAMAGED };

	if (good) {
		const char other = good->is.slot == 'a' ? 'b' : 'a';

		found.health = LOADER_GOOD;
		found.slots.good = good->is.slot;
		trial = entries_find(all, other, true);
		if (trial && !entries_find(all, other, false)) {
			found.slots.trial = other;
			found.slots.tries_left = (uint8_t)trial->is.left;
		}
		found.untidy = all->count != (found.slots.trial ? 2u : 1u);
	}
	*ret_state = found;
}

int entries_clear(const struct entries *all, int esp_fd, const struct entry *keep,
		  bool broken_only)
{
	char path[LOADER_PATH_MAX];
	unsigned removed = 0;
	int rc = 0;

	for (unsigned i = 0; !rc && i < all->count && !broken_only; i++)
		if (all->entry[i].is_entry && &all->entry[i] != keep) {
			entry_path(all->entry[i].name, path);
			rc = espfile_blank(esp_fd, path, bootentry_key(all->entry[i].text));
		}
	for (unsigned i = 0; !rc && i < all->count; i++)
		if (&all->entry[i] != keep && !(broken_only && all->entry[i].is_entry)) {
			entry_path(all->entry[i].name, path);
			rc = espfile_unlink(esp_fd, path);
			removed++;
		}
	return rc || !removed ? rc : espfile_flush(esp_fd);
}

int entries_make(const struct entries *all, int esp_fd, const struct entry *from, char slot,
		 const char *name)
{
	char text[BOOTENTRY_TEXT_MAX + 1], path[LOADER_PATH_MAX];
	struct text_out out;
	unsigned version = 0;

	for (unsigned i = 0; i < all->count; i++)
		if (all->entry[i].is_entry && all->entry[i].version > version)
			version = all->entry[i].version;
	if (version == BOOTENTRY_VERSION_MAX)
		return fail(EOVERFLOW, "cannot make %s: an entry has version %u, and there is none above",
			    name, version);
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(from->text, slot, strchr(name, '+') != NULL, version + 1, &out);
	if (out.full)
		return fail(ENOSPC, "cannot make %s: an entry has at most %d bytes", name,
			    BOOTENTRY_TEXT_MAX);
	entry_path(name, path);
	return espfile_make(esp_fd, path, text, bootentry_key(text));
}
