/* SPDX-License-Identifier: MIT */
/*
 * What bench-disk may write over.  Must never open for writing: a partition that the board's
 * configuration names, or the disk with it, or a map over either; what is mounted or in other use
 * (storage/spare.h); what holds anything, unless a person says --force (bench_blank.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/bench.h"
#include "cli/board.h"

#define MIB (1u << 20)
#define LAYERS_MAX 4	/* maps over maps */

/* ---- The board's own ---- */

struct over {
	const struct part *part;
	int layers;
};

static int lies_over(void *ctx, const char *name);

/* Whether name is the partition, its disk, or a device that lies over either. */
static bool is_over(const char *name, const struct part *part, int layers)
{
	struct over over = { part, layers - 1 };
	char path[sizeof("/sys/class/block//slaves") + BLOCK_NAME_MAX];

	if (!strcmp(name, part->name) || !strcmp(name, part->disk))
		return true;
	if (!layers || strlen(name) >= BLOCK_NAME_MAX)
		return false;
	snprintf(path, sizeof(path), "/sys/class/block/%s/slaves", name);
	return sys_each_name(path, lies_over, &over) > 0;	/* partitions have no such folder */
}

static int lies_over(void *ctx, const char *name)
{
	const struct over *over = ctx;

	return is_over(name, over->part, over->layers);
}

static int check_part(const char *path, const char *name, bool there, const struct part *part,
		      const char *what)
{
	if (!there || !is_over(name, part, LAYERS_MAX))
		return 0;
	return fail(EPERM, "cannot use %s: %s %s is the board's %s", path,
		    strcmp(name, part->name) ? "it has, or lies over," : "it is, and", part->path,
		    what);
}

static int check_parts(const char *path, const char *name, const struct board *b)
{
	const struct world *w = &b->world;
	int rc = check_part(path, name, w->has_meta, &w->meta_part, "record");

	if (!rc)
		rc = check_part(path, name, w->has_data, &w->data_part, "data");
	if (!rc)
		rc = check_part(path, name, w->has_store_part, &w->store_part,
				"partition for stores");
	if (!rc)
		rc = check_part(path, name, w->has_esp, &w->esp_part, "ESP");
	for (unsigned i = 0; i < CONF_SLOTS && !rc; i++)
		rc = check_part(path, name, w->has_boot[i], &w->boot_part[i], "boot slot");
	for (unsigned v = 0; v < b->conf.volume_count && !rc; v++)
		rc = check_part(path, name, w->has_volume[v], &w->volume_part[v], "volume");
	return rc;
}

/* On a machine without a configuration there is nothing of a board's. */
static int check_own(const char *path, const char *name)
{
	static struct board board;
	int rc;

	if (!sys_is_file(OPEN_RUN_CONFIG) && !sys_is_file(cli_config_path()))
		return 0;
	rc = board_open(&board, "use a disk", WORLD_LOOK);
	if (!rc && check_parts(path, name, &board))
		rc = cli_failed();
	board_close(&board);
	return rc;
}

/* ---- Opening ---- */

static int find(const struct bench_options *o, bool create, struct bench_target *t,
		char name[BLOCK_NAME_MAX])
{
	bool is_file;
	int rc = spare_look(o->path, &is_file, name);

	if (rc != -ENOENT || !create)
		return rc;
	if (!o->size_mib)
		return fail(ENOENT, "cannot use %s: there is no such file; --size MIB makes one",
			    o->path);
	rc = spare_make(o->path, o->size_mib * MIB);
	t->created = !rc;
	return rc;
}

static int open_spare(const struct bench_options *o, struct bench_target *t)
{
	uint64_t limit = (o->size_mib ? o->size_mib : BENCH_MIB) * MIB;
	int rc = spare_open(o->path, &t->spare);

	if (rc)
		return rc;
	t->size_bytes = t->spare.dev.size_bytes < limit ? t->spare.dev.size_bytes : limit;
	t->size_bytes -= t->size_bytes % CUTS_BLOCK_BYTES;
	if (t->size_bytes < MIB)
		return fail(ENOSPC, "cannot use %s: it has %" PRIu64 " bytes, and 1 MiB is the least",
			    o->path, t->spare.dev.size_bytes);
	return 0;
}

int bench_open(const struct bench_options *o, bool create, struct bench_target *ret_target)
{
	struct bench_target t = { .spare = SPARE_CLOSED };
	char name[BLOCK_NAME_MAX] = "";
	int rc = find(o, create, &t, name) ? cli_failed() : 0;

	if (!rc && name[0])
		rc = check_own(o->path, name);
	if (!rc && open_spare(o, &t))
		rc = cli_failed();
	*ret_target = t;
	return rc;
}

void bench_close(struct bench_target *t)
{
	spare_close(&t->spare);
}
