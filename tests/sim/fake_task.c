/* SPDX-License-Identifier: MIT */
/*
 * Stands for src/map/task.c: device-mapper's single steps, done by the fake kernel.  map/dm.c and
 * map/swap.c above it are the shipped ones.
 */
#include "map/task.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "kernel.h"

void dm_setup(void)
{
}

const char *task_target_word(enum dm_target target)
{
	static const char *const words[] = { "linear", "snapshot", "snapshot-merge", "other" };

	return words[target];
}

static struct dm_device *device(const char *name)
{
	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (dm_devices[i].used && !strcmp(dm_devices[i].name, name))
			return &dm_devices[i];
	return NULL;
}

static int number(const struct dm_device *d)
{
	return (int)(d - dm_devices);
}

int task_create(const char *name)
{
	kernel_tick();
	if (fault(FAULT_DM, "dm create", name))
		return fail_sys(ENOMEM, "cannot create device %s", name);
	if (device(name))
		return fail_sys(EBUSY, "cannot create device %s", name);
	for (int i = 0; i < DM_DEVICES_MAX; i++) {
		struct dm_device *d = &dm_devices[i];

		if (d->used)
			continue;
		d->used = true;
		d->open = 0;
		d->live.kind = d->next.kind = DMK_NONE;
		d->live.size = 0;
		snprintf(d->name, sizeof(d->name), "%s", name);
		say("dm: %s created as 253:%d", name, i);
		return 0;
	}
	violation("more than %d devices", DM_DEVICES_MAX);
}

/* A lower device is held by its mapping: a mapped one cannot be removed. */
static void hold(const struct dm_table *t, int by)
{
	for (unsigned i = 0; t->kind == DMK_LINEAR && i < t->pieces; i++)
		if (t->piece[i].major == MAJOR_DM)
			dm_devices[t->piece[i].minor].open += (unsigned)by;
	if (t->kind == DMK_SNAPSHOT || t->kind == DMK_MERGE)
		dm_devices[t->store_minor].open += (unsigned)by;
}

static void drop(struct dm_table *t, bool keeps_snap)
{
	hold(t, -1);
	if ((t->kind == DMK_SNAPSHOT || t->kind == DMK_MERGE) && !t->handover && !keeps_snap)
		snaps[t->snap].used = false;
	t->kind = DMK_NONE;
}

static void check_alive(const struct dm_device *d)
{
	const struct dm_table *t = &d->live;

	if ((t->kind == DMK_SNAPSHOT || t->kind == DMK_MERGE) && snaps[t->snap].merge_failed)
		violation("I7: %s was touched after its merge failed", d->name);
}

int task_load_pieces(const char *name, bool readonly, struct map_disk disk,
		     const struct extent *pieces, unsigned count)
{
	struct dm_device *d = device(name);
	struct dm_table *t;

	kernel_tick();
	if (fault(FAULT_DM, "dm load", name))
		return fail_sys(EIO, "cannot load the table of device %s", name);
	if (!d || !count || count > DM_PIECES_MAX)
		return fail_sys(EINVAL, "cannot load the table of device %s", name);
	check_alive(d);
	if (disk.major == MAJOR_PARTITION && disk.minor == DISK_OTHER + 1)
		saw_other_disk("mapped");
	t = &d->next;
	drop(t, false);
	*t = (struct dm_table){ .kind = DMK_LINEAR, .readonly = readonly, .pieces = count };
	for (unsigned i = 0; i < count; i++) {
		t->piece[i].major = (int)disk.major;
		t->piece[i].minor = (int)disk.minor;
		t->piece[i].from = (unsigned)pieces[i].start_sectors;
		t->piece[i].size = (unsigned)pieces[i].size_sectors;
		t->size += (unsigned)pieces[i].size_sectors;
		if (disk.major == MAJOR_PARTITION &&
		    pieces[i].start_sectors + pieces[i].size_sectors > disk_size[disk.minor - 1]) {
			t->kind = DMK_NONE;
			return fail_sys(EINVAL, "cannot load the table of device %s", name);
		}
	}
	hold(t, 1);
	return 0;
}

/* A store has one owner; two would each write their own idea of it. */
static int owner_of(enum disk origin, int store_minor)
{
	for (int i = 0; i < DM_DEVICES_MAX; i++)
		if (snaps[i].used &&
		    (snaps[i].origin == origin || snaps[i].store_minor == store_minor))
			return i;
	return -1;
}

static int load_snapshot(struct dm_device *d, struct dm_table *t)
{
	int owner = owner_of(t->origin, t->store_minor), rc;

	if (owner >= 0) {
		if (d->live.kind == DMK_NONE || d->live.snap != owner ||
		    snaps[owner].store_minor != t->store_minor)
			violation("I12: a second owner of a store: %s", d->name);
		t->snap = owner;
		t->handover = true;
		return 0;
	}
	/* Two volumes are one trial. */
	if (t->kind == DMK_SNAPSHOT && !trial_seen) {
		trial_seen = true;
		saw_snapshot_load();
	}
	for (t->snap = 0; snaps[t->snap].used; t->snap++)
		;
	rc = snap_load(&snaps[t->snap], t->origin, t->store_minor, t->chunk);
	return rc ? fail_sys(-rc, "cannot load the table of device %s", d->name) : 0;
}

