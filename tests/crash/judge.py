# SPDX-License-Identifier: MIT
"""The judge of the crash suite: knows OLD and NEW, reads a disk, says what is wrong with it. It
reads the record by docs/formats.md, not by our code."""
import re
import struct
import subprocess
from dataclasses import dataclass

import kept
import ondisk

LENGTH_AT, SLOT_AT, REFUSED_AT, RESULT_AT = 12, 44, 192, 372
TALLY_AT, ASKED_AT, PARTIAL_AT = 736, 744, 768
VERSION_TO_AT, RESULT_TO_AT = 128, 448
MERGED, RESTORED = 1, 4


@dataclass(frozen=True)
class Record:
    generation: int
    phase: str
    tries_left: int
    slot: str
    refused: bool
    result: int
    tally: int
    asked: bool
    partial: bool
    back: bool          # it is about an update to the old system
    tailless: bool
    data: bytes


def _copy(meta, name):
    """One copy: a Record; None for zeros; "damaged"."""
    data = meta[ondisk.COPY_AT[name]:][:ondisk.COPY_BYTES]
    if not any(data):
        return None
    length = struct.unpack_from("<I", data, LENGTH_AT)[0]
    if data[:8] != b"COWBOOT\n" or not 1024 <= length <= len(data):
        return "damaged"
    head, tail = ondisk.split(data)
    if ondisk.sealed(head, {}) != head:
        return "damaged"
    data = head + tail
    phase, tries = struct.unpack_from("<II", data, ondisk.PHASE_AT)
    phase = ondisk.PHASES[phase]
    to = data[RESULT_TO_AT if phase == "idle" else VERSION_TO_AT:][:64].split(b"\0")[0]
    return Record(ondisk.generation(data), phase, tries,
                  chr(data[SLOT_AT]) if data[SLOT_AT] else "", data[REFUSED_AT] != 0,
                  struct.unpack_from("<I", data, RESULT_AT)[0],
                  struct.unpack_from("<I", data, TALLY_AT)[0], data[ASKED_AT] != 0,
                  data[PARTIAL_AT] != 0, to == b"old", ondisk.has_tail(head) and not tail, data)


def record(meta):
    """The newest good copy; None: nothing was ever saved; "damaged": neither is good."""
    copies = [_copy(meta, name) for name in "AB"]
    good = [c for c in copies if isinstance(c, Record)]
    # One that has lost its tail counts only where the other is not good.
    good = [c for c in good if not c.tailless] or good
    if good:
        return max(good, key=lambda c: c.generation)
    # A first save that was cut has written copy A in part, and nothing else.
    return "damaged" if copies[1] == "damaged" else None


def leads_to(meta, slot=""):
    """Which system a board with this record comes to rest on, when each trial is marked good, and
    its boot loader starts this slot next; "recovery": none, unless a person helps."""
    now = record(meta)
    if now == "damaged" or now and now.partial:
        return "recovery"
    if now is None:
        return "old"
    return "new" if goes_on(now, slot) != now.back else "old"


def goes_on(now, slot=""):
    """Whether that is the system of the update that a record is about, or was the last time."""
    if now.phase in ("idle", "staging"):
        return now.phase == "idle" and now.result in (MERGED, RESTORED)
    # With a kernel of its own it is a trial only if the boot loader starts that.
    return now.phase != "trial" or bool(now.tries_left and not now.refused and
                                        now.slot in ("", slot))


def recovers(meta, after):
    """Whether the next boot ends in recovery; after: so many boots that nothing marked good, 0: they
    are not counted."""
    now = record(meta)
    if now == "damaged":
        return True
    if now is None:
        return False
    return now.asked or now.partial or bool(after) and now.phase == "idle" and now.tally >= after


def at_rest(meta):
    """What is wrong with the record of a board that has come to rest, or None."""
    now = record(meta)
    if now is None:
        return None
    if now == "damaged":
        return "neither copy of the record is good"
    if _copy(meta, "A") != _copy(meta, "B"):
        return "the copies of the record differ"
    if now.phase != "idle":
        return f"the record is in phase {now.phase}"
    if now.asked or now.partial:
        return "the record leads to recovery"
    return None


def _e2fsck(how, path):
    return subprocess.run(["/sbin/e2fsck", how, path], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def kept_in(meta):
    """What the record says is kept, or None."""
    now = record(meta)
    return kept.of(now.data) if isinstance(now, Record) else None


def kept_due(meta):
    """Whether the last thing that happened is a merge, after which the system before is kept."""
    now = record(meta)
    return isinstance(now, Record) and now.phase == "idle" and now.result == MERGED


def data_fs(path, wanted_blocks, is_kept=None):
    """What is wrong with data's file system (an image of it, unmounted), or None. So many
    blocks must be free but for what is kept, of which there is all, and nothing else."""
    run = _e2fsck("-fn", path)
    if run.returncode:
        return f"data is damaged: {run.stdout.strip().splitlines()[-1]}"
    files, wanted = kept.store_files(path), is_kept.files() if is_kept else set()
    if set(files) != wanted:
        return f"data has the stores {sorted(files)}, and kept are {sorted(wanted)}"
    free = clean_blocks(path)
    if free != wanted_blocks:
        return f"data has {free} free blocks, with the kept stores, not {wanted_blocks}"
    return None


def repair(path):
    """Repairs data's file system, or raises. Whether its superblock was torn: e2fsck would take one
    of the others; a file system as small as this one, of a single block group, has none, so the torn
    one gets its checksum anew."""
    torn = "Superblock checksum" in _e2fsck("-fn", path).stdout
    if torn:
        subprocess.run(["/sbin/debugfs", "-w", "-n", "-R", "set_super_value lastcheck now", path],
                       check=True, capture_output=True)
    run = _e2fsck("-fy", path)
    if run.returncode > 1:
        raise RuntimeError(f"e2fsck -fy ended with {run.returncode}: {run.stdout}")
    return torn


def clean_blocks(path):
    """How many blocks are free but for store files."""
    return free_blocks(path) + sum(kept.store_files(path).values())


def free_blocks(path):
    out = subprocess.run(["/sbin/dumpe2fs", "-h", path], text=True, check=True,
                         capture_output=True).stdout
    return int(re.search(r"Free blocks: +(\d+)", out).group(1))
