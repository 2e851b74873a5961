# SPDX-License-Identifier: MIT
"""The log that QEMU's blklogwrites keeps of what a disk was asked to do, in the order in which it
did it. Format: QEMU, block/blklogwrites.c; the same as Linux, drivers/md/dm-log-writes.c."""
import struct
from dataclasses import dataclass

MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


@dataclass(frozen=True)
class Entry:
    """One request: bytes written at an offset of the disk; no bytes: a flush alone."""
    at: int
    data: bytes
    flush: bool


def _header(f):
    magic, version, count, sector_bytes = struct.unpack("<QQQI", f.read(28))
    if (magic, version) != (MAGIC, VERSION):
        raise ValueError(f"{f.name} is no blklogwrites log")
    return count, sector_bytes


def count(path):
    """How many entries the log has by now; 0 while QEMU has not begun it."""
    with open(path, "rb") as f:
        return _header(f)[0] if f.read(1) and not f.seek(0) else 0


def read(path):
    """All entries, oldest first."""
    found = []
    with open(path, "rb") as f:
        entries, sector_bytes = _header(f)
        f.seek(sector_bytes)
        for n in range(entries):
            at, length, flags, _ = struct.unpack_from("<QQQQ", f.read(sector_bytes))
            if flags & (DISCARD | MARK):
                raise ValueError(f"{path}: entry {n} is a discard or a mark: unknown here")
            data = f.read(length * sector_bytes)
            if len(data) != length * sector_bytes:
                raise ValueError(f"{path}: entry {n} is cut short")
            if flags & FUA:
                # What the disk took past its cache is durable, but only this: not a flush.
                raise ValueError(f"{path}: entry {n} is a FUA write: unknown here")
            found.append(Entry(at * sector_bytes, data, bool(flags & FLUSH)))
    return found
