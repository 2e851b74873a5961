/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a partition.  The event socket is open before the first look, so that nothing can
 * come between the two unseen.  Must never wait past the deadline (I10), and does not trust events
 * alone: it looks again every second, since events get lost and udev makes its links after them.
 * Nor does it trust a disk without partitions: the kernel may have failed to read its table.
 */
#include "storage/find.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/spec.h"
#include "base/sys.h"
#include "storage/reread.h"
#include "storage/scan.h"
#include "storage/table.h"
#include "storage/uevent.h"

#define LOOK_AGAIN_MS 1000
#define BLIND_LOOK_MS 100	/* where there is no event socket */
#define REREAD_MS 2000
#define DRAIN_MAX 256
#define EVENT_BYTES 8192
#define KERNEL_GROUP 1

/* -1 when there is none: then find_part looks more often. */
static int open_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		(void)close(fd);	/* never used */
		fd = -1;
	}
	if (fd < 0)
		log_line(LOG_DEBUG, "no uevents, looking every %d ms: %s", BLIND_LOOK_MS,
			 strerror(errno));
	return fd;
}

/* Takes what has queued up, within a bound; whether some of it is worth a look. */
static bool drain(int fd)
{
	char msg[EVENT_BYTES];
	bool worth = false;

	for (int i = 0; i < DRAIN_MAX; i++) {
		ssize_t len = recv(fd, msg, sizeof(msg), 0);

		if (len < 0 && errno == ENOBUFS)
			worth = true;	/* some were lost */
		else if (len < 0)
			break;
		else if (uevent_is_new_block(msg, (size_t)len))
			worth = true;
	}
	return worth;
}

/* Returns when it is time to look again, at the deadline at the latest. */
static void wait_for_event(int fd, uint64_t deadline_ms)
{
	uint64_t now_ms = sys_now_ms();
	uint64_t again_ms = now_ms + (fd < 0 ? BLIND_LOOK_MS : LOOK_AGAIN_MS);

	if (again_ms > deadline_ms)
		again_ms = deadline_ms;
	for (; now_ms < again_ms; now_ms = sys_now_ms()) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };

		if (fd < 0)
			sys_sleep_ms((unsigned)(again_ms - now_ms));
		else if (poll(&pollfd, 1, (int)(again_ms - now_ms)) > 0 && drain(fd))
			return;
	}
}

static int look_until(int fd, const char *spec, const char *disk, uint64_t deadline_ms,
		      struct part *ret_part)
{
	uint64_t begin_ms = sys_now_ms(), reread_ms = begin_ms + REREAD_MS;
	int rc;

	for (;;) {
		uint64_t now_ms = sys_now_ms();

		rc = scan_part("/sys", "/dev", spec, disk, ret_part);
		if (rc != -ENODEV && rc != -EXDEV)
			return rc;
		if (now_ms >= deadline_ms)
			break;
		/* Not at once: the kernel may just be about to read the table for the first time. */
		if (now_ms >= reread_ms) {
			reread_tables("/sys", "/dev");
			reread_ms = now_ms + REREAD_MS;
		}
		alive();
		wait_for_event(fd, deadline_ms);
	}
	if (deadline_ms <= begin_ms || rc == -EXDEV)
		return rc;
	return fail(ENODEV, "cannot find %s: there is no such partition after %" PRIu64 " s", spec,
		    (deadline_ms - begin_ms + 500) / 1000);
}

int find_part(const char *spec, const char *disk, uint64_t deadline_ms, struct part *ret_part)
{
	enum spec_kind kind;
	const char *value;
	int fd, rc = spec_parse(spec, &kind, &value);

	if (rc)
		return rc;
	if (sys_now_ms() >= deadline_ms)
		return scan_part("/sys", "/dev", spec, disk, ret_part);
	fd = open_events();
	rc = look_until(fd, spec, disk, deadline_ms, ret_part);
	if (fd >= 0)
		(void)close(fd);	/* only read */
	return rc;
}

const char *find_lost_tables(void)
{
	return reread_lost();
}

void find_check_table(const struct part *part, char why[FIND_WHY_MAX])
{
	enum gpt_copies copies;

	why[0] = '\0';
	if (table_look("/sys", "/dev", part->disk, &copies))
		return;
	if (copies == GPT_UNSEEN || copies == GPT_UNREADABLE)
		(void)snprintf(why, FIND_WHY_MAX, "the first sector of /dev/%s, which says that it has a "
			       "GPT, %s. `sgdisk -e /dev/%s` writes it again", part->disk,
			       copies == GPT_UNSEEN ? "is all zeros" : "cannot be read", part->disk);
	if (copies != GPT_SECOND)
		return;
	(void)snprintf(why, FIND_WHY_MAX, "the first copy of the partition table of /dev/%s is damaged; "
		       "the second one is used. Mend it with `sgdisk -e /dev/%s`, or with "
		       "`sfdisk --force --no-reread --relocate gpt-bak-std /dev/%s`", part->disk,
		       part->disk, part->disk);
}

bool find_spec_ok(const char *spec)
{
	enum spec_kind kind;
	const char *value;

	return spec_parse(spec, &kind, &value) == 0;
}
