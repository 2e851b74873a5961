/* SPDX-License-Identifier: MIT */
/*
 * Both sides of the talk with the process that unpacks.  We send {begin} or {piece, bytes}; it answers
 * with any number of {out, bytes}, and then {done} or {bad, zstd's error}.  What it says is not believed:
 * each number is compared with a limit.
 */
#include "bundle/unpack.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd_errors.h>

#include "base/confine.h"
#include "base/fail.h"
#include "bundle/manifest.h"

enum word { WORD_BEGIN = 1, WORD_PIECE, WORD_OUT, WORD_DONE, WORD_BAD };

struct message {
	uint32_t word;
	uint32_t len_bytes;	/* of the bytes that follow; DONE: of the piece that were used */
	uint32_t detail;	/* DONE: whether the frame has ended. BAD: zstd's error */
};

struct unpack {
	struct confined confined;
	struct unzip *unzip;		/* the process' own; we never touch it */
	uint8_t bytes[BUNDLE_BLOCK_BYTES];
};

/* ---- In the process --------------------------------------------------------------------------- */

static int put_out(void *ctx, const void *data, size_t len_bytes)
{
	const struct message out = { .word = WORD_OUT, .len_bytes = (uint32_t)len_bytes };
	int rc = confine_put(*(const int *)ctx, &out, sizeof(out));

	return rc ? rc : confine_put(*(const int *)ctx, data, len_bytes);
}

static int answer(struct unpack *unpack, int fd, const struct message *ask)
{
	const struct cow_sink sink = { .write = put_out, .ctx = &fd };
	struct message done = { .word = WORD_DONE };
	struct unzip_end end = { 0 };
	unsigned code = 0;
	int rc;

	if (ask->word == WORD_BEGIN) {
		code = unzip_begin(unpack->unzip);
	} else {
		rc = confine_get(fd, unpack->bytes, ask->len_bytes);
		if (!rc)
			rc = unzip_piece(unpack->unzip, unpack->bytes, ask->len_bytes, &sink, &end, &code);
		if (rc && !code)
			return rc;
	}
	done.len_bytes = (uint32_t)end.used_bytes;
	done.detail = end.is_ended;
	if (code)
		done = (struct message){ .word = WORD_BAD, .detail = code };
	return confine_put(fd, &done, sizeof(done));
}

static void work(void *ctx, int fd)
{
	struct message ask;

	while (!confine_get(fd, &ask, sizeof(ask)) && !answer(ctx, fd, &ask))
		;
}

/* ---- On our side ------------------------------------------------------------------------------ */

int unpack_open(struct unpack **ret_unpack)
{
	struct unpack *unpack = malloc(sizeof(*unpack));
	int rc = -ENOMEM;

	if (!unpack)
		return rc;
	unpack->unzip = unzip_open();
	if (unpack->unzip)
		rc = confine_start(work, unpack, &unpack->confined);
	if (rc) {
		unzip_close(unpack->unzip);
		free(unpack);
		return rc;
	}
	*ret_unpack = unpack;
	return 0;
}

void unpack_close(struct unpack *unpack)
{
	if (!unpack)
		return;
	confine_end(&unpack->confined);
	unzip_close(unpack->unzip);
	free(unpack);
}

static int has_ended(int rc)
{
	if (rc == -EPIPE)
		return fail(EBADMSG, "the process that unpacks it has ended");
	return fail_sys(-rc, "cannot unpack it");
}

static int senseless(void)
{
	return fail(EBADMSG, "the process that unpacks it answers what makes no sense");
}

/* All of the piece was used, or it had the end of the frame in it. */
static bool is_an_end(const struct message *got, size_t len_bytes)
{
	return got->detail ? got->detail == 1 && got->len_bytes <= len_bytes : got->len_bytes == len_bytes;
}

/* What comes until the piece is done goes into the sink. */
static int receive(struct unpack *unpack, size_t len_bytes, const struct cow_sink *sink,
		   struct unzip_end *ret_end)
{
	for (;;) {
		struct message got;
		int rc = confine_receive(&unpack->confined, &got, sizeof(got));

		if (rc)
			return has_ended(rc);
		if (got.word == WORD_BAD)
			return fail(EBADMSG, "%s", ZSTD_getErrorString((ZSTD_ErrorCode)got.detail));
		if (got.word == WORD_DONE && is_an_end(&got, len_bytes)) {
			*ret_end = (struct unzip_end){ got.len_bytes, got.detail };
			return 0;
		}
		if (got.word != WORD_OUT || !sink || !got.len_bytes ||
		    got.len_bytes > sizeof(unpack->bytes))
			return senseless();
		rc = confine_receive(&unpack->confined, unpack->bytes, got.len_bytes);
		if (rc)
			return has_ended(rc);
		rc = sink->write(sink->ctx, unpack->bytes, got.len_bytes);
		if (rc)
			return rc;
	}
}

int unpack_begin(struct unpack *unpack)
{
	const struct message ask = { .word = WORD_BEGIN };
	struct unzip_end end;
	int rc = confine_send(&unpack->confined, &ask, sizeof(ask));

	return rc ? has_ended(rc) : receive(unpack, 0, NULL, &end);
}

int unpack_piece(struct unpack *unpack, const void *data, size_t len_bytes,
		 const struct cow_sink *sink, struct unzip_end *ret_end)
{
	const struct message ask = { .word = WORD_PIECE, .len_bytes = (uint32_t)len_bytes };
	int rc = confine_send(&unpack->confined, &ask, sizeof(ask));

	if (!rc)
		rc = confine_send(&unpack->confined, data, len_bytes);
	return rc ? has_ended(rc) : receive(unpack, len_bytes, sink, ret_end);
}
