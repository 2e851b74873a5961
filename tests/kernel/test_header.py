# SPDX-License-Identifier: MIT
"""What a kernel makes of a header that is not as it should be, mapped as snapshot and as
snapshot-merge; and what cowboot says of the same bytes."""
import struct

from stores import MAGIC, exact, header, image, store

CHUNKS = 6
ENTRIES = [(2, 2), (3, 3), (5, 4)]
CHUNK_SIZE_16 = "chunk size 16, the table says 8"
HEADERS = {
    "sound": header(),
    "sound, table read-only": header(),
    "magic 0": header(magic=0),
    "magic 0, table read-only": header(magic=0),
    "magic 0xffffffff": header(magic=0xFFFFFFFF),
    "magic with one bit turned": header(magic=MAGIC ^ 1),
    "version 0": header(version=0),
    "version 2": header(version=2),
    "valid 0": header(valid=0),
    "valid 2": header(valid=2),
    CHUNK_SIZE_16: header(chunk_sectors=16),
    "chunk size 0": header(chunk_sectors=0),
    "chunk size 12": header(chunk_sectors=12),
    "chunk size 0x80000000": header(chunk_sectors=1 << 31),
    "chunk size 1 GiB, more than memory": header(chunk_sectors=1 << 21),
}
PARTS = {
    "snapshot": ["snapshot", "store after the snapshot"],
    "merge": ["snapshot-merge", "store after the merge", "origin after the merge"],
    "check": ["`cowboot store check`"],
}
COLUMNS = ["header", *(column for part in PARTS.values() for column in part)]


def laid_out(name):
    """(chunk size, bytes) of a store with that header."""
    if name != CHUNK_SIZE_16:
        return 4096, store(ENTRIES, exact(3, 4096), HEADERS[name])
    # Chunks 1 and 2 of 8 KiB are 2 to 5 of 4 KiB.
    new = image("NEW", CHUNKS)
    data = {2: new[8192:16384], 3: new[16384:]}
    return 8192, store([(1, 2), (2, 3)], exact(2, 8192), HEADERS[name], 8192, data)


def after(place, was, chunk_bytes):
    """What became of a store's header and first exception."""
    kept = place.read(16) == was[:16]
    first = struct.unpack("<QQ", place.read(16, chunk_bytes))
    if kept and place.read(len(was)) == was:
        return "as it was"
    assert place.read(16) == header() or kept
    return f"header {'kept' if kept else 'new'}, " + ("not empty" if first[1] else "empty")


def tried(guest, name, merge):
    """(what the device says and holds, the store after it, the origin after it)"""
    old = image("OLD", CHUNKS)
    origin, (chunk_bytes, was) = guest.put(old), laid_out(name)
    place = guest.put(was)
    said = guest.snapshot(origin, place, merge=merge, readonly="read-only" in name)
    if said == "ok":
        said = guest.merged() if merge else guest.status()
        said += f"; {guest.unlike('OLD', CHUNKS)}"
    guest.unmap()
    left = "OLD" if origin.read(len(old)) == old else "changed"
    return said, after(place, was, chunk_bytes), left


def test_headers(guest, agree, check):
    rows = {}
    for name in HEADERS:
        *snapshot, left = tried(guest, name, False)
        assert left == "OLD"
        rows[name] = [*snapshot, *tried(guest, name, True),
                      check(laid_out(name)[1], CHUNKS * 4096)]
    agree("headers", COLUMNS, rows, PARTS)
