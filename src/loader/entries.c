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

#define ENTRY_PATH_MAX (LOADER_PATH_MAX + ENTRY_NAME_MAX)

static void entry_path(const struct entries *all, const char *name, char path[ENTRY_PATH_MAX])
{
	snprintf(path, ENTRY_PATH_MAX, "%s/%s", all->dir, name);
}

static int take_name(void *ctx, const char *name)
{
	struct entries *all = ctx;
	struct entry e = { .is_entry = false };

	if (!bootentry_is_ours(name) || text_copy(e.name, sizeof(e.name), name))
		return 0;
	if (all->count == ENTRIES_MAX)
		return fail(E2BIG, "cannot use the boot entries: there are more than %u of cowboot's",
			    ENTRIES_MAX);
	all->entry[all->count++] = e;
	return 0;
}

static int read_entry(const struct entries *all, struct entry *e)
{
	char path[ENTRY_PATH_MAX];
	int rc;

	entry_path(all, e->name, path);
	rc = sys_read_file(path, e->text, sizeof(e->text), NULL);
	if (rc && rc != -EFBIG)
		return fail_sys(-rc, "cannot read the boot entry %s", e->name);
	if (rc)
		log_warn("cannot use the boot entry %s: %s (an entry has at most %d bytes)", e->name,
			 strerror(-rc), BOOTENTRY_TEXT_MAX);
	e->is_entry = !rc && bootentry_parse(e->name, &e->is) &&
		      bootentry_text_ok(e->text, e->is.slot, &e->version);
	return 0;
}

int entries_list(const char *root, struct entries *ret_all)
{
	int rc;

	ret_all->count = 0;
	snprintf(ret_all->dir, sizeof(ret_all->dir), "%s/loader/entries", root);
	rc = espfile_each(ret_all->dir, take_name, ret_all);
	for (unsigned i = 0; !rc && i < ret_all->count; i++)
		rc = read_entry(ret_all, &ret_all->entry[i]);
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

int entries_clear(const struct entries *all, const struct entry *keep, bool broken_only)
{
	char path[ENTRY_PATH_MAX];
	unsigned removed = 0;
	int rc = 0;

	for (unsigned i = 0; !rc && i < all->count && !broken_only; i++)
		if (all->entry[i].is_entry && &all->entry[i] != keep) {
			entry_path(all, all->entry[i].name, path);
			rc = espfile_blank(path, bootentry_key(all->entry[i].text));
		}
	for (unsigned i = 0; !rc && i < all->count; i++)
		if (&all->entry[i] != keep && !(broken_only && all->entry[i].is_entry)) {
			entry_path(all, all->entry[i].name, path);
			rc = espfile_unlink(path);
			removed++;
		}
	return rc || !removed ? rc : espfile_flush(all->dir);
}

int entries_make(const struct entries *all, const struct entry *from, char slot, const char *name)
{
	char text[BOOTENTRY_TEXT_MAX + 1], path[ENTRY_PATH_MAX];
	struct text_out out;
	unsigned version = 0;

	for (unsigned i = 0; i < all->count; i++)
		if (all->entry[i].is_entry && all->entry[i].version > version)
			version = all->entry[i].version;
	text_begin(&out, text, sizeof(text));
	bootentry_rewrite(from->text, slot, strchr(name, '+') != NULL, version + 1, &out);
	if (out.full)
		return fail(ENOSPC, "cannot make %s: an entry has at most %d bytes", name,
			    BOOTENTRY_TEXT_MAX);
	entry_path(all, name, path);
	return espfile_make(path, text, bootentry_key(text));
}