int task_load(const char *name, bool readonly, enum dm_target target, uint64_t size_sectors,
	      const char *params)
{
	struct dm_table t = { .readonly = readonly, .size = (unsigned)size_sectors };
	struct dm_device *d = device(name);
	unsigned major, minor, store_major, store_minor, chunk;
	int rc;

	if (target == DM_LINEAR) {
		struct extent piece = { 0, size_sectors };
		unsigned long long from;

		if (sscanf(params, "%u:%u %llu", &major, &minor, &from) != 3)
			violation("a table line that is none: %s", params);
		piece.start_sectors = from;
		return task_load_pieces(name, readonly, (struct map_disk){ major, minor }, &piece,
					1);
	}
	kernel_tick();
	if (fault(FAULT_STORE, "dm load", name))
		return fail_sys(EIO, "cannot load the table of device %s", name);
	if (sscanf(params, "%u:%u %u:%u P %u", &major, &minor, &store_major, &store_minor,
		   &chunk) != 5 ||
	    major != MAJOR_PARTITION || store_major != MAJOR_DM || !dm_devices[store_minor].used)
		violation("a table line that is none: %s", params);
	if (!d)
		return fail_sys(ENXIO, "cannot load the table of device %s", name);
	check_alive(d);
	if (minor == DISK_OTHER + 1)
		saw_other_disk("mapped");
	t.kind = target == DM_SNAPSHOT ? DMK_SNAPSHOT : DMK_MERGE;
	t.origin = (enum disk)(minor - 1);
	t.store_minor = (int)store_minor;
	t.chunk = chunk;
	rc = load_snapshot(d, &t);
	if (rc)
		return rc;
	drop(&d->next, false);
	d->next = t;
	hold(&d->next, 1);
	say("dm: %s loaded as %s over %s", name, task_target_word(target), params);
	return 0;
}

int task_resume(const char *name)
{
	struct dm_device *d = device(name);
	bool handover;

	kernel_tick();
	if (fault(FAULT_DM, "dm resume", name))
		return fail_sys(EIO, "cannot resume device %s", name);
	if (!d || (d->next.kind == DMK_NONE && d->live.kind == DMK_NONE))
		return fail_sys(ENXIO, "cannot resume device %s", name);
	check_alive(d);
	if (d->next.kind == DMK_NONE)
		return 0;
	handover = d->next.handover;
	d->next.handover = false;
	drop(&d->live, handover);
	d->live = d->next;
	d->next.kind = DMK_NONE;
	say("dm: %s resumed", name);
	if (d->live.kind == DMK_MERGE) {
		saw_merge_start();
		snaps[d->live.snap].merging = true;
	}
	kernel_tick();
	return 0;
}

int task_compare_pieces(const char *name, struct map_disk disk, const struct extent *pieces,
			unsigned count)
{
	const struct dm_device *d = device(name);
	bool same;

	if (!d)
		return fail_sys(ENXIO, "cannot look at device %s", name);
	same = d->live.kind == DMK_LINEAR && d->live.pieces == count;
	for (unsigned i = 0; same && i < count; i++)
		same = d->live.piece[i].major == (int)disk.major &&
		       d->live.piece[i].minor == (int)disk.minor &&
		       d->live.piece[i].from == pieces[i].start_sectors &&
		       d->live.piece[i].size == pieces[i].size_sectors;
	return same ? 0 : fail(ESTALE, "device %s lies over other blocks", name);
}

int task_clear(const char *name)
{
	struct dm_device *d = device(name);

	if (!d)
		return fail_sys(ENXIO, "cannot clear the table of device %s", name);
	drop(&d->next, false);
	return 0;
}

int task_remove(const char *name)
{
	struct dm_device *d = device(name);

	kernel_tick();
	if (!d)
		return fail_sys(ENXIO, "cannot remove device %s", name);
	if (fault(FAULT_DM, "dm remove", name) || d->open)
		return fail_sys(EBUSY, "cannot remove device %s", name);
	check_alive(d);
	drop(&d->live, false);
	drop(&d->next, false);
	d->used = false;
	say("dm: %s removed", name);
	return 0;
}

int task_look(const char *name, enum task_what what, struct task_look *ret_look)
{
	struct dm_device *d = device(name);
	const struct dm_table *table;
	struct task_look look = { .target = "" };

	kernel_tick();
	if (!d)
		return fail_sys(ENXIO, "cannot look at device %s", name);
	if (fault(FAULT_DM, "dm look", name))
		return fail_sys(ENOMEM, "cannot look at device %s", name);
	table = what == TASK_LOADED ? &d->next : &d->live;
	look.disk = (struct map_disk){ MAJOR_DM, (unsigned)number(d) };
	look.readonly = table->readonly;
	look.ours = true;
	look.open_count = d->open;
	look.size_sectors = table->size;
	if (table->kind == DMK_LINEAR) {
		snprintf(look.target, sizeof(look.target), "linear");
		if (what == TASK_TABLE)
			snprintf(look.params, sizeof(look.params), "%d:%d %u",
				 table->piece[0].major, table->piece[0].minor,
				 table->piece[0].from);
	} else if (table->kind != DMK_NONE) {
		snprintf(look.target, sizeof(look.target), "%s",
			 table->kind == DMK_MERGE ? "snapshot-merge" : "snapshot");
		if (what == TASK_TABLE)
			snprintf(look.params, sizeof(look.params), "%d:%d %d:%d P %u",
				 MAJOR_PARTITION, table->origin + 1, MAJOR_DM, table->store_minor,
				 table->chunk);
		else
			snap_status(&snaps[table->snap], look.params, sizeof(look.params));
	}
	*ret_look = look;
	return 0;
}
