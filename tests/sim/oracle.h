/* SPDX-License-Identifier: MIT */
/*
 * The judge.  It sees what a person beside the board sees: which command was given and what it
 * answered, what the kernel was told to map, which system came up, and how often the power went;
 * and it knows OLD and NEW.  It shares no code with src/ and never reads a record: what I1 to I12
 * promise must show from outside.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of one board's past; bytes only, it is hashed with the disks. */
struct ledger {
	uint8_t installs; /* begun */
	uint8_t may_be_armed; /* an install was begun: NEW may boot from now on */
	uint8_t armed; /* install said so */
	uint8_t boots; /* since then, while nothing was decided; stops at 250 */
	uint8_t loads; /* of them, those in which a snapshot was loaded */
	uint8_t may_be_refused, refused;
	uint8_t may_be_dropped, dropped; /* cancelled */
	uint8_t may_be_confirmed, confirmed;
	uint8_t reverted; /* OLD came up after it was armed */
	uint8_t lazy; /* boots in which nobody looked after the merge */
	uint8_t faults; /* real ones: cuts do not count */
	uint8_t excused; /* one of them was such that recovery is right */
	uint8_t recoveries;
	uint8_t damaged; /* somebody damaged a store: the update cannot come up */
	uint8_t lost; /* nobody can know what the record said */
	uint8_t kernel_starts; /* of the new one, while nothing was decided */
	uint8_t odd_roots; /* NEW came up under the old kernel */
	uint8_t block_lost; /* both copies of the boot block were damaged */
	uint8_t kexecs; /* starts of an armed board past its loader */
	uint8_t may_be_asked; /* for recovery, and nobody was led there yet */
	uint8_t may_be_restored, restored; /* an image is put onto the volume by hand; is there */
	uint8_t astray; /* names lead to another disk now, or a folder elsewhere: which way (astray.h) */
	uint8_t astray_next, astray_in; /* which way they will, and in how many boots */
	uint8_t astray_stops; /* recovery is right then; else the board goes on as if nothing were */
	uint8_t lied; /* the disk has confirmed a flush that it did not make */
	uint8_t hopeless; /* somebody damaged an origin and what could mend it */
	uint8_t spoiled; /* somebody damaged what the store holds: 1 it differs, 2 it cannot be read */
	uint8_t back; /* the roles are changed: what is tried is OLD, and NEW lies there */
	uint8_t rollbacks; /* asked for */
	uint8_t kept_due; /* the system before must be there to go back to */
	uint8_t may_be_forgotten, forgotten;
	uint8_t may_be_turned; /* the merge of NEW: OLD may be merged in its place */
	uint8_t unused[2]; /* it is hashed in words */
};

enum verb { VERB_INSTALL, VERB_GOOD, VERB_BAD, VERB_MERGE, VERB_CANCEL, VERB_RECOVERY,
	    VERB_ROLLBACK, VERB_FORGET, VERB_OLDER /* install it */, VERB_COUNT };

enum shown { SHOWN_OLD, SHOWN_NEW, SHOWN_EITHER, SHOWN_MIXED }; /* EITHER: OLD and NEW are equal */

/* What lies in a boot slot, and is started from there. */
enum kernel {
	KERNEL_OLD,
	KERNEL_NEW,
	KERNEL_OLDER, /* of the update before */
	KERNEL_TORN,
	KERNEL_COUNT
};

/* What this scenario promises beside the rules that always hold. */
struct rules {
	unsigned tries;
	bool new_boots; /* NEW can be mounted and entered */
	bool slots; /* a system has a kernel of its own */
	unsigned keeps; /* store files that may stay when an update was confirmed */
	bool must_keep; /* and always do */
	bool in_files;
};

extern struct ledger ledger;
extern struct rules rules;

/* Ends the life at once; the first one counts. */
void violation(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

void saw_power_on(void);
void saw_kernel(enum kernel kernel);
void saw_reboot(void); /* by init or a person, not by a cut */
void saw_snapshot_load(void);
void saw_merge_start(void);
void saw_origin_write(void);
void saw_root(const enum shown *volume, unsigned count, bool bare);
/* The same system, after something was done under it. */
void saw_root_still(const enum shown *volume, unsigned count, bool was_new);
void saw_record_write(void);
/* What is not the board's was "written", or "mapped". */
void saw_other_disk(const char *how);
void saw_recovery(const char *reason);
/* Somebody puts an image of NEW onto the volumes by hand, in recovery; done: it said so. */
void saw_image(bool done);
/* In recovery a merge is turned back; done: it said so. */
void saw_turn(bool done);
/* Whether a merge that may be turned back is: OLD comes up. */
bool saw_turned(const enum shown *volume, unsigned count);
void saw_fault(unsigned count, bool excuses_recovery);
void saw_lie(void);
void saw_verb(enum verb verb);
void saw_answer(enum verb verb, int code, unsigned more_store_files);
/* The board wants nothing more: what the partitions themselves hold, and what was not given back.
 */
void saw_rest(const enum shown *origin, unsigned count, unsigned store_files,
	      unsigned store_devices);
/* And what the boot loader of a board with boot entries finds there. */
void saw_entries_at_rest(unsigned names, bool own_room);

const char *verb_name(enum verb verb);

/* OLD and NEW by their roles: whoever goes back tries OLD, over NEW. */
enum shown oracle_role(enum shown shown);
/* How many store files may stay at rest. */
unsigned oracle_may_stay(void);

/* ---- Between oracle.c and oracle_slots.c ---- */

void oracle_note(void); /* the ledger has changed */
bool oracle_decided(void);
void oracle_kernel(bool new); /* a system came up: is it under its kernel? */

#endif
