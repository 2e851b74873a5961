# SPDX-License-Identifier: MIT
"""The boot loader of the crash suite's boards: what docs/formats.md says that a loader does with the
boot block, on a disk that is a file. The boards start at the kernel; the real U-Boot, with its
script, is tests/qemu/test_slots.py's.

What it writes it does not flush, as U-Boot does not: in a recorded run a cut may lose it.
"""
import zlib

import blklog

COPY_AT = (256 << 10, 768 << 10)    # on meta
BYTES, GOOD, TRIAL, TRIES, CRC = 512, 9, 10, 11, 508
MAGIC = b"COWSLOT\n\x01"


def sealed(block):
    """With its CRC right again."""
    return block[:CRC] + zlib.crc32(block[:CRC]).to_bytes(4, "big")


def block(meta):
    """The first copy that can be used, or None."""
    for at in COPY_AT:
        data = meta[at:at + BYTES]
        if data.startswith(MAGIC) and sealed(data) == data:
            return data
    return None


def chooses(meta):
    """The slot that is started next, "a" or "b", and whether as a try of a trial."""
    data = block(meta)
    if not data:
        return "a", False
    if data[TRIAL] and data[TRIES]:
        return chr(data[TRIAL]), True
    return chr(data[GOOD]), False


def start(path, meta_at, meta_bytes, sector_bytes, logs=()):
    """One run of the loader, on the disk in this file: the slot. What it writes goes into the
    blklogwrites logs as well, each (a log, where its disk begins)."""
    with open(path, "r+b") as f:
        f.seek(meta_at)
        meta = bytearray(f.read(meta_bytes))
        slot, trial = chooses(meta)
        if trial:
            data = bytearray(block(meta))
            data[TRIES] -= 1
            for at in COPY_AT:
                meta[at:at + BYTES] = sealed(bytes(data))
                sector = bytes(meta[at:at + max(BYTES, sector_bytes)])
                f.seek(meta_at + at)
                f.write(sector)
                for log, begin in logs:
                    blklog.append(log, meta_at + at - begin, sector)
    return slot
