# SPDX-License-Identifier: MIT
"""The record and the stores as they lie on the disks, read and spoiled from the host while the
board is off: docs/formats.md, in as few words as the scenarios need."""
import random
import struct
from dataclasses import dataclass

SECTOR_BYTES, CHUNK_BYTES, ENTRY_BYTES = 512, 4096, 16
COPY_BYTES, COPY_AT = 256 << 10, {"A": 0, "B": 512 << 10}
PHASES = ["idle", "staging", "trial", "merging", "proving"]
VOLUMES_AT, VOLUME_BYTES, EXTENTS_AT, EXTENT_BYTES = 1024, 256, 3072, 16
CRC_AT, GENERATION_AT, PHASE_AT = 16, 24, 32
GENERATION_STEP, TAIL_MAGIC, TAIL_HEAD_CRC_AT = 256, b"COWTAIL\n", 20


def _crc_table():
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


CRC = list(_crc_table())


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


# ---- the record ---------------------------------------------------------------------------------

def _length(part):
    return struct.unpack_from("<I", part, 12)[0]


def _seal(part):
    part[CRC_AT:CRC_AT + 4] = bytes(4)
    part[CRC_AT:CRC_AT + 4] = struct.pack("<I", crc32c(part))
    return part


def has_tail(head):
    """Whether its generation says so."""
    return generation(head) and generation(head) % GENERATION_STEP == 0


def split(data):
    """(head, tail) of the record that begins there; the tail is empty where there is none of this head."""
    head, rest = data[:_length(data)], data[_length(data):]
    if not has_tail(head) or rest[:8] != TAIL_MAGIC:
        return head, b""
    tail = rest[:_length(rest)]
    mine = tail[TAIL_HEAD_CRC_AT:][:4] == head[CRC_AT:][:4]
    return head, tail if mine and _seal(bytearray(tail)) == tail else b""


def copy_of(b, name):
    """The bytes of copy A or B, head and tail, as long as the encoded record says it is."""
    return b"".join(split(b.read_partition("meta")[COPY_AT[name]:][:COPY_BYTES]))


def put_copy(b, name, data):
    b.corrupt("meta", COPY_AT[name], data)


def damage_both(b):
    """Nothing is left to be read of either copy."""
    for name, at in COPY_AT.items():
        put_copy(b, name, random.Random(at).randbytes(4096))


def flip(b, name, at):
    """Turns one bit of a copy over."""
    put = bytearray(copy_of(b, name))
    put[at] ^= 0x10
    put_copy(b, name, bytes(put))


def sealed(data, changes):
    """A record with {offset: bytes} put in and its CRCs right again."""
    data = bytearray(data)
    for at, put in changes.items():
        data[at:at + len(put)] = put
    head = _seal(data[:_length(data)])
    tail = data[len(head):]
    if tail:
        tail[TAIL_HEAD_CRC_AT:TAIL_HEAD_CRC_AT + 4] = head[CRC_AT:CRC_AT + 4]
        _seal(tail)
    return bytes(head + tail)


def generation(record):
    return struct.unpack_from("<Q", record, GENERATION_AT)[0]


def phase(record):
    return PHASES[struct.unpack_from("<I", record, PHASE_AT)[0]]


# ---- the store of the update's first volume ------------------------------------------------------

@dataclass
class Extent:
    """Bytes, from the start of the partition."""
    at: int
    size: int


class Store:
    """The store where the record says it lies, with no file system between."""

    def __init__(self, b):
        record = copy_of(b, "A")
        assert record == copy_of(b, "B")
        first, count = struct.unpack_from("<II", record, VOLUMES_AT + 68)
        self.board = b
        self.label = "cow" if struct.unpack_from("<I", record, 352)[0] else "data"
        self.extents = [
            Extent(*(n * SECTOR_BYTES for n in struct.unpack_from("<QQ", record, at)))
            for at in range(EXTENTS_AT + first * EXTENT_BYTES,
                            EXTENTS_AT + (first + count) * EXTENT_BYTES, EXTENT_BYTES)]

    def read(self):
        all_of_it = self.board.read_partition(self.label)
        return b"".join(all_of_it[e.at:e.at + e.size] for e in self.extents)

    def write(self, offset, data):
        for e in self.extents:
            here = data[:max(0, e.size - offset)]
            if here:
                self.board.corrupt(self.label, e.at + offset, here)
                data = data[len(here):]
            offset = max(0, offset - e.size)
        assert not data, "beyond the end of the store"

    def entry(self, index):
        """(old chunk, new chunk) of an exception of the first area."""
        return struct.unpack_from("<QQ", self.read(), CHUNK_BYTES + index * ENTRY_BYTES)

    def set_entry(self, index, old, new):
        self.write(CHUNK_BYTES + index * ENTRY_BYTES, struct.pack("<QQ", old, new))
