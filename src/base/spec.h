/* SPDX-License-Identifier: MIT */
/*
 * How a partition is named: PARTLABEL=, PARTUUID= or /dev/PATH.  Never UUID= or LABEL=: origin and
 * snapshot carry the same file system.  Pure.
 */
#ifndef COWBOOT_BASE_SPEC_H
#define COWBOOT_BASE_SPEC_H

#include <stdbool.h>

enum spec_kind { SPEC_PARTLABEL, SPEC_PARTUUID, SPEC_PATH };

/*
 * -EINVAL with the reason in base/fail.h when spec has none of the three forms.  ret_value points
 * into spec: the label, the UUID, or the whole path.
 */
int spec_parse(const char *spec, enum spec_kind *ret_kind, const char **ret_value);

/* Whether two valid specs are the same; upper and lower case are equal in a UUID. */
bool spec_same(const char *a, const char *b);

#endif
