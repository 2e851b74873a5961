/* SPDX-License-Identifier: MIT */
/*
 * What puts systems into an order, beside the version that people read: a release, EPOCH.NUMBER, and a
 * day, YYYY-MM-DD.  Pure.  Both have one spelling, and 0 stands for none.
 */
#ifndef COWBOOT_BASE_RELEASE_H
#define COWBOOT_BASE_RELEASE_H

#include <stdint.h>

#define RELEASE_TEXT_MAX 22	/* with its zero byte, as is the next */
#define DAY_TEXT_MAX 11
#define DAY_SECONDS 86400u
#define DAY_LAST 2932896u	/* 9999-12-31 */

/*
 * EPOCH.NUMBER, each 0 to 4294967295 without leading zeros, and not both 0.  ret_release is
 * EPOCH * 2^32 + NUMBER: of two, the later one is the larger number.  -EINVAL: it is not one.
 */
int release_parse(const char *word, uint64_t *ret_release);
void release_text(uint64_t release, char buf[RELEASE_TEXT_MAX]);

/*
 * A day of the Gregorian calendar, 1970-01-02 to 9999-12-31, as days since 1970-01-01.  -EINVAL: it is
 * not one.  The formulas are Howard Hinnant's, "chrono-Compatible Low-Level Date Algorithms".
 */
int day_parse(const char *word, uint32_t *ret_day);
void day_text(uint32_t day, char buf[DAY_TEXT_MAX]);	/* day is at most DAY_LAST */

#endif
