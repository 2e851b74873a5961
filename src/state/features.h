/* SPDX-License-Identifier: MIT */
/*
 * Who on the board can read the record: what a record may hold beyond version 1, and what the init in
 * each boot slot has said that it knows of that.  Pure.  What is known is kept in the record itself.
 */
#ifndef COWBOOT_STATE_FEATURES_H
#define COWBOOT_STATE_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

struct record;

#define RECORD_FORMAT 2u		/* the latest that this program knows */

/*
 * Features, a bit each, as in ext4.  A program that does not know a compatible one keeps it and
 * passes over it; of a read-only-compatible one it reads the record and writes nothing; with an
 * incompatible one it does not read it at all.
 */
#define RECORD_RO_KEPT 0x1u		/* stores are kept that must not be freed */
#define RECORD_RO_KNOWN RECORD_RO_KEPT
#define RECORD_IN_PROVING 0x1u		/* phase proving */
#define RECORD_IN_KNOWN RECORD_IN_PROVING

/* What an init on the board has said that it knows. Zeros: it has said nothing. */
struct record_knows {
	uint32_t format, ro_compat, incompat;
};

enum record_init { RECORD_INIT_A, RECORD_INIT_B, RECORD_INIT_ONLY, RECORD_INITS };

/*
 * Notes in rec that this program is the init of that boot slot, or, with 0, of a board that has none.
 * It is saved with whatever is saved next: a boot without an update writes nothing (I11).
 * record_note_knows: for a command, what the init of this boot has said of itself.
 * record_forget_init is for whoever is about to write another initramfs into a slot.
 */
void record_note_init(struct record *rec, char slot);
void record_note_knows(struct record *rec, char slot, const struct record_knows *knows);
void record_forget_init(struct record *rec, char slot);

/*
 * Whether every init on the board has said that it knows these features, so that a record with them
 * leads none into recovery.  An init that has said nothing is of version 1, which knows none.
 */
bool record_may_use(const struct record *rec, bool has_slots, uint32_t ro_compat,
		    uint32_t incompat);

/*
 * The same of RECORD_RO_KEPT, and of the slots that a boot loader may start from the confirmation of the
 * pending update on: the confirmed system's and the update's; where no loader names any, of the one init
 * that there is.  The other one of a board whose updates bring
 * no kernel is nobody's, and nothing is ever known of it; an install that writes there drops what is kept.
 */
bool record_may_keep(const struct record *rec, bool has_slots);

/* The features that follow from what the record says. */
uint32_t record_ro_compat(const struct record *rec);
uint32_t record_incompat(const struct record *rec);

#endif
