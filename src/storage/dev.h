/* SPDX-License-Identifier: MIT */
/*
 * A block device or an image file: read, write, flush, size.  Offsets and lengths are bytes, of any
 * alignment.  A write is durable after the next dev_flush that returned 0,
 * not before.  Failures leave a line in base/fail.h that names the device.
 */
#ifndef COWBOOT_STORAGE_DEV_H
#define COWBOOT_STORAGE_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEV_NAME_MAX 128

struct dev {
	int fd;			/* -1: closed */
	bool writable;
	uint32_t direct_bytes;	/* past the cache, in such pieces; 0: through it */
	uint64_t size_bytes;
	char name[DEV_NAME_MAX];	/* for messages */
};

#define DEV_CLOSED { .fd = -1 }

/*
 * DEV_MEDIUM reads what the medium holds, past every cache.  A mounted file system keeps blocks of its
 * device in that device's cache which it has changed and never writes (ext4 does so with its superblock
 * and its journal's, mounted read-only too): so whatever is compared or digested is read past that
 * cache.
 *
 * DEV_ALONE reads.  Opening fails with -EBUSY while the block device is mounted or mapped, by whatever
 * name and in whatever namespace; and as long as it is open, nobody can mount or map it.  To write,
 * open the device with DEV_WRITE as well.
 */
enum dev_mode { DEV_READ, DEV_WRITE, DEV_MEDIUM, DEV_ALONE };

/* Opens a block device or regular file. */
int dev_open(const char *path, enum dev_mode mode, struct dev *ret_dev);

/* All of it or an error; reading or writing past the end is -EINVAL. */
int dev_read(const struct dev *dev, uint64_t offset_bytes, void *buf, size_t len_bytes);
int dev_write(const struct dev *dev, uint64_t offset_bytes, const void *buf, size_t len_bytes);

/* Everything written so far is on stable storage when this returns 0. */
int dev_flush(const struct dev *dev);

/* Forgets cached clean pages: the next read comes from the medium. Call dev_flush before. */
int dev_drop_cache(const struct dev *dev);

/* Closes; a closed device may be closed again. */
void dev_close(struct dev *dev);

#endif
