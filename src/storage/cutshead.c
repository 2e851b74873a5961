/* SPDX-License-Identifier: MIT */
/* The head of a test of cuts, as bytes. Pure. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "storage/cuts.h"

#define MAGIC "COWCUTSH"
#define VERSION 1u
#define AT_VERSION 8u
#define AT_PHASE 12u
#define AT_ID 16u
#define AT_GENERATION 32u
#define AT_BLOCKS 40u
#define AT_ROUND 48u
#define AT_LEAST 56u
#define AT_BOOT 64u
#define AT_TALLY 104u
#define AT_CRC 508u

const uint64_t cuts_head_at[CUTS_HEADS] = { 0, 32768 };

/* In the order of the bytes. */
static const size_t tally[] = {
	offsetof(struct cuts_tally, rounds), offsetof(struct cuts_tally, bad_rounds),
	offsetof(struct cuts_tally, confirmed), offsetof(struct cuts_tally, lost_flushed),
	offsetof(struct cuts_tally, lost_alone), offsetof(struct cuts_tally, spoiled),
	offsetof(struct cuts_tally, heads_lost), offsetof(struct cuts_tally, passed_over),
	offsetof(struct cuts_tally, partial), offsetof(struct cuts_tally, torn_sectors),
};

_Static_assert(sizeof(struct cuts_tally) == sizeof(uint64_t) * ARRAY_SIZE(tally), "all of them");

void cuts_head_encode(const struct cuts_head *head, uint8_t buf[CUTS_HEAD_BYTES])
{
	memset(buf, 0, CUTS_HEAD_BYTES);
	memcpy(buf, MAGIC, 8);
	put_le32(buf + AT_VERSION, VERSION);
	put_le32(buf + AT_PHASE, head->phase);
	memcpy(buf + AT_ID, head->round.id, CUTS_ID_BYTES);
	put_le64(buf + AT_GENERATION, head->generation);
	put_le64(buf + AT_BLOCKS, head->round.blocks);
	put_le32(buf + AT_ROUND, head->round.number);
	put_le64(buf + AT_LEAST, head->least);
	memcpy(buf + AT_BOOT, head->boot, strnlen(head->boot, CUTS_BOOT_MAX - 1));
	for (size_t i = 0; i < ARRAY_SIZE(tally); i++) {
		uint64_t value;

		memcpy(&value, (const uint8_t *)&head->tally + tally[i], sizeof(value));
		put_le64(buf + AT_TALLY + 8 * i, value);
	}
	put_le32(buf + AT_CRC, crc32c(0, buf, AT_CRC));
}

int cuts_head_decode(const uint8_t buf[CUTS_HEAD_BYTES], struct cuts_head *ret_head)
{
	struct cuts_head head = { 0 };
	uint32_t phase = get_le32(buf + AT_PHASE);

	if (memcmp(buf, MAGIC, 8) || get_le32(buf + AT_VERSION) != VERSION ||
	    get_le32(buf + AT_CRC) != crc32c(0, buf, AT_CRC))
		return -EBADMSG;
	memcpy(head.round.id, buf + AT_ID, CUTS_ID_BYTES);
	head.generation = get_le64(buf + AT_GENERATION);
	head.round.blocks = get_le64(buf + AT_BLOCKS);
	head.round.number = get_le32(buf + AT_ROUND);
	head.least = get_le64(buf + AT_LEAST);
	head.phase = phase ? CUTS_WRITING : CUTS_IDLE;
	memcpy(head.boot, buf + AT_BOOT, CUTS_BOOT_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(tally); i++) {
		uint64_t value = get_le64(buf + AT_TALLY + 8 * i);

		memcpy((uint8_t *)&head.tally + tally[i], &value, sizeof(value));
	}
	if (phase > CUTS_WRITING || head.boot[CUTS_BOOT_MAX - 1] ||
	    head.round.blocks < CUTS_BLOCKS_MIN || head.round.blocks > CUTS_BLOCKS_MAX)
		return -EBADMSG;
	*ret_head = head;
	return 0;
}
