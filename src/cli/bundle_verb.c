/* SPDX-License-Identifier: MIT */
/* cowboot bundle: make and look at bundles. Never touches a volume. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "cli/bundle_verb.h"
#include "cli/cli.h"

const char *bundle_path_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

int bundle_open_path(const char *path, int *ret_fd, struct bundle **ret_bundle)
{
	int rc;

	*ret_fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	if (*ret_fd < 0)
		return fail_sys(errno, "cannot open it");
	rc = bundle_open(bundle_read_fd, ret_fd, ret_bundle);
	if (rc)
		(void)close(*ret_fd);	/* it was only read */
	return rc;
}

int cli_bundle(int argc, char **argv)
{
	static const struct cli_sub subs[] = {
		{ "create", bundle_create },
		{ "info", bundle_info },
		{ "verify", bundle_verify },
		{ 0 },
	};

	return cli_sub(subs, argc, argv);
}
