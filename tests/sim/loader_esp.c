/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot, for boards with boot-esp: docs/formats.md, "Boot entries", read once more, and what
 * systemd-boot(7) says of their order.  Shares no code with src/.  It counts by a rename that lies
 * in the disk's cache until somebody flushes.  (UEFI's firmware refuses to rename to a name that is
 * there, and would count no more; here such a name gives way.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp.h"

#define TEXT_BYTES 2048u
#define NOT_COUNTED 1000u

struct entry {
	char name[ESP_NAME_MAX], stem[ESP_NAME_MAX];
	char program[ESP_NAME_MAX], slot;
	unsigned version, left, done;
	bool says_try;
};

/* NAME.conf, NAME+LEFT.conf, NAME+LEFT-DONE.conf */
static bool parse_name(struct entry *e)
{
	char *dot = strrchr(e->name, '.'), *plus, *end = NULL;

	if (!dot || strcmp(dot, ".conf"))
		return false;
	snprintf(e->stem, sizeof(e->stem), "%.*s", (int)(dot - e->name), e->name);
	e->left = NOT_COUNTED;
	plus = strrchr(e->stem, '+');
	if (!plus)
		return true;
	e->left = (unsigned)strtoul(plus + 1, &end, 10);
	e->done = *end == '-' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
	*plus = 0;
	return true;
}

/*
 * Lines "KEY VALUE".  What is no entry, or a stranger's, is never preferred to one of ours.  One whose
 * program is not there is none (boot.c, "check existence").
 */
static bool parse_text(struct entry *e, char *text)
{
	bool ours = false;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *slot = strstr(line, "cowboot.slot=");

		ours = ours || !strcmp(line, "sort-key cowboot");
		if (!strncmp(line, "version ", 8))
			e->version = (unsigned)strtoul(line + 8, NULL, 10);
		if (!strncmp(line, "efi /cowboot/", 13))
			snprintf(e->program, sizeof(e->program), "%.40s", line + 13);
		if (!strncmp(line, "options ", 8) && slot)
			e->slot = slot[13];
		e->says_try = e->says_try || strstr(line, " cowboot.try");
	}
	return ours && e->program[0] && esp_find(ESP_PROGRAMS, e->program) >= 0;
}

static bool load(unsigned n, struct entry *ret_entry)
{
	char text[TEXT_BYTES] = "";
	struct esp_file file;
	struct entry e = { .slot = 0 };

	esp_nth(ESP_ENTRIES, n, e.name);
	file = esp_at((unsigned)esp_find(ESP_ENTRIES, e.name));
	if (!parse_name(&e) || file.size_bytes >= sizeof(text) ||
	    !esp_read(&file, text, file.size_bytes) || !parse_text(&e, text))
		return false;
	*ret_entry = e;
	return true;
}

static bool comes_before(const struct entry *a, const struct entry *b)
{
	if (!a->left != !b->left)
		return a->left != 0;
	if (a->version != b->version)
		return a->version > b->version;
	if (strcmp(a->stem, b->stem))
		return strcmp(a->stem, b->stem) > 0;
	return a->left > b->left;
}

static void count(const struct entry *e)
{
	char name[2 * ESP_NAME_MAX];

	if (e->left == NOT_COUNTED)
		return;
	snprintf(name, sizeof(name), "%s+%u-%u.conf", e->stem, e->left ? e->left - 1 : 0,
		 e->done < 9 ? e->done + 1 : 9);
	if (strcmp(name, e->name))
		esp_rename(ESP_ENTRIES, e->name, name, 0);
}

static enum kernel kernel_in(const char *program)
{
	int at = esp_find(ESP_PROGRAMS, program);
	struct esp_file file;

	if (at < 0)
		return KERNEL_TORN;
	file = esp_at((unsigned)at);
	if (file.size_bytes != KERNEL_SECTORS * SECTOR)
		return KERNEL_TORN;
	for (unsigned k = 0; k < KERNEL_TORN; k++)
		if (!memcmp(&view.at[file.from], kernel_of[k], sizeof(kernel_of[k])))
			return (enum kernel)k;
	return KERNEL_TORN;
}

enum kernel loader_esp(char *ret_slot)
{
	struct entry best = { .slot = 0 }, e;
	char name[ESP_NAME_MAX];

	for (unsigned n = 0; esp_nth(ESP_ENTRIES, n, name); n++)
		if (load(n, &e) && (!best.name[0] || comes_before(&e, &best)))
			best = e;
	if (!best.name[0])
		violation("S: there is no boot entry left");
	say("-- systemd-boot takes %s, version %u", best.name, best.version);
	count(&best);
	if (best.says_try != (best.left != NOT_COUNTED))
		violation("S: %s %s cowboot.try", best.name, best.says_try ? "says" : "lacks");
	slot_counted = best.says_try;
	*ret_slot = best.slot;
	return kernel_in(best.program);
}
