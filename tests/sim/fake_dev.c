/* SPDX-License-Identifier: MIT */
/*
 * Stands for src/storage/dev.c: partitions are the fake disks, /dev/mapper/NAME what the
 * fake kernel has.  A long write goes to the page cache and leaves it page by page, each for
 * itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "esp.h"
#include "storage/block.h"
#include "storage/dev.h"

#define FD_PARTITION 1000
#define FD_DM 2000
#define FD_IMAGE 3000 /* NEW's first volume, as a file */
#define FD_ESP 4000 /* a file there, by its first sector */
#define PAGE_SECTORS 8u

uint8_t was_read[SECTORS_MAX];

static unsigned held[16]; /* by minor: what the running program has open */

void dev_reset(void)
{
	memset(held, 0, sizeof(held));
	memset(was_read, 0, disks_total);
}

static enum fault_kind kind_of(const struct dev *dev)
{
	if (dev->fd >= FD_ESP)
		return FAULT_ESP;
	return dev->fd == FD_PARTITION + DISK_META ? FAULT_META : FAULT_DISK;
}

/* The fake board's disks are not in /sys. */
enum block_kind block_kind(const char *sysfs_dir, const char *name)
{
	(void)sysfs_dir, (void)name;
	return BLOCK_NONE;
}

int block_disk(const char *sysfs_dir, const char *name, char *buf, size_t size_bytes)
{
	(void)sysfs_dir, (void)name, (void)buf, (void)size_bytes;
	return -ENOENT;
}

int block_text(const char *sysfs_dir, const char *name, const char *file, char *buf,
	       size_t size_bytes, size_t *ret_len_bytes)
{
	(void)sysfs_dir;
	(void)name;
	(void)file;
	(void)buf;
	(void)size_bytes;
	(void)ret_len_bytes;
	return -ENOENT;
}

bool block_is_plugged(const char *sysfs_dir, const char *name)
{
	(void)sysfs_dir;
	(void)name;
	return false;
}

int block_disk_of(const char *sysfs_dir, unsigned major, unsigned minor, char *buf,
		  size_t size_bytes)
{
	(void)sysfs_dir, (void)major, (void)minor, (void)buf, (void)size_bytes;
	return -ENOENT;
}

static int sector_of(const struct dev *dev, uint64_t sector)
{
	if (dev->fd >= FD_ESP)
		return dev->fd - FD_ESP + (int)sector;
	if (dev->fd >= FD_DM)
		return dm_resolve(dev->fd - FD_DM, sector);
	return (int)(disk_base[dev->fd - FD_PARTITION] + sector);
}

static enum disk disk_of(int at)
{
	unsigned d = 0;

	while (at >= (int)(disk_base[d] + disk_size[d]))
		d++;
	return (enum disk)d;
}

int dev_open(const char *path, enum dev_mode mode, struct dev *ret_dev)
{
	struct dev dev = { .writable = mode == DEV_WRITE };
	unsigned number, from;
	int minor = dm_minor_of_path(path);

	kernel_tick();
	if (!strcmp(path, "/image")) {
		dev.fd = FD_IMAGE;
		dev.size_bytes = (uint64_t)disk_size[DISK_VOL0] * SECTOR;
	} else if (strncmp(path, "/dev/sim", 8) == 0 && path[8] >= '1' && path[8] <= '9') {
		number = (unsigned)strtoul(path + 8, NULL, 10);
		dev.fd = FD_PARTITION + (int)number - 1;
		dev.size_bytes = (uint64_t)disk_size[number - 1] * SECTOR;
	} else if (esp_path(path) && !esp_dev(path, &from, &dev.size_bytes)) {
		dev.fd = FD_ESP + (int)from;
	} else if (minor >= 0) {
		dev.fd = FD_DM + minor;
		dev.size_bytes = dm_size(minor) * SECTOR;
	} else {
		return fail_sys(ENOENT, "cannot open %s", path);
	}
	if (fault(dev.fd == FD_PARTITION + DISK_META ? FAULT_MISSING : kind_of(&dev), "open", path))
		return fail_sys(EIO, "cannot open %s", path);
	if (minor >= 0 && mode == DEV_WRITE && !dm_writable(minor))
		return fail_sys(EROFS, "cannot open %s", path);
	if (minor >= 0 && !dm_open(minor, 1))
		return fail_sys(ENXIO, "cannot open %s", path);
	if (minor >= 0)
		held[minor]++;
	snprintf(dev.name, sizeof(dev.name), "%s", path);
	/* Past the cache: pages whose write failed are not seen. */
	if (mode == DEV_MEDIUM && dev.fd != FD_IMAGE && sector_of(&dev, 0) >= 0)
		disk_forget_orphans(disk_of(sector_of(&dev, 0)));
	*ret_dev = dev;
	return 0;
}

void dev_close(struct dev *dev)
{
	if (dev->fd >= FD_DM && dev->fd < FD_IMAGE) {
		held[dev->fd - FD_DM]--;
		dm_open(dev->fd - FD_DM, -1);
	}
	dev->fd = -1;
}

void dev_close_all(void)
{
	for (int minor = 0; minor < 16; minor++)
		for (; held[minor]; held[minor]--)
			dm_open(minor, -1);
	esp_reset();
}

static bool outside(const struct dev *dev, uint64_t offset_bytes, size_t len_bytes)
{
	return dev->fd < 0 || offset_bytes > dev->size_bytes ||
	       len_bytes > dev->size_bytes - offset_bytes;
}

