/* SPDX-License-Identifier: MIT */
/*
 * Contradictions.  Pure.  Must never pass a board on which two of cowboot's own things collide: one
 * partition for two uses, one mount point, one device-mapper name.
 */
#include "conf/check.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/spec.h"
#include "conf/fields.h"
#include "conf/lock.h"

#define USES_MAX (CONF_VOLUMES_MAX + 4 + CONF_SLOTS)

struct use {
	const char *spec, *dir, *name;	/* NULL: has none */
	unsigned line;
};

/* Everything that stands on a partition, in the order of a common file. */
static unsigned list_uses(const struct conf *conf, const struct conf_lines *lines,
			  struct use uses[USES_MAX])
{
	unsigned count = 0;

	uses[count++] = (struct use){ .spec = conf->meta, .line = lines->meta };
	if (lines->data)
		uses[count++] = (struct use){ conf->data.spec, conf->data.dir, conf->data.name,
					      lines->data };
	if (conf->store[0])
		uses[count++] = (struct use){ .spec = conf->store, .line = lines->store };
	if (lines->esp)
		uses[count++] = (struct use){ .spec = conf->esp, .line = lines->esp };
	for (unsigned i = 0; lines->boot && i < CONF_SLOTS; i++)
		uses[count++] = (struct use){ .spec = conf->boot[i], .line = lines->boot };
	for (unsigned i = 0; i < conf->volume_count; i++)
		uses[count++] = (struct use){ conf->volume[i].spec, conf->volume[i].dir,
					      conf->volume[i].name, lines->volume[i] };
	return count;
}

static int check_pair(const struct use *a, const struct use *b)
{
	unsigned later = a->line > b->line ? a->line : b->line;
	unsigned earlier = a->line > b->line ? b->line : a->line;

	if (spec_same(a->spec, b->spec))
		return fail(EINVAL, "line %u: %s is in use already, on line %u", later, b->spec,
			    earlier);
	if (!a->dir || !b->dir)
		return 0;
	if (strcmp(a->name, b->name) == 0)
		return fail(EINVAL, "line %u: the name %s is taken already, on line %u", later,
			    b->name, earlier);
	if (strcmp(a->dir, b->dir) == 0)
		return fail(EINVAL, "line %u: the mount point %s is taken already, on line %u",
			    later, b->dir, earlier);
	return 0;
}

static bool is_at_or_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/');
}

/*
 * Init moves the first four into the new root, over whatever is mounted there.  The others are a boot
 * loader's, which reads the partition below every map: in a trial it would see the old system, and
 * during a merge a mixture.
 */
static int check_mount_point(const struct use *use)
{
	static const char *const taken[] = { "/dev", "/proc", "/sys", "/run" };
	static const char *const loaders[] = { "/boot", "/efi" };

	for (size_t i = 0; use->dir && i < ARRAY_SIZE(taken); i++)
		if (is_at_or_below(use->dir, taken[i]))
			return fail(EINVAL, "line %u: the mount point %s is in %s, which is not on "
				    "a disk", use->line, use->dir, taken[i]);
	for (size_t i = 0; use->dir && i < ARRAY_SIZE(loaders); i++)
		if (is_at_or_below(use->dir, loaders[i]))
			return fail(EINVAL, "line %u: the mount point %s is a boot loader's, which "
				    "reads the partition itself and sees no update; leave it to "
				    "the system's fstab", use->line, use->dir);
	return 0;
}

static int check_uses(const struct use *uses, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int rc = check_mount_point(&uses[i]);

		for (unsigned j = 0; !rc && j < i; j++)
			rc = check_pair(&uses[j], &uses[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_data(const struct conf *conf, const struct conf_lines *lines)
{
	const struct conf_mount *data = &conf->data;

	for (unsigned i = 0; lines->data && i < conf->volume_count; i++)
		if (is_at_or_below(conf->volume[i].dir, data->dir))
			return fail(EINVAL, "line %u: volume %s would be mounted in data, on %s",
				    lines->volume[i], conf->volume[i].name, data->dir);
	if (conf->store[0])
		return 0;
	if (!lines->data)
		return fail(EINVAL, "the key 'data' is missing; stores are kept there as files");
	if (strcmp(data->fstype, "ext4") != 0)
		return fail(EINVAL, "line %u: stores can be files on ext4 only, not on %s",
			    lines->data, data->fstype);
	if (field_has_option(data->options, "data=journal"))
		return fail(EINVAL, "line %u: data=journal would write old content over the stores",
			    lines->data);
	if (field_has_option(data->options, "ro"))
		return fail(EINVAL, "line %u: stores cannot be files on a read-only data",
			    lines->data);
	return 0;
}

static bool has_root(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->volume_count; i++)
		if (strcmp(conf->volume[i].dir, "/") == 0)
			return true;
	return false;
}

int conf_check_parts(const struct conf *conf, const struct conf_lines *lines)
{
	if (!lines->board)
		return fail(EINVAL, "the key 'board' is missing");
	if (!lines->meta)
		return fail(EINVAL, "the key 'meta' is missing");
	return has_root(conf) ? 0 : fail(EINVAL, "no volume has the mount point /");
}

int conf_check(const struct conf *conf, const struct conf_lines *lines)
{
	struct use uses[USES_MAX];
	int rc = check_uses(uses, list_uses(conf, lines, uses));

	if (rc)
		return rc;
	if (conf_lock(conf, LOCK_SHELL) == LOCK_REFUSED &&
	    (conf->recovery == GIVEUP_SHELL || conf->recovery_then == GIVEUP_SHELL))
		return fail(EINVAL, "recovery is a shell, and recovery-shell says no");
	if (lines->boot && lines->esp)
		return fail(EINVAL, "line %u: boot slots are partitions or on the ESP, not both",
			    lines->boot > lines->esp ? lines->boot : lines->esp);
	return check_data(conf, lines);
}

/* By mount point, which puts "/" first and what is mounted in a volume after it. */
void conf_sort(struct conf *conf)
{
	for (unsigned i = 1; i < conf->volume_count; i++) {
		struct conf_mount moved = conf->volume[i];
		unsigned at = i;

		for (; at && strcmp(conf->volume[at - 1].dir, moved.dir) > 0; at--)
			conf->volume[at] = conf->volume[at - 1];
		conf->volume[at] = moved;
	}
}
