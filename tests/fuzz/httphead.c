/* SPDX-License-Identifier: MIT */
/* What a server says before a body, in pieces that the first byte gives the length of; and what curl is told of it. */
#include "fuzz.h"

#include "bundle/curl.h"
#include "bundle/httphead.h"

static void told(const struct httphead *head)
{
	const struct curl_request request = { "https://h/", "", 1, 1, httphead_mark(head) };
	const struct range range = { head->has_range ? head->from_bytes : 0, UINT64_MAX };
	char config[4096];
	struct text_out out;

	must(sizeof(config) >= curl_config_max(&request, 1));
	text_begin(&out, config, sizeof(config));
	curl_config(&request, &range, 1, &out);
	must(!out.full && !strstr(config, "\nnext\n"));
	must(!!strstr(config, "\nheader = \"If-Range: ") == !!request.mark[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct httphead head = { 0 };
	size_t at = 1, used, piece;
	int rc = 0;

	if (!len_bytes)
		return 0;
	while (!rc && at < len_bytes && !head.is_whole) {
		piece = data[0] + 1u < len_bytes - at ? data[0] + 1u : len_bytes - at;
		rc = httphead_add(&head, data + at, piece, &used);
		must(used > 0 && used <= piece);
		must(rc || used == piece || head.is_whole);
		at += used;
	}
	must(head.seen_bytes == at - 1);
	if (rc || !head.is_whole)
		return 0;
	must(head.status >= 200 && head.status < 1000 && head.status / 100 != 3);
	must(!head.has_range || (head.from_bytes <= head.last_bytes && head.last_bytes < head.total_bytes));
	told(&head);
	return 0;
}
