# SPDX-License-Identifier: MIT
"""Disk images with a GPT for the tests: any sector size, any partitions; reproducible.

The board's own image is made with genimage (board/qemu-virt/genimage.cfg, qemu/mkdisk); genimage
16 knows only 512-byte sectors, and the tests want 4096 too.
"""
import os
import re
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import gpt

MIB = 1 << 20
NAMESPACE = uuid.UUID("c0bb0070-0000-4000-8000-000000000000")
HOLE_BYTES = 65536
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000", "E2FSPROGS_FAKE_TIME": "1700000000", "TZ": "UTC"}


@dataclass
class Part:
    """A partition; image is a file put at its start, zeros follow."""
    label: str
    size_bytes: int
    image: str = None


def _tool(*argv, **more):
    argv = [str(a) for a in argv]
    run = subprocess.run(argv, env=os.environ | EPOCH, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, **more)
    if run.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {run.stdout}")
    return run.stdout


def make_zeros(out, size_bytes):
    """A new sparse file."""
    out.unlink(missing_ok=True)
    out.touch()
    os.truncate(out, size_bytes)


def copy_into(image, disk, at_bytes):
    """Copies a file into another at an offset. Zeros are passed over: the target is zero there."""
    zero = bytes(HOLE_BYTES)
    with open(image, "rb") as src, open(disk, "r+b") as dst:
        while block := src.read(HOLE_BYTES):
            if block != zero[:len(block)]:
                dst.seek(at_bytes)
                dst.write(block)
            at_bytes += len(block)


def build_disk(out, parts, *, sector_bytes=512, power_of_two=False):
    """Writes a disk with these Parts in this order, each on a MiB boundary; its size is a power of
    two where asked, as an SD card's must be."""
    out, entries, at = Path(out), [], MIB
    for p in parts:
        if p.image and Path(p.image).stat().st_size > p.size_bytes:
            raise ValueError(f"{p.image} does not fit into {p.label}")
        entries.append((p.label, uuid.uuid5(NAMESPACE, "part/" + p.label), at, p.size_bytes))
        at += -(-p.size_bytes // MIB) * MIB
    size = at + MIB
    if power_of_two:
        size = 1 << (size - 1).bit_length()
    make_zeros(out, size)
    disk_id = uuid.uuid5(NAMESPACE, "disk/" + "/".join(p.label for p in parts))
    gpt.write(out, size, sector_bytes, disk_id, entries)
    for p, (_, _, start, _) in zip(parts, entries):
        if p.image:
            copy_into(p.image, out, start)
    return out


def make_data(out, size_bytes, *, tree=None):
    """An ext4 file system for `data`, with a directory's content where one is given."""
    out, ident = Path(out), str(uuid.uuid5(NAMESPACE, "data"))
    make_zeros(out, size_bytes)
    argv = ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", ident, "-J", "size=4",
            "-E", f"hash_seed={ident},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0",
            *(["-d", str(tree)] if tree else []), str(out)]
    _tool(*argv)
    return out


def fragment(image, piece_blocks):
    """Leaves an ext4 image half full, its free space in pieces of so many 4 KiB blocks: two files
    take all there is (the second what the first's own extents left), and the first gets holes."""
    def free():
        return int(re.search(r"Free blocks: +(\d+)", _tool("/sbin/dumpe2fs", "-h", image)).group(1))

    def debugfs(commands):
        _tool("/sbin/debugfs", "-w", "-f", "-", image, input="\n".join(commands) + "\n")
    count = free() * 60 // 64
    debugfs(["write /dev/null ballast", f"fallocate ballast 0 {count - 1}"])
    debugfs(["write /dev/null rest", f"fallocate rest 0 {free() - 9}"])
    debugfs([f"punch ballast {at} {at + piece_blocks - 1}"
             for at in range(0, count - piece_blocks, 2 * piece_blocks)])
    _tool("/sbin/e2fsck", "-fn", image)
