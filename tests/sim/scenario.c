/* SPDX-License-Identifier: MIT */
/* How a scenario begins. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#include "esp.h"

#define META_SECTORS 2048u
extern char sim_config[1024];

static unsigned store_sectors(unsigned v)
{
	unsigned per_area = plan->chunk_sectors * SECTOR / 16, n = plan->changed[v];

	unsigned kept = 1 + (n + 15) / 16, chunk = plan->chunk_sectors;

	return (2 + n + n / per_area) * chunk + (kept + chunk - 1) / chunk * chunk;
}

static void lay_out(void)
{
	unsigned size[DISK_COUNT] = { [DISK_META] = META_SECTORS, [DISK_FS] = FS_FILES };
	unsigned stores = 0, unit = plan->chunk_sectors > 8 ? plan->chunk_sectors : 8;

	for (unsigned v = 0; v < plan->volumes; v++) {
		size[DISK_VOL0 + v] = plan->volume_sectors[v];
		stores += (store_sectors(v) + unit - 1) / unit * unit;
	}
	if (plan->keeps && !plan->tight)
		stores *= plan->raw ? 2 : 3;
	if (plan->raw)
		size[DISK_COW] = stores + unit;
	/* The user's data between the pieces takes as much again, and some. */
	size[DISK_DATA] =
		plan->raw ? 32
			  : stores + 64 +
				    (plan->piece_sectors ? (stores / plan->piece_sectors + 3) * 8
							 : 0);
	if (plan->other_disk)
		size[DISK_OTHER] = META_SECTORS;
	if (plan->esp)
		size[DISK_ESP] = ESP_SECTORS;
	else if (plan->slots)
		size[DISK_BOOT_A] = size[DISK_BOOT_B] = KERNEL_SECTORS;
	disks_layout(size);
}

static void configure(void)
{
	snprintf(
		sim_config, sizeof(sim_config),
		"board sim\nmeta PARTLABEL=meta\ndata PARTLABEL=data /data ext4 rw,noatime\n"
		"volume system PARTLABEL=system / ext4 ro\n%sstore %s\ntries %u\ndevice-timeout 1\n"
		"recovery shell\noverrides no\nrequire-signature no\nkeep-old %s\n%s%s%s",
		plan->volumes > 1 ? "volume vendor PARTLABEL=vendor /vendor ext4 ro\n" : "",
		plan->raw ? "PARTLABEL=cow" : "file", plan->tries,
		plan->keeps == KEEPS	      ? "yes"
		: plan->keeps == KEEPS_ALWAYS ? "must"
					      : "no",
		plan->turns_back ? "recovery-rollback yes\n" : "",
		plan->several_disks ? "disks several\n" : "",
		plan->esp     ? "boot-esp PARTLABEL=esp\n"
		: plan->slots ? "boot-slots PARTLABEL=boot_a PARTLABEL=boot_b\n"
			      : "");
}

/* Lives without cuts, up to where the scenario begins. */
static bool advance(const struct scenario *s, struct disks *disks, struct ledger *at)
{
	for (unsigned life = 0; life < 4; life++) {
		enum life_end end;

		if (s->from == FROM_START || (s->from == FROM_ARMED && at->armed) ||
		    (s->from == FROM_MERGING && at->confirmed) ||
		    (s->from == FROM_BACK && at->rollbacks && at->armed))
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
				.slots = plan->slots,
				.keeps = plan->keeps != KEEPS_NOT ? plan->volumes : 0,
				.must_keep = plan->keeps == KEEPS_ALWAYS && !plan->tight,
				.in_files = !plan->raw };
	lay_out();
	contents_make();
	configure();
	bundle_make();
	contents_first_disks(ret_disks);
	memset(ret_ledger, 0, sizeof(*ret_ledger));
	return first_record(s, ret_disks) && advance(s, ret_disks, ret_ledger);
}
