/* SPDX-License-Identifier: MIT */
/* The scenarios, and how one begins. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#define META_SECTORS 2048u
#define CUTS .cuts = 4, .all_max = 10
#define CUTS_INSTALL .cuts = 3, .all_max = 10
#define FAULTS .faults = 1, .cuts = 1, .cuts_before_fault = 1, .cuts_after_fault = 2, .all_max = 8
#define FAULTS_WIDE                                                                                \
	.faults = 1, .cuts = 1, .cuts_before_fault = 1, .cuts_after_fault = 1, .all_max = 8

/* Chunks of one sector: an area holds 32 exceptions. */
#define SMALL                                                                                      \
	.volumes = 1, .volume_sectors = { 16 }, .chunk_sectors = 1, .tries = 2, .changed = { 6 },  \
	.spread = SPREAD_MIXED, .piece_sectors = 5
#define AREAS                                                                                      \
	.volumes = 1, .volume_sectors = { 40 }, .chunk_sectors = 1, .tries = 2, .changed = { 35 }, \
	.spread = SPREAD_RUNS, .piece_sectors = 16
#define TWO                                                                                        \
	.volumes = 2, .volume_sectors = { 20, 14 }, .chunk_sectors = 2, .tries = 2,                \
	.changed = { 4, 3 }, .spread = SPREAD_ALONE, .piece_sectors = 8
#define LARGE                                                                                      \
	.volumes = 1, .volume_sectors = { 93 }, .chunk_sectors = 8, .tries = 3, .changed = { 5 },  \
	.spread = SPREAD_MIXED, .piece_sectors = 24

#define SLOTS SMALL, .slots = true

