/* SPDX-License-Identifier: MIT */
/* What reading (copies.c) and writing (copies_save.c) of the record's two copies share. */
#ifndef COWBOOT_STATE_COPIES_PARTS_H
#define COWBOOT_STATE_COPIES_PARTS_H

#include "state/copies.h"
#include "state/record_bytes.h"

/* Room for the bytes of both copies; what is in it outlives no call. */
extern uint8_t copies_bytes[COPIES_COUNT][RECORD_BYTES_MAX];

static inline uint64_t copies_offset(unsigned i)
{
	return (uint64_t)i * COPY_B_OFFSET_BYTES;
}

/* Sets the record's health, and everything in c that follows from it and from that of the copies. */
void copies_conclude(struct copies *c, enum record_health health);

#endif
