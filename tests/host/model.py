# SPDX-License-Identifier: MIT
"""The exception store as the kernel fills it, told a second time.

Follows dm-snap-persistent.c step by step (prepare_exception, skip_metadata, commit_exception) for
chunks written in ascending order, and shares nothing with src/cow: what both agree on is right.
Run as a program it rewrites tests/golden/store/*.hex.
"""

import struct
import sys

SECTOR = 512
MAGIC = 0x70416E53


def kernel_store(old, new, chunk_sectors):
    """The store that a kernel leaves when new is written over old, first chunk to last."""
    size = chunk_sectors * SECTOR
    entries = size // 16
    chunks = {0: struct.pack("<4I", MAGIC, 1, 1, chunk_sectors).ljust(size, b"\0")}
    area, in_area, next_free = 0, 0, 2
    table = bytearray(size)
    for at in range(0, len(new), size):
        if old[at:at + size] == new[at:at + size]:
            continue
        chunks[next_free] = new[at:at + size].ljust(size, b"\0")
        struct.pack_into("<2Q", table, in_area * 16, at // size, next_free)
        next_free += 1
        if next_free % (entries + 1) == 1:
            next_free += 1
        in_area += 1
        if in_area == entries:
            chunks[1 + area * (entries + 1)] = bytes(table)
            area, in_area, table = area + 1, 0, bytearray(size)
    chunks[1 + area * (entries + 1)] = bytes(table)
    return b"".join(chunks.get(i, bytes(size)) for i in range(max(chunks) + 1))


def store_bytes(chunk_sectors, n):
    return (1 + 1 + n + n // (chunk_sectors * SECTOR // 16)) * chunk_sectors * SECTOR


def entry(chunk_sectors, i):
    """Byte offset of the i-th exception's entry."""
    entries = chunk_sectors * SECTOR // 16
    return (1 + i // entries * (entries + 1)) * chunk_sectors * SECTOR + i % entries * 16


def _crc_of(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC_TABLE = [_crc_of(byte) for byte in range(256)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def room_bytes(chunk_sectors, n):
    """A store and its kept list, in whole chunks, or in pieces of 128 sectors."""
    unit = min(chunk_sectors, 128)
    kept = 1 + (n + 15) // 16
    return store_bytes(chunk_sectors, n) + (kept + unit - 1) // unit * unit * SECTOR


def kept_list(store, chunk_sectors, n, update_id, volume):
    """The copy of its list that lies behind a store: docs/formats.md."""
    size, entries = chunk_sectors * SECTOR, b""
    for i in range(n):
        pair = store[entry(chunk_sectors, i):][:16]
        new = struct.unpack("<2Q", pair)[1] * size
        entries += pair + struct.pack("<I12x", crc32c(store[new:new + size]))
    entries = entries.ljust((len(entries) + SECTOR - 1) // SECTOR * SECTOR, b"\0")
    head = struct.pack("<8s2I16s32sQI", b"COWKEPT1", 1, chunk_sectors, update_id, volume, n,
                       crc32c(entries)).ljust(SECTOR - 4, b"\0")
    return head + struct.pack("<I", crc32c(head)) + entries


def hex_text(store):
    """Its size, then each 16 bytes that are neither zero nor as the 16 before."""
    lines = [f"size {len(store)}"]
    for at in range(0, len(store), 16):
        if any(store[at:at + 16]) and store[at:at + 16] != store[at - 16:at]:
            lines.append(f"{at:08x} {store[at:at + 16].hex()}")
    return "\n".join(lines) + "\n"


# name: chunk sectors, image bytes, changed chunks; the same in tests/unit/cow/write.c.
GOLDEN = {
    "none": (8, 40960, range(0)),
    "full-area": (1, 20480, range(3, 35)),
    "two-areas": (1, 40960, range(0, 80, 2)),
    "partial": (8, 14336, range(1, 4)),
}


def golden_images(chunk_sectors, image_bytes, changed):
    size = chunk_sectors * SECTOR
    old = bytes((0x40 + at // size) & 255 for at in range(image_bytes))
    new = bytes((0x80 + at // size) & 255 if at // size in changed else old[at]
                for at in range(image_bytes))
    return old, new


def main():
    for name, (chunk_sectors, image_bytes, changed) in GOLDEN.items():
        old, new = golden_images(chunk_sectors, image_bytes, changed)
        with open(f"tests/golden/store/{name}.hex", "w", encoding="ascii") as f:
            f.write(hex_text(kernel_store(old, new, chunk_sectors)))
    store = kernel_store(*golden_images(*GOLDEN["two-areas"]), 1)
    with open("tests/golden/store/kept.hex", "w", encoding="ascii") as f:
        f.write(hex_text(kept_list(store, 1, 40, b"0123456789abcdef", b"system")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
