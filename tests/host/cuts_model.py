# SPDX-License-Identifier: MIT
"""The blocks of `cowboot bench-disk --cuts`, told a second time from docs/formats.md; shares nothing with
src/. Reads a file that a test was written to, and changes what is in it."""

import struct
from dataclasses import dataclass

from model import crc32c

BLOCK, SECTOR, FIRST = 4096, 512, 65536
HEADS = (0, 32768)
MASK = (1 << 64) - 1


def mix(x):
    x = x + 0x9E3779B97F4A7C15 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


@dataclass
class Head:
    phase: int
    id: bytes
    generation: int
    blocks: int
    round: int
    least: int
    boot: str
    tally: tuple

    @classmethod
    def read(cls, data):
        """The newest of the two; None: there is none."""
        found = []
        for at in HEADS:
            one = data[at:at + SECTOR]
            if one[:8] == b"COWCUTSH" and crc32c(one[:508]) == struct.unpack("<I", one[508:])[0]:
                version, phase, name, generation, blocks, number, _, least, boot, *tally = struct.unpack(
                    "<2I16s2Q2IQ40s10Q", one[8:184])
                assert version == 1 and not any(one[184:508])
                found.append(cls(phase, name, generation, blocks, number, least,
                                 boot.rstrip(b"\0").decode(), tuple(tally)))
        return max(found, key=lambda head: head.generation, default=None)

    def chance(self, x, number=None):
        first = struct.unpack("<Q", self.id[:8])[0]
        return mix(mix(first ^ (self.round if number is None else number)) ^ x)

    def block(self, write):
        turn, i = divmod(write - 1, self.blocks)
        if not self.round:
            return i
        first = self.chance((~turn & MASK) * 2 & MASK) % self.blocks
        if self.round % 4 == 0:
            return (i + first) % self.blocks
        step = self.blocks // 4 + self.chance(((~turn & MASK) * 2 & MASK) + 1) % (self.blocks // 2)
        while gcd(step, self.blocks) != 1:
            step += 1
        return (step * i + first) % self.blocks

    def ends(self, write):
        return write % 32 == 0 or self.chance(write) % 8 == 0

    def sector(self, write, confirmed, place):
        head = struct.pack("<8s16s2I3Q", b"COWCUTS1", self.id, self.round, place, write,
                           self.block(write), confirmed)
        state, fill = self.chance(write * 8 + place), b""
        while len(head) + len(fill) < 504:
            state = mix(state)
            fill += struct.pack("<Q", state)
        whole = head + fill + bytes(4)
        return whole + struct.pack("<I", crc32c(whole))


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def said(sector):
    """(round, place, write, block, confirmed) of a sector that is whole, else None."""
    if sector[:8] != b"COWCUTS1" or crc32c(sector[:508]) != struct.unpack("<I", sector[508:])[0]:
        return None
    return struct.unpack("<2I3Q", sector[24:56])


def block_at(block):
    return slice(FIRST + block * BLOCK, FIRST + (block + 1) * BLOCK)
