/* SPDX-License-Identifier: MIT */
/*
 * A bundle's release against the floor, and its expiry against the clock.  A clock that may be wrong keeps
 * nobody from an update, and is asked to confirm none: the floor does not depend on it.
 */
#include "update/release.h"

#include <errno.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/release.h"
#include "base/sys.h"

bool release_clock_right(const struct record *rec, uint64_t now_s)
{
	return now_s && now_s / DAY_SECONDS >= rec->releases.newest_day && sys_wall_synced();
}

static int check_floor(const struct world *w, uint64_t release, bool allow)
{
	const uint64_t floor = w->record.releases.floor;
	const char *way = w->conf->allow_downgrade ? "--allow-downgrade takes it all the same" :
						     "cowboot.conf has no \"allow-downgrade yes\"";
	char own[RELEASE_TEXT_MAX], least[RELEASE_TEXT_MAX];

	if (release >= floor)
		return 0;
	release_text(release, own);
	release_text(floor, least);
	if (allow && w->conf->allow_downgrade) {
		log_warn("a downgrade: its release is %s, below %s", release ? own : "none", least);
		return 0;
	}
	if (!release)
		return fail(EPERM, "it has no release, and this board takes none below %s; %s", least, way);
	return fail(EPERM, "its release is %s, and this board takes none below %s; %s", own, least, way);
}

/* It holds to the end of that day, in UTC. */
static int check_expiry(const struct world *w, uint32_t expires_day)
{
	const uint64_t now_s = sys_wall_s(), today = now_s / DAY_SECONDS;
	char expires[DAY_TEXT_MAX], now[DAY_TEXT_MAX];

	if (!expires_day)
		return 0;
	day_text(expires_day, expires);
	if (!release_clock_right(&w->record, now_s)) {
		log_note("it expires %s, which is not checked: the clock is not known to be right", expires);
		return 0;
	}
	if (today <= expires_day)
		return 0;
	day_text(today < DAY_LAST ? (uint32_t)today : DAY_LAST, now);
	return fail(EPERM, "it has expired: it was to be installed until %s, and today is %s", expires, now);
}

int release_check(const struct world *w, const struct bundle_manifest *manifest, bool allow)
{
	int rc = check_floor(w, manifest->release, allow);

	return rc ? rc : check_expiry(w, manifest->expires_day);
}
