/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entries for the boot slots (docs/formats.md, "Boot entries").  They are read
 * without a mount, and changed through one (loader/espfile.h).
 *
 * FAT has no journal: a cut while a file is made or removed can leave a name whose clusters are
 * free.  What takes them next shares them, and removing the one name frees the other's.  So:
 *
 *	an entry counts only when its text is whole;
 *	one letter decides that (bootentry_key), to systemd-boot and to every cowboot: its program's;
 *	an entry is made without it, flushed, and then gets it: who can be read is durable;
 *	it loses it, flushed, before its name goes: who may be half gone cannot be read;
 *	what cannot be read is removed, flushed, before anything that needs a cluster;
 *	nothing is renamed, which would be two names of the same clusters for a while.
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

/* What systemd-boot does by them. */
void entries_judge(const struct entries *all, struct loader_state *ret_state);

/*
 * Removes all but keep, or of them only those that cannot be read; durable at the end.  esp_fd: the
 * root of the mounted ESP.
 */
int entries_clear(const struct entries *all, int esp_fd, const struct entry *keep,
		  bool broken_only);

/*
 * Makes a new entry of slot, of that name: from one of its own, or made from another's.  Newer than
 * all in the list, which it is not added to; durable.
 */
int entries_make(const struct entries *all, int esp_fd, const struct entry *from, char slot,
		 const char *name);

#endif
