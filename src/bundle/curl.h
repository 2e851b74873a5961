/* SPDX-License-Identifier: MIT */
/*
 * What the system's curl is told, and what it tells: URLs, its configuration, its exit codes.  It gets all
 * by its standard input, for everybody can read the arguments of a process.  Pure.
 */
#ifndef COWBOOT_BUNDLE_CURL_H
#define COWBOOT_BUNDLE_CURL_H

#include "base/text.h"
#include "bundle/ranges.h"

#define CURL_URL_MAX 2048
#define CURL_HEADERS_MAX 4096

/* Whether word means something on a server: it begins with http:// or https://. */
bool curl_is_url(const char *word);

/* How a URL is called in messages: without a name and password in it, and without what follows '?'; cut. */
void curl_url_name(const char *url, char *buf, size_t size_bytes);

/* Whether curl can be given it. 0, or -EINVAL with the bare reason. */
int curl_check_url(const char *url);

/* The same for lines of a request's head, "Name: value"; text may be empty. */
int curl_check_headers(const char *text);

struct curl_request {
	const char *url, *headers;	/* that were checked */
	unsigned connect_s, stall_s;	/* limits, in seconds */
	const char *mark;		/* an answer in part is for this file only; empty: for any */
};

/* What a configuration with that many ranges takes at the most. */
size_t curl_config_max(const struct curl_request *request, size_t ranges);

/* A configuration that gets these ranges, one after the other. UINT64_MAX: up to the end. */
void curl_config(const struct curl_request *request, const struct range *ranges, size_t count,
		 struct text_out *out);

/* What an exit code of curl means, for people; and whether to try again may help. */
const char *curl_words(int code, bool *ret_again);

/* The same of a status that is neither 200 nor 206. */
const char *curl_status_words(unsigned status, bool *ret_again);

#endif
