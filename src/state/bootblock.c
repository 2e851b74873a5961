/* SPDX-License-Identifier: MIT */
/*
 * The boot block's bytes (docs/formats.md), and its two copies.  The first copy that can be used
 * counts, for the boot loader too, whose script knows no more than that.  Must never write the copy
 * that counts while the other could not take its place.
 */
#include "state/bootblock.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "base/fail.h"

#define MAGIC "COWSLOT\n"
#define VERSION 1u
#define AT_VERSION 8u
#define AT_GOOD 9u
#define AT_TRIAL 10u
#define AT_TRIES 11u
#define AT_RESERVED 12u
#define AT_CRC (BOOTBLOCK_BYTES - 4u)

static const uint32_t copy_offset[BOOTBLOCK_COPIES] = { BOOTBLOCK_OFFSET_BYTES,
							BOOTBLOCK_SPARE_OFFSET_BYTES };

static bool is_slot(char slot)
{
	return slot == 'a' || slot == 'b';
}

static bool block_ok(const struct bootblock *block)
{
	if (!is_slot(block->good) || block->tries_left > BOOTBLOCK_TRIES_MAX)
		return false;
	if (!block->trial)
		return !block->tries_left;
	return is_slot(block->trial) && block->trial != block->good;
}

/* The one number that is not little-endian: it stands as U-Boot's crc32 command leaves it. */
static void put_crc(uint8_t buf[BOOTBLOCK_BYTES])
{
	uint32_t crc = crc32_of(buf, AT_CRC);

	for (unsigned i = 0; i < 4; i++)
		buf[AT_CRC + i] = (uint8_t)(crc >> (24 - 8 * i));
}

int bootblock_encode(const struct bootblock *block, uint8_t buf[BOOTBLOCK_BYTES])
{
	if (!block_ok(block))
		return fail(EINVAL, "cannot make a boot block: a slot or its tries are wrong");
	memset(buf, 0, BOOTBLOCK_BYTES);
	memcpy(buf, MAGIC, AT_VERSION);
	buf[AT_VERSION] = VERSION;
	buf[AT_GOOD] = (uint8_t)block->good;
	buf[AT_TRIAL] = (uint8_t)block->trial;
	buf[AT_TRIES] = block->tries_left;
	put_crc(buf);
	return 0;
}

int bootblock_decode(const uint8_t buf[BOOTBLOCK_BYTES], struct bootblock *ret_block)
{
	uint8_t sealed[BOOTBLOCK_BYTES];
	struct bootblock block;

	if (memcmp(buf, MAGIC, AT_VERSION))
		return -EBADMSG;
	memcpy(sealed, buf, AT_CRC);
	put_crc(sealed);
	if (memcmp(sealed, buf, BOOTBLOCK_BYTES))
		return -EBADMSG;
	if (buf[AT_VERSION] > VERSION)
		return -ENOTSUP;
	block.good = (char)buf[AT_GOOD];
	block.trial = (char)buf[AT_TRIAL];
	block.tries_left = buf[AT_TRIES];
	if (buf[AT_VERSION] != VERSION || !block_ok(&block) ||
	    !bytes_are_zero(buf + AT_RESERVED, AT_CRC - AT_RESERVED))
		return -EBADMSG;
	*ret_block = block;
	return 0;
}

char bootblock_next(const struct bootblock *block)
{
	return block->trial && block->tries_left ? block->trial : block->good;
}

void bootblocks_load(const struct dev *meta, struct bootblocks *ret_blocks)
{
	uint8_t buf[BOOTBLOCK_COPIES][BOOTBLOCK_BYTES];
	struct bootblocks found = { .health = BOOTBLOCK_DAMAGED };
	bool read[BOOTBLOCK_COPIES];

	for (unsigned i = BOOTBLOCK_COPIES; i-- > 0;) {
		struct bootblock block;
		int rc;

		read[i] = !dev_read(meta, copy_offset[i], buf[i], BOOTBLOCK_BYTES);
		rc = read[i] ? bootblock_decode(buf[i], &block) : -EIO;
		if (rc == -ENOTSUP)
			found.health = BOOTBLOCK_FOREIGN;
		if (rc || found.health == BOOTBLOCK_FOREIGN)
			continue;
		found.health = BOOTBLOCK_GOOD;
		found.counts = i;
		found.block = block;
	}
	found.alike = read[0] && read[1] && !memcmp(buf[0], buf[1], BOOTBLOCK_BYTES);
	if (found.alike && bytes_are_zero(buf[0], BOOTBLOCK_BYTES))
		found.health = BOOTBLOCK_ABSENT;
	*ret_blocks = found;
}

/* One copy, and what the medium then holds. */
static int save_copy(const struct dev *meta, uint32_t offset_bytes, const uint8_t *buf)
{
	uint8_t back[BOOTBLOCK_BYTES];
	int rc = dev_write(meta, offset_bytes, buf, BOOTBLOCK_BYTES);

	if (!rc)
		rc = dev_flush(meta);
	if (!rc)
		rc = dev_drop_cache(meta);
	if (!rc)
		rc = dev_read(meta, offset_bytes, back, sizeof(back));
	if (!rc && memcmp(buf, back, sizeof(back)))
		rc = fail(EIO, "%s does not keep what was written", meta->name);
	return rc ? fail_in(rc, "cannot save the boot block") : 0;
}

static bool same(const struct bootblock *a, const struct bootblock *b)
{
	return a->good == b->good && a->trial == b->trial && a->tries_left == b->tries_left;
}

int bootblocks_save(const struct dev *meta, const struct bootblock *block,
		    struct bootblocks *blocks)
{
	const bool good = blocks->health == BOOTBLOCK_GOOD;
	const unsigned last = good ? blocks->counts : 1;
	const bool is_said = good && same(&blocks->block, block);
	uint8_t buf[BOOTBLOCK_BYTES];
	int rc = bootblock_encode(block, buf);

	if (rc || (is_said && blocks->alike))
		return rc;
	if (blocks->health == BOOTBLOCK_FOREIGN)
		return fail(EROFS, "cannot save the boot block: a later cowboot wrote the one on %s",
			    meta->name);
	rc = save_copy(meta, copy_offset[1 - last], buf);
	if (!rc && !is_said)
		rc = save_copy(meta, copy_offset[last], buf);
	if (rc) {
		bootblocks_load(meta, blocks);
		return rc;
	}
	*blocks = (struct bootblocks){ BOOTBLOCK_GOOD, true, 0, *block };
	return 0;
}
