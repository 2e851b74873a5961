/* SPDX-License-Identifier: MIT */
/*
 * A `meta` partition in memory, in place of storage/dev.c: a medium, a cache that reads see and a
 * flush empties, sectors that cannot be read until they are written, a call that fails, and a log
 * of what was written.  Each test program has its own; it defines every dev_ function, so the
 * linker takes none from the rooms.
 */
#ifndef TESTS_STATE_DISK_H
#define TESTS_STATE_DISK_H

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "state/copies.h"
#include "state/record_bytes.h"

#define DISK_BYTES META_BYTES_MIN
#define DISK_OPS_MAX 32
#define DISK_WRITE_MAX (32u * 1024)

struct disk_op {
	bool is_flush;
	uint64_t offset_bytes;
	size_t len_bytes;
	uint8_t data[DISK_WRITE_MAX];
};

static struct disk {
	uint8_t cache[DISK_BYTES];		/* what a read sees */
	bool bad[DISK_BYTES / SECTOR_BYTES];	/* cannot be read */
	bool worn;				/* bad sectors cannot be written either */
	bool dirty;				/* a write was not flushed yet */
	unsigned calls, fail_at;		/* the call that fails; 0: none */
	unsigned op_count;
	struct disk_op op[DISK_OPS_MAX];
} disk;

static struct dev meta = { .fd = 0, .writable = true, .size_bytes = DISK_BYTES, .name = "meta" };

static inline void disk_zero(void)
{
	memset(disk.cache, 0, sizeof(disk.cache));
	memset(disk.bad, 0, sizeof(disk.bad));
	disk.worn = disk.dirty = false;
	disk.calls = disk.fail_at = disk.op_count = 0;
}

/* Forgets the log; the content stays. */
static inline void disk_listen(unsigned fail_at)
{
	disk.calls = disk.op_count = 0;
	disk.fail_at = fail_at;
}

/* Bytes that nobody meant, the same in every run. */
static inline void disk_garbage(uint8_t *data, size_t len_bytes, uint32_t seed)
{
	for (size_t i = 0; i < len_bytes; i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24);
	}
}

static inline bool disk_is_bad(uint64_t offset_bytes, size_t len_bytes)
{
	for (uint64_t s = offset_bytes / SECTOR_BYTES; s * SECTOR_BYTES < offset_bytes + len_bytes; s++)
		if (disk.bad[s])
			return true;
	return false;
}

static inline void disk_make_bad(uint64_t offset_bytes, size_t len_bytes, bool bad)
{
	for (uint64_t s = offset_bytes / SECTOR_BYTES; s * SECTOR_BYTES < offset_bytes + len_bytes; s++)
		disk.bad[s] = bad;
}

int dev_read(const struct dev *dev, uint64_t offset_bytes, void *buf, size_t len_bytes)
{
	assert_string_equal(dev->name, meta.name);
	assert_true(offset_bytes + len_bytes <= DISK_BYTES);
	memset(buf, 0xbd, len_bytes);	/* a failed read leaves anything */
	if (disk_is_bad(offset_bytes, len_bytes))
		return fail_sys(EIO, "cannot read meta");
	memcpy(buf, disk.cache + offset_bytes, len_bytes);
	return 0;
}

/* Between two flushes one write is in doubt at most, or a cut could tear both copies. */
int dev_write(const struct dev *dev, uint64_t offset_bytes, const void *buf, size_t len_bytes)
{
	struct disk_op *op = &disk.op[disk.op_count];

	assert_string_equal(dev->name, meta.name);
	assert_true(offset_bytes + len_bytes <= DISK_BYTES && len_bytes <= DISK_WRITE_MAX);
	assert_true(disk.op_count < DISK_OPS_MAX);
	assert_false(disk.dirty);
	if (++disk.calls == disk.fail_at || (disk.worn && disk_is_bad(offset_bytes, len_bytes))) {
		memcpy(disk.cache + offset_bytes, buf, len_bytes / 2);
		disk_garbage(disk.cache + offset_bytes, 64, 5);
		return fail_sys(EIO, "cannot write meta");
	}
	memcpy(disk.cache + offset_bytes, buf, len_bytes);
	disk_make_bad(offset_bytes, len_bytes, false);
	disk.dirty = true;
	disk.op_count++;
	op->is_flush = false;
	op->offset_bytes = offset_bytes;
	op->len_bytes = len_bytes;
	memcpy(op->data, buf, len_bytes);
	return 0;
}

int dev_flush(const struct dev *dev)
{
	assert_string_equal(dev->name, meta.name);
	assert_true(disk.op_count < DISK_OPS_MAX);
	disk.dirty = false;	/* failed or not, the kernel holds it for clean */
	if (++disk.calls == disk.fail_at)
		return fail_sys(EIO, "cannot flush meta");
	disk.op[disk.op_count++].is_flush = true;
	return 0;
}

int dev_open(const char *path, enum dev_mode mode, struct dev *ret_dev)
{
	(void)path, (void)mode, (void)ret_dev;
	return -ENODEV;
}

int dev_drop_cache(const struct dev *dev)
{
	(void)dev;
	return 0;
}

void dev_close(struct dev *dev)
{
	(void)dev;
}

static inline uint64_t disk_copy_at(unsigned i)
{
	return (uint64_t)i * COPY_B_OFFSET_BYTES;
}

/* Puts a record where copy i is, past the code that is tested. Returns its bytes. */
static inline size_t disk_put_record(unsigned i, const struct record *rec)
{
	static uint8_t buf[RECORD_BYTES_MAX];
	size_t len_bytes;

	assert_int_equal(record_encode(rec, buf, &len_bytes), 0);
	memcpy(disk.cache + disk_copy_at(i), buf, len_bytes);
	return len_bytes;
}

#endif
