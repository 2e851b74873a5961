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
#include "state/bootblock.h"
#include "state/copies.h"
#include "storage/find.h"

struct world {
	const struct conf *conf;
	struct part meta_part, data_part, store_part, esp_part;
	struct part volume_part[CONF_VOLUMES_MAX]; /* as conf->volume[] */
	bool has_meta, has_data, has_store_part, has_esp, has_volume[CONF_VOLUMES_MAX];
	/* Two partitions answer where there must be one: which, in words, or empty. For meta, or for
	 * a volume. */
	char twice[RECORD_REASON_MAX];
	bool meta_twice;
	struct dev meta;
	struct record record;
	struct copies copies;
	struct bootblocks slots; /* what the boot loader will do; update/slots.h */
	const char *data_dir; /* where `data` is mounted at this moment; NULL: it is not */
	char stores_why[RECORD_REASON_MAX]; /* what is wrong with a store or the slot, after world_facts */
};

/*
 * Zeroes w and looks for every configured partition until deadline_ms; what is missing is logged,
 * not fatal.
 */
void world_find(struct world *w, const struct conf *conf, uint64_t deadline_ms);

/*
 * Opens meta and loads the record. w->record is idle and the health says why where it cannot be
 * used. -ENODEV: no meta.
 */
int world_load(struct world *w, enum dev_mode mode);

/*
 * Fills facts from w. In trial and merging it maps every store that is not mapped yet (linear
 * only), compares a store file's place with the record (where data is mounted), and checks each
 * store whole (I5).  Stores it mapped stay mapped when keep, and are unmapped otherwise.
 */
void world_facts(struct world *w, bool keep, struct facts *ret_facts);

/* Index in conf->volume[] of the record's volume v; -1: the board has none of that name. */
int world_volume(const struct world *w, unsigned v);

void world_close(struct world *w);

/* Directory of the store files, DATA_DIR/cowboot, into buf. */
int world_store_dir(const struct world *w, char *buf, size_t size_bytes);

/*
 * Whether a kernel merges without losing data at a power cut: 5.11 and later, and the stable series
 * that carry commit fcc42338375a. release is sys_kernel_release's: a distribution's kernel calls
 * itself 5.10.0 and names its true version in uname -v.
 */
bool world_kernel_flushes(const char *release);

#endif
