/* SPDX-License-Identifier: MIT */
/*
 * Names and texts of systemd-boot's entries (Boot Loader Specification, type 1; boot counting:
 * systemd's AUTOMATIC_BOOT_ASSESSMENT.md).  docs/formats.md, "Boot entries".  Pure.
 */
#ifndef COWBOOT_LOADER_BOOTENTRY_H
#define COWBOOT_LOADER_BOOTENTRY_H

#include <stdbool.h>

#include "base/text.h"

/* One sector of any disk: what is written over it in place is old or new. */
#define BOOTENTRY_TEXT_MAX 512

/* cowboot-S.conf, cowboot-S+LEFT.conf, cowboot-S+LEFT-DONE.conf; the loader renames a counted one. */
struct bootentry_name {
	char slot;
	bool is_counted;
	unsigned left;		/* tries, when counted */
};

/* Whether a file of that name is cowboot's, in whatever state; the other one insists on an entry's. */
bool bootentry_is_ours(const char *name);
bool bootentry_parse(const char *name, struct bootentry_name *ret_name);

/*
 * Where in the text the one letter stands that makes it an entry: its slot's, in the line
 * "efi /cowboot/S.efi".  0: nowhere.
 */
size_t bootentry_key(const char *text);

/* In place of that letter.  Such a program there is not, and what names it is an entry to nobody. */
#define BOOTENTRY_NO_SLOT '#'

/* Whether the text is whole and starts that slot; its version then. */
bool bootentry_text_ok(const char *text, char slot, unsigned *ret_version);

/*
 * An entry's text in words that belong to slot, with that version.  That of a counted one says
 * cowboot.try behind cowboot.slot=, and no other does.
 */
void bootentry_rewrite(const char *from, char slot, bool counted, unsigned version,
		       struct text_out *out);

#endif
