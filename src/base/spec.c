/* SPDX-License-Identifier: MIT */
/* The names of partitions.  Pure; must never accept a name that origin and snapshot share. */
#include "base/spec.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"

#define LABEL_MAX 36	/* UTF-16 units in a GPT entry */

static const char *after(const char *spec, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(spec, prefix, len) == 0 ? spec + len : NULL;
}

/* shape has an 'x' for each hex digit. */
static bool has_shape(const char *word, const char *shape)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	for (; *word && *shape; word++, shape++)
		if (*shape == 'x' ? !strchr(hex, *word) : *word != *shape)
			return false;
	return !*word && !*shape;
}

static bool is_partuuid(const char *word)
{
	return has_shape(word, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") ||
	       has_shape(word, "xxxxxxxx-xx");
}

static int check_path(const char *spec)
{
	if (after(spec, "/dev/mapper/") || after(spec, "/dev/dm-"))
		return fail(EINVAL, "cannot use %s: a device-mapper device is no partition", spec);
	/* udev's links by what the file system on it is called: UUID= and LABEL= in other words. */
	if (after(spec, "/dev/disk/by-uuid/") || after(spec, "/dev/disk/by-label/"))
		return fail(EINVAL, "cannot use %s: the partition and its snapshot both carry it; "
			    "use PARTLABEL= or PARTUUID=", spec);
	if (!spec[strlen("/dev/")] || strstr(spec, "/../") || strchr(spec, ' '))
		return fail(EINVAL, "cannot use %s: not the path of a device", spec);
	return 0;
}

int spec_parse(const char *spec, enum spec_kind *ret_kind, const char **ret_value)
{
	const char *value;
	int rc;

	if ((value = after(spec, "PARTLABEL="))) {
		if (!*value || strlen(value) > LABEL_MAX)
			return fail(EINVAL, "cannot use %s: a label has 1 to 36 characters", spec);
		*ret_kind = SPEC_PARTLABEL;
	} else if ((value = after(spec, "PARTUUID="))) {
		if (!is_partuuid(value))
			return fail(EINVAL, "cannot use %s: not the UUID of a partition", spec);
		*ret_kind = SPEC_PARTUUID;
	} else if (after(spec, "/dev/")) {
		rc = check_path(spec);
		if (rc)
			return rc;
		value = spec;
		*ret_kind = SPEC_PATH;
	} else if (after(spec, "UUID=") || after(spec, "LABEL=")) {
		return fail(EINVAL, "cannot use %s: the partition and its snapshot both carry it; "
			    "use PARTLABEL= or PARTUUID=", spec);
	} else {
		return fail(EINVAL, "cannot use %s: not PARTLABEL=, PARTUUID= or /dev/PATH", spec);
	}
	*ret_value = value;
	return 0;
}

bool spec_same(const char *a, const char *b)
{
	bool uuids = after(a, "PARTUUID=") && after(b, "PARTUUID=");

	return uuids ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}
