/* SPDX-License-Identifier: MIT */
/*
 * Plugin of QEMU: notes when the guest executes a marked instruction, by the host's clock, and how many
 * instructions it has executed until then.  Loaded by qemu-system-aarch64 alone; never in anything that ships.
 *
 * to=FILE	where each mark leaves a line: NAME NANOSECONDS INSTRUCTIONS WAITS, from the start of QEMU on
 * count=on	counts instructions, which makes the guest slower; else they stay 0
 *
 * A wait is when a processor has nothing to do until the next interrupt.
 *
 * A mark is a hint that no processor knows, and so does nothing: begin.S and end.S have them.  The
 * functions are those of QEMU 7.2's qemu-plugin.h (version 1 of its interface), which Debian does not package.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define HINT(number) (0xd503201fu | (uint32_t)(number) << 5)

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, unsigned));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *p, uint64_t by);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned, void *), int flags, void *ctx);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

EXPORT int qemu_plugin_version = 1;

static const struct mark {
	const char *name;
	uint32_t insn;
} marks[] = { { "begin", HINT(0x60) }, { "end", HINT(0x61) } };

static FILE *out;
static bool counts;
static uint64_t insns, waits, start_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void reached(unsigned cpu, void *ctx)
{
	const struct mark *mark = ctx;

	(void)cpu;
	fprintf(out, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", mark->name, now_ns() - start_ns, insns, waits);
	fflush(out);
}

static void waited(qemu_plugin_id_t id, unsigned cpu)
{
	(void)id;
	(void)cpu;
	waits++;
}

static void look_at(struct qemu_plugin_insn *insn)
{
	uint32_t word;

	if (qemu_plugin_insn_size(insn) != sizeof(word))
		return;
	memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (word == marks[i].insn)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, reached, NO_REGISTERS,
							       (void *)&marks[i]);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (counts)
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &insns, count);
	for (size_t i = 0; i < count; i++)
		look_at(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	start_ns = now_ns();
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "to=", 3) == 0)
			out = fopen(argv[i] + 3, "a");
		else if (strcmp(argv[i], "count=on") == 0)
			counts = true;
	}
	if (!out) {
		fprintf(stderr, "marks: cannot write the file that to= names\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_vcpu_idle_cb(id, waited);
	return 0;
}
