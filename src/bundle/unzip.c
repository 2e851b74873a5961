/* SPDX-License-Identifier: MIT */
/* zstd in a buffer of its own: ZSTD_initStaticDCtx is the form that never allocates. */
#define ZSTD_STATIC_LINKING_ONLY
#include "bundle/unzip.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "bundle/manifest.h"

#define WINDOW_LOG_MAX 23	/* 8 MiB: what the writer's highest level uses */

struct unzip {
	ZSTD_DCtx *zstd;
	uint8_t out[BUNDLE_BLOCK_BYTES];
	_Alignas(16) uint8_t room[];
};

struct unzip *unzip_open(void)
{
	const size_t room_bytes = ZSTD_estimateDStreamSize((size_t)1 << WINDOW_LOG_MAX);
	struct unzip *unzip = malloc(sizeof(*unzip) + room_bytes);

	if (!unzip)
		return NULL;
	unzip->zstd = ZSTD_initStaticDStream(unzip->room, room_bytes);
	if (!unzip->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(unzip->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		free(unzip);
		return NULL;
	}
	return unzip;
}

void unzip_close(struct unzip *unzip)
{
	free(unzip);
}

unsigned unzip_begin(struct unzip *unzip)
{
	return ZSTD_getErrorCode(ZSTD_DCtx_reset(unzip->zstd, ZSTD_reset_session_only));
}

int unzip_piece(struct unzip *unzip, const void *data, size_t len_bytes, const struct cow_sink *sink,
		struct unzip_end *ret_end, unsigned *ret_code)
{
	ZSTD_inBuffer in = { data, len_bytes, 0 };
	ZSTD_outBuffer out;
	size_t left;

	do {
		int rc;

		out = (ZSTD_outBuffer){ unzip->out, sizeof(unzip->out), 0 };
		left = ZSTD_decompressStream(unzip->zstd, &out, &in);
		if (ZSTD_isError(left)) {
			*ret_code = ZSTD_getErrorCode(left);
			return -EBADMSG;
		}
		rc = out.pos ? sink->write(sink->ctx, unzip->out, out.pos) : 0;
		if (rc)
			return rc;
	} while (left && (in.pos < in.size || out.pos == out.size));
	*ret_end = (struct unzip_end){ in.pos, !left };
	return 0;
}
