/* SPDX-License-Identifier: MIT */
/*
 * The boot image into the other slot, its partition or its file on the ESP: written from front to
 * back, flushed, and read back from the medium.  The confirmed system never needs that slot, so a
 * cut here loses nothing (I9); but it must only be written while the boot loader is sure to leave
 * it alone.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "update/fill.h"
#include "update/install.h"
#include "update/slots.h"

char install_slot(const struct world *w)
{
	return w->conf->slot == 'a' ? 'b' : 'a';
}

int install_boot_check(struct world *w, const struct bundle_boot *boot)
{
	const struct record *rec = &w->record;

	if (!slots_configured(w->conf))
		return fail(EINVAL, "it brings a kernel, and this board has no boot-slots in its "
			    "configuration");
	if (!w->conf->slot)
		return fail(EINVAL, "it brings a kernel, and the boot loader does not say which "
			    "slot this boot is from (cowboot.slot=)");
	if (rec->slot_old && rec->slot_old != w->conf->slot)
		return fail(ESTALE, "this boot is from slot %c, and the system's kernel is in %c; "
			    "reboot first", w->conf->slot, rec->slot_old);
	return loader_check_image(&w->loader, install_slot(w), boot->image_bytes);
}

struct writing {
	struct loader_image image;
	struct fill fill;
	const struct bundle *bundle;
	struct progress *progress;
};

static int take_bytes(void *ctx, const void *data, size_t len_bytes)
{
	struct writing *to = ctx;
	int rc = fill_add(&to->fill, data, len_bytes);

	if (!rc)
		progress_set(to->progress, bundle_done_bytes(to->bundle));
	return rc;
}

static int digest_slot(const struct dev *dev, const struct bundle_boot *boot)
{
	uint8_t sum[DIGEST_BYTES];
	struct digest digest;
	int rc;

	digest_begin(&digest);
	rc = fill_digest(dev, 0, boot->image_bytes, &digest, NULL);
	if (rc)
		return rc;
	digest_end(&digest, sum);
	return memcmp(sum, boot->image_digest, sizeof(sum)) ?
	       fail(EBADMSG, "%s does not hold the boot image the bundle promises", dev->name) : 0;
}

/* What the medium holds, past every cache. */
static int read_back(const struct loader_image *image, const struct bundle_boot *boot)
{
	struct dev dev = DEV_CLOSED;
	int rc = loader_open_image(image, DEV_MEDIUM, &dev);

	if (!rc)
		rc = digest_slot(&dev, boot);
	dev_close(&dev);
	return rc;
}

bool install_boot_there(struct world *w, const struct bundle_boot *boot)
{
	struct loader_image image;
	bool is_there;

	if (loader_find_image(&w->loader, install_slot(w), boot->image_bytes, &image))
		return false;
	is_there = read_back(&image, boot) == 0;
	loader_end_image(&w->loader, &image);
	return is_there;
}

/* The image into the open slot. */
static int write_slot(struct writing *to, struct bundle *bundle, const struct bundle_boot *boot)
{
	const struct cow_sink sink = { .write = take_bytes, .ctx = to };
	const struct loader_image *image = &to->image;
	int rc = bundle_boot_next(bundle, &sink);

	if (!rc)
		rc = dev_flush(&image->dev);
	return rc ? rc : read_back(image, boot);
}

int install_boot(struct world *w, struct bundle *bundle, struct progress *progress)
{
	const struct bundle_boot *boot = &bundle_manifest(bundle)->boot;
	struct writing to = { .fill = { .dev = &to.image.dev }, .bundle = bundle,
			      .progress = progress };
	/* A loader that still named this slot would start what is half written. */
	int rc = slots_settle(w);

	if (!rc)
		rc = loader_begin_image(&w->loader, install_slot(w), boot->image_bytes,
					&to.image);
	if (rc)
		return rc;
	rc = write_slot(&to, bundle, boot);
	loader_end_image(&w->loader, &to.image);
	return rc;
}
