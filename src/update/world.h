/* SPDX-License-Identifier: MIT */
/*
 * The board as init and the command both see it: the partitions, the record, and each pending
 * store, found and checked.  What both programs do with an update stands in this room (world,
 * store, settle), so that "what would the next boot do?" is answered by what the boot runs.
 */
#ifndef COWBOOT_UPDATE_WORLD_H
#define COWBOOT_UPDATE_WORLD_H

#include "conf/conf.h"
#include "decide/facts.h"
#include "loader/loader.h"
#include "state/copies.h"
#include "storage/find.h"
#include "storage/storedir.h"

#define WORLD_INIT_DATA "/mnt/data"	/* where init mounts `data`; in recovery it stays there */

/* Who has it: init alone (BOOT), or a command by update/open.h. */
enum world_access {
	WORLD_BOOT,		/* there is nobody else yet; the boot takes whatever record there is */
	WORLD_LOOK,		/* reads only, without the lock, whatever the record */
	WORLD_CHANGE,		/* holds the lock; the record is good or new */
	WORLD_FORCE,		/* holds the lock, whatever the record: it is to be made anew */
};

/* Large, for the record's sake: keep it static. */
struct world {
	const struct conf *conf;
	enum world_access access;
	bool is_kept;		/* not what is, but what was kept, as if it were pending: update/kept.h */
	const char *verb;	/* what it was opened for, in words; NULL in a boot */
	int lock_fd;		/* -1: not held */
	struct part meta_part, data_part, store_part, esp_part;
	struct part volume_part[CONF_VOLUMES_MAX]; /* as conf->volume[] */
	bool has_meta, has_data, has_store_part, has_esp, has_volume[CONF_VOLUMES_MAX];
	struct part boot_part[CONF_SLOTS]; /* as conf->boot[]; nobody waits for these */
	bool has_boot[CONF_SLOTS];
	/* Why meta, or a volume, cannot be used though something answers to its name, or could have:
	 * two do, it is on another disk, a partition table is lost.  Empty: it is just not there. */
	char why_missing[RECORD_REASON_MAX];
	bool why_is_meta;
	bool pending;		/* the record said so when the partitions were looked for: not idle */
	bool misplaced;		/* what the update needs is at another place than the record keeps (I13) */
	bool volume_misplaced;	/* and a volume is among that */
	bool volume_replaced[CONF_VOLUMES_MAX];	/* volume_part[] is then what its name leads to instead */
	struct dev meta;
	bool write_protected;	/* meta takes no writes: the record can be read, and not saved */
	struct copies copies;
	struct loader loader;	/* which slot it starts; update/slots.h */
	const char *data_dir; /* where `data` is mounted at this moment; NULL: it is not */
	uint64_t data_device; /* then: its file system's device number; 0: not known */
	uint64_t store_left[CONF_VOLUMES_MAX]; /* exceptions in each store, as record.volume[], after world_facts */
	char stores_why[RECORD_REASON_MAX]; /* what is wrong with a store or the slot, after world_facts */
	struct record record;	/* large, and last: world_blank does not touch all of it */
};

/* Nothing is known yet, and world_close does no harm. */
void world_blank(struct world *w, const struct conf *conf);

/*
 * Zeroes w and looks for every configured partition until deadline_ms; what is missing is logged, not
 * fatal.  Partitions that are named by labels are all on the disk of meta, unless the configuration
 * says otherwise (I12).  What a pending update needs is looked for by the place that the record keeps,
 * and counts as missing anywhere else (I13); root= counts in idle only.  disk is the kernel's name of
 * the disk that meta is looked for on first, since the running system is from there; NULL: any.
 */
void world_find(struct world *w, const struct conf *conf, const char *disk, uint64_t deadline_ms);

/*
 * Opens meta and loads the record. w->record is idle and the health says why where it cannot be
 * used. A meta that takes no writes is opened for reading whatever the mode. -ENODEV: no meta.
 */
int world_load(struct world *w, enum dev_mode mode);

/* The version that is confirmed, by the last result; empty when it is not known. */
const char *world_version(const struct world *w);

/*
 * A record that is saved first and believed after: world_edit gives a copy of w->record to change,
 * world_save makes that durable and only then w->record.  After a failure w->record is as it was, and
 * the next load finds the one or the other.  Refused where w was opened to look only (-EPERM), and
 * where the lock is let go (-ENOLCK): one change at a time.  One edit at a time: it is one buffer.
 */
struct record *world_edit(const struct world *w);
int world_save(struct world *w, struct record *edited);

/*
 * A record of zeros is a new board's, but beside a store it is one that was lost, perhaps amid a
 * merge: then this makes its health RECORD_DAMAGED, so that nothing boots, is freed or written over
 * it (I4).  For after world_load, with w->data_dir set where data is mounted.  Changes w only.
 */
void world_doubt_new(struct world *w);

/* Whether a store lies on data, or carries our mark on the partition for stores; whoever's it is. */
bool world_stores_left(const struct world *w);

/*
 * Fills facts from w.  In trial and merging it compares a store file's place with the record (where
 * data is mounted), and checks each store whole (I5), reading it where it lies.  Changes w only.
 */
void world_facts(struct world *w, struct facts *ret_facts);

/* Index in conf->volume[] of a volume, by name or as the record's volume v; -1: there is none. */
int world_named(const struct world *w, const char *name);
int world_volume(const struct world *w, unsigned v);

void world_close(struct world *w);

/* The folder of the store files, DATA_DIR/cowboot, on data itself. -ENODEV: data is not mounted. */
int world_store_dir(const struct world *w, struct store_dir *ret_dir);

/*
 * Whether a kernel merges without losing data at a power cut: 5.11 and later, and the stable series
 * that carry commit fcc42338375a. release is sys_kernel_release's: a distribution's kernel calls
 * itself 5.10.0 and names its true version in uname -v.
 */
bool world_kernel_flushes(const char *release);

#define WORLD_RELEASE_MAX 256

/*
 * The same for the running kernel, whose name goes to ret_release; or true where the configuration says
 * so.
 */
bool world_may_merge(const struct conf *conf, char ret_release[WORLD_RELEASE_MAX]);

/* 0 where the running kernel may merge, -ENOTSUP with the reason where not. */
int world_kernel_check(const struct world *w);

#endif
