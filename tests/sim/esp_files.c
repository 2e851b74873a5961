/* SPDX-License-Identifier: MIT */
/* The ESP as a board is made, and what a cut or somebody may have left there since. */
#include <stdio.h>
#include <string.h>

#include "esp.h"

#define TEXT_BYTES 1024u

const char *const esp_damages[ESP_DAMAGES] = {
	"a name without content",
	"an entry that got no text",
	"an entry whose room is free",
	"both names of one that was renamed",
	"an older entry of the other slot",
	"a spent entry of the other slot",
	"the old entry again, the new one spent",
};

static void must(int rc)
{
	if (rc < 0)
		violation("the ESP is full");
}

static unsigned add(enum esp_dir dir, const char *name, const void *data, size_t len_bytes)
{
	int at = esp_make(dir, name, 0);

	must(at);
	if (len_bytes)
		must(esp_fill((unsigned)at, 0, data, len_bytes, 0));
	return (unsigned)at;
}

static void add_entry(const char *name, char slot, unsigned version)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text),
		 "title cowboot %c\nsort-key cowboot\nversion %u\nefi /cowboot/%c.efi\n"
		 "options console=ttyS0 quiet panic=5 cowboot.slot=%c\n",
		 slot, version, slot, slot);
	add(ESP_ENTRIES, name, text, strlen(text));
}

static void add_program(char slot, enum kernel kernel)
{
	uint8_t data[KERNEL_SECTORS * SECTOR];
	char name[8];

	for (unsigned s = 0; s < KERNEL_SECTORS; s++)
		memcpy(data + s * SECTOR, content_bytes(kernel_of[kernel][s]), SECTOR);
	snprintf(name, sizeof(name), "%c.efi", slot);
	add(ESP_PROGRAMS, name, data, sizeof(data));
}

void esp_first_files(void)
{
	static const char stranger[] = "title memory test\nefi /cowboot/none.efi\n";
	char own = plan->old_in_b ? 'b' : 'a', name[ESP_NAME_MAX];

	add(ESP_ENTRIES, "memtest.conf", stranger, sizeof(stranger) - 1);
	snprintf(name, sizeof(name), "cowboot-%c.conf", own);
	add_entry(name, own, 7);
	add_program(own, KERNEL_OLD);
	add_program(own == 'a' ? 'b' : 'a', KERNEL_OLDER);
}

static bool find_counted(char ret_name[ESP_NAME_MAX])
{
	for (unsigned n = 0; esp_nth(ESP_ENTRIES, n, ret_name); n++)
		if (strchr(ret_name, '+'))
			return true;
	return false;
}

/* A cut in the loader's rename, where it counts: two names of one content. */
static void leave_both_names(const char *name, char slot)
{
	unsigned at = (unsigned)esp_find(ESP_ENTRIES, name);
	struct esp_file file = esp_at(at);
	uint8_t sector[SECTOR] = { 0 };

	memcpy(file.name[1], name, ESP_NAME_MAX);
	snprintf(file.name[0], ESP_NAME_MAX, "cowboot-%c+%u-1.conf", slot, plan->tries - 1);
	memcpy(sector, &file, sizeof(file));
	disk_poke(disk_base[DISK_ESP] + at, content_of(sector));
}

/* Each where a cut or a loader can leave it; elsewhere nothing is done. */
void esp_damage(unsigned way)
{
	const bool merging = ledger.may_be_confirmed;
	const char own = plan->old_in_b ? 'b' : 'a', other = own == 'a' ? 'b' : 'a';
	const char gone = merging ? own : other;
	char name[ESP_NAME_MAX], good[ESP_NAME_MAX], old[ESP_NAME_MAX];
	const bool armed = find_counted(name);

	snprintf(good, sizeof(good), "cowboot-%c.conf", merging ? other : own);
	snprintf(old, sizeof(old), "cowboot-%c.conf", gone);
	if (way == 3 && armed)
		leave_both_names(name, other);
	if (armed)
		return;
	if (way == 0)
		add(ESP_ENTRIES, old, NULL, 0);
	if (way == 1)
		add(ESP_ENTRIES, old, "####", 4);
	if (way == 2)
		esp_lose_room(add(ESP_ENTRIES, old, "####", 4), 0);
	if (way == 4)
		add_entry(old, gone, 3);
	snprintf(name, sizeof(name), "cowboot-%c+0-3.conf", gone);
	if (way == 5)
		add_entry(name, gone, 9);
	if (way == 6 && merging) {
		snprintf(name, sizeof(name), "cowboot-%c+0-3.conf", other);
		must(esp_rename(ESP_ENTRIES, good, name, 0));
		add_entry(old, own, 7);
	}
}
