/* SPDX-License-Identifier: MIT */
/*
 * decide() over all facts, as a table a person can review: tests/golden/decide.table.  A line stands
 * for every combination of the values it names; "*" is all of them.  Values share a line only where
 * the plans under them, reasons included, are equal for all combinations of all facts behind;
 * and each line is asked again in every combination.  UPDATE_GOLDEN=1 writes the file anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decide/plan.h"
#include "facts.h"

#define GOLDEN "tests/golden/decide.table"
#define LINES_MAX 400
#define WORD_MAX 40
#define TEXT_MAX (64 * 1024)

struct line {
	unsigned first[DIMENSIONS];	/* one value of each set */
	unsigned set[DIMENSIONS];	/* a bit per value */
};

static struct line lines[LINES_MAX];
static unsigned line_count;
static char text[TEXT_MAX], golden[TEXT_MAX];

static bool same_plan(const unsigned a[DIMENSIONS], const unsigned b[DIMENSIONS])
{
	const struct facts facts_a = facts_of(a), facts_b = facts_of(b);
	const struct plan plan_a = decide(&facts_a), plan_b = decide(&facts_b);

	return plan_a.persist == plan_b.persist && plan_a.map == plan_b.map &&
	       plan_a.then == plan_b.then && plan_a.reason == plan_b.reason;
}

/* Whether values v and w of dimension d lead to the same plans, whatever the facts behind d are. */
static bool same_below(const unsigned value[DIMENSIONS], unsigned d, unsigned v, unsigned w)
{
	unsigned a[DIMENSIONS], b[DIMENSIONS];

	memcpy(a, value, sizeof(a));
	memcpy(b, value, sizeof(b));
	a[d] = v;
	b[d] = w;
	for (unsigned i = d + 1; i < DIMENSIONS; i++)
		a[i] = b[i] = 0;
	do {
		if (!same_plan(a, b))
			return false;
	} while (next_value(a, d + 1) && next_value(b, d + 1));
	return true;
}

static void collect(struct line line, unsigned d)
{
	unsigned done = 0;

	if (d == DIMENSIONS) {
		assert_true(line_count < LINES_MAX);
		lines[line_count++] = line;
		return;
	}
	for (unsigned v = 0; v < dimension[d].count; v++) {
		if (done & 1u << v)
			continue;
		line.first[d] = v;
		line.set[d] = 0;
		for (unsigned w = v; w < dimension[d].count; w++)
			if (same_below(line.first, d, v, w))
				line.set[d] |= 1u << w;
		done |= line.set[d];
		collect(line, d + 1);
	}
}

/* Every combination a line stands for has the line's plan; returns how many there are. */
static unsigned check_line(const struct line *line)
{
	unsigned value[DIMENSIONS] = { 0 }, count = 0;

	do {
		bool in = true;

		for (unsigned d = 0; d < DIMENSIONS; d++)
			in = in && (line->set[d] & 1u << value[d]);
		if (!in)
			continue;
		assert_true(same_plan(value, line->first));
		count++;
	} while (next_value(value, 0));
	return count;
}

static void set_words(char word[WORD_MAX], const struct line *line, unsigned d)
{
	size_t len = 0;

	if (line->set[d] == (1u << dimension[d].count) - 1) {
		snprintf(word, WORD_MAX, "*");
		return;
	}
	word[0] = 0;
	for (unsigned v = 0; v < dimension[d].count; v++)
		if (line->set[d] & 1u << v)
			len += (size_t)snprintf(word + len, WORD_MAX - len, "%s%s", len ? "|" : "",
						dimension[d].value[v]);
}

static int column_width(unsigned d)
{
	size_t width = strlen(dimension[d].name);
	char word[WORD_MAX];

	for (unsigned i = 0; i < line_count; i++) {
		set_words(word, &lines[i], d);
		if (strlen(word) > width)
			width = strlen(word);
	}
	return (int)width;
}

static void print_table(char *to, size_t size_bytes)
{
	FILE *file = fmemopen(to, size_bytes, "w");
	char word[WORD_MAX];

	assert_non_null(file);
	fprintf(file, "# What a boot does, for all facts: src/decide/facts.h. Made by tests/unit/decide/table.c.\n"
		"# asked: for recovery. failed: in this very boot. kernel: this one, of the system that the phase is about.\n"
		"# heeds: told or asked once more, the boot loader starts the other kernel. flushes: the kernel's merge loses nothing.\n"
		"# places: of what a pending update needs, against those that the record keeps.\n"
		"# idle: boots are counted, or too many were; or a volume's image is not whole.\n"
		"# proof: of what is merged; none: the stores have no kept list; spent: too many have failed;\n"
		"# back: the same, and the board goes back by itself to what is kept.\n\n");
	for (unsigned d = 0; d < DIMENSIONS; d++)
		fprintf(file, "%-*s  ", column_width(d), dimension[d].name);
	fprintf(file, "-> persist  map       then      reason\n");
	for (unsigned i = 0; i < line_count; i++) {
		const struct facts facts = facts_of(lines[i].first);
		const struct plan plan = decide(&facts);

		for (unsigned d = 0; d < DIMENSIONS; d++) {
			set_words(word, &lines[i], d);
			fprintf(file, "%-*s  ", column_width(d), word);
		}
		fprintf(file, "-> %-7s  %-8s  %-8s  %s\n", persist_name(plan.persist), map_name(plan.map),
			then_name(plan.then), reason_text(plan.reason));
	}
	assert_int_equal(fclose(file), 0);
}

static void the_lines_cover_all_facts(void **state)
{
	unsigned value[DIMENSIONS] = { 0 }, all = 1, covered = 0;

	(void)state;
	while (next_value(value, 0))
		all++;
	collect((struct line){ .set = { 0 } }, 0);
	for (unsigned i = 0; i < line_count; i++)
		covered += check_line(&lines[i]);
	/* The sets of two lines never meet: each value is in one set only. So equal counts mean all. */
	assert_int_equal(covered, all);
	assert_int_equal(all, 3932160);
}

static void the_table_is_the_golden_one(void **state)
{
	FILE *file;
	size_t len_bytes;

	(void)state;
	print_table(text, sizeof(text));
	if (getenv("UPDATE_GOLDEN")) {
		file = fopen(GOLDEN, "w");
		assert_non_null(file);
		assert_int_equal(fputs(text, file) < 0, 0);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(GOLDEN, "r");
	assert_non_null(file);
	len_bytes = fread(golden, 1, sizeof(golden) - 1, file);
	assert_int_equal(fclose(file), 0);
	golden[len_bytes] = 0;
	assert_string_equal(text, golden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lines_cover_all_facts),
		cmocka_unit_test(the_table_is_the_golden_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
