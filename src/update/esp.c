/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries, read and made.  cowboot-S.conf is the entry of the good slot S, and
 * cowboot-S+LEFT.conf or cowboot-S+LEFT-DONE.conf that of one on trial: the loader renames it at each
 * start.  It prefers the entry of the highest version, unless that has nothing left.
 *
 * Must never remove the good slot's entry, nor any other before the new ones are on the medium.
 */
#include "update/esp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "storage/espfile.h"

#define ESP_DIR "/run/cowboot/esp"
#define ENTRIES_DIR ESP_DIR "/loader/entries"
#define ENTRY_BYTES 4096
#define NAMES_MAX 16
#define NAME_MAX_BYTES 64

struct entry {
	char name[NAME_MAX_BYTES];
	char slot;
	bool is_counted, is_entry;	/* not an entry: what a cut left of making one */
	unsigned left;
};

struct entries {
	struct entry entry[NAMES_MAX];
	unsigned count;
};

static int enter(const struct world *w, bool writable)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int rc;

	if (!w->has_esp)
		return fail(ENODEV, "cannot reach the boot entries: no partition %s", w->conf->esp);
	rc = sys_mkdir("/run/cowboot", 0755);
	if (!rc)
		rc = sys_mkdir(ESP_DIR, 0700);
	if (!rc)
		rc = sys_mount(w->esp_part.path, ESP_DIR, "vfat",
			       flags | (writable ? MS_SYNCHRONOUS : MS_RDONLY), "");
	return rc ? fail_sys(-rc, "cannot mount %s on %s as vfat", w->esp_part.path, ESP_DIR) : 0;
}

void esp_leave(void)
{
	int rc = sys_umount(ESP_DIR, 0);

	if (rc)
		log_warn("cannot unmount %s: %s", ESP_DIR, strerror(-rc));
}

/* "+LEFT" or "+LEFT-DONE" before ".conf". */
static bool parse_count(const char *text, unsigned *ret_left)
{
	char *end;
	unsigned long left = strtoul(text, &end, 10);

	if (end == text || left > BOOTBLOCK_TRIES_MAX)
		return false;
	if (*end == '-')
		(void)strtoul(end + 1, &end, 10);
	*ret_left = (unsigned)left;
	return !strcmp(end, ".conf");
}

static int take_name(void *ctx, const char *name)
{
	struct entries *all = ctx;
	struct entry e = { .slot = 0 };

	if (strncmp(name, "cowboot-", 8) || (name[8] != 'a' && name[8] != 'b') ||
	    all->count == NAMES_MAX || text_copy(e.name, sizeof(e.name), name))
		return 0;
	e.slot = name[8];
	e.is_counted = name[9] == '+' && parse_count(name + 10, &e.left);
	e.is_entry = e.is_counted || !strcmp(name + 9, ".conf");
	all->entry[all->count++] = e;
	return 0;
}

static int list(struct entries *ret_all)
{
	ret_all->count = 0;
	return espfile_each(ENTRIES_DIR, take_name, ret_all);
}

static const struct entry *find(const struct entries *all, char slot, bool counted)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->entry[i].is_entry && all->entry[i].slot == slot &&
		    all->entry[i].is_counted == counted)
			return &all->entry[i];
	return NULL;
}

static int read_entry(const char *name, char text[ENTRY_BYTES])
{
	char path[ESP_PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), ENTRIES_DIR "/%s", name);
	rc = sys_read_file(path, text, ENTRY_BYTES, NULL);
	return rc ? fail_sys(-rc, "cannot read %s", path) : 0;
}

/* The number of its line "version N"; 0: it has none. */
static unsigned version_of(const char *name)
{
	static char text[ENTRY_BYTES];
	const char *line;

	if (read_entry(name, text))
		return 0;
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "version ", 8))
			return (unsigned)strtoul(line + 8, NULL, 10);
	}
	return 0;
}

/* Two slots without a counter are a confirmation that was cut: the newer one is good. */
static char good_of(const struct entries *all)
{
	const struct entry *a = find(all, 'a', false), *b = find(all, 'b', false);

	if (!a || !b)
		return a ? 'a' : b ? 'b' : 0;
	return version_of(b->name) > version_of(a->name) ? 'b' : 'a';
}

