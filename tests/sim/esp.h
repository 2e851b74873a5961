/* SPDX-License-Identifier: MIT */
/*
 * The ESP of a board whose slots are systemd-boot's entries: a file system as simple as FAT, on the
 * disk DISK_ESP.  Used by the fake kernel (fake_esp.c), which mounts it, and by the loader
 * (loader_esp.c), which needs no kernel.
 */
#ifndef SIM_ESP_H
#define SIM_ESP_H

#include "sim.h"

#define ESP_NAMES 10u /* that it has room for */
#define ESP_ROOM 16u /* sectors of content */
#define ESP_SECTORS (ESP_NAMES + 1 + ESP_ROOM)
#define ESP_NAME_MAX 48

enum esp_dir { ESP_ENTRIES, ESP_PROGRAMS };

/* How one name of a directory lies on the disk, in a sector of its own. */
struct esp_file {
	uint32_t dir, from, size_bytes; /* from: its first sector, in the row of all disks */
	/* While it is being renamed it has two; none: nothing is here. */
	char name[2][ESP_NAME_MAX];
};

struct esp_file esp_at(unsigned at);
/* Where it lies; -1: there is none of that name. */
int esp_find(enum esp_dir dir, const char *name);
/* The nth name of a directory; false: it has not so many. */
bool esp_nth(enum esp_dir dir, unsigned n, char ret_name[ESP_NAME_MAX]);

/*
 * flags: of the writes, as in disk.h.  Nothing is flushed.  Positions, or 0; -1: no room (in make),
 * no such file.
 */
int esp_make(enum esp_dir dir, const char *name, unsigned flags); /* empty; an old one loses all */
/* NULL: with zeros.  In place, when it has content; what it has besides stays. */
int esp_fill(unsigned at, size_t offset_bytes, const void *data, size_t len_bytes, unsigned flags);
int esp_rename(enum esp_dir dir, const char *from, const char *to, unsigned flags);
int esp_remove(enum esp_dir dir, const char *name, unsigned flags);
void esp_lose_room(unsigned at, unsigned flags); /* its name stays */

/* Its first len_bytes; false: a sector cannot be read, or it is not as long. */
bool esp_read(const struct esp_file *file, void *buf, size_t len_bytes);

/* As the board is made: the old kernel and its entry, the kernel before, a stranger's entry. */
void esp_first_files(void);
/* What a cut, or somebody, left there; way counts from 0. */
#define ESP_DAMAGES 7u
extern const char *const esp_damages[ESP_DAMAGES];
void esp_damage(unsigned way);
unsigned esp_entries(void); /* names that begin with cowboot-, entries or not */
bool esp_entries_own_room(void); /* no other file can be written over them */

/* ---- The fake kernel's share: fake_esp.c; and what is read without it: fake_fat.c ---- */

#define ESP_FD 930 /* the root of the mount */
#define ESP_MOUNT "/proc/self/fd/930"

void esp_reset(void);
bool esp_path(const char *path);
int esp_mount(const char *source, bool read_only, bool synchronous);
void esp_umount(void);
unsigned esp_how(void); /* flags of what is written there */
/* Where a file lies that is opened as a device. */
int esp_dev(const char *path, unsigned *ret_from, uint64_t *ret_size_bytes);
long esp_write(int fd, const void *buf, size_t len_bytes);
bool esp_is_open(int fd);

/* ---- systemd-boot: loader_esp.c ---- */

/* Counts and chooses. The slot it tells init, and what lies in the program it starts. */
enum kernel loader_esp(char *ret_slot);

#endif
