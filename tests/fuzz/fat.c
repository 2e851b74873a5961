/* SPDX-License-Identifier: MIT */
/*
 * A FAT file system of 64 MiB, zeros behind the input, with systemd-boot's entries on it: read to some end,
 * in bounded time, whatever it says.
 */
#include "fuzz.h"

#include "loader/entries.h"
#include "loader/fat.h"

#define SIZE_BYTES (64u << 20)

static struct fuzz_disk disk;

/* ---- Stand for storage/dev.c ---- */

int dev_open(const char *path, enum dev_mode mode, struct dev *ret_dev)
{
	(void)path;
	(void)mode;
	*ret_dev = (struct dev){ .fd = 3, .size_bytes = SIZE_BYTES, .name = "disk" };
	return 0;
}

int dev_read(const struct dev *dev, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	if (offset_bytes > dev->size_bytes || len_bytes > dev->size_bytes - offset_bytes)
		return fail(EINVAL, "cannot read past the end");
	return fuzz_read(&disk, offset_bytes, buf, len_bytes);
}

void dev_close(struct dev *dev)
{
	dev->fd = -1;
}

/* ---- The target ---- */

static int take(void *ctx, const struct fat_file *file)
{
	unsigned *count = ctx;

	must(memchr(file->name, 0, sizeof(file->name)));
	return ++*count == 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static const char *const files[] = { "cowboot/a.efi", "loader/entries/cowboot-a.conf", "SHORT.TXT" };
	static struct entries all;
	static uint8_t buf[65536];
	struct loader_state state;
	struct fat_file file = { .is_dir = true };
	unsigned count = 0;
	struct fat fat;

	disk = (struct fuzz_disk){ data, len_bytes };
	if (fat_open("disk", &fat))
		return 0;
	(void)fat_each(&fat, &file, take, &count);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!fat_find(&fat, files[i], &file) && !file.is_dir)
			(void)fat_read(&fat, &file, buf,
				       file.size_bytes < sizeof(buf) ? file.size_bytes : sizeof(buf));
	fat_close(&fat);
	if (!entries_list("disk", &all))
		entries_judge(&all, &state);
	return 0;
}
