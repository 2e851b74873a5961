/* SPDX-License-Identifier: MIT */
/*
 * Names in a folder of a FAT file system.  As Linux has it, a slot that was never used ends no
 * folder; and a long name that is not whole, or is not that of the file behind it, is none: the
 * file has its short name then.
 */
#include "loader/fatname.h"

#include <string.h>

#include "base/bytes.h"

#define SHORT_BYTES 11u
#define SHORT_STEM_BYTES 8u
#define LONG_CHARS 13u		/* in one slot */
#define LONG_SLOTS_MAX 20u
#define IS_LAST_SLOT 0x40u	/* the last one of a long name, which comes first */
#define DELETED 0xe5u

enum { ATTR_LABEL = 0x08, ATTR_DIR = 0x10, ATTR_LONG = 0x0f, ATTR_MASK = 0x3f };
enum { LOWER_STEM = 0x08, LOWER_EXT = 0x10 };

_Static_assert(FAT_NAME_BYTES == LONG_SLOTS_MAX * LONG_CHARS + 1, "a long name fits");

static uint8_t sum_of(const uint8_t *short_name)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < SHORT_BYTES; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + short_name[i]);
	return sum;
}

static void forget(struct fatname *name)
{
	name->is_long = name->is_foreign = false;
	name->next = 0;
}

static void take_char(struct fatname *name, unsigned at, const uint8_t *two)
{
	/* Behind the zero that ends it all bits are set. */
	const bool is_filler = two[0] == 0xff && two[1] == 0xff;

	if (!is_filler && (two[1] || two[0] >= 0x80))
		name->is_foreign = true;
	name->text[at] = is_filler ? 0 : (char)two[0];
}

static void take_long(struct fatname *name, const uint8_t *slot)
{
	static const uint8_t at[LONG_CHARS] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	const unsigned number = slot[0] & ~IS_LAST_SLOT;

	if (slot[0] & IS_LAST_SLOT) {
		forget(name);
		if (!number || number > LONG_SLOTS_MAX)
			return;
		name->is_long = true;
		name->sum = slot[13];
		name->next = number;
		name->text[number * LONG_CHARS] = 0;
	}
	if (!name->is_long || !number || number != name->next || slot[13] != name->sum) {
		forget(name);
		return;
	}
	name->next--;
	for (unsigned i = 0; i < LONG_CHARS; i++)
		take_char(name, name->next * LONG_CHARS + i, slot + at[i]);
}

/* Stem and extension are filled up with blanks. */
static unsigned put_part(char *to, const uint8_t *from, unsigned len, bool lower)
{
	while (len && from[len - 1] == ' ')
		len--;
	for (unsigned i = 0; i < len; i++) {
		const bool is_upper = from[i] >= 'A' && from[i] <= 'Z';

		to[i] = (char)(lower && is_upper ? from[i] - 'A' + 'a' : from[i]);
	}
	return len;
}

/* false: it is beyond ASCII, or there is none. */
static bool put_short(const uint8_t *slot, char to[FAT_NAME_BYTES])
{
	unsigned len = put_part(to, slot, SHORT_STEM_BYTES, slot[12] & LOWER_STEM), more;

	more = put_part(to + len + 1, slot + SHORT_STEM_BYTES, SHORT_BYTES - SHORT_STEM_BYTES,
			slot[12] & LOWER_EXT);
	to[len] = more ? '.' : 0;
	to[len + 1 + more] = 0;
	for (unsigned i = 0; i < SHORT_BYTES; i++)
		if (slot[i] >= 0x80 || slot[i] < ' ')
			return false;
	return len != 0;
}

static bool put_name(const struct fatname *name, const uint8_t *slot, char to[FAT_NAME_BYTES])
{
	if (!name->is_long || name->next || name->sum != sum_of(slot))
		return put_short(slot, to);
	memcpy(to, name->text, sizeof(name->text));
	return !name->is_foreign && to[0];
}

bool fatname_take(struct fatname *name, const uint8_t slot[FATNAME_SLOT_BYTES], bool has_high,
		  struct fat_file *ret_file)
{
	const uint32_t low = (uint32_t)slot[26] | (uint32_t)slot[27] << 8;
	const uint32_t high = (uint32_t)slot[20] | (uint32_t)slot[21] << 8;
	bool is_file = slot[0] && slot[0] != DELETED;

	if (is_file && (slot[11] & ATTR_MASK) == ATTR_LONG) {
		take_long(name, slot);
		return false;
	}
	is_file = is_file && !(slot[11] & ATTR_LABEL) && put_name(name, slot, ret_file->name) &&
		  strcmp(ret_file->name, ".") != 0 && strcmp(ret_file->name, "..") != 0;
	forget(name);
	ret_file->is_dir = slot[11] & ATTR_DIR;
	ret_file->cluster = has_high ? low | high << 16 : low;
	ret_file->size_bytes = get_le32(slot + 28);
	return is_file;
}
