# SPDX-License-Identifier: MIT
"""GUID partition tables, written and read, for any sector size: Debian 12's sfdisk and genimage
know 512 only."""
import struct
import uuid
import zlib

LINUX = uuid.UUID("0FC63DAF-8483-4772-8E79-3D69D8477DE4")
ENTRIES, ENTRY_BYTES, HEADER_BYTES = 128, 128, 92
ENTRY = "<16s16sQQQ72s"


def _header(disk_id, here, other, first, last, table, table_crc):
    """The used bytes of a header; here, other, first, last and table are sector numbers."""
    def pack(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, HEADER_BYTES, crc, 0,
                           here, other, first, last, disk_id.bytes_le,
                           table, ENTRIES, ENTRY_BYTES, table_crc)
    return pack(zlib.crc32(pack(0)))


def _entry(label, ident, start, size, sector_bytes):
    last = (start + size) // sector_bytes - 1
    return struct.pack(ENTRY, LINUX.bytes_le, ident.bytes_le, start // sector_bytes, last, 0,
                       label.encode("utf-16-le"))


def write(path, size_bytes, sector_bytes, disk_id, entries):
    """Writes both tables and the protective MBR; entries are (label, uuid, start in bytes, size in
    bytes)."""
    sectors, table_sectors = size_bytes // sector_bytes, ENTRIES * ENTRY_BYTES // sector_bytes
    first, last = 2 + table_sectors, sectors - 2 - table_sectors
    for label, _, start, size in entries:
        if start % sector_bytes or size % sector_bytes:
            raise ValueError(f"partition {label} is not whole sectors")
        if start < first * sector_bytes or start + size > (last + 1) * sector_bytes:
            raise ValueError(f"partition {label} is outside the disk")
    table = b"".join(_entry(*e, sector_bytes) for e in entries).ljust(ENTRIES * ENTRY_BYTES, b"\0")
    mbr = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1,
                                   min(sectors - 1, 0xFFFFFFFF))
    with open(path, "r+b") as f:
        f.write(mbr.ljust(510, b"\0") + b"\x55\xaa")
        for here, other, at in ((1, sectors - 1, 2), (sectors - 1, 1, last + 1)):
            header = _header(disk_id, here, other, first, last, at, zlib.crc32(table))
            f.seek(at * sector_bytes)
            f.write(table)
            f.seek(here * sector_bytes)
            f.write(header.ljust(sector_bytes, b"\0"))


def read(path):
    """{label: (start in bytes, size in bytes)} of the first table, whatever the sector size."""
    with open(path, "rb") as f:
        for sector_bytes in (512, 4096):
            f.seek(sector_bytes)
            header = f.read(HEADER_BYTES)
            if header[:8] == b"EFI PART":
                break
        else:
            raise ValueError(f"{path} has no GPT")
        table, count, entry_bytes = struct.unpack_from("<QII", header, 72)
        f.seek(table * sector_bytes)
        found = {}
        for _ in range(count):
            kind, _, start, end, _, label = struct.unpack(ENTRY, f.read(entry_bytes)[:ENTRY_BYTES])
            if kind != bytes(16):
                name = label.decode("utf-16-le").rstrip("\0")
                found[name] = (start * sector_bytes, (end + 1 - start) * sector_bytes)
    return found
