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

/* Whether a file of that name is cowboot's, an entry or what a cut left; parse takes entries only. */
bool bootentry_is_ours(const char *name);
bool bootentry_parse(const char *name, struct bootentry_name *ret_name);

/*
 * Where in the text the one letter stands that makes it an entry: its slot's, in the line
 * "efi /cowboot/S.efi".  0: nowhere.
 */
size_t bootentry_key(const char *text);

/*
 * What stands in place of that letter in a text that is no entry (yet, or any more).  There is no
 * program of that name, so neither systemd-boot nor any cowboot takes such a text for an entry.
 */
#define BOOTENTRY_NO_SLOT '#'

/*
 * Whether the text is whole and starts that slot; its version then, from 1 to BOOTENTRY_VERSION_MAX.  Of
 * such a text bootentry_rewrite makes another: a second line "version", or one with more in it than the
 * number, would be lost on the way, so that is no entry.
 */
#define BOOTENTRY_VERSION_MAX 999999999u
bool bootentry_text_ok(const char *text, char slot, unsigned *ret_version);

/*
 * Writes the text from into out as an entry of that slot, with that version.  In a counted one
 * cowboot.try stands behind cowboot.slot=, and in no other.
 */
void bootentry_rewrite(const char *from, char slot, bool counted, unsigned version,
		       struct text_out *out);

#endif
