/* SPDX-License-Identifier: MIT */
/*
 * What the kernel makes of the ESP: the mount and the calls of src/loader/espfile.c, each of
 * which can fail.  Mounted with "sync", a write is in the disk's cache when its call returns;
 * else in the page cache.  The mount goes with the program that has made it.
 */
#include "esp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_libc.h"

enum { FD_DIR = 919, FD_FILE = 920 };

#define ENTRIES "loader/entries"
#define PROGRAMS "cowboot"

static size_t write_at_bytes; /* in the file that is open */
static struct {
	bool is_there, read_only, synchronous;
} mount;

void esp_reset(void)
{
	mount.is_there = false;
}

bool esp_path(const char *path)
{
	return !strncmp(path, ESP_MOUNT "/", sizeof(ESP_MOUNT));
}

int esp_mount(const char *source, bool read_only, bool synchronous)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/sim%d", DISK_ESP + 1);
	if (strcmp(source, path))
		violation("%s was mounted as the ESP", source);
	if (mount.is_there)
		violation("the ESP is still mounted");
	if (fault(FAULT_ESP, "mount", source))
		return -EIO;
	mount.is_there = true;
	mount.read_only = read_only;
	mount.synchronous = synchronous;
	return ESP_FD;
}

void esp_umount(void)
{
	if (!mount.is_there)
		violation("the ESP is not mounted");
	mount.is_there = false;
}

unsigned esp_how(void)
{
	return mount.synchronous ? 0 : WRITE_CACHED;
}

/* The name in its directory; NULL: no such directory, or not mounted. */
static const char *name_of(const char *path, enum esp_dir *ret_dir)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	errno = ENOENT;
	if (!mount.is_there || !slash)
		return NULL;
	*ret_dir = len == strlen(ENTRIES) ? ESP_ENTRIES : ESP_PROGRAMS;
	return strncmp(path, *ret_dir == ESP_ENTRIES ? ENTRIES : PROGRAMS, len) ? NULL : slash + 1;
}

/* Whether the call goes through at all. */
static bool may_change(const char *what, const char *path)
{
	errno = mount.read_only ? EROFS : EIO;
	return !mount.read_only && !fault(FAULT_ESP, what, path);
}

int sim_openat(int dir_fd, const char *path, int flags, ...)
{
	enum esp_dir dir;
	const char *name;
	int at;

	if (dir_fd != ESP_FD)
		violation("%s is opened from the descriptor %d", path, dir_fd);
	if (mount.is_there && !strcmp(path, ENTRIES)) {
		errno = EIO;
		return fault(FAULT_ESP, "open", path) ? -1 : FD_DIR;
	}
	name = name_of(path, &dir);
	if (!name || !may_change("open", path))
		return -1;
	at = esp_find(dir, name);
	errno = flags & O_CREAT ? EEXIST : ENOENT;
	if (at >= 0 ? flags & O_EXCL : !(flags & O_CREAT))
		return -1;
	if (at < 0 || flags & O_TRUNC)
		at = esp_make(dir, name, esp_how());
	errno = ENOSPC;
	write_at_bytes = 0;
	return at < 0 ? -1 : FD_FILE + at;
}

bool esp_is_open(int fd)
{
	return fd >= FD_DIR && fd < FD_FILE + (int)ESP_NAMES;
}

static const char *open_name(int fd)
{
	static struct esp_file file;

	if (fd == FD_DIR)
		return "a directory";
	file = esp_at((unsigned)(fd - FD_FILE));
	return file.name[0];
}

/* What fails has got half way. */
long esp_write(int fd, const void *buf, size_t len_bytes)
{
	bool fails = fault(FAULT_ESP, "write", open_name(fd));
	int rc = esp_fill((unsigned)(fd - FD_FILE), write_at_bytes, buf,
			  fails ? len_bytes / 2 : len_bytes, esp_how());

	errno = fails ? EIO : ENOSPC;
	if (fails || rc < 0)
		return -1;
	write_at_bytes += len_bytes;
	return (long)len_bytes;
}

off_t sim_lseek(int fd, off_t offset_bytes, int whence)
{
	if (offset_bytes < 0 || whence != SEEK_SET)
		violation("%s is written at no place", open_name(fd));
	write_at_bytes = (size_t)offset_bytes;
	return offset_bytes;
}

int sim_ftruncate(int fd, off_t size_bytes)
{
	errno = EIO;
	if (fault(FAULT_ESP, "make longer", open_name(fd)))
		return -1;
	errno = ENOSPC;
	return esp_fill((unsigned)(fd - FD_FILE), 0, NULL, (size_t)size_bytes, esp_how());
}

/* Linux's FAT has no sync_fs: only fsync makes the disk flush its cache. */
static int flush(int fd, bool disk_too)
{
	if (fault(FAULT_ESP, "flush", open_name(fd))) {
		disk_flush_failed(DISK_ESP);
		errno = EIO;
		return -1;
	}
	if (disk_too)
		disk_flush(DISK_ESP);
	return 0;
}

int sim_syncfs(int fd)
{
	return flush(fd, false);
}

int sim_fsync(int fd)
{
	return flush(fd, true);
}

int sim_unlinkat(int dir_fd, const char *path, int flags)
{
	enum esp_dir dir;
	const char *name = dir_fd == ESP_FD && !flags ? name_of(path, &dir) : NULL;

	if (!name || !may_change("remove", path))
		return -1;
	errno = ENOENT;
	return esp_remove(dir, name, esp_how());
}

int esp_dev(const char *path, unsigned *ret_from, uint64_t *ret_size_bytes)
{
	enum esp_dir dir;
	const char *name = name_of(path + sizeof(ESP_MOUNT), &dir);
	int at = name ? esp_find(dir, name) : -1;
	struct esp_file file;

	if (at < 0)
		return -ENOENT;
	file = esp_at((unsigned)at);
	*ret_from = file.from;
	*ret_size_bytes = file.size_bytes;
	return 0;
}
