# SPDX-License-Identifier: MIT
"""Bytes of stores and origins, sound and unsound alike, that the experiments lay before a kernel.

Written from the format's description (docs/formats.md) and sharing nothing with src/: so that what
a kernel says of them says something about src/ as well."""
import struct

SECTOR_BYTES, ENTRY_BYTES = 512, 16
MAGIC = 0x70416E53


def chunk(word, number, chunk_bytes=4096):
    """A chunk as chunks.c writes and reads it."""
    return (word.encode().ljust(8, b"\0") + struct.pack("<Q", number)).ljust(chunk_bytes, b"\0")


def image(word, count, chunk_bytes=4096):
    return b"".join(chunk(word, n, chunk_bytes) for n in range(count))


def header(magic=MAGIC, valid=1, version=1, chunk_sectors=8):
    return struct.pack("<4I", magic, valid, version, chunk_sectors)


def area(entries, chunk_bytes=4096):
    return b"".join(struct.pack("<QQ", *e) for e in entries).ljust(chunk_bytes, b"\0")


def per_area(chunk_bytes):
    """How many exceptions an area holds."""
    return chunk_bytes // ENTRY_BYTES


def exact(n, chunk_bytes):
    """How many chunks a store of n exceptions has, by the mail's formula."""
    return 1 + 1 + n + n // per_area(chunk_bytes)


def store(entries, chunks, head=None, chunk_bytes=4096, data=None):
    """A store of that many chunks with these entries in its first area, as they are. data gives
    {chunk: bytes}; another chunk that an entry names says NEW and the number of the first old
    chunk that is said to be there; the others are empty."""
    parts = [bytes(chunk_bytes)] * chunks
    parts[0] = (head or header(chunk_sectors=chunk_bytes // SECTOR_BYTES)).ljust(chunk_bytes, b"\0")
    parts[1] = area(entries, chunk_bytes)
    named = {new: chunk("NEW", old, chunk_bytes) for old, new in reversed(entries)}
    for new, content in (named | (data or {})).items():
        if 2 <= new < chunks:
            parts[new] = content
    return b"".join(parts)
