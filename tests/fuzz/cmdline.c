/* SPDX-License-Identifier: MIT */
/*
 * A kernel command line over a configuration.  The first byte says whether the board allows overrides and
 * whether it is locked: then what it is booted from stays as it was.
 */
#include "fuzz.h"

#include "conf/args.h"
#include "conf/conf.h"

static const char board[] = "board b\nmeta PARTLABEL=meta\ndata PARTLABEL=data /data ext4 noatime\n"
			    "volume system PARTLABEL=system / ext4 ro\n";

static void warn(const char *line)
{
	must(line[0]);
}

static void args(char *text)
{
	const char *cursor = text;
	char params[200], rest[200];
	unsigned long flags;
	struct arg arg;

	while (args_next(&cursor, &arg)) {
		must(memchr(arg.key, 0, sizeof(arg.key)) && memchr(arg.value, 0, sizeof(arg.value)));
		(void)args_is(&arg, "cowboot.slot");
	}
	(void)args_of_module(text, "dm_mod", params, sizeof(params));
	(void)conf_mount_flags(text, &flags, rest, sizeof(rest));
	args_drop_last(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	static char printed[65536];
	static struct conf before, conf, other;
	char *text;

	if (!len_bytes)
		return 0;
	text = fuzz_text(data + 1, len_bytes - 1);
	must(!conf_parse(board, strlen(board), &before));
	before.overrides = data[0] & 1;
	before.no_shell = data[0] & 2;
	conf = before;
	conf_cmdline(&conf, text, warn);
	must(conf.no_shell == before.no_shell && conf.overrides == before.overrides);
	if (conf_locked(&before))
		must(!strcmp(conf.init, before.init) && !conf.root[0]);
	if (!before.overrides)
		must(conf.tries == before.tries && conf.recovery == before.recovery);
	must(!conf_print(&conf, printed, sizeof(printed)));
	must(!conf_parse_printed(printed, strlen(printed), &other));
	args(text);
	free(text);
	return 0;
}
