/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries for the boot slots (docs/formats.md, "Boot entries").  They are read
 * without a mount, and changed through one (loader/espfile.h).
 *
 * FAT has no journal: a cut while a file is made or removed can leave a name whose clusters are
 * free.  What takes them next shares them, and removing the one name frees the other's.  So:
 *
 *	an entry counts only when its text is whole;
 *	for systemd-boot and for every cowboot one letter decides that: its program's (bootentry_key);
 *	an entry is made without that letter and flushed, and then the letter is written: so an entry
 *	that counts is wholly on the medium;
 *	the letter is taken out and flushed before the file is removed: so a file that may be half gone
 *	does not count;
 *	files that do not count are removed, and that is flushed, before anything takes a new cluster;
 *	nothing is renamed: for a while two names would have the same clusters.
 */
#ifndef COWBOOT_LOADER_ENTRIES_H
#define COWBOOT_LOADER_ENTRIES_H

#include "loader/bootentry.h"
#include "loader/loader.h"

#define ENTRIES_MAX 16
#define ENTRY_NAME_MAX 64

struct entry {
	char name[ENTRY_NAME_MAX];
	uint32_t cluster, size_bytes;	/* where its text lies */
	struct bootentry_name is;
	bool is_entry;		/* its text is whole; else what a cut left of one */
	unsigned version;
	char text[BOOTENTRY_TEXT_MAX + 1];
};

struct entries {
	struct entry entry[ENTRIES_MAX];
	unsigned count;
};

/*
 * Reads those on the partition.  Unreadable is not empty: then it is an error.  When others change
 * entries meanwhile, all are read again, so that what is found was there at one time.
 */
int entries_list(const char *device, struct entries *ret_all);

/* The newest that can be read, of this slot (0: either) and of this kind; NULL: there is none. */
const struct entry *entries_find(const struct entries *all, char slot, bool counted);

/* What systemd-boot does with these entries. */
void entries_judge(const struct entries *all, struct loader_state *ret_state);

/*
 * Removes all but keep, or of them only those that cannot be read; durable at the end.  esp_fd: the
 * root of the mounted ESP.
 */
int entries_clear(const struct entries *all, int esp_fd, const struct entry *keep,
		  bool broken_only);

/*
 * Makes a new entry of that slot and name, durably, from the text of another entry, which may be the
 * other slot's.  It is newer than all in the list, and is not added to that.
 */
int entries_make(const struct entries *all, int esp_fd, const struct entry *from, char slot,
		 const char *name);

#endif
