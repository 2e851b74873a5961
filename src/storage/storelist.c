/* SPDX-License-Identifier: MIT */
/* Which files of a folder are stores, and whether they lie where they did.  Must never write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/text.h"
#include "storage/storefile.h"

#define SUFFIX ".store"
#define COMPARE_EXTENTS 8192

/* VOLUME, or VOLUME.TAG; the tag's place goes to ret_tag, NULL where there is none. */
static bool is_store_name(const char *name, size_t len, const char **ret_tag)
{
	const char *dot = memchr(name, '.', len);
	const size_t volume_bytes = dot ? (size_t)(dot - name) : len;
	char volume[STOREFILE_NAME_MAX];

	if (volume_bytes >= sizeof(volume))
		return false;
	memcpy(volume, name, volume_bytes);
	volume[volume_bytes] = 0;
	*ret_tag = dot ? dot + 1 : NULL;
	return text_is_name(volume) &&
	       (!dot || (len - volume_bytes - 1 == STOREFILE_TAG_BYTES &&
			 strspn(dot + 1, "0123456789abcdef") >= STOREFILE_TAG_BYTES));
}

bool storefile_is_kept(const char *file, const struct storefile_keep *keep)
{
	const char *tag;

	if (!keep || !storefile_is(file) ||
	    !is_store_name(file, strlen(file) - strlen(SUFFIX), &tag))
		return false;
	if (!tag)
		return keep->untagged;
	for (unsigned i = 0; i < ARRAY_SIZE(keep->tag); i++)
		if (keep->tag[i][0] && memcmp(tag, keep->tag[i], STOREFILE_TAG_BYTES) == 0)
			return true;
	return false;
}

int storefile_name(const char *name, char file[STOREFILE_NAME_MAX])
{
	const char *tag;

	if (!is_store_name(name, strlen(name), &tag))
		return fail(EINVAL, "cannot use a store named %s: not the name of a volume", name);
	if ((size_t)snprintf(file, STOREFILE_NAME_MAX, "%s" SUFFIX, name) >= STOREFILE_NAME_MAX)
		return fail(ENAMETOOLONG, "cannot use a store named %s: its name is too long", name);
	return 0;
}

bool storefile_is(const char *name)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);

	return len > tail && strcmp(name + len - tail, SUFFIX) == 0;
}

bool storefile_is_at(int dir_fd, const char *name)
{
	struct stat st;

	return storefile_is(name) && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !S_ISDIR(st.st_mode);
}

int storefile_any(const struct store_dir *dir, bool *ret_any)
{
	const struct dirent *entry;
	bool any = false;
	DIR *stream;
	int fd, rc = storedir_open(dir, &fd);

	if (rc == -ENOENT) {
		*ret_any = false;
		return 0;
	}
	if (rc)
		return rc;
	stream = fdopendir(fd);
	if (!stream) {
		rc = fail_sys(errno, "cannot open the folder %s", dir->path);
		(void)close(fd);	/* only read */
		return rc;
	}
	while (!any && (errno = 0, entry = readdir(stream)))
		any = storefile_is_at(fd, entry->d_name);
	if (!any && errno)
		rc = fail_sys(errno, "cannot read the folder %s", dir->path);
	(void)closedir(stream);	/* only read */
	if (!rc)
		*ret_any = any;
	return rc;
}

/* Whether piece lies in whole, from no earlier than from_sectors on. */
static bool holds(const struct extent *whole, uint64_t from_sectors, const struct extent *piece)
{
	return piece->start_sectors >= from_sectors && piece->size_sectors <= whole->size_sectors &&
	       piece->start_sectors - whole->start_sectors <=
	       whole->size_sectors - piece->size_sectors;
}

/* Both lists are in the order of the file. */
static int compare(const struct extent *now, unsigned now_count, const struct extent *extents,
		   unsigned count)
{
	uint64_t from_sectors = now[0].start_sectors;
	unsigned at = 0;

	for (unsigned i = 0; i < count; i++) {
		while (!holds(&now[at], from_sectors, &extents[i])) {
			if (++at == now_count)
				return fail(ESTALE, "piece %u of it has moved", i);
			from_sectors = now[at].start_sectors;
		}
		from_sectors = extents[i].start_sectors + extents[i].size_sectors;
	}
	return 0;
}

static int compare_file(int fd, const struct extent *extents, unsigned count)
{
	static struct extent now[COMPARE_EXTENTS];
	unsigned now_count;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return fail_sys(errno, "cannot look at it");
	rc = extents_of_file(fd, (uint64_t)st.st_size, now, COMPARE_EXTENTS, &now_count);
	return rc ? rc : compare(now, now_count, extents, count);
}

int storefile_compare(const struct store_dir *dir, const char *name, uint64_t part_start_sectors,
		      uint32_t io_min_bytes, const struct extent *extents, unsigned count)
{
	char file[STOREFILE_NAME_MAX];
	int fd, dir_fd, rc = storefile_name(name, file);

	/* Another kernel may name another io_min for this disk; the pieces stay where they are. */
	(void)part_start_sectors;
	(void)io_min_bytes;
	if (rc)
		return rc;
	rc = storedir_open(dir, &dir_fd);
	if (rc)
		return rc == -ENOENT ? fail_sys(ENOENT, "cannot open %s/%s", dir->path, file) : rc;
	fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	rc = fd < 0 ? fail_sys(errno, "cannot open %s/%s", dir->path, file) : 0;
	(void)close(dir_fd);	/* only read */
	if (rc)
		return rc;
	rc = compare_file(fd, extents, count);
	(void)close(fd);	/* only read */
	return rc ? fail_in(rc, "cannot trust %s/%s", dir->path, file) : 0;
}
