# SPDX-License-Identifier: MIT
"""What is kept is found where it is whole, and whatever is missing of it is found, too."""
import struct
import subprocess

import judge
import kept
import ondisk
import pytest
from test_judge import changed, golden, meta

ID, CHUNK, N = bytes(range(1, 17)), 512, 33     # more than an area has entries: 32
SYSTEM = bytes(range(7, 57)) * 1024             # 100 chunks
OLD = {2 * i: bytes([100 + i]) * CHUNK for i in range(N)}


def a_store():
    """The bytes of a store of these chunks, with its kept list."""
    out, listed = bytearray((2 + N + 1) * CHUNK), b""
    struct.pack_into("<4sIII", out, 0, b"SnAp", 1, 1, 1)
    out[24:40], out[40:46] = ID, b"system"
    for i, (old, data) in enumerate(OLD.items()):
        new = 2 + i + i // 32
        struct.pack_into("<QQ", out, (1 + i // 32 * 33) * CHUNK + i % 32 * 16, old, new)
        out[new * CHUNK:(new + 1) * CHUNK] = data
        listed += struct.pack("<QQ16x", old, new)
    listed, head = listed.ljust(3 * CHUNK, b"\0"), bytearray(CHUNK)
    head[:8] = b"COWKEPT1"
    struct.pack_into("<I", head, 72, ondisk.crc32c(listed))
    struct.pack_into("<I", head, 508, ondisk.crc32c(head[:508]))
    return out + head + listed


def there(store):
    """(what is kept, the partition that has it in two pieces)."""
    half = 20 * CHUNK
    place = bytes(CHUNK) + store[half:] + bytes(CHUNK) + store[:half]
    pieces = ((len(store) - half + 2 * CHUNK, half), (CHUNK, len(store) - half))
    volume = kept.Volume("system", len(store), N, CHUNK, pieces)
    return kept.Kept(ID, "old", "data", (volume,)), place


def old():
    shown = bytearray(SYSTEM)
    for chunk, data in OLD.items():
        shown[chunk * CHUNK:(chunk + 1) * CHUNK] = data
    return bytes(shown)


def wrong(store, origin=SYSTEM, vendor=b"v"):
    is_kept, place = there(store)
    parts = {"data": place, "system": origin, "vendor": vendor}
    return kept.wrong(is_kept, parts.__getitem__, {"system": old(), "vendor": b"v"})


def test_what_is_whole_leads_to_the_old_system():
    store = a_store()
    assert wrong(store) is None


def test_amid_the_merge_that_replaces_it_too():
    store = a_store()
    assert wrong(store, old()[:10 * CHUNK] + SYSTEM[10 * CHUNK:]) is None


def test_a_chunk_that_the_update_did_not_change_is_nobodys_to_bring_back():
    store = a_store()
    assert "of system does not lead to old" in wrong(store, SYSTEM[:-1] + b"\0")
    assert "of vendor does not lead to old" in wrong(store, vendor=b"w")


@pytest.mark.parametrize("at, says", [
    (0, "is no store"), (4, "is no store"), (30, "another's"), (40, "another's"),
    (512, "two lists"), (34 * 512 + 8, "32 chunks, not 33"), (5 * 512, "does not lead to old"),
    (36 * 512 + 1, "no kept list"), (37 * 512, "damaged kept list")])
def test_whatever_is_missing_is_found(at, says):
    store = a_store()
    store[at] ^= store[at] or 1
    assert says in wrong(store)


def test_a_store_that_is_too_short():
    store = a_store()
    is_kept, place = there(store)
    short = kept.Volume("system", len(store) + 1, N, CHUNK, is_kept.volumes[0].extents)
    found = kept.wrong(kept.Kept(ID, "old", "data", (short,)),
                       {"data": place, "system": SYSTEM}.__getitem__, {"system": old()})
    assert "bytes, not" in found


def test_a_record_says_what_is_kept():
    found = kept.of(golden("v2-idle-kept"))
    assert (found.version, found.place, found.update_id) == ("12.15", "data", b"\xb0" * 16)
    assert found.files() == {"system.b0b0b0b0.store"}
    (volume,) = found.volumes
    assert (volume.name, volume.exceptions, volume.chunk_bytes) == ("system", 4096, 4096)
    assert volume.extents == ((0x20000000, 4096), (0x20080000, 16846848))
    assert sum(size for _, size in volume.extents) == volume.store_bytes
    assert kept.of(golden("v2-proving")) is None and kept.of(golden("idle")) is None


def test_an_update_to_the_old_system_leads_back():
    def named(name, at, extra={}):
        record = changed(name, {at: b"old".ljust(64, b"\0")} | extra)
        return judge.leads_to(meta(record, record))
    to, last = judge.VERSION_TO_AT, judge.RESULT_TO_AT
    assert named("merging-on-partition", to) == "old" and named("staging", to) == "new"
    assert named("idle-reverted", last) == "new"
    assert named("idle-reverted", last, {judge.RESULT_AT: bytes([judge.MERGED])}) == "old"
    assert named("trial-two-volumes-in-files", to, {36: bytes(4)}) == "new"


def test_of_data_s_stores_there_are_those_that_are_kept(tmp_path):
    data = tmp_path / "data.img"
    data.write_bytes(bytes(1 << 20))
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", data], check=True)
    source = tmp_path / "store"
    source.write_bytes(b"x" * 9000)
    is_kept, _ = there(a_store())
    (name,) = is_kept.files()

    def debugfs(command):
        subprocess.run(["/sbin/debugfs", "-w", "-R", command, data], check=True, capture_output=True)
    debugfs("mkdir cowboot")
    clean = judge.clean_blocks(data)
    assert judge.data_fs(data, clean) is None
    assert "kept are" in judge.data_fs(data, clean, is_kept)
    debugfs(f"write {source} cowboot/{name}")
    blocks = kept.store_files(data)[name]
    assert blocks and judge.clean_blocks(data) == judge.free_blocks(data) + blocks