static void judge(const struct entries *all, struct bootblocks *ret_blocks)
{
	char good = good_of(all);
	char other = good == 'a' ? 'b' : 'a';
	const struct entry *trial = find(all, other, true);
	struct bootblocks found = { .health = BOOTBLOCK_DAMAGED };

	if (good) {
		found.health = BOOTBLOCK_GOOD;
		found.block.good = good;
		if (trial && !find(all, other, false)) {
			found.block.trial = other;
			found.block.tries_left = (uint8_t)trial->left;
		}
		found.alike = all->count == (found.block.trial ? 2u : 1u);
	}
	*ret_blocks = found;
}

void esp_load(const struct world *w, struct bootblocks *ret_blocks)
{
	struct entries all = { .count = 0 };
	int rc = enter(w, false);

	if (!rc) {
		rc = list(&all);
		if (!rc)
			judge(&all, ret_blocks);
		esp_leave();
	}
	if (rc) {
		log_warn("%s", fail_text());
		*ret_blocks = (struct bootblocks){ .health = BOOTBLOCK_DAMAGED };
	}
}

/* The other slot's entry, in words that belong to slot now, and newer. */
static void rewrite(const char *from, char slot, unsigned version, struct text_out *out)
{
	static const char *const marks[] = { "cowboot.slot=", "/cowboot/", "title cowboot " };

	while (*from) {
		size_t len = 0;

		for (size_t i = 0; !len && i < sizeof(marks) / sizeof(marks[0]); i++)
			if (!strncmp(from, marks[i], strlen(marks[i])))
				len = strlen(marks[i]);
		if (len && (from[len] == 'a' || from[len] == 'b')) {
			text_add(out, "%.*s%c", (int)len, from, slot);
			from += len + 1;
		} else if (!strncmp(from, "\nversion ", 9)) {
			text_add(out, "\nversion %u", version);
			from += 9 + strcspn(from + 9, "\n");
		} else {
			text_add(out, "%c", *from++);
		}
	}
}

static int write_entry(const char *name, const char *text)
{
	char path[ESP_PATH_MAX];

	snprintf(path, sizeof(path), ENTRIES_DIR "/%s", name);
	return espfile_write(path, text, strlen(text));
}

/* name as a new entry of slot: from one of its own, as it is, or made from the other slot's. */
static int make_entry(const struct entries *all, const char *name, char slot)
{
	static char from[ENTRY_BYTES], text[ENTRY_BYTES];
	const struct entry *own = find(all, slot, true);
	char other = slot == 'a' ? 'b' : 'a';
	const struct entry *model = find(all, other, false);
	struct text_out out;
	int rc;

	if (!model)
		model = find(all, other, true);
	if (!own && !model)
		return fail(ENOENT, "cannot make %s: there is no entry to make it from", name);
	rc = read_entry(own ? own->name : model->name, from);
	if (rc)
		return rc;
	if (own)
		return write_entry(name, from);
	text_begin(&out, text, sizeof(text));
	rewrite(from, slot, version_of(model->name) + 1, &out);
	if (out.full)
		return fail(ENOSPC, "cannot make %s: it is too long", name);
	return write_entry(name, text);
}

static int remove_all_but(const struct entries *all, const char *good, const char *trial)
{
	char path[ESP_PATH_MAX];
	int rc = 0;

	for (unsigned i = 0; !rc && i < all->count; i++) {
		const char *name = all->entry[i].name;

		if (!strcmp(name, good) || !strcmp(name, trial))
			continue;
		snprintf(path, sizeof(path), ENTRIES_DIR "/%s", name);
		rc = espfile_remove(path);
	}
	return rc;
}

static int save(const struct bootblock *block)
{
	char good[NAME_MAX_BYTES], trial[NAME_MAX_BYTES] = "";
	struct entries all;
	const struct entry *e;
	int rc = list(&all);

	if (rc)
		return rc;
	snprintf(good, sizeof(good), "cowboot-%c.conf", block->good);
	if (!find(&all, block->good, false))
		rc = make_entry(&all, good, block->good);
	e = block->trial ? find(&all, block->trial, true) : NULL;
	if (e && e->left == block->tries_left) {
		snprintf(trial, sizeof(trial), "%s", e->name);
	} else if (!rc && block->trial) {
		/* The name it has already is not used twice: the loader may have counted in it. */
		snprintf(trial, sizeof(trial), "cowboot-%c+%u.conf", block->trial,
			 block->tries_left);
		rc = make_entry(&all, trial, block->trial);
	}
	return rc ? rc : remove_all_but(&all, good, trial);
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
	rc = espfile_create(ret_path, size_bytes);
	if (rc)
		esp_leave();
	return rc;
}
