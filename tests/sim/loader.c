/* SPDX-License-Identifier: MIT */
/*
 * The boot loader and the kernel it starts, for boards with boot slots: docs/formats.md, "Boot
 * block", read once more; loader_esp.c for those with entries.  Shares no code with src/.  What it
 * writes lies in the disk's cache until somebody flushes: a boot loader does not.
 */
#include <string.h>

#include "esp.h"

#define BLOCK_SECTOR 512u /* 262144 bytes into meta */
#define SPARE_SECTOR 1536u

content kernel_of[KERNEL_COUNT][KERNEL_SECTORS];
char slot_started;
bool slot_counted;

static uint32_t sum_of(const uint8_t *p, unsigned len_bytes)
{
	uint32_t sum = 0xffffffffu;

	while (len_bytes--) {
		sum ^= *p++;
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
	}
	return ~sum;
}

void loader_seal(uint8_t sector[SECTOR])
{
	uint32_t sum = sum_of(sector, 508);

	for (unsigned i = 0; i < 4; i++)
		sector[508 + i] = (uint8_t)(sum >> (24 - 8 * i));
}

void loader_block(uint8_t ret_sector[SECTOR], char good, char trial, uint8_t tries)
{
	memset(ret_sector, 0, SECTOR);
	memcpy(ret_sector, "COWSLOT\n\1", 9);
	ret_sector[9] = (uint8_t)good;
	ret_sector[10] = (uint8_t)trial;
	ret_sector[11] = tries;
	loader_seal(ret_sector);
}

static bool read_block(unsigned sector, uint8_t ret_sector[SECTOR])
{
	content c = view.at[disk_base[DISK_META] + sector];
	uint8_t sealed[SECTOR];

	if (c == CONTENT_BAD)
		return false;
	memcpy(ret_sector, content_bytes(c), SECTOR);
	memcpy(sealed, ret_sector, SECTOR);
	loader_seal(sealed);
	return !memcmp(ret_sector, "COWSLOT\n\1", 9) && !memcmp(sealed, ret_sector, SECTOR);
}

/* Whatever cowboot told it. */
static char reset(void)
{
	const content *at = &view.at[disk_base[DISK_META]];
	uint8_t block[SECTOR];
	content c;

	ledger.faults = ledger.block_lost = 1;
	oracle_note();
	loader_block(block, 'a', 0, 0);
	c = content_of(block);
	if (at[BLOCK_SECTOR] == c && at[SPARE_SECTOR] == c)
		return 'a';
	disk_write(DISK_META, disk_base[DISK_META] + BLOCK_SECTOR, 1, &c, WRITE_WHOLE);
	disk_write(DISK_META, disk_base[DISK_META] + SPARE_SECTOR, 1, &c, WRITE_WHOLE);
	disk_flush(DISK_META);
	return 'a';
}

static char choose(void)
{
	uint8_t block[SECTOR];
	content c;

	if (plan->loader_resets)
		return reset();
	if (!read_block(BLOCK_SECTOR, block) && !read_block(SPARE_SECTOR, block))
		return 'a';
	if (!block[10] || !block[11])
		return (char)block[9];
	block[11]--;
	loader_seal(block);
	c = content_of(block);
	disk_write(DISK_META, disk_base[DISK_META] + BLOCK_SECTOR, 1, &c, WRITE_WHOLE);
	disk_write(DISK_META, disk_base[DISK_META] + SPARE_SECTOR, 1, &c, WRITE_WHOLE);
	slot_counted = true;
	return (char)block[10];
}

static enum kernel kernel_in(char slot)
{
	const content *at = &view.at[disk_base[slot == 'a' ? DISK_BOOT_A : DISK_BOOT_B]];

	for (unsigned k = 0; k < KERNEL_TORN; k++)
		if (!memcmp(at, kernel_of[k], sizeof(kernel_of[k])))
			return (enum kernel)k;
	return KERNEL_TORN;
}

void loader_run(void)
{
	static const char *const names[] = { "old", "new", "older", "torn" };
	enum kernel kernel;

	slot_started = 0;
	slot_counted = false;
	if (!plan->slots)
		return;
	if (ledger.armed && ledger.kexecs < plan->kexecs) {
		ledger.kexecs++;
		oracle_note();
		slot_started = plan->old_in_b ? 'b' : 'a';
		kernel = plan->esp ? KERNEL_OLD : kernel_in(slot_started);
	} else if (plan->esp) {
		kernel = loader_esp(&slot_started);
	} else {
		slot_started = choose();
		kernel = kernel_in(slot_started);
	}
	say("-- the boot loader starts slot %c, the %s kernel", slot_started,
	    names[kernel]);
	saw_kernel(kernel);
	if (kernel == KERNEL_NEW && plan->new_kernel_dies)
		sim_leave(LEFT_REBOOT);
}
