/* SPDX-License-Identifier: MIT */
/*
 * The fake world between the disks and the shipped code: what a board has, how a call fails, how a
 * function that never returns comes back to the simulator.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "oracle.h"

/* What a scenario's board is like. */
struct board_plan {
	unsigned volumes;
	unsigned volume_sectors[VOLUMES_MAX];
	unsigned chunk_sectors;
	unsigned short_sectors; /* NEW is so much shorter than its partition, and OLD one more */
	bool delta; /* the bundle tells the volumes by the old ones */
	bool full; /* it has NEW whole, and no OLD */
	bool seekable; /* it is a file and not a pipe */
	bool raw; /* stores on a partition of their own, not in files */
	unsigned piece_sectors; /* longest extent of a store file; 0: no limit */
	unsigned tries;
	unsigned changed[VOLUMES_MAX]; /* chunks in which NEW differs from OLD */
	enum { SPREAD_RUNS, SPREAD_ALONE, SPREAD_MIXED } spread;
	bool blocks; /* disks with sectors of 4096 bytes */
	bool new_disk; /* nothing was ever written to meta */
	bool new_unmountable, new_without_init;
	bool slots; /* the update brings a kernel */
	bool esp; /* and its slots are systemd-boot's entries */
	bool old_in_b; /* the old one is in slot b, and a boot block says so */
	bool new_kernel_dies; /* before init */
	unsigned kexecs; /* the first starts of an armed board go past the loader, to the old kernel */
	bool loader_resets; /* at every start it writes the block anew, with slot a as the good one */
	bool long_line; /* the kernel's command line has a bootconfig in it */
	enum { KEEPS_NOT, KEEPS, KEEPS_ALWAYS } keeps; /* keep-old: no, yes, must */
	bool tight; /* and there is no room for that */
	bool turns_back; /* recovery-rollback yes */
	bool eager_merge; /* the kernel merges between any two calls, not only during a sleep */
	bool several_disks; /* the configuration says that there are */
	bool releases; /* bundles have one: the update's, and an older one of the same content */
	bool other_disk; /* one that is not the board's may be plugged in (astray.c) */
};

extern const struct board_plan *plan;

/* ---- Boot slots: loader.c ---- */

#define KERNEL_SECTORS 3u

extern content kernel_of[KERNEL_COUNT][KERNEL_SECTORS]; /* OLD and NEW */
extern char slot_started; /* in this life; 0: the board has no slots */
extern bool slot_counted; /* as a try: the loader says so */

/* A boot block's bytes. */
void loader_block(uint8_t ret_sector[SECTOR], char good, char trial, uint8_t tries);
void loader_seal(uint8_t sector[SECTOR]); /* its sum, after a change */
/* What goes before init; does not come back when the kernel dies. */
void loader_run(void);

/* ---- How a life ends; the fakes of functions that never return come back through here ---- */

enum left { LEFT_NOT, LEFT_ENTERED, LEFT_REBOOT, LEFT_RECOVERY, LEFT_KILLED, LEFT_VIOLATION };

void sim_leave(enum left how) __attribute__((noreturn));
extern char violation_text[512];

/* ---- Failing calls ---- */

enum fault_kind {
	FAULT_META, /* the record's disk: there are two copies, one fault never matters */
	FAULT_DISK, /* any other disk */
	FAULT_MISSING, /* a device is not there */
	FAULT_DM, /* device-mapper or a mount */
	FAULT_STORE, /* the kernel's reads of a store, as its table is loaded: never worth a boot */
	FAULT_FILE, /* store files, reserving included */
	FAULT_ESP, /* the boot entries: never worth a boot */
	FAULT_KERNEL, /* the merge's own reads and writes */
	FAULT_RAM, /* what needs no disk at all */
};

/* Whether the call that is being made fails. what is for the log. Also counts steps: a loop without
 * end is found. */
bool fault(enum fault_kind kind, const char *what, const char *object);

enum fault_how {
	FAULT_ONCE,
	FAULT_ALWAYS, /* and every later call of its kind */
	FAULT_KILLS, /* the command is killed in the middle of it; init cannot be */
	FAULT_LIES, /* not a call, but a flush of an origin or a store: confirmed, and not made */
	FAULT_LIES_ON, /* and all of that disk until the record is written again */
};

/* The call to fail, counted from 1; 0: none. fault_fired: it came to that. */
void fault_plan(unsigned call, enum fault_how how);
void fault_in_verb(bool in_verb); /* only a command can be killed */
#define FAULT_CALLS_MAX 20000u
/* Of this life's calls: those at which FAULT_KILLS would kill, a bit for each from bit 1 on. */
void fault_killable(uint8_t ret_bits[FAULT_CALLS_MAX / 8 + 1]);
extern unsigned fault_calls;
extern bool fault_fired;
extern char fault_name[160];

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern bool verbose;
extern unsigned lives_run;

/* ---- The parts of the running board; reset at power on ---- */

void kernel_reset(void); /* kernel_dm.c */
void sys_reset(void); /* fake_sys.c: files in memory, mounts, clock */
void dev_reset(void); /* fake_dev.c */
void dev_close_all(void); /* the program is gone */

/* kernel_dm.c */
int dm_minor_of_path(const char *path); /* "/dev/mapper/NAME", -1: none */
bool dm_open(int minor, int by); /* counts who has it open */
uint64_t dm_size(int minor);
bool dm_writable(int minor);
/* The row's sector that holds sector of the device now; -1: it cannot be read. */
int dm_resolve(int minor, uint64_t sector);
bool dm_bare(int minor); /* one linear line */
unsigned dm_store_devices(void);
bool dm_merge_one(void); /* one step of any merge that runs; false: none does */
bool dm_merging(void);
void kernel_tick(void); /* time passes between two calls */

/* Reading by the command or init, as opposed to the kernel: what was checked. */
extern uint8_t was_read[SECTORS_MAX];

/* fs.c: the store files on data */
#define FS_FILES (3u * VOLUMES_MAX) /* an update's, what is kept, and what a cut has left */
unsigned fs_files(void);
void fs_first_files(void);
void fs_lose_all(void); /* as a file system's check may, that is told to mend whatever there is */
bool fs_guards_whole(void);
void fs_damage(unsigned how);

/* contents.c: OLD and NEW, and the disks as a scenario begins */
extern content old_of[VOLUMES_MAX][512], new_of[VOLUMES_MAX][512];
/* How long the images of a volume are: NEW ends there, OLD at most one sector before. */
unsigned volume_image_sectors(unsigned v);
void contents_make(void);
void contents_first_disks(struct disks *ret);
enum shown shown_on(unsigned volume, int minor); /* through a device */
enum shown shown_origin(unsigned volume); /* on the partition itself, as cached */

/* bundle.c */
void bundle_make(void); /* both, where there are two */
extern bool bundle_is_older; /* which of them is taken */
long bundle_take(size_t at, void *buf, size_t len_bytes);
int bundle_left(size_t at, uint64_t len_bytes); /* -EOVERFLOW: there are not so many bytes more */

/* fake_sys.c */
bool sys_has(const char *path); /* a file in memory, without a look that could fail */

/* fake_mount.c */
void mounts_reset(void);
void sys_enter_root(void); /* the new root's mounts lose its prefix */
int sys_mounted_minor(const char *target); /* -1: nothing is */

enum { MAJOR_PARTITION = 254, MAJOR_DM = 253 };
extern const char *const volume_names[VOLUMES_MAX];

#endif
