/* SPDX-License-Identifier: MIT */
/* init's log: lines for the kernel's own, the only place there is before a root is mounted. */
#include <fcntl.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "init/boot.h"

static int kmsg = -1;

static void log_to_kernel(enum log_level level, const char *line)
{
	char text[LIMIT_LINE_BYTES + sizeof("<6>\n")];
	struct text_out out;

	text_begin(&out, text, sizeof(text));
	text_add(&out, "<%d>%.*s\n", (int)level, LIMIT_LINE_BYTES, line);
	/* The kernel log is the only place to complain to; when it fails there is none. */
	if (kmsg >= 0)
		(void)sys_write(kmsg, text, out.len_bytes);
}

void kmsg_begin(void)
{
	static const char on[] = "on\n";

	kmsg = sys_open("/dev/kmsg", O_WRONLY);
	log_setup("cowboot", log_to_kernel, LOG_INFO);
	/*
	 * The kernel limits user space to ten lines in five seconds unless told; a boot says more.
	 */
	sys_write_file("/proc/sys/kernel/printk_devkmsg", on, sizeof(on) - 1);
}

void kmsg_end(void)
{
	static const char limited[] = "ratelimit\n";

	sys_write_file("/proc/sys/kernel/printk_devkmsg", limited, sizeof(limited) - 1);
}
