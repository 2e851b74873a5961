# SPDX-License-Identifier: MIT
"""The log that QEMU's blklogwrites keeps of what a disk was asked to do, in the order in which it
did it. Format: QEMU, block/blklogwrites.c; the same as Linux, drivers/md/dm-log-writes.c."""
import os
import struct
from dataclasses import dataclass, replace

MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
COUNT_AT = 16                   # in the first sector: how many entries there are


@dataclass(frozen=True)
class Entry:
    """One request: bytes written at an offset of all disks together; none: one disk's flush."""
    at: int
    data: bytes
    flush: bool
    disk: int = 0


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


def append(path, at, data):
    """Puts a write at the end of a log that QEMU has begun and does not hold open."""
    with open(path, "r+b") as f:
        entries, sector_bytes = _header(f)
        if at % sector_bytes or len(data) % sector_bytes:
            raise ValueError(f"{path}: a write of {len(data)} bytes at {at} is not whole sectors")
        f.seek(0, os.SEEK_END)
        head = struct.pack("<QQQQ", at // sector_bytes, len(data) // sector_bytes, 0, 0)
        f.write(head.ljust(sector_bytes, b"\0") + data)
        f.seek(COUNT_AT)
        f.write(struct.pack("<Q", entries + 1))


def by_disk(entries, sizes, own):
    """The entries of all disks in one order, each with the disk that it went to. A flush does not
    say so: the disks' own logs do (own: a list of entries for each disk). Requests that are under
    way at the same time may stand in another order there; and QEMU leaves out the common flush when
    nothing was written since the last one, whichever disk that was for."""
    left, found, flushed = [list(log) for log in own], [], False
    for e in entries:
        if e.data:
            if flushed:
                found += _left_out(left)
            disk, place = _write(e, sizes, left)
        else:
            disk, place = _flush(left)
        flushed = not e.data
        if disk is not None:
            left[disk].pop(place)
            found.append(replace(e, disk=disk))
    if any(e.data for log in left for e in log):
        raise ValueError("a disk's own log has a write that the common one has not")
    return found


def _left_out(left):
    """The flushes that each disk was asked for by now."""
    for disk, log in enumerate(left):
        while log and log[0].flush:
            yield replace(log.pop(0), disk=disk)


def _write(e, sizes, left):
    start = 0
    for disk, size in enumerate(sizes):
        if start <= e.at < start + size:
            for place, own in enumerate(left[disk]):
                if (own.at, own.data) == (e.at - start, e.data):
                    return disk, place
        start += size
    raise ValueError(f"no disk's own log has the write to {e.at}")


def _flush(left):
    """The disk whose next flush has the fewest writes before it that are still to come."""
    next_flush = [next((n for n, e in enumerate(log) if e.flush), None) for log in left]
    known = [(n, disk) for disk, n in enumerate(next_flush) if n is not None]
    place, disk = min(known, default=(None, None))
    return disk, place
