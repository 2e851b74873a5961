/* SPDX-License-Identifier: MIT */
/*
 * Checks a program of the new root before the point of no return, after which there is only a reboot.
 * Must never refuse what the kernel would run: in doubt it passes.
 */
#define _GNU_SOURCE
#include "handoff/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "handoff/inroot.h"

#define BEGIN_BYTES 256		/* what the kernel reads first, and a script's line lies in */
#define HEADERS_MAX 64		/* program headers looked at */
#define INTERPRETERS_MAX 5	/* as the kernel: a script's interpreter may be a script */

#if defined(__aarch64__)
#define MACHINE EM_AARCH64
#define MACHINE_32 EM_ARM	/* of a kernel with CONFIG_COMPAT */
#elif defined(__x86_64__)
#define MACHINE EM_X86_64
#define MACHINE_32 EM_386
#endif

struct beginning {
	int fd;
	const char *path;
	size_t len_bytes;
	_Alignas(Elf64_Ehdr) char bytes[BEGIN_BYTES + 1];
};

static int open_in_root(const char *newroot, const char *path, int *ret_fd)
{
	int rc = inroot_open(newroot, path, O_RDONLY | O_NONBLOCK, ret_fd);

	if (rc < 0)
		fail_sys(-rc, "cannot find %s in the new root", path);
	return rc < 0 ? -ENOENT : 0;
}

static int read_beginning(struct beginning *b)
{
	struct stat st;
	ssize_t len;

	if (fstat(b->fd, &st) < 0)
		return fail_sys(errno, "cannot look at %s in the new root", b->path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return fail(ENOEXEC, "cannot run %s: it is not a program", b->path);
	len = pread(b->fd, b->bytes, BEGIN_BYTES, 0);
	if (len < 0)
		return fail_sys(errno, "cannot read %s in the new root", b->path);
	b->len_bytes = (size_t)len;
	b->bytes[len] = '\0';
	return 0;
}

/* The interpreter that a script names in its first line; -ENOEXEC: it names none. */
static int script_interpreter(const struct beginning *b, char name[PATH_MAX])
{
	const char *word = b->bytes + 2;
	size_t len;

	word += strspn(word, " \t");
	len = strcspn(word, " \t\n");
	if (!len)
		return fail(ENOEXEC, "cannot run %s: its first line names no interpreter", b->path);
	memcpy(name, word, len);
	name[len] = '\0';
	return 0;
}

static int wrong(const struct beginning *b, const char *why)
{
	return fail(ENOEXEC, "cannot run %s: %s", b->path, why);
}

/* The dynamic linker of a 64-bit program into name, which stays empty where it names none. */
static int elf_interpreter(const struct beginning *b, char name[PATH_MAX])
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)b->bytes;

	if (elf->e_phentsize != sizeof(Elf64_Phdr) || !elf->e_phnum)
		return wrong(b, "it has no program headers");
	for (unsigned i = 0; i < elf->e_phnum && i < HEADERS_MAX; i++) {
		Elf64_Phdr head;
		off_t at = (off_t)(elf->e_phoff + i * sizeof(head));

		if (pread(b->fd, &head, sizeof(head), at) != (ssize_t)sizeof(head))
			return wrong(b, "it ends within its program headers");
		if (head.p_type != PT_INTERP)
			continue;
		if (head.p_filesz < 2 || head.p_filesz > PATH_MAX ||
		    pread(b->fd, name, head.p_filesz, (off_t)head.p_offset) != (ssize_t)head.p_filesz ||
		    name[head.p_filesz - 1])
			return wrong(b, "its dynamic linker has no name");
		return 0;
	}
	return 0;
}

static int check_elf(const struct beginning *b, char interpreter[PATH_MAX])
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)b->bytes; /* begins as a 32-bit one */
	const bool small = elf->e_ident[EI_CLASS] == ELFCLASS32;

	if (b->len_bytes < (small ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr)))
		return wrong(b, "it ends within its header");
	if (elf->e_ident[EI_DATA] != ELFDATA2LSB || (elf->e_type != ET_EXEC && elf->e_type != ET_DYN))
		return wrong(b, "it is no program for this machine");
#ifdef MACHINE
	/* Whether this kernel runs 32-bit programs too, only the kernel knows. */
	if (small && elf->e_machine == MACHINE_32)
		return 0;
	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != MACHINE)
		return wrong(b, "it is a program for another kind of machine");
#endif
	return elf_interpreter(b, interpreter);
}

/* One file; interpreter is what must be looked at next, or empty. */
static int check_file(const char *newroot, const char *path, char interpreter[PATH_MAX])
{
	struct beginning b = { .path = path };
	int rc = open_in_root(newroot, path, &b.fd);

	interpreter[0] = '\0';
	if (rc < 0)
		return rc;
	rc = read_beginning(&b);
	if (rc == 0 && memcmp(b.bytes, "#!", 2) == 0)
		rc = script_interpreter(&b, interpreter);
	else if (rc == 0 && memcmp(b.bytes, ELFMAG, SELFMAG) == 0)
		rc = check_elf(&b, interpreter);
	else if (rc == 0)
		rc = wrong(&b, "it is neither a program nor a script");
	close(b.fd);
	return rc;
}

int program_check(const char *newroot, const char *path)
{
	static char names[2][PATH_MAX];
	int rc = check_file(newroot, path, names[0]);

	for (unsigned i = 0; rc == 0 && names[i % 2][0] && i < INTERPRETERS_MAX; i++) {
		rc = check_file(newroot, names[i % 2], names[(i + 1) % 2]);
		if (rc < 0)
			fail_in(rc, "cannot run %s: it needs %.64s", path, names[i % 2]);
	}
	return rc;
}
