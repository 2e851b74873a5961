/* SPDX-License-Identifier: MIT */
/*
 * U-Boot, told by the boot block on `meta`; each slot is a partition.  Must never open a slot that
 * somebody else has mounted or mapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"
#include "loader/bootblock.h"
#include "loader/loader.h"

static void load(struct loader *loader)
{
	bootblocks_load(loader->meta, &loader->state);
}

static int save(struct loader *loader, const struct loader_slots *slots)
{
	return bootblocks_save(loader->meta, slots, &loader->state);
}

static int find_part_of(const struct loader *loader, char slot, uint64_t size_bytes,
			const struct part **ret_part)
{
	const struct part *part = loader->slot[slot - 'a'];

	if (!part)
		return fail(ENODEV, "the partition of boot slot %c is not there, or is not its own",
			    slot);
	if (size_bytes > part->size_sectors * SECTOR_BYTES)
		return fail(EFBIG, "its boot image has %" PRIu64 " bytes, %s only %" PRIu64,
			    size_bytes, part->path, part->size_sectors * SECTOR_BYTES);
	*ret_part = part;
	return 0;
}

/*
 * The slot's partition, for this program alone: who has it mounted, by whatever name and in
 * whatever namespace, or mapped, holds it, and would write its cache over the new kernel.  Nobody
 * can mount it until the descriptor is closed.
 */
static int hold(const struct part *part, int *ret_fd)
{
	*ret_fd = sys_open(part->path, O_RDONLY | O_EXCL);
	if (*ret_fd == -EBUSY)
		return fail(EBUSY, "%s, where its kernel goes, is mounted; unmount it first",
			    part->path);
	return *ret_fd < 0 ? fail_sys(-*ret_fd, "cannot have %s for itself", part->path) : 0;
}

static int check_image(struct loader *loader, char slot, uint64_t size_bytes)
{
	const struct part *part;
	int fd, rc = find_part_of(loader, slot, size_bytes, &part);

	if (!rc)
		rc = hold(part, &fd);
	if (!rc)
		sys_close(fd);
	return rc;
}

static void name_image(const struct part *part, struct loader_image *image)
{
	snprintf(image->path, sizeof(image->path), "%s", part->path);
	snprintf(image->name, sizeof(image->name), "%s", part->path);
}

static int begin_image(struct loader *loader, char slot, uint64_t size_bytes,
		       struct loader_image *image)
{
	const struct part *part;
	int rc = find_part_of(loader, slot, size_bytes, &part);

	if (!rc)
		rc = hold(part, &image->held_fd);
	if (rc)
		return rc;
	name_image(part, image);
	rc = loader_open_image(image, DEV_WRITE, &image->dev);
	if (rc)
		sys_close(image->held_fd);
	return rc;
}

static int find_image(struct loader *loader, char slot, uint64_t size_bytes,
		      struct loader_image *image)
{
	const struct part *part;
	int rc = find_part_of(loader, slot, size_bytes, &part);

	if (!rc)
		name_image(part, image);
	return rc;
}

static void end_image(struct loader *loader, struct loader_image *image)
{
	(void)loader;
	if (image->held_fd >= 0)
		sys_close(image->held_fd);
	image->held_fd = -1;
}

const struct loader_kind loader_uboot = {
	.load = load,
	.save = save,
	.check_image = check_image,
	.begin_image = begin_image,
	.find_image = find_image,
	.end_image = end_image,
};
