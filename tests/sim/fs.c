/* SPDX-License-Identifier: MIT */
/*
 * Stands for src/storage/storefile.c: the file system on `data`, as far as stores are files there.
 * Its journal is a disk of its own, one sector for each file, written in order.  Space that is free
 * again is at once somebody else's: what lay there is gone, as it would be on a busy board.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "astray.h"
#include "base/fail.h"
#include "sim.h"
#include "storage/reserve.h"
#include "storage/logfile.h"
#include "storage/storefile.h"

#define FILES FS_FILES
#define FOLDER_INODE 12
#define GUARD_SECTORS 8u /* between two pieces lie a user's data */
#define PIECES_MAX 24u

struct inode {
	uint32_t exists, immutable, count, moved;
	struct {
		uint32_t from, size;
	} piece[PIECES_MAX];
	char name[24]; /* as cowboot calls it, without .store */
};
_Static_assert(sizeof(struct inode) <= SECTOR, "one sector for each file");

static struct inode load(unsigned file)
{
	struct inode inode;

	memcpy(&inode, content_bytes(view.at[disk_base[DISK_FS] + file]), sizeof(inode));
	return inode;
}

static void save(unsigned file, const struct inode *inode)
{
	uint8_t sector[SECTOR] = { 0 };
	content word;

	memcpy(sector, inode, sizeof(*inode));
	word = content_of(sector);
	disk_write(DISK_FS, disk_base[DISK_FS] + file, 1, &word, WRITE_WHOLE | WRITE_ORDERED);
}

static int find(const char *name)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct inode inode = load(i);

		if (inode.exists && !strcmp(name, inode.name))
			return (int)i;
	}
	return -1;
}

/* Where a new file goes: a volume's into its own sector, one with a tag behind those. */
static unsigned slot(const char *name)
{
	for (unsigned i = 0; i < VOLUMES_MAX; i++)
		if (!strcmp(name, volume_names[i]))
			return i;
	if (strchr(name, '.'))
		for (unsigned i = VOLUMES_MAX; i < FILES; i++)
			if (!load(i).exists)
				return i;
	violation("a store file for %s, which is no volume, or one too many", name);
}

unsigned fs_files(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FILES; i++)
		count += load(i).exists != 0;
	return count;
}

/* A store that an earlier update left behind is not there; only what the disks' free space holds.
 */
void fs_first_files(void)
{
	const struct inode none = { 0 };

	for (unsigned i = 0; i < FILES; i++) {
		save(i, &none);
		disk_flush(DISK_FS);
	}
}

static bool is_guard(unsigned sector)
{
	unsigned period = (plan->piece_sectors ? plan->piece_sectors : 1u << 20) + GUARD_SECTORS;

	return sector % period < GUARD_SECTORS;
}

/* What lies between the pieces is a user's, and nobody's to write. */
bool fs_guards_whole(void)
{
	for (unsigned i = 0; i < disk_size[DISK_DATA]; i++)
		if (is_guard(i) &&
		    view.at[disk_base[DISK_DATA] + i] != content_noise(disk_base[DISK_DATA] + i, 1))
			return false;
	return true;
}

static bool mounted(const struct store_dir *dir)
{
	char path[STOREDIR_PATH_MAX];
	char *end;

	snprintf(path, sizeof(path), "%s", dir->path);
	end = strrchr(path, '/');
	if (end)
		*end = 0;
	return sys_mounted_minor(path) >= 0;
}

/* As src/storage/storedir.h says. */
static int open_folder(const struct store_dir *dir, struct place_folder *ret_folder)
{
	int rc;

	if (!mounted(dir))
		return fail_sys(ENOENT, "cannot open the folder %s", dir->path);
	*ret_folder = (struct place_folder){ dir->folder.device, FOLDER_INODE };
	rc = astray_folder(ret_folder);
	if (!rc && !place_same_folder(&dir->folder, ret_folder))
		rc = -EXDEV;
	return rc ? fail(-rc, "%s is not the folder that stores belong in", dir->path) : 0;
}

