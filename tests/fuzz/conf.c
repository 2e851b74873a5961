/* SPDX-License-Identifier: MIT */
/* A board's configuration: what is accepted is printed as a text that says the same. */
#include "fuzz.h"

#include "conf/conf.h"
#include "conf/lock.h"

#define PRINTED_BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static char printed[PRINTED_BYTES], again[PRINTED_BYTES];
	static struct conf conf, other;
	const char *text = (const char *)data;

	conf_unusable(text, len_bytes, &other);
	if (conf_parse(text, len_bytes, &conf))
		return 0;
	must(conf_volume(&conf, conf.volume[0].name) == &conf.volume[0]);
	must(!conf_print(&conf, printed, sizeof(printed)));
	must(!conf_parse(printed, strlen(printed), &other));
	must(!conf_print(&other, again, sizeof(again)));
	must(!strcmp(printed, again));
	must(!conf_parse_printed(printed, strlen(printed), &other));
	must(conf_locked(&conf) == conf_locked(&other));
	return 0;
}
