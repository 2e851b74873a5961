/* SPDX-License-Identifier: MIT */
/* bundle/unpack.h without a process: the same unpacking in this one. The fuzzers use it, too. */
#include "bundle/unpack.h"

#include <errno.h>

#include <zstd_errors.h>

#include "base/fail.h"

/* One for all: it is large, and each frame begins anew. */
static struct unzip *unzip;

int unpack_open(struct unpack **ret_unpack)
{
	if (!unzip)
		unzip = unzip_open();
	*ret_unpack = (struct unpack *)unzip;
	return unzip ? 0 : -ENOMEM;
}

void unpack_close(struct unpack *unpack)
{
	(void)unpack;
}

static int bad(unsigned code)
{
	return fail(EBADMSG, "%s", ZSTD_getErrorString((ZSTD_ErrorCode)code));
}

int unpack_begin(struct unpack *unpack)
{
	unsigned code = unzip_begin(unzip);

	(void)unpack;
	return code ? bad(code) : 0;
}

int unpack_piece(struct unpack *unpack, const void *data, size_t len_bytes,
		 const struct cow_sink *sink, struct unzip_end *ret_end)
{
	unsigned code = 0;
	int rc = unzip_piece(unzip, data, len_bytes, sink, ret_end, &code);

	(void)unpack;
	return code ? bad(code) : rc;
}