int dev_read(const struct dev *dev, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	uint8_t *to = buf;

	if (dev->fd == FD_IMAGE) {
		if (outside(dev, offset_bytes, len_bytes) || offset_bytes % SECTOR || len_bytes % SECTOR)
			violation("an image is read beside its sectors");
		for (; len_bytes; len_bytes -= SECTOR, to += SECTOR, offset_bytes += SECTOR)
			memcpy(to, content_bytes(new_of[0][offset_bytes / SECTOR]), SECTOR);
		return 0;
	}

	if (outside(dev, offset_bytes, len_bytes))
		return fail(EINVAL, "cannot read %s: outside", dev->name);
	kernel_tick();
	if (fault(kind_of(dev), "read", dev->name))
		return fail_sys(EIO, "cannot read %s", dev->name);
	while (len_bytes) {
		unsigned in = (unsigned)(offset_bytes % SECTOR);
		size_t piece = SECTOR - in < len_bytes ? SECTOR - in : len_bytes;
		int at = sector_of(dev, offset_bytes / SECTOR);

		if (at < 0 || view.at[at] == CONTENT_BAD)
			return fail_sys(EIO, "cannot read %s", dev->name);
		was_read[at] = 1;
		if (view.at[at] == CONTENT_ZERO)
			memset(to, 0, piece);
		else
			memcpy(to, content_bytes(view.at[at]) + in, piece);
		to += piece;
		offset_bytes += piece;
		len_bytes -= piece;
	}
	return 0;
}

/*
 * Before anything is laid into a store, the header and the first area of whatever lay there must be
 * gone for good: else a cut brings it back to life under the new one.
 */
static void must_be_wiped(const struct dev *dev)
{
	static int last_minor;
	static unsigned last_life;

	if (dev->fd < FD_DM || dev->fd >= FD_ESP || (last_minor == dev->fd && last_life == lives_run))
		return;
	for (unsigned s = 0; s < 2 * plan->chunk_sectors; s++) {
		int at = dm_resolve(dev->fd - FD_DM, s);

		if (at >= 0 && now.durable.at[at] != CONTENT_ZERO)
			violation("I5: a store is filled before what lay there is wiped for good");
	}
	last_minor = dev->fd;
	last_life = lives_run;
}

/* Up to the page's end, or to where the next sector lies elsewhere. */
static unsigned write_page(const struct dev *dev, uint64_t sector, const uint8_t *from,
			   unsigned count)
{
	int at = sector_of(dev, sector);
	unsigned n = 0, most = PAGE_SECTORS - (unsigned)(sector % PAGE_SECTORS);
	content words[PAGE_SECTORS];

	do {
		words[n] = content_of(from + n * SECTOR);
		if (words[n] != CONTENT_ZERO)
			must_be_wiped(dev);
		n++;
	} while (n < most && n < count && sector_of(dev, sector + n) == at + (int)n);
	if (disk_of(at) == DISK_VOL0 || disk_of(at) == DISK_VOL1)
		saw_origin_write();
	if (disk_of(at) == DISK_META)
		saw_record_write();
	disk_write(disk_of(at), (unsigned)at, n, words,
		   disk_of(at) == DISK_ESP ? esp_how() : WRITE_CACHED);
	return n;
}

int dev_write(const struct dev *dev, uint64_t offset_bytes, const void *buf, size_t len_bytes)
{
	unsigned count = (unsigned)(len_bytes / SECTOR), done = 0;
	uint8_t partial[SECTOR];
	bool fails;

	if (outside(dev, offset_bytes, len_bytes) || !dev->writable)
		return fail(EINVAL, "cannot write %s: outside or not writable", dev->name);
	if (offset_bytes % SECTOR)
		violation("a write that begins inside a sector: %s", dev->name);
	kernel_tick();
	fails = fault(kind_of(dev), "write", dev->name);
	/* A write that fails has got half way. */
	if (fails)
		count /= 2;
	while (done < count)
		done += write_page(dev, offset_bytes / SECTOR + done,
				   (const uint8_t *)buf + done * SECTOR, count - done);
	if (fails)
		return fail_sys(EIO, "cannot write %s", dev->name);
	if (len_bytes % SECTOR) {
		int at = sector_of(dev, offset_bytes / SECTOR + done);

		memcpy(partial, content_bytes(view.at[at]), SECTOR);
		memcpy(partial, (const uint8_t *)buf + done * SECTOR, len_bytes % SECTOR);
		write_page(dev, offset_bytes / SECTOR + done, partial, 1);
	}
	return 0;
}

int dev_flush(const struct dev *dev)
{
	enum disk d;
	int at;

	if (dev->fd < 0)
		return fail(EBADF, "cannot flush %s: it is not open", dev->name);
	at = sector_of(dev, 0);
	if (at < 0)
		return fail_sys(EIO, "cannot flush %s", dev->name);
	d = disk_of(at);
	kernel_tick();
	if (fault(kind_of(dev), "flush", dev->name)) {
		disk_flush_failed(d);
		return fail_sys(EIO, "cannot flush %s", dev->name);
	}
	disk_flush(d);
	/* One disk holds both on every board, and its cache is what is flushed. */
	if (d == DISK_META && plan->esp)
		disk_flush(DISK_ESP);
	return 0;
}

int dev_drop_cache(const struct dev *dev)
{
	if (dev->fd < 0)
		return fail(EBADF, "cannot drop the cache of %s: it is not open", dev->name);
	if (fault(kind_of(dev), "drop the cache of", dev->name))
		return fail_sys(EIO, "cannot drop the cache of %s", dev->name);
	if (sector_of(dev, 0) >= 0)
		disk_forget_orphans(disk_of(sector_of(dev, 0)));
	return 0;
}
