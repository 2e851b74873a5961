# SPDX-License-Identifier: MIT
"""The boot loaders of the crash suite's boards: what docs/formats.md says that a loader does, on a
disk that is a file. The boards start at the kernel; the real loaders are tests/qemu's
(test_slots.py: U-Boot with its script, test_efi.py: systemd-boot).

A loader has next(disk), start(disk, logs), holds(disk, slot), at_rest(disk, outcome) and
half_left(disk, outcome). What it
writes it does not flush, as the real ones do not: in a recorded run a cut may lose it. logs:
blklogwrites logs that take it too.
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


def slot_of(outcome):
    return "b" if outcome == "new" else "a"


def put(disk, at, data, logs):
    """What a loader writes."""
    with open(disk, "r+b") as f:
        f.seek(at)
        f.write(data)
    for log in logs:
        blklog.append(log, at, data)


class BlockLoader:
    """One that heeds the boot block; the slots are partitions."""

    def __init__(self, machine):
        self.machine = machine

    def _meta(self, disk):
        return self.machine.part(disk, "meta")

    def next(self, disk):
        return chooses(self._meta(disk))

    def start(self, disk, logs=()):
        """One run of it: the slot that it starts."""
        meta = bytearray(self._meta(disk))
        slot, trial = chooses(meta)
        if trial:
            data = bytearray(block(meta))
            data[TRIES] -= 1
            for at in COPY_AT:
                meta[at:at + BYTES] = sealed(bytes(data))
                sector = bytes(meta[at:at + max(BYTES, self.machine.device.sector_bytes)])
                put(disk, self.machine.parts["meta"][0] + at, sector, logs)
        return slot

    def holds(self, disk, slot):
        return self.machine.part(disk, f"boot_{slot}")

    def at_rest(self, disk, outcome):
        """What is wrong with the boot block of a board that has come to rest, or None."""
        meta = self._meta(disk)
        copies = [meta[at:at + BYTES] for at in COPY_AT]
        if copies[0] != copies[1]:
            return "the copies of the boot block differ"
        slot, trial = chooses(meta)
        if trial or slot != slot_of(outcome):
            return f"at rest on {outcome}, the boot loader starts slot {slot}" + " on trial" * trial
        return None

    def half_left(self, disk, outcome):
        """Whether the next install finds what it has to cope with: half a slot is none."""
        return False
