/* SPDX-License-Identifier: MIT */
/* What of a root can be started, in folders that stand for roots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "handoff/program.h"

#include <cmocka.h>

#if defined(__aarch64__)
#define OURS EM_AARCH64
#define SMALL EM_ARM
#else
#define OURS EM_X86_64
#define SMALL EM_386
#endif

static char root[] = "/tmp/cowboot-root-XXXXXX";

static void put(const char *path, const void *data, size_t len, mode_t mode)
{
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	(void)unlink(full);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text), 0755);
}

static void put_elf(const char *path, unsigned char class, unsigned machine, const char *linker)
{
	struct {
		Elf64_Ehdr elf;
		Elf64_Phdr head[2];
		char name[64];
	} file;

	memset(&file, 0, sizeof(file));
	memcpy(file.elf.e_ident, ELFMAG, SELFMAG);
	file.elf.e_ident[EI_CLASS] = class;
	file.elf.e_ident[EI_DATA] = ELFDATA2LSB;
	file.elf.e_type = ET_DYN;
	file.elf.e_machine = (Elf64_Half)machine;
	file.elf.e_phoff = sizeof(file.elf);
	file.elf.e_phentsize = sizeof(file.head[0]);
	file.elf.e_phnum = 2;
	file.head[0].p_type = PT_LOAD;
	if (linker) {
		file.head[1].p_type = PT_INTERP;
		file.head[1].p_offset = offsetof(__typeof__(file), name);
		file.head[1].p_filesz = strlen(linker) + 1;
		snprintf(file.name, sizeof(file.name), "%s", linker);
	}
	put(path, &file, sizeof(file), 0755);
}

static void link_to(const char *path, const char *target)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	(void)unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

static void refused(const char *why)
{
	assert_true(program_check(root, "/init") < 0);
	if (!strstr(fail_text(), why))
		fail_msg("%s", fail_text());
}

static void programs(void **state)
{
	(void)state;
	put_elf("/init", ELFCLASS64, OURS, NULL);
	assert_int_equal(program_check(root, "/init"), 0);
	put_elf("/init", ELFCLASS32, SMALL, NULL);
	assert_int_equal(program_check(root, "/init"), 0);
	put_elf("/init", ELFCLASS64, EM_S390, NULL);
	refused("/init: it is a program for another kind of machine");
	put_elf("/init", ELFCLASS32, EM_MIPS, NULL);
	refused("another kind of machine");
	put_text("/init", "");
	refused("neither a program nor a script");
	put_text("/init", "\177ELF");
	refused("ends within its header");
	put("/init", "#!/bin/sh\n", 10, 0644);
	refused("/init: it is not a program");
	link_to("/init", "/nowhere");
	refused("cannot find /init in the new root");
}

/* Links are followed as the new root will see them. */
static void dynamic_linkers(void **state)
{
	(void)state;
	put_elf("/init", ELFCLASS64, OURS, "/ld.so");
	refused("cannot run /init: it needs /ld.so: cannot find /ld.so in the new root");
	link_to("/ld.so", "/ld.real");
	put_elf("/ld.real", ELFCLASS64, OURS, NULL);
	assert_int_equal(program_check(root, "/init"), 0);
	put_text("/ld.real", "");
	refused("/init: it needs /ld.so: cannot run /ld.so: it is neither");
	put_elf("/ld.real", ELFCLASS64, EM_S390, NULL);
	refused("/ld.so: it is a program for another kind of machine");
	link_to("/ld.so", "/bin/sh");
	refused("it needs /ld.so: cannot find /ld.so in the new root");
}

static void scripts(void **state)
{
	(void)state;
	put_text("/init", "#! /shell -x\nexit\n");
	refused("cannot run /init: it needs /shell: cannot find /shell in the new root");
	put_elf("/shell", ELFCLASS64, OURS, NULL);
	assert_int_equal(program_check(root, "/init"), 0);
	put_elf("/shell", ELFCLASS64, OURS, "/gone");
	refused("/init: it needs /gone");
	put_text("/shell", "#!/init");
	assert_true(program_check(root, "/init") <= 0); /* and comes back at all */
	put_text("/init", "#!\n");
	refused("names no interpreter");
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int drop_root(void **state)
{
	static const char *const files[] = { "/init", "/ld.so", "/ld.real", "/shell" };
	char full[256];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", root, files[i]);
		(void)unlink(full);
	}
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs),
		cmocka_unit_test(dynamic_linkers),
		cmocka_unit_test(scripts),
	};

	return cmocka_run_group_tests(tests, make_root, drop_root);
}
