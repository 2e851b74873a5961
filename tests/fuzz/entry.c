/* SPDX-License-Identifier: MIT */
/*
 * systemd-boot's entry: a file's name in the first line, and its text.  A text that is an entry stays one
 * when it is written for the other slot.
 */
#include "fuzz.h"

#include "loader/bootentry.h"
#include "loader/loader.h"

static void rewrite(const char *text, char slot)
{
	static char again[16384];
	struct text_out out;
	unsigned version;

	for (unsigned counted = 0; counted < 2; counted++) {
		text_begin(&out, again, sizeof(again));
		bootentry_rewrite(text, slot, counted, 7, &out);
		must(out.full || (bootentry_text_ok(again, slot, &version) && version == 7));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	char *name, *text;
	struct bootentry_name is;
	unsigned version;

	if (len_bytes > BOOTENTRY_TEXT_MAX + 64)
		return 0;
	name = fuzz_text(data, len_bytes);
	text = strchr(name, '\n');
	if (text)
		*text++ = '\0';
	else
		text = name + strlen(name);
	if (bootentry_parse(name, &is))
		must(bootentry_is_ours(name) && (is.slot == 'a' || is.slot == 'b') && is.left <= LOADER_TRIES_MAX);
	must(bootentry_key(text) <= strlen(text));
	for (char slot = 'a'; slot <= 'b'; slot++)
		if (bootentry_text_ok(text, slot, &version)) {
			must(text[bootentry_key(text)] == slot);
			rewrite(text, 'a');
			rewrite(text, 'b');
		}
	free(name);
	return 0;
}
