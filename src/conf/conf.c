/* SPDX-License-Identifier: MIT */
/* What a configuration is before a line of it is read, and finding things in it. Pure. */
#include "conf/conf.h"

#include <string.h>

void conf_defaults(struct conf *ret_conf)
{
	*ret_conf = (struct conf){ .tries = 3, .device_timeout_s = 10, .watchdog_s = 60,
				   .check_timeout_s = 300, .panic_s = 10, .recovery_wait_s = 5,
				   .recovery_reboots = 3, .overrides = true, .signatures = 1,
				   .init = "/sbin/init" };
}

const struct conf_mount *conf_volume(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->volume_count; i++)
		if (strcmp(conf->volume[i].name, name) == 0)
			return &conf->volume[i];
	return NULL;
}
