/* SPDX-License-Identifier: MIT */
/* One interface before every kind of boot loader.  Must never call what the board has not. */
#include "loader/loader.h"

#include <errno.h>
#include <stdio.h>

#include "base/fail.h"

char loader_next(const struct loader_slots *slots)
{
	return slots->trial && slots->tries_left ? slots->trial : slots->good;
}

static int no_slots(void)
{
	return fail(EINVAL, "the board's configuration names no boot slots");
}

void loader_load(struct loader *loader)
{
	loader->state = (struct loader_state){ .health = LOADER_ABSENT };
	if (loader->kind)
		loader->kind->load(loader);
}

int loader_save(struct loader *loader, const struct loader_slots *slots)
{
	return loader->kind ? loader->kind->save(loader, slots) : no_slots();
}

int loader_check_image(struct loader *loader, char slot, uint64_t size_bytes)
{
	return loader->kind ? loader->kind->check_image(loader, slot, size_bytes) : no_slots();
}

static void image_clear(struct loader_image *image)
{
	*image = (struct loader_image){ .dev = DEV_CLOSED, .held_fd = -1 };
}

int loader_begin_image(struct loader *loader, char slot, uint64_t size_bytes,
		       struct loader_image *ret_image)
{
	image_clear(ret_image);
	if (!loader->kind)
		return no_slots();
	return loader->kind->begin_image(loader, slot, size_bytes, ret_image);
}

int loader_find_image(struct loader *loader, char slot, uint64_t size_bytes,
		      struct loader_image *ret_image)
{
	image_clear(ret_image);
	if (!loader->kind)
		return no_slots();
	return loader->kind->find_image(loader, slot, size_bytes, ret_image);
}

int loader_open_image(const struct loader_image *image, enum dev_mode mode, struct dev *ret_dev)
{
	int rc = dev_open(image->path, mode, ret_dev);

	if (!rc)
		snprintf(ret_dev->name, sizeof(ret_dev->name), "%s", image->name);
	return rc;
}

void loader_end_image(struct loader *loader, struct loader_image *image)
{
	dev_close(&image->dev);
	if (loader->kind)
		loader->kind->end_image(loader, image);
}
