/* SPDX-License-Identifier: MIT */
/*
 * The one comparison of places.  Must never take a name for a place, nor take two places for the same
 * one that differ in anything that both sides know, a partition's size under its own UUID excepted
 * (I13).
 */
#include "storage/place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "storage/find.h"

#define GUID_TEXT_BYTES 36
#define MBR_TEXT_BYTES 11	/* "0a2b3c4d-02"; a number over 255 is not written by anybody */

/* Where the digits of a GUID's text stand on the disk: three little-endian numbers, then bytes. */
static const uint8_t guid_order[PLACE_UUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6,
						      8, 9, 10, 11, 12, 13, 14, 15 };

struct place place_of(const struct part *part)
{
	struct place place = { .start_sectors = part->start_sectors,
			       .size_sectors = part->size_sectors };

	memcpy(place.part_uuid, part->part_uuid, sizeof(place.part_uuid));
	memcpy(place.disk_id, part->disk_id, sizeof(place.disk_id));
	return place;
}

bool place_is_known(const struct place *place)
{
	return place->size_sectors || place->start_sectors ||
	       !bytes_are_zero(place->part_uuid, sizeof(place->part_uuid)) ||
	       !bytes_are_zero(place->disk_id, sizeof(place->disk_id));
}

static bool both_known(const uint8_t a[PLACE_UUID_BYTES], const uint8_t b[PLACE_UUID_BYTES])
{
	return !bytes_are_zero(a, PLACE_UUID_BYTES) && !bytes_are_zero(b, PLACE_UUID_BYTES);
}

static bool differ(const uint8_t a[PLACE_UUID_BYTES], const uint8_t b[PLACE_UUID_BYTES])
{
	return both_known(a, b) && memcmp(a, b, PLACE_UUID_BYTES) != 0;
}

bool place_same(const struct place *kept, const struct place *found)
{
	if (!place_is_known(kept))
		return true;
	if (!found->size_sectors || kept->start_sectors != found->start_sectors ||
	    differ(kept->part_uuid, found->part_uuid) || differ(kept->disk_id, found->disk_id))
		return false;
	return both_known(kept->part_uuid, found->part_uuid) ||
	       !kept->size_sectors || kept->size_sectors == found->size_sectors;
}

static bool is_mbr(const uint8_t uuid[PLACE_UUID_BYTES])
{
	return bytes_are_zero(uuid + 8, PLACE_UUID_BYTES - 8);
}

static void uuid_text(char text[GUID_TEXT_BYTES + 1], const uint8_t uuid[PLACE_UUID_BYTES])
{
	size_t at = 0;

	if (is_mbr(uuid)) {
		(void)snprintf(text, GUID_TEXT_BYTES + 1, "%08" PRIx32 "-%02" PRIx32,
			       get_le32(uuid), get_le32(uuid + 4));
		return;
	}
	for (unsigned i = 0; i < PLACE_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		(void)snprintf(text + at, 3, "%02x", uuid[guid_order[i]]);
		at += 2;
	}
}

void place_text(char buf[PLACE_TEXT_MAX], const struct place *place)
{
	char uuid[GUID_TEXT_BYTES + 1];

	if (!place_is_known(place)) {
		(void)snprintf(buf, PLACE_TEXT_MAX, "an unknown place");
	} else if (bytes_are_zero(place->part_uuid, sizeof(place->part_uuid))) {
		(void)snprintf(buf, PLACE_TEXT_MAX, "%" PRIu64 " sectors at sector %" PRIu64,
			       place->size_sectors, place->start_sectors);
	} else {
		uuid_text(uuid, place->part_uuid);
		(void)snprintf(buf, PLACE_TEXT_MAX, "PARTUUID=%s at sector %" PRIu64, uuid,
			       place->start_sectors);
	}
}

bool place_spec(char buf[PLACE_SPEC_MAX], const struct place *place)
{
	char uuid[GUID_TEXT_BYTES + 1];

	if (bytes_are_zero(place->part_uuid, sizeof(place->part_uuid)))
		return false;
	uuid_text(uuid, place->part_uuid);
	(void)snprintf(buf, PLACE_SPEC_MAX, "PARTUUID=%s", uuid);
	return true;
}

int place_check(const char *name, const struct place *kept, const struct place *found)
{
	char was[PLACE_TEXT_MAX], is[PLACE_TEXT_MAX];

	if (place_same(kept, found))
		return 0;
	place_text(was, kept);
	place_text(is, found);
	if (!strcmp(was, is))
		return fail(ESTALE, "%s is on another disk than the update was made for", name);
	return fail(ESTALE, "%s is %s, and the update was made for %s", name, is, was);
}

void place_mbr_uuid(uint8_t ret_uuid[PLACE_UUID_BYTES], uint32_t signature, uint32_t number)
{
	memset(ret_uuid, 0, PLACE_UUID_BYTES);
	if (!signature)
		return;		/* this disk has no signature of its own, and so have others */
	put_le32(ret_uuid, signature);
	put_le32(ret_uuid + 4, number);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* count bytes of two digits each, in the order of the text. */
static bool parse_bytes(const char *text, uint8_t *ret_bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int high, low;

		if (i == 4 || (count > 5 && (i == 6 || i == 8 || i == 10)))
			if (*text++ != '-')
				return false;
		high = digit(text[0]);
		low = high < 0 ? -1 : digit(text[1]);
		if (low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return true;
}

bool place_uuid_parse(const char *text, uint8_t ret_uuid[PLACE_UUID_BYTES])
{
	uint8_t bytes[PLACE_UUID_BYTES];
	const size_t len = strlen(text);

	memset(ret_uuid, 0, PLACE_UUID_BYTES);
	if (len == GUID_TEXT_BYTES && parse_bytes(text, bytes, PLACE_UUID_BYTES)) {
		for (unsigned i = 0; i < PLACE_UUID_BYTES; i++)
			ret_uuid[guid_order[i]] = bytes[i];
		return true;
	}
	if (len != MBR_TEXT_BYTES || !parse_bytes(text, bytes, 5))
		return false;
	place_mbr_uuid(ret_uuid, (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				 (uint32_t)bytes[2] << 8 | bytes[3], bytes[4]);
	return true;
}

int place_folder_of(int fd, struct place_folder *ret_folder)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_sys(errno, "cannot look at the folder");
	if (!S_ISDIR(st.st_mode))
		return fail(ENOTDIR, "it is not a folder");
	*ret_folder = (struct place_folder){ (uint64_t)st.st_dev, (uint64_t)st.st_ino };
	return 0;
}

bool place_same_folder(const struct place_folder *kept, const struct place_folder *found)
{
	if (!found->inode)
		return false;
	if (kept->device && found->device && kept->device != found->device)
		return false;
	return !kept->inode || kept->inode == found->inode;
}
