/* SPDX-License-Identifier: MIT */
/*
 * The boot image into the other slot, its partition or its file on the ESP: written from front to back, flushed, and read back
 * from the medium.  The confirmed system never needs that slot, so a cut here loses nothing (I9); but
 * it must only be written while the boot loader is sure to leave it alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "cli/install.h"
#include "update/esp.h"
#include "update/slots.h"

#define FLUSH_EVERY_BYTES (32u << 20)

char install_slot(const struct board *b)
{
	return b->conf.slot == 'a' ? 'b' : 'a';
}

static int find_slot(const struct board *b, struct part *ret_part)
{
	return find_part(b->conf.boot[install_slot(b) - 'a'], 0, ret_part);
}

/* Who mounted it would see it change under the file system, and could write over it. */
static int check_unmounted(const struct part *part)
{
	static char mounts[64 * 1024];
	char line[sizeof(part->path) + 2];
	size_t len_bytes;
	const char *found;

	if (sys_read_file("/proc/self/mounts", mounts, sizeof(mounts), &len_bytes))
		return 0; /* no such list to be had: the slots are nobody's but ours */
	snprintf(line, sizeof(line), "%s ", part->path);
	found = strstr(mounts, line);
	if (found && (found == mounts || found[-1] == '\n'))
		return fail(EBUSY, "%s, where its kernel goes, is mounted; unmount it first",
			    part->path);
	return 0;
}

int install_boot_check(const struct board *b, const struct bundle_boot *boot)
{
	const struct record *rec = &b->world.record;
	struct part part;
	int rc;

	if (!slots_configured(&b->conf))
		return fail(EINVAL, "it brings a kernel, and this board has no boot-slots in its "
			    "configuration");
	if (!b->conf.slot)
		return fail(EINVAL, "it brings a kernel, and the boot loader does not say which "
			    "slot this boot is from (cowboot.slot=)");
	if (rec->slot_old && rec->slot_old != b->conf.slot)
		return fail(ESTALE, "this boot is from slot %c, and the system's kernel is in %c; "
			    "reboot first", b->conf.slot, rec->slot_old);
	/* Whether it fits on the ESP, making the file says. */
	if (b->conf.esp[0])
		return b->world.slots.health == BOOTBLOCK_GOOD ?
		       0 : fail(ENOENT, "the boot entries on %s cannot be used", b->conf.esp);
	rc = find_slot(b, &part);
	if (rc)
		return fail_in(rc, "the partition of boot slot %c", install_slot(b));
	if (boot->image_bytes > part.size_sectors * SECTOR_BYTES)
		return fail(EFBIG, "its boot image has %" PRIu64 " bytes, %s only %" PRIu64,
			    boot->image_bytes, part.path, part.size_sectors * SECTOR_BYTES);
	return check_unmounted(&part);
}

struct writing {
	struct dev dev;
	uint64_t at_bytes, flushed_bytes;
	const struct bundle *bundle;
	struct progress *progress;
};

static int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct writing *w = ctx;
	int rc = install_stopped();

	if (!rc)
		rc = dev_write(&w->dev, w->at_bytes, data, len_bytes);
	if (rc)
		return rc;
	w->at_bytes += len_bytes;
	if (w->at_bytes - w->flushed_bytes >= FLUSH_EVERY_BYTES) {
		rc = dev_flush(&w->dev);
		w->flushed_bytes = w->at_bytes;
	}
	progress_set(w->progress, bundle_done_bytes(w->bundle));
	return rc;
}

static int read_back(const struct dev *dev, const struct bundle_boot *boot)
{
	static uint8_t buf[256 * 1024];
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;
	int rc = dev_drop_cache(dev);

	digest_begin(&digest);
	for (uint64_t at = 0; !rc && at < boot->image_bytes;) {
		uint64_t left = boot->image_bytes - at;
		size_t piece_bytes = left < sizeof(buf) ? (size_t)left : sizeof(buf);

		rc = install_stopped();
		if (!rc)
			rc = dev_read(dev, at, buf, piece_bytes);
		if (!rc)
			digest_add(&digest, buf, piece_bytes);
		at += piece_bytes;
	}
	if (rc)
		return rc;
	digest_end(&digest, sum);
	return memcmp(sum, boot->image_digest, sizeof(sum)) ?
	       fail(EBADMSG, "%s does not hold the boot image the bundle promises", dev->name) : 0;
}

/* The partition of the other slot, or the file for it on the ESP, which is mounted then. */
static int open_slot(const struct board *b, uint64_t size_bytes, struct dev *ret_dev)
{
	char path[ESP_PATH_MAX];
	struct part part;
	int rc;

	if (!b->conf.esp[0]) {
		rc = find_slot(b, &part);
		return rc ? rc : dev_open(part.path, DEV_WRITE, ret_dev);
	}
	rc = esp_begin_kernel(&b->world, install_slot(b), size_bytes, path);
	if (rc)
		return rc;
	rc = dev_open(path, DEV_WRITE, ret_dev);
	if (rc)
		esp_leave();
	return rc;
}

int install_boot(struct board *b, struct bundle *bundle, struct progress *progress)
{
	const struct bundle_boot *boot = &bundle_manifest(bundle)->boot;
	struct writing w = { .dev = DEV_CLOSED, .bundle = bundle, .progress = progress };
	const struct cow_sink sink = { .write = take_bytes, .ctx = &w };
	/* A loader that still named this slot would start what is half written. */
	int rc = slots_settle(&b->world);

	if (!rc)
		rc = open_slot(b, boot->image_bytes, &w.dev);
	if (rc)
		return rc;
	rc = bundle_boot_next(bundle, &sink);
	if (!rc)
		rc = dev_flush(&w.dev);
	if (!rc)
		rc = read_back(&w.dev, boot);
	dev_close(&w.dev);
	if (b->conf.esp[0])
		esp_leave();
	return rc;
}