static int look_into(const struct store_dir *dir)
{
	struct place_folder folder;

	return open_folder(dir, &folder);
}

int storedir_make(const struct store_dir *dir)
{
	return look_into(dir);
}

int storedir_folder(const struct store_dir *dir, struct place_folder *ret_folder)
{
	return open_folder(dir, ret_folder);
}

int storefile_check_fs(const struct store_dir *dir)
{
	return mounted(dir) ? 0 : fail(ENOTSUP, "%s is not mounted", dir->path);
}

/* Which sectors of data are somebody's. */
static void mark_taken(bool taken[])
{
	for (unsigned at = 0; at < disk_size[DISK_DATA]; at++)
		taken[at] = is_guard(at);
	for (unsigned i = 0; i < FILES; i++) {
		struct inode inode = load(i);

		for (unsigned p = 0; inode.exists && p < inode.count; p++)
			for (unsigned s = 0; s < inode.piece[p].size; s++)
				taken[inode.piece[p].from + s] = true;
	}
}

/* First fit. */
static int allocate(struct inode *inode, unsigned need)
{
	static bool taken[SECTORS_MAX];
	unsigned from = 0;

	mark_taken(taken);
	while (need) {
		unsigned size = 0;

		while (from < disk_size[DISK_DATA] && taken[from])
			from++;
		while (from + size < disk_size[DISK_DATA] && size < need && !taken[from + size])
			size++;
		if (!size || inode->count == PIECES_MAX)
			return -ENOSPC;
		inode->piece[inode->count].from = from;
		inode->piece[inode->count++].size = size;
		from += size;
		need -= size;
	}
	return 0;
}

/* From now on the blocks are somebody else's. */
static void scribble(const struct inode *inode)
{
	for (unsigned p = 0; p < inode->count; p++)
		for (unsigned s = 0; s < inode->piece[p].size; s++) {
			unsigned at = disk_base[DISK_DATA] + inode->piece[p].from + s;

			disk_poke(at, content_noise(at, 2));
		}
}

void fs_lose_all(void)
{
	const struct inode none = { 0 };

	for (unsigned i = 0; i < FILES; i++) {
		struct inode inode = load(i);

		if (!inode.exists)
			continue;
		save(i, &none);
		scribble(&inode);
	}
	disk_flush(DISK_FS);
}

static int sync_dir(const struct store_dir *dir)
{
	if (fault(FAULT_FILE, "sync", dir->path)) {
		disk_flush_failed(DISK_FS);
		return fail_sys(EIO, "cannot sync the folder %s", dir->path);
	}
	disk_flush(DISK_FS);
	return 0;
}

int storefile_remove(const struct store_dir *dir, const char *name)
{
	const struct inode none = { 0 };
	const int file = find(name);
	struct inode inode;
	int rc = look_into(dir);

	if (rc)
		return rc;
	if (file < 0)
		return 0;
	inode = load((unsigned)file);
	if (fault(FAULT_FILE, "unlink", name))
		return fail_sys(EIO, "cannot remove %s/%s.store", dir->path, name);
	save((unsigned)file, &none);
	rc = sync_dir(dir);
	if (!rc)
		scribble(&inode);
	return rc;
}

/* No log is kept in the simulator: no program of a life asks for one. */
int logfile_save(const struct store_dir *dir, const char *name, const char *data, size_t len_bytes)
{
	(void)dir, (void)name, (void)data, (void)len_bytes;
	return -ENOSPC;
}

int logfile_read(const struct store_dir *dir, const char *name, char *buf, size_t size_bytes,
		 size_t *ret_len_bytes)
{
	(void)dir, (void)name, (void)buf, (void)size_bytes, (void)ret_len_bytes;
	return -ENOENT;
}

int storefile_any(const struct store_dir *dir, bool *ret_any)
{
	bool any = false;
	int rc = look_into(dir);

	if (rc)
		return rc;
	if (fault(FAULT_FILE, "read", dir->path))
		return fail_sys(EIO, "cannot read the folder %s", dir->path);
	for (unsigned i = 0; i < FILES; i++)
		any = any || load(i).exists;
	*ret_any = any;
	return 0;
}

