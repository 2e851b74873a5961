/* SPDX-License-Identifier: MIT */
/* Stands for src/storage/find.c: the fake disks' names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "astray.h"
#include "base/fail.h"
#include "sim.h"
#include "storage/find.h"

static const char *const labels[DISK_COUNT] = { "meta", "system", "vendor", "data", "cow", NULL,
						 "boot_a", "boot_b", "esp", NULL };

bool find_spec_ok(const char *spec)
{
	return strchr(spec, '=') || spec[0] == '/';
}

void find_check_table(const struct part *part, char why[FIND_WHY_MAX])
{
	(void)part;
	why[0] = 0;
}

const char *find_lost_tables(void)
{
	return "";
}

/* By their names all partitions are those of one disk, "sim", but for the other disk's (astray.c).
 */
struct part fake_part(enum disk d)
{
	struct part part = { .major = MAJOR_PARTITION, .minor = d + 1, .disk = "sim" };

	memset(part.part_uuid, (int)(0x10 + d), sizeof(part.part_uuid));
	memset(part.disk_id, 0x01, sizeof(part.disk_id));
	snprintf(part.name, sizeof(part.name), "sim%u", d + 1);
	snprintf(part.path, sizeof(part.path), "/dev/sim%u", d + 1);
	part.start_sectors = 2048ull * (d + 1);
	part.size_sectors = disk_size[d];
	part.logical_block_bytes = part.io_min_bytes = plan->blocks ? 4096 : 512;
	return part;
}

/* By its label, its path, or its place (which is what spec_of writes). */
static bool is_called(const char *spec, const char *label, const struct part *part,
		      const char *place)
{
	if (strncmp(spec, "PARTLABEL=", 10) == 0)
		return strcmp(spec + 10, label) == 0;
	return strcmp(spec, part->path) == 0 || (place[0] && strcmp(spec, place) == 0);
}

static void spec_of(char buf[PLACE_SPEC_MAX], const struct part *part)
{
	const struct place place = place_of(part);

	if (!place_spec(buf, &place))
		buf[0] = 0;
}

struct own {
	struct part part;
	char spec[PLACE_SPEC_MAX];
};

/* The board's own partitions are the same for all of a scenario. */
static const struct own *own_of(enum disk d)
{
	static const struct board_plan *known_plan;
	static struct own known[DISK_COUNT];

	for (unsigned i = 0; known_plan != plan && i < DISK_COUNT; i++) {
		known[i].part = fake_part((enum disk)i);
		spec_of(known[i].spec, &known[i].part);
	}
	known_plan = plan;
	return &known[d];
}

/* As src/storage/find.h says; a partition on another disk may answer as well, or alone. */
int find_part(const char *spec, const char *disk, uint64_t deadline_ms, struct part *ret_part)
{
	struct part found = { .size_sectors = 0 }, elsewhere = { .size_sectors = 0 };

	(void)deadline_ms;
	for (unsigned d = 0; d < DISK_COUNT; d++) {
		const struct own *own = own_of((enum disk)d);
		char place[PLACE_SPEC_MAX];
		struct part other;

		if (!labels[d] || !disk_size[d])
			continue;
		if (astray_other((enum disk)d, &own->part, &other)) {
			spec_of(place, &other);
			if (is_called(spec, labels[d], &other, place))
				elsewhere = other;
		}
		if (astray_gone((enum disk)d) || !is_called(spec, labels[d], &own->part, own->spec))
			continue;
		if (fault(FAULT_MISSING, "find", labels[d]))
			return fail(ENODEV, "cannot find %s", spec);
		found = own->part;
	}
	if (found.size_sectors && elsewhere.size_sectors && !disk)
		return fail(ENOTUNIQ, "cannot tell which partition %s is", spec);
	if (!found.size_sectors && elsewhere.size_sectors && disk && !strncmp(spec, "PARTLABEL=", 10))
		return fail(EXDEV, "cannot use %s: it is %s, on another disk", spec, elsewhere.path);
	if (!found.size_sectors)
		found = elsewhere;
	if (!found.size_sectors)
		return fail(ENODEV, "cannot find %s", spec);
	*ret_part = found;
	return 0;
}
