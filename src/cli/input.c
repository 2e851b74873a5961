/* SPDX-License-Identifier: MIT */
/* A bundle from a file, a pipe or a server, for the verbs that read one. */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/sys.h"
#include "cli/bundle_verb.h"

#define URL_NAME_MAX 200

static int read_headers(struct input *input, const char *path)
{
	size_t len;
	int rc = sys_read_file(path, input->headers, sizeof(input->headers), &len);

	if (rc)
		return fail_sys(-rc, "cannot read header file %s", path);
	if (strlen(input->headers) != len)
		return fail(EINVAL, "cannot use header file %s: it is no text", path);
	rc = curl_check_headers(input->headers);
	return rc ? fail_in(rc, "cannot use header file %s", path) : 0;
}

static int open_url(struct input *input, const char *url, const char *header_file)
{
	const struct fetch_options options = {
		.url = url, .headers = input->headers, .connect_s = FETCH_CONNECT_S,
		.stall_s = FETCH_STALL_S, .tries = FETCH_TRIES, .wait_ms = FETCH_WAIT_MS,
	};
	int rc = header_file ? read_headers(input, header_file) : 0;

	if (!rc)
		rc = fetch_open(&options, &input->fetch);
	if (!rc)
		progress_fetches(fetch_fetched_bytes(input->fetch));
	return rc;
}

int input_open(struct input *input, const char *word, const char *header_file)
{
	*input = (struct input)INPUT_CLOSED;
	if (curl_is_url(word)) {
		curl_url_name(word, input->name, URL_NAME_MAX);
		return open_url(input, word, header_file);
	}
	snprintf(input->name, sizeof(input->name), "%s", bundle_path_name(word));
	if (header_file)
		return fail(EINVAL, "--header-file is for a server, and this is none");
	input->fd = strcmp(word, "-") ? sys_open(word, O_RDONLY) : STDIN_FILENO;
	return input->fd < 0 ? fail_sys(-input->fd, "cannot open it") : 0;
}

/* A bundle_read that a signal ends. */
static ssize_t read_input(void *ctx, void *buf, size_t len_bytes)
{
	int rc = stop_wait_input(*(const int *)ctx);

	return rc ? rc : bundle_read_fd(ctx, buf, len_bytes);
}

int input_bundle(struct input *input, const struct trust *trust, struct bundle **ret_bundle)
{
	int rc;

	if (!input->fetch)
		return bundle_open(read_input, &input->fd, trust, ret_bundle);
	rc = bundle_open(fetch_read, input->fetch, trust, ret_bundle);
	if (rc)
		return rc;
	rc = fetch_check_length(input->fetch, bundle_total_bytes(*ret_bundle));
	if (rc) {
		bundle_close(*ret_bundle);
		*ret_bundle = NULL;
	}
	return rc;
}

void input_may_skip(struct input *input, struct bundle *bundle)
{
	static const struct bundle_seek files = { .skip = bundle_skip_fd };

	bundle_may_skip(bundle, input->fetch ? &fetch_seek : &files);
}

static void tenths(uint64_t bytes, char buf[32])
{
	snprintf(buf, 32, "%" PRIu64 ".%u", bytes / 1000000, (unsigned)(bytes % 1000000 / 100000));
}

void input_tell(const struct input *input, const struct bundle *bundle)
{
	char fetched[32], total[32];

	if (!input->fetch)
		return;
	tenths(*fetch_fetched_bytes(input->fetch), fetched);
	tenths(bundle_total_bytes(bundle), total);
	log_note("fetched %s of %s MB", fetched, total);
}

void input_close(struct input *input)
{
	progress_fetches(NULL);
	fetch_close(input->fetch);
	if (input->fd > STDIN_FILENO)
		sys_close(input->fd);
}