const struct scenario scenarios[] = {
	{ "install-file", { SMALL }, { .installs = 1 }, FROM_START, CUTS },
	{ "install-raw", { SMALL, .raw = true }, { .installs = 1 }, FROM_START, CUTS },
	{ "install-two", { TWO }, { .installs = 1 }, FROM_START, CUTS_INSTALL },
	{ "install-4k", { LARGE, .blocks = true }, { .installs = 1 }, FROM_START, CUTS },
	{ "install-large", { LARGE }, { .installs = 1 }, FROM_START, CUTS },
	{ "install-again",
	  { SMALL, .raw = true },
	  { .installs = 2, .cancel = true },
	  FROM_START,
	  CUTS_INSTALL },
	{ "first-save", { SMALL, .new_disk = true }, { .installs = 1 }, FROM_START, CUTS_INSTALL },
	{ "update-file", { SMALL }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "update-raw", { SMALL, .raw = true }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "update-two", { TWO }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "update-two-raw",
	  { TWO, .raw = true, .eager_merge = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "update-areas", { AREAS }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "update-4k", { LARGE, .blocks = true }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "update-large", { LARGE }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "merge-lazy",
	  { AREAS, .raw = true },
	  { .installs = 1, .lazy = 3, .lazy_steps = 1 },
	  FROM_MERGING,
	  CUTS },
	{ "merge-unwatched",
	  { TWO, .eager_merge = true },
	  { .installs = 1, .lazy = 1, .never_wait = true },
	  FROM_MERGING,
	  CUTS },
	{ "revert-hangs", { SMALL }, { .installs = 1, .on_new = NEW_HANGS }, FROM_ARMED, CUTS },
	{ "revert-refused",
	  { TWO },
	  { .installs = 1, .on_new = NEW_IS_REFUSED },
	  FROM_ARMED,
	  CUTS },
	{ "revert-unmountable",
	  { SMALL, .new_unmountable = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "revert-no-init",
	  { SMALL, .raw = true, .new_without_init = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "cancel", { TWO }, { .installs = 1, .cancel = true }, FROM_START, CUTS },
	{ "repair-idle", { SMALL }, { .installs = 0 }, FROM_START, .damage = DAMAGE_COPY, CUTS },
	{ "repair-armed", { SMALL }, { .installs = 1 }, FROM_ARMED, .damage = DAMAGE_COPY, CUTS },
	{ "repair-merging",
	  { SMALL, .raw = true },
	  { .installs = 1, .lazy = 1, .lazy_steps = 1 },
	  FROM_MERGING,
	  .damage = DAMAGE_COPY,
	  CUTS },
	{ "lost-record", { SMALL }, { .installs = 1 }, FROM_ARMED, .damage = DAMAGE_BOTH, CUTS },
	{ "bad-store-armed",
	  { SMALL },
	  { .installs = 1 },
	  FROM_ARMED,
	  .damage = DAMAGE_STORE,
	  CUTS },
	{ "bad-store-raw",
	  { TWO, .raw = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  .damage = DAMAGE_STORE,
	  CUTS },
	{ "bad-store-merging",
	  { SMALL },
	  { .installs = 1, .lazy = 1, .lazy_steps = 1 },
	  FROM_MERGING,
	  .damage = DAMAGE_STORE,
	  CUTS },
	{ "slot-install", { SLOTS }, { .installs = 1 }, FROM_START, CUTS_INSTALL },
	{ "slot-update", { SLOTS }, { .installs = 1 }, FROM_ARMED, CUTS },
	{ "slot-update-back",
	  { SLOTS, .raw = true, .old_in_b = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "slot-kernel-dies",
	  { SLOTS, .new_kernel_dies = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "slot-hangs",
	  { SLOTS, .old_in_b = true },
	  { .installs = 1, .on_new = NEW_HANGS },
	  FROM_ARMED,
	  CUTS },
	{ "slot-refused",
	  { SLOTS },
	  { .installs = 1, .on_new = NEW_IS_REFUSED },
	  FROM_ARMED,
	  CUTS },
	{ "slot-unmountable",
	  { SLOTS, .raw = true, .new_unmountable = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  CUTS },
	{ "slot-cancel", { SLOTS }, { .installs = 1, .cancel = true }, FROM_START, CUTS_INSTALL },
	{ "slot-merge-lazy",
	  { SLOTS },
	  { .installs = 1, .lazy = 2, .lazy_steps = 1 },
	  FROM_MERGING,
	  CUTS },
	{ "slot-repair",
	  { SLOTS, .old_in_b = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  .damage = DAMAGE_BLOCK,
	  CUTS },
	{ "slot-repair-idle",
	  { SLOTS, .old_in_b = true },
	  { .installs = 0 },
	  FROM_START,
	  .damage = DAMAGE_BLOCK,
	  CUTS },
	{ "slot-fault-install", { SLOTS }, { .installs = 1 }, FROM_START, FAULTS_WIDE },
	{ "slot-fault-update", { SLOTS, .raw = true }, { .installs = 1 }, FROM_ARMED, FAULTS },
	{ "slot-fault-revert",
	  { SLOTS },
	  { .installs = 1, .on_new = NEW_HANGS },
	  FROM_ARMED,
	  FAULTS },
	{ "recovery-merge",
	  { SMALL },
	  { .installs = 1, .in_recovery = RECOVERY_MERGES },
	  FROM_MERGING,
	  CUTS },
	{ "recovery-merge-raw",
	  { TWO, .raw = true, .eager_merge = true },
	  { .installs = 1, .in_recovery = RECOVERY_MERGES },
	  FROM_MERGING,
	  CUTS },
	{ "recovery-image",
	  { SMALL },
	  { .installs = 1, .on_new = NEW_IS_REFUSED, .in_recovery = RECOVERY_PUTS_IMAGE },
	  FROM_ARMED,
	  .cuts = 3,
	  .all_max = 8 },
	{ "fault-install", { SMALL }, { .installs = 2 }, FROM_START, FAULTS },
	{ "fault-install-raw", { TWO, .raw = true }, { .installs = 2 }, FROM_START, FAULTS_WIDE },
	{ "fault-first-save", { SMALL, .new_disk = true }, { .installs = 2 }, FROM_START, FAULTS },
	{ "fault-update", { TWO }, { .installs = 1 }, FROM_ARMED, FAULTS },
	{ "fault-update-raw",
	  { SMALL, .raw = true, .eager_merge = true },
	  { .installs = 1 },
	  FROM_ARMED,
	  FAULTS },
	{ "fault-merge",
	  { AREAS },
	  { .installs = 1, .lazy = 1, .lazy_steps = 1 },
	  FROM_MERGING,
	  FAULTS },
	{ "fault-revert", { SMALL }, { .installs = 1, .on_new = NEW_HANGS }, FROM_ARMED, FAULTS },
	{ "fault-refuse",
	  { SMALL },
	  { .installs = 1, .on_new = NEW_IS_REFUSED },
	  FROM_ARMED,
	  FAULTS },
	{ "fault-cancel", { SMALL }, { .installs = 1, .cancel = true }, FROM_START, FAULTS },
};

const unsigned scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

extern char sim_config[1024];

static unsigned store_sectors(unsigned v)
{
	unsigned per_area = plan->chunk_sectors * SECTOR / 16, n = plan->changed[v];

	return (2 + n + n / per_area) * plan->chunk_sectors;
}

static void lay_out(void)
{
	unsigned size[DISK_COUNT] = { [DISK_META] = META_SECTORS, [DISK_FS] = VOLUMES_MAX };
	unsigned stores = 0, unit = plan->chunk_sectors > 8 ? plan->chunk_sectors : 8;

	for (unsigned v = 0; v < plan->volumes; v++) {
		size[DISK_VOL0 + v] = plan->volume_sectors[v];
		stores += (store_sectors(v) + unit - 1) / unit * unit;
	}
	if (plan->raw)
		size[DISK_COW] = stores + unit;
	/* The user's data between the pieces takes as much again, and some. */
	size[DISK_DATA] =
		plan->raw ? 32
			  : stores + 64 +
				    (plan->piece_sectors ? (stores / plan->piece_sectors + 3) * 8
							 : 0);
	if (plan->slots)
		size[DISK_BOOT_A] = size[DISK_BOOT_B] = KERNEL_SECTORS;
	disks_layout(size);
}

static void configure(void)
{
	snprintf(
		sim_config, sizeof(sim_config),
		"board sim\nmeta PARTLABEL=meta\ndata PARTLABEL=data /data ext4 rw,noatime\n"
		"volume system PARTLABEL=system / ext4 ro\n%sstore %s\ntries %u\ndevice-timeout 1\n"
		"recovery shell\noverrides no\n%s",
		plan->volumes > 1 ? "volume vendor PARTLABEL=vendor /vendor ext4 ro\n" : "",
		plan->raw ? "PARTLABEL=cow" : "file", plan->tries,
		plan->slots ? "boot-slots PARTLABEL=boot_a PARTLABEL=boot_b\n" : "");
}

/* Lives without cuts, up to where the scenario begins. */
static bool advance(const struct scenario *s, struct disks *disks, struct ledger *at)
{
	for (unsigned life = 0; life < 4; life++) {
		enum life_end end;

		if (s->from == FROM_START || (s->from == FROM_ARMED && at->armed) ||
		    (s->from == FROM_MERGING && at->confirmed))
			return true;
		end = life_run(disks, at, &s->policy, NULL, NULL);
		if (end == LIFE_BROKEN)
			return false;
		disks_copy(disks, &now);
		*at = ledger;
	}
	snprintf(violation_text, sizeof(violation_text), "the board rests before it begins");
	return false;
}

/* A board that had an update before has a record in both copies; the shipped code writes it. */
static bool first_record(const struct scenario *s, struct disks *disks)
{
	const struct policy install_and_cancel = { .installs = 1, .cancel = true };
	const struct ledger none = { 0 };

	if (s->plan.new_disk)
		return true;
	if (life_run(disks, &none, &install_and_cancel, NULL, NULL) == LIFE_BROKEN)
		return false;
	for (unsigned i = 0; i < disk_size[DISK_META]; i++)
		image_set(&disks->durable, disk_base[DISK_META] + i,
			  now.durable.at[disk_base[DISK_META] + i]);
	return true;
}

bool scenario_begin(const struct scenario *s, struct disks *ret_disks, struct ledger *ret_ledger)
{
	contents_forget();
	plan = &s->plan;
	rules = (struct rules){ .tries = plan->tries,
				.new_boots = !plan->new_unmountable && !plan->new_without_init &&
					     !plan->new_kernel_dies,
				.slots = plan->slots };
	lay_out();
	contents_make();
	configure();
	bundle_make();
	contents_first_disks(ret_disks);
	memset(ret_ledger, 0, sizeof(*ret_ledger));
	return first_record(s, ret_disks) && advance(s, ret_disks, ret_ledger);
}
