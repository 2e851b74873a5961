/* SPDX-License-Identifier: MIT */
/*
 * The boot block's bytes (docs/formats.md), and its two copies.  The first copy that can be used
 * counts, for the boot loader too, whose script knows no more than that.  Must never write the copy
 * that counts while the other could not take its place.
 */
#include "loader/bootblock.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "base/fail.h"

#define MAGIC "COWSLOT\n"
#define VERSION 1u		/* of a new block */
#define VERSION_FEATURES 2u	/* the latest that is known */
#define AT_VERSION 8u
#define AT_GOOD 9u
#define AT_TRIAL 10u
#define AT_TRIES 11u
#define AT_ADDED 12u		/* zeros in version 1 */
#define AT_COMPAT 12u
#define AT_RO_COMPAT 16u
#define AT_INCOMPAT 20u
#define AT_CRC (BOOTBLOCK_BYTES - 4u)

static const uint32_t copy_offset[BOOTBLOCK_COPIES] = { BOOTBLOCK_OFFSET_BYTES,
							BOOTBLOCK_SPARE_OFFSET_BYTES };

static bool is_slot(char slot)
{
	return slot == 'a' || slot == 'b';
}

static bool block_ok(const struct loader_slots *block)
{
	if (!is_slot(block->good) || block->tries_left > LOADER_TRIES_MAX)
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

int bootblock_encode(const struct loader_slots *block, const uint8_t *like,
		     uint8_t buf[BOOTBLOCK_BYTES])
{
	if (!block_ok(block))
		return fail(EINVAL, "cannot make a boot block: a slot or its tries are wrong");
	memset(buf, 0, BOOTBLOCK_BYTES);
	memcpy(buf, MAGIC, AT_VERSION);
	buf[AT_VERSION] = VERSION;
	if (like) {
		buf[AT_VERSION] = like[AT_VERSION];
		memcpy(buf + AT_ADDED, like + AT_ADDED, AT_CRC - AT_ADDED);
	}
	buf[AT_GOOD] = (uint8_t)block->good;
	buf[AT_TRIAL] = (uint8_t)block->trial;
	buf[AT_TRIES] = block->tries_left;
	put_crc(buf);
	return 0;
}

/* Of a block with a right CRC: whether this program knows enough of it to read it. */
static bool is_known(const uint8_t buf[BOOTBLOCK_BYTES])
{
	return buf[AT_VERSION] < VERSION_FEATURES ||
	       (buf[AT_VERSION] == VERSION_FEATURES && !get_le32(buf + AT_INCOMPAT));
}

int bootblock_decode(const uint8_t buf[BOOTBLOCK_BYTES], struct loader_slots *ret_block,
		     bool *ret_read_only)
{
	uint8_t sealed[BOOTBLOCK_BYTES];
	struct loader_slots block;

	if (memcmp(buf, MAGIC, AT_VERSION))
		return -EBADMSG;
	memcpy(sealed, buf, AT_CRC);
	put_crc(sealed);
	if (memcmp(sealed, buf, BOOTBLOCK_BYTES))
		return -EBADMSG;
	if (!is_known(buf))
		return -ENOTSUP;
	block.good = (char)buf[AT_GOOD];
	block.trial = (char)buf[AT_TRIAL];
	block.tries_left = buf[AT_TRIES];
	if (buf[AT_VERSION] < VERSION || !block_ok(&block) ||
	    (buf[AT_VERSION] < VERSION_FEATURES &&
	     !bytes_are_zero(buf + AT_ADDED, AT_CRC - AT_ADDED)))
		return -EBADMSG;
	*ret_block = block;
	*ret_read_only = get_le32(buf + AT_RO_COMPAT) != 0;
	return 0;
}

/* Both copies, into buf too; ret_counts is the one that counts, when one does. */
static void load(const struct dev *meta, uint8_t buf[BOOTBLOCK_COPIES][BOOTBLOCK_BYTES],
		 struct loader_state *ret_state, unsigned *ret_counts)
{
	struct loader_state found = { .health = LOADER_DAMAGED };
	bool read[BOOTBLOCK_COPIES], alike;

	for (unsigned i = BOOTBLOCK_COPIES; i-- > 0;) {
		struct loader_slots block;
		bool read_only;
		int rc;

		read[i] = !dev_read(meta, copy_offset[i], buf[i], BOOTBLOCK_BYTES);
		rc = read[i] ? bootblock_decode(buf[i], &block, &read_only) : -EIO;
		if (rc == -ENOTSUP)
			found.health = LOADER_FOREIGN;
		if (rc || found.health == LOADER_FOREIGN)
			continue;
		found.health = LOADER_GOOD;
		found.slots = block;
		found.read_only |= read_only;
		*ret_counts = i;
	}
	alike = read[0] && read[1] && !memcmp(buf[0], buf[1], BOOTBLOCK_BYTES);
	if (alike && bytes_are_zero(buf[0], BOOTBLOCK_BYTES))
		found.health = LOADER_ABSENT;
	found.untidy = !alike;
	*ret_state = found;
}

void bootblocks_load(const struct dev *meta, struct loader_state *ret_state)
{
	uint8_t buf[BOOTBLOCK_COPIES][BOOTBLOCK_BYTES];
	unsigned counts;

	load(meta, buf, ret_state, &counts);
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

static bool same(const struct loader_slots *a, const struct loader_slots *b)
{
	return a->good == b->good && a->trial == b->trial && a->tries_left == b->tries_left;
}

int bootblocks_save(const struct dev *meta, const struct loader_slots *block,
		    struct loader_state *ret_state)
{
	uint8_t is[BOOTBLOCK_COPIES][BOOTBLOCK_BYTES], buf[BOOTBLOCK_BYTES];
	unsigned counts = 1;
	bool is_said;
	int rc;

	load(meta, is, ret_state, &counts);
	is_said = ret_state->health == LOADER_GOOD;
	rc = bootblock_encode(block, is_said ? is[counts] : NULL, buf);
	if (rc)
		return rc;
	is_said = is_said && same(&ret_state->slots, block);
	/* A command that was killed may have left it in a cache only. */
	if (is_said && !ret_state->untidy)
		return dev_flush(meta);
	if (ret_state->health == LOADER_FOREIGN || ret_state->read_only)
		return fail(EROFS, "cannot save the boot block: a later cowboot wrote the one on %s",
			    meta->name);
	rc = save_copy(meta, copy_offset[1 - counts], buf);
	if (!rc && !is_said)
		rc = save_copy(meta, copy_offset[counts], buf);
	if (rc) {
		load(meta, is, ret_state, &counts);
		return rc;
	}
	*ret_state = (struct loader_state){ .health = LOADER_GOOD, .slots = *block };
	return 0;
}
