/* SPDX-License-Identifier: MIT */
/*
 * Which kernels may merge.  Before commit fcc42338375a ("dm snapshot: flush merged data before
 * committing metadata") a merge dropped exceptions before the origin was flushed: a power cut then
 * loses merged data.  In mainline since 5.11-rc4, in stable since January 2021: 5.10.9, 5.4.91,
 * 4.19.169, 4.14.217, 4.9.253, 4.4.253.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "update/world.h"

static const struct {
	unsigned major, minor, patch; /* the first of the series that has it */
} fixed[] = {
	{ 4, 4, 253 }, { 4, 9, 253 }, { 4, 14, 217 }, { 4, 19, 169 }, { 5, 4, 91 }, { 5, 10, 9 },
};

static bool has_fix(unsigned major, unsigned minor, unsigned patch)
{
	if (major > 5 || (major == 5 && minor >= 11))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (fixed[i].major == major && fixed[i].minor == minor)
			return patch >= fixed[i].patch;
	return false;
}

bool world_kernel_flushes(const char *release)
{
	unsigned major, minor, patch = 0, stable_major, stable_minor, stable_patch;
	const char *distribution;

	if (sscanf(release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return false;
	if (has_fix(major, minor, patch))
		return true;
	/* Debian: release 5.10.0-32, version "#1 SMP Debian 5.10.223-1 (2024-08-10)". */
	distribution = strstr(release, " Debian ");
	return distribution &&
	       sscanf(distribution, " Debian %u.%u.%u", &stable_major, &stable_minor,
		      &stable_patch) == 3 &&
	       stable_major == major && stable_minor == minor &&
	       has_fix(major, minor, stable_patch);
}

bool world_may_merge(const struct conf *conf, char ret_release[WORLD_RELEASE_MAX])
{
	const int rc = sys_kernel_release(ret_release, WORLD_RELEASE_MAX);

	if (rc < 0)
		snprintf(ret_release, WORLD_RELEASE_MAX, "of an unknown release");
	return conf->kernel_flushes || (rc == 0 && world_kernel_flushes(ret_release));
}

int world_kernel_check(const struct world *w)
{
	char release[WORLD_RELEASE_MAX];

	if (!world_may_merge(w->conf, release))
		return fail(ENOTSUP, "this kernel (%s) loses merged data when the power is cut; "
			    "merging needs 5.10.9, 5.11 or later, or kernel-flushes yes in the "
			    "board's configuration where it has the fix", release);
	return 0;
}
