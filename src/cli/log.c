/* SPDX-License-Identifier: MIT */
/*
 * cowboot log: how the last updates ended, newest first, and with a trial that was given up the end of its
 * own log.  Showing reads only, and without the lock (I17).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sys.h"
#include "cli/board.h"
#include "cli/cli.h"
#include "cli/results.h"
#include "recovery/history.h"

#define RESULTS_MAX (1 + RECORD_EARLIER_MAX)
#define TAIL_LINES 20

static char log_text[2 * LOGFILE_BYTES_MAX];

/* Where the last lines of a text begin. */
static const char *last_lines(const char *text, unsigned count)
{
	const char *at = text + strlen(text);

	if (at > text && at[-1] == '\n')
		at--;
	for (; at > text; at--)
		if (at[-1] == '\n' && !--count)
			return at;
	return text;
}

static void show_end(char *text, const char *path)
{
	text_blot(text);
	printf("  the end of %s:\n", path);
	for (const char *line = last_lines(text, TAIL_LINES); *line;) {
		const int len = (int)strcspn(line, "\n");

		printf("  | %.*s\n", len, line);
		line += len + (line[len] != 0);
	}
}

static void show_text(const struct world *w, unsigned count)
{
	static char buf[4096];
	char path[HISTORY_PATH_MAX];

	for (unsigned i = 0; i < count && results_at(&w->record, i); i++) {
		const struct record_more *more = record_more_of(&w->record, results_at(&w->record, i));
		struct text_out out;

		text_begin(&out, buf, sizeof(buf));
		results_text(&w->record, i, &out);
		text_blot(buf);
		fputs(buf, stdout);
		if (!history_read(w, more, log_text, sizeof(log_text), path))
			show_end(log_text, path);
	}
}

static void show_json(const struct world *w, unsigned count)
{
	static char buf[64 * 1024], path[RESULTS_MAX][HISTORY_PATH_MAX];
	const char *log_file[RESULTS_MAX] = { NULL };
	struct text_out out;

	for (unsigned i = 0; i < count && results_at(&w->record, i); i++) {
		const struct record_more *more = record_more_of(&w->record, results_at(&w->record, i));

		if (!history_read(w, more, log_text, sizeof(log_text), path[i]))
			log_file[i] = path[i];
	}
	text_begin(&out, buf, sizeof(buf));
	results_json(&w->record, count, log_file, &out);
	fputs(buf, stdout);
}

static int show(const struct world *w, unsigned count, bool json)
{
	if (w->meta.fd < 0)
		return cli_refuse(EXIT_FAILED, "cannot show the log: the partition of the record is not "
				  "there");
	if (w->copies.health == RECORD_DAMAGED)
		return cli_refuse(EXIT_FAILED, "cannot show the log: the record on %s cannot be used (%s)",
				  w->meta_part.path, w->copies.why);
	if (json)
		show_json(w, count);
	else
		show_text(w, count);
	if (!json && !results_count(&w->record))
		return cli_refuse(EXIT_NOTHING, "no update has ended on this board yet");
	return cli_printed(EXIT_DONE);
}

/* The end of standard input; what comes before it is let go. */
static int read_input(void)
{
	size_t len = 0;
	ssize_t got;

	while ((got = sys_read(STDIN_FILENO, log_text + len, sizeof(log_text) - 1 - len)) > 0) {
		len += (size_t)got;
		if (len == sizeof(log_text) - 1) {
			len = LOGFILE_BYTES_MAX;
			memmove(log_text, log_text + sizeof(log_text) - 1 - len, len);
		}
	}
	log_text[len] = 0;
	/* What a text cannot have in it. */
	for (size_t i = 0; i < len; i++)
		if (!log_text[i])
			log_text[i] = ' ';
	return got < 0 ? fail_sys((int)-got, "cannot read standard input") : 0;
}

static int keep(struct board *board, bool has_input)
{
	char path[HISTORY_PATH_MAX];
	int rc = has_input ? read_input() : 0;

	if (rc)
		return cli_failed();
	rc = board_open(board, "keep the log", WORLD_CHANGE);
	if (rc)
		return rc;
	rc = history_keep(&board->world, has_input ? log_text : NULL, path);
	if (rc < 0)
		return cli_failed();
	if (!rc)
		return cli_refuse(EXIT_NOTHING, "there is no log to keep: no trial runs, and none has "
				  "left one");
	cli_print("kept %s\n", path);
	return cli_printed(EXIT_DONE);
}

int cli_log(int argc, char **argv)
{
	static struct board board;
	bool json = false, keeps = false;
	const struct cli_option options[] = { { "--json", &json, NULL }, { "--keep", &keeps, NULL },
					      { NULL, NULL, NULL } };
	uint64_t count = RESULTS_MAX;
	int rc = cli_options(&argc, argv, options);

	if (!rc && (argc > 2 || (keeps && (json || (argc == 2 && strcmp(argv[1], "-"))))))
		rc = cli_usage("log", keeps ? "--keep takes - at most" : "log takes one number at most");
	if (!rc && argc == 2 && !keeps)
		rc = cli_number("log", "the number of results", argv[1], 1, RESULTS_MAX, &count);
	if (rc)
		return rc;
	world_blank(&board.world, &board.conf);
	if (keeps) {
		rc = keep(&board, argc == 2);
	} else {
		rc = board_open(&board, "show the log", WORLD_LOOK);
		if (!rc)
			rc = show(&board.world, (unsigned)count, json);
	}
	board_close(&board);
	return rc;
}
