/* SPDX-License-Identifier: MIT */
/* What the verbs that look at a bundle share: it may come from standard input. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/bundle_verb.h"

const char *bundle_path_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

int bundle_open_path(const char *path, int *ret_fd, struct bundle **ret_bundle)
{
	int rc;

	*ret_fd = strcmp(path, "-") ? sys_open(path, O_RDONLY) : STDIN_FILENO;
	if (*ret_fd < 0)
		return fail_sys(-*ret_fd, "cannot open it");
	rc = bundle_open(bundle_read_fd, ret_fd, NULL, ret_bundle);
	if (rc)
		sys_close(*ret_fd);
	return rc;
}
