/* SPDX-License-Identifier: MIT */
/*
 * Why a boot does what it does, and why an update ended: each reason once, with a code for programs
 * and a sentence for people.  Pure.  What a code means: docs/status-json.md, and cowboot(8).
 *
 * Codes are never renamed and never given to something else.  The record keeps the sentence, and
 * reason_find gets the code back from it; so a sentence that is to be reworded goes on as an entry
 * of the same code in reason.c, for the records that have it.
 */
#ifndef COWBOOT_BASE_REASON_H
#define COWBOOT_BASE_REASON_H

#define REASONS(X) \
	/* ---- how an update ends ---- */ \
	X(MERGED, "merged", "confirmed and merged") \
	X(STORES_MERGED, "stores-merged", "every store is merged") \
	X(MARKED_BAD, "marked-bad", "the new system was marked bad") \
	X(TRIES_SPENT, "tries-spent", \
	  "all tries are spent and the new system never said it is good") \
	X(OLD_KERNEL, "old-kernel", "the boot loader started the old kernel") \
	X(KERNEL_LACKS_VOLUME, "kernel-lacks-volume", \
	  "the new kernel does not find a volume's partition") \
	X(MAP_FAILED, "map-failed", "the new system cannot be mapped") \
	X(MOUNT_FAILED, "mount-failed", "the new system cannot be mounted") \
	X(NO_INIT, "no-init", "the new system has no init that can be started") \
	X(STORES_EMPTY, "stores-empty", "the stores are empty") \
	X(STORE_MISSING, "store-missing", "a store is missing") \
	X(STORE_DAMAGED, "store-damaged", "a store is damaged") \
	X(INSTALL_CUT, "install-cut", "the install was interrupted") \
	X(CANCELLED, "cancelled", "cancelled before it was booted") \
	X(IMAGE_PUT, "image-put", "an image was put onto a volume in recovery") \
	/* ---- what else a boot does ---- */ \
	X(NEVER_INSTALLED, "never-installed", "no update was ever installed") \
	X(NOTHING_PENDING, "nothing-pending", "no update is pending") \
	X(BOOT_UNCOUNTED, "boot-uncounted", \
	  "no update is pending, and this boot cannot be counted") \
	X(ON_TRIAL, "on-trial", "the new system is on trial") \
	X(MERGE_GOES_ON, "merge-goes-on", "the merge goes on") \
	X(MERGE_WAITS_RECORD, "merge-waits-record", \
	  "the merge waits until the record can be saved") \
	X(MERGE_WAITS_KERNEL, "merge-waits-kernel", \
	  "the merge waits for a kernel that does not lose it at a power cut") \
	X(MERGE_UNPROVEN, "merge-unproven", \
	  "everything is merged, and has yet to be proven") \
	X(MERGED_UNSAVED, "merged-unsaved", \
	  "every store is merged, and the record cannot be saved") \
	X(INSTALL_CUT_UNSAVED, "install-cut-unsaved", \
	  "the install was interrupted, and the record cannot be saved") \
	X(TRIAL_UNSAVED, "trial-unsaved", "the record cannot be saved: no trial without it") \
	X(OTHER_KERNEL, "other-kernel", "the boot loader started the kernel of another system") \
	X(LOADER_UNTOLD, "loader-untold", \
	  "the boot loader cannot be told to start this system's kernel") \
	X(LOADER_UNASKED, "loader-unasked", \
	  "the boot loader was not asked for the new system's kernel") \
	X(OLD_KERNEL_UNSAVED, "old-kernel-unsaved", \
	  "the record cannot be saved, and the old system needs its kernel") \
	/* ---- what ends in recovery ---- */ \
	X(RECOVERY_ASKED, "recovery-asked", "recovery was asked for") \
	X(RECORD_ABSENT, "record-absent", \
	  "the meta partition is missing: whether a merge has begun is not known") \
	X(RECORD_DAMAGED, "record-damaged", \
	  "the record is damaged: whether a merge has begun is not known") \
	X(PHASE_UNKNOWN, "phase-unknown", "the record's phase is unknown") \
	X(VOLUME_MISSING, "volume-missing", "a volume's partition is missing") \
	X(MISPLACED, "misplaced", "a partition is not the one that the update was made for") \
	X(IMAGE_PARTIAL, "image-partial", "an image was not written whole onto a volume") \
	X(BOOTS_SPENT, "boots-spent", "too many boots in a row were never marked good") \
	X(CANNOT_START, "cannot-start", "the system cannot be started") \
	X(WRONG_KERNEL, "wrong-kernel", \
	  "the old system needs its kernel, and the boot loader starts another") \
	X(MERGE_CANNOT_START, "merge-cannot-start", \
	  "the new system cannot be started, and its merge has begun") \
	X(MERGE_STORE_MISSING, "merge-store-missing", \
	  "a store is missing, and its merge has begun") \
	X(MERGE_STORE_DAMAGED, "merge-store-damaged", \
	  "a store is damaged, and its merge has begun") \
	X(MEND_FAILED, "mend-failed", \
	  "what was merged is lost, and cannot be written again") \
	X(PROOF_SPENT, "proof-spent", \
	  "the disk does not keep what was merged: every proof has failed") \
	X(TURNED_BACK, "turned-back", "in recovery, the merge was turned back to the system before") \
	X(UNPROVEN_BACK, "unproven-back", \
	  "no proof has held, and the merge is turned back to the system before") \
	X(CONF_UNUSABLE, "conf-unusable", "the configuration cannot be used") \
	X(INITRAMFS, "initramfs", "the initramfs cannot hold mount points") \
	X(NO_WAY_LEFT, "no-way-left", "every way to start a system has failed")

enum reason {
	REASON_NONE,
#define REASON_ENUM(name, code, text) REASON_##name,
	REASONS(REASON_ENUM)
#undef REASON_ENUM
	REASON_COUNT
};

const char *reason_code(enum reason reason);	/* "marked-bad"; NULL for REASON_NONE */
const char *reason_text(enum reason reason);	/* the sentence, never NULL */

/*
 * Which reason a line from the record gives, "SENTENCE" or "SENTENCE: DETAIL"; REASON_NONE: none that
 * is known.  ret_detail: the detail, within line, or empty.
 */
enum reason reason_find(const char *line, const char **ret_detail);

#endif