int reserve_free(const char *dir, uint64_t *ret_bytes)
{
	static bool taken[SECTORS_MAX];

	(void)dir;
	*ret_bytes = 0;
	mark_taken(taken);
	for (unsigned at = 0; at < disk_size[DISK_DATA]; at++)
		*ret_bytes += taken[at] ? 0 : SECTOR;
	return 0;
}

/* As src/storage/storefile.h says. */
static bool is_kept(const char *name, const struct storefile_keep *keep)
{
	const char *dot = strchr(name, '.');

	if (!keep)
		return false;
	if (!dot)
		return keep->untagged;
	return (keep->tag[0][0] && !strcmp(dot + 1, keep->tag[0])) ||
	       (keep->tag[1][0] && !strcmp(dot + 1, keep->tag[1]));
}

int storefile_sweep(const struct store_dir *dir, const struct storefile_keep *keep,
		    unsigned *ret_removed)
{
	unsigned removed = 0;
	int rc = look_into(dir);

	if (rc)
		return rc;
	if (fault(FAULT_FILE, "read", dir->path))
		return fail_sys(EIO, "cannot read the folder %s", dir->path);
	for (unsigned i = 0; i < FILES; i++) {
		struct inode inode = load(i);

		if (inode.exists && !is_kept(inode.name, keep)) {
			rc = storefile_remove(dir, inode.name);
			if (rc)
				return rc;
			removed++;
		}
	}
	*ret_removed = removed;
	return 0;
}

int storefile_create(const struct store_dir *dir, const char *name, uint64_t size_sectors,
		     uint64_t part_start_sectors, uint32_t io_min_bytes, struct extent *ret_extents,
		     unsigned max, unsigned *ret_count)
{
	struct inode inode = { .exists = 1 };
	unsigned file;
	int rc = storefile_remove(dir, name);

	(void)part_start_sectors;
	(void)io_min_bytes;
	if (rc)
		return rc;
	if (fault(FAULT_FILE, "create", name) ||
	    allocate(&inode, (unsigned)size_sectors) || inode.count > max)
		return fail(ENOSPC, "cannot reserve the store of %s: no space", name);
	snprintf(inode.name, sizeof(inode.name), "%s", name);
	file = slot(name);
	save(file, &inode);
	rc = sync_dir(dir);
	if (!rc) {
		inode.immutable = 1;
		save(file, &inode);
		rc = sync_dir(dir);
	}
	if (rc) {
		/* As the real one does: nothing is left. Should that fail too, the next boot
		 * sweeps. */
		if (storefile_remove(dir, name) == 0)
			fail(EIO, "cannot make the store of %s", name);
		return -EIO;
	}
	for (unsigned i = 0; i < inode.count; i++)
		ret_extents[i] = (struct extent){ inode.piece[i].from, inode.piece[i].size };
	*ret_count = inode.count;
	return 0;
}

int storefile_compare(const struct store_dir *dir, const char *name, uint64_t part_start_sectors,
		      uint32_t io_min_bytes, const struct extent *extents, unsigned count)
{
	const int file = find(name);
	struct inode inode = { .exists = 0 };
	int rc = look_into(dir);

	(void)part_start_sectors;
	(void)io_min_bytes;
	if (rc)
		return rc;
	if (file >= 0)
		inode = load((unsigned)file);
	if (!inode.exists || astray_folder_is_empty())
		return fail_sys(ENOENT, "cannot open %s/%s.store", dir->path, name);
	if (fault(FAULT_FILE, "look at", name))
		return fail_sys(EIO, "cannot look at %s/%s.store", dir->path, name);
	if (count != inode.count || inode.moved)
		return fail(ESTALE, "cannot trust %s/%s.store: it has moved", dir->path, name);
	for (unsigned i = 0; i < count; i++)
		if (extents[i].start_sectors != inode.piece[i].from ||
		    extents[i].size_sectors != inode.piece[i].size)
			return fail(ESTALE, "cannot trust %s/%s.store: piece %u has moved", dir->path,
				    name, i);
	return 0;
}
