/* SPDX-License-Identifier: MIT */
/* Releases and days, as words and as numbers. Pure. */
#include "base/release.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ERA_YEARS 400u
#define ERA_DAYS 146097u	/* of 400 years */
#define ERA_1970_DAYS 719468u	/* from 0000-03-01, where these years begin, to 1970-01-01 */

/* One part of a word, so many bytes long, and spelt as a number is. */
static int part(const char *begin, size_t len_bytes, uint64_t *ret_value)
{
	char digits[sizeof("4294967295")];

	if (!len_bytes || len_bytes >= sizeof(digits) || (begin[0] == '0' && len_bytes > 1))
		return -EINVAL;
	memcpy(digits, begin, len_bytes);
	digits[len_bytes] = '\0';
	return text_number(digits, UINT32_MAX, ret_value) ? -EINVAL : 0;
}

int release_parse(const char *word, uint64_t *ret_release)
{
	const char *dot = strchr(word, '.');
	uint64_t epoch, number;

	if (!dot || part(word, (size_t)(dot - word), &epoch) ||
	    part(dot + 1, strlen(dot + 1), &number) || !(epoch | number))
		return -EINVAL;
	*ret_release = epoch << 32 | number;
	return 0;
}

void release_text(uint64_t release, char buf[RELEASE_TEXT_MAX])
{
	snprintf(buf, RELEASE_TEXT_MAX, "%" PRIu32 ".%" PRIu32, (uint32_t)(release >> 32),
		 (uint32_t)release);
}

/* So many decimal digits as a number, or -1. */
static int digits_at(const char *at, unsigned count)
{
	int value = 0;

	for (; count; count--, at++) {
		if (*at < '0' || *at > '9')
			return -1;
		value = value * 10 + (*at - '0');
	}
	return value;
}

/* What is no day of that month becomes one of the next, and then reads otherwise. */
int day_parse(const char *word, uint32_t *ret_day)
{
	char back[DAY_TEXT_MAX];
	int year, month, day;
	uint32_t y, m, of_era, found;

	if (strlen(word) != DAY_TEXT_MAX - 1)
		return -EINVAL;
	year = digits_at(word, 4);
	month = digits_at(word + 5, 2);
	day = digits_at(word + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return -EINVAL;
	y = (uint32_t)year - (month <= 2);
	m = (uint32_t)(month <= 2 ? month + 9 : month - 3);
	of_era = y % ERA_YEARS;
	found = y / ERA_YEARS * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
		(153 * m + 2) / 5 + (uint32_t)day - 1 - ERA_1970_DAYS;
	if (!found || found > DAY_LAST)
		return -EINVAL;
	day_text(found, back);
	if (strcmp(back, word))
		return -EINVAL;
	*ret_day = found;
	return 0;
}

void day_text(uint32_t day, char buf[DAY_TEXT_MAX])
{
	const uint32_t all = day + ERA_1970_DAYS, in_era = all % ERA_DAYS;
	const uint32_t of_era =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA_DAYS - 1)) / 365;
	const uint32_t in_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
	const uint32_t m = (5 * in_year + 2) / 153, month = m < 10 ? m + 3 : m - 9;
	const uint32_t year = all / ERA_DAYS * ERA_YEARS + of_era + (month <= 2);

	snprintf(buf, DAY_TEXT_MAX, "%04u-%02u-%02u", (unsigned)(year % 10000), (unsigned)month % 100,
		 (unsigned)(in_year - (153 * m + 2) / 5 + 1) % 100);
}
