# SPDX-License-Identifier: MIT
"""What a record says is kept of the system before, and whether it is there: read by docs/formats.md,
not by our code. Its stores, over what lies on the volumes now, must show that system byte for byte,
whenever a record names them: also amid the merge that has replaced it."""
import re
import struct
import subprocess
from dataclasses import dataclass

import ondisk

LE32, LE64 = struct.Struct("<I"), struct.Struct("<Q")
SECTOR, ENTRY, LISTED, AREA_AT = 512, 16, 32, 1
KIND, HEAD_BYTES, VOLUME_BYTES = 5, 192, 320
SECTIONS_AT = 64                # in the record's tail


@dataclass(frozen=True)
class Volume:
    name: str
    store_bytes: int
    exceptions: int
    chunk_bytes: int
    extents: tuple              # (offset, bytes) on the partition of the stores


@dataclass(frozen=True)
class Kept:
    update_id: bytes
    version: str
    place: str                  # the label of that partition
    volumes: tuple

    def files(self):
        """The names of its store files."""
        tag = self.update_id[:4].hex()
        return {f"{v.name}.{tag}.store" for v in self.volumes} if self.place == "data" else set()


def _text(data):
    return data.split(b"\0")[0].decode()


def _sections(tail):
    at = SECTIONS_AT
    while at + 8 <= len(tail):
        kind, length = struct.unpack_from("<II", tail, at)
        if not kind:
            return
        yield kind, tail[at + 8:at + 8 + length]
        at += 8 + length


def _volume(data, extents):
    sectors, exceptions, chunk, first, count = struct.unpack_from("<QQIII", data, 48)
    places = tuple((a * SECTOR, n * SECTOR) for a, n in extents[first:first + count])
    return Volume(_text(data[:32]), sectors * SECTOR, exceptions, chunk * SECTOR, places)


def of(record):
    """What a record (its bytes, head and tail) says is kept; None: nothing."""
    data = dict(_sections(ondisk.split(record)[1])).get(KIND)
    if not data:
        return None
    where, volumes, count = struct.unpack_from("<III", data, 80)
    first = HEAD_BYTES + volumes * VOLUME_BYTES
    extents = [struct.unpack_from("<QQ", data, first + n * ENTRY) for n in range(count)]
    each = (data[HEAD_BYTES + n * VOLUME_BYTES:] for n in range(volumes))
    return Kept(data[:16], _text(data[16:80]), "cow" if where else "data",
                tuple(_volume(v, extents) for v in each))


# ---- the stores ------------------------------------------------------------------------------

def _list(store, volume):
    """The kernel's list: [(old, new)]."""
    per_area, found, at = volume.chunk_bytes // ENTRY, [], AREA_AT
    while True:
        for n in range(per_area):
            old, new = struct.unpack_from("<QQ", store, at * volume.chunk_bytes + n * ENTRY)
            if not new:
                return found
            found.append((old, new))
        at += per_area + 1


def _wrong_store(store, volume, update_id):
    """What is wrong with a store's length, head, lists and their checksums, or None."""
    if len(store) != volume.store_bytes:
        return f"has {len(store)} bytes, not {volume.store_bytes}"
    magic, valid, version, chunk = struct.unpack_from("<4sIII", store)
    if (magic, valid, version, chunk * SECTOR) != (b"SnAp", 1, 1, volume.chunk_bytes):
        return "is no store"
    if (store[24:40], _text(store[40:72])) != (update_id, volume.name):
        return "is another's store"
    found, n = _list(store, volume), volume.exceptions
    if len(found) != n:
        return f"has {len(found)} chunks, not {n}"
    head_at = (2 + n + n // (volume.chunk_bytes // ENTRY)) * volume.chunk_bytes
    head, listed = store[head_at:head_at + SECTOR], -(-n // 16) * SECTOR
    listed = store[head_at + SECTOR:head_at + SECTOR + listed]
    if head[:8] != b"COWKEPT1" or LE32.unpack_from(head, 508)[0] != ondisk.crc32c(head[:508]):
        return "has no kept list"
    if LE32.unpack_from(head, 72)[0] != ondisk.crc32c(listed):
        return "has a damaged kept list"
    if [struct.unpack_from("<QQ", listed, i * LISTED) for i in range(n)] != found:
        return "has two lists that differ"
    return None


def _shown(store, volume, origin):
    """The volume as that store shows it over these bytes."""
    shown, size = bytearray(origin), volume.chunk_bytes
    for old, new in _list(store, volume):
        chunk = store[new * size:(new + 1) * size]
        shown[old * size:(old + 1) * size] = chunk[:len(shown) - old * size]
    return bytes(shown)


class Wrong(Exception):
    """What is wrong with a store."""


def shows(kept, part, names):
    """The system that it shows over what lies there now: {volume: all bytes of its partition}; raises
    Wrong. part(label): the bytes of a partition."""
    place, known, found = part(kept.place), {v.name: v for v in kept.volumes}, {}
    for name in names:
        found[name], volume = part(name), known.get(name)
        if volume:
            store = b"".join(place[at:at + size] for at, size in volume.extents)
            said = _wrong_store(store, volume, kept.update_id)
            if said:
                raise Wrong(f"what is kept of {name} {said}")
            found[name] = _shown(store, volume, found[name])
    return found


def wrong(kept, part, system):
    """What is wrong with what is kept of a system, or None."""
    try:
        found = shows(kept, part, system)
    except Wrong as e:
        return str(e)
    differs = [name for name in system if found[name] != system[name]]
    return (f"what is kept of {' and '.join(differs)} does not lead to {kept.version}, byte for byte"
            if differs else None)


# ---- its files -------------------------------------------------------------------------------

def store_files(path):
    """{name: blocks that it takes} of the store files on data's file system (an image of it)."""
    def ask(*commands):
        return subprocess.run(["/sbin/debugfs", "-f", "-", path], text=True, check=True,
                              input="".join(f"{c}\n" for c in commands), capture_output=True).stdout
    names = re.findall(r"/([^/\n]+)/\d*/$", ask("ls -p cowboot"), re.M)
    names = [n for n in names if n not in (".", "..")]
    sectors = re.findall(r"Blockcount: (\d+)", ask(*(f"stat cowboot/{n}" for n in names)))
    return {n: int(s) * SECTOR // ondisk.CHUNK_BYTES for n, s in zip(names, sectors)}
